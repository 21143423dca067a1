#include "sandbox/spec.h"

#include <string.h>

void
env_spec_init(struct env_spec *s)
{
	*s = (struct env_spec){.env = STRVEC_INIT, .limits = LIMITS_DEFAULT};
}

static char *
copy_or_null(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

void
env_spec_copy(struct env_spec *dst, const struct env_spec *src)
{
	*dst = *src;
	dst->name = copy_or_null(src->name);
	dst->image = copy_or_null(src->image);
	dst->layer = copy_or_null(src->layer);
	dst->attach = copy_or_null(src->attach);
	dst->workdir = copy_or_null(src->workdir);
	dst->user = copy_or_null(src->user);
	dst->session = copy_or_null(src->session);
	strvec_init(&dst->env);
	strvec_pushv(&dst->env, src->env.v, src->env.n);
	dst->volumes = NULL;
	dst->nvolumes = 0;
	for (size_t i = 0; i < src->nvolumes; i++) {
		struct volume v;

		volume_copy(&v, &src->volumes[i]);
		env_spec_add_volume(dst, &v);
	}
	dst->ports = NULL;
	dst->nports = 0;
	for (size_t i = 0; i < src->nports; i++)
		env_spec_add_port(dst, &src->ports[i]);
}

void
env_spec_release(struct env_spec *s)
{
	free(s->name);
	free(s->image);
	free(s->layer);
	free(s->attach);
	free(s->workdir);
	free(s->user);
	free(s->session);
	strvec_release(&s->env);
	for (size_t i = 0; i < s->nvolumes; i++)
		volume_release(&s->volumes[i]);
	free(s->volumes);
	free(s->ports);
	env_spec_init(s);
}

const char *
env_spec_workspace(const struct env_spec *s)
{
	return s->attach && s->workdir ? s->workdir : SANDBOX_WORKSPACE;
}

void
env_spec_add_volume(struct env_spec *s, struct volume *v)
{
	s->volumes = xreallocarray(s->volumes, s->nvolumes + 1,
	    sizeof(*s->volumes));
	s->volumes[s->nvolumes++] = *v;
	*v = (struct volume){0};
}

void
env_spec_add_port(struct env_spec *s, const struct port *p)
{
	s->ports =
	    xreallocarray(s->ports, s->nports + 1, sizeof(*s->ports));
	s->ports[s->nports++] = *p;
}

const struct volume *
env_spec_volume(const struct env_spec *s, const char *target)
{
	for (size_t i = 0; i < s->nvolumes; i++)
		if (!strcmp(s->volumes[i].target, target))
			return &s->volumes[i];
	return NULL;
}

bool
env_spec_writes_host(const struct env_spec *s)
{
	for (size_t i = 0; i < s->nvolumes; i++)
		if (!s->volumes[i].read_only)
			return true;
	return false;
}

const char *
env_spec_opens(const struct env_spec *s)
{
	return s->layer ? s->layer : s->image;
}
