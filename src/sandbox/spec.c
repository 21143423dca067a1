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
	dst->workdir = copy_or_null(src->workdir);
	dst->user = copy_or_null(src->user);
	dst->session = copy_or_null(src->session);
	strvec_init(&dst->env);
	strvec_pushv(&dst->env, src->env.v, src->env.n);
}

void
env_spec_release(struct env_spec *s)
{
	free(s->name);
	free(s->image);
	free(s->layer);
	free(s->workdir);
	free(s->user);
	free(s->session);
	strvec_release(&s->env);
	env_spec_init(s);
}

const char *
env_spec_opens(const struct env_spec *s)
{
	return s->layer ? s->layer : s->image;
}
