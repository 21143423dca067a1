/* Who programs of a container are, and what the runner is told about it. */
#include "sandbox/engine_impl.h"

#include <string.h>

/* The image's own variables, then ours over them. */
static void
base_env(struct box *box, struct client_config *cfg)
{
	struct engine_box *eb = box->impl;
	autovec struct strvec ours = STRVEC_INIT;
	const char *path = strvec_env_get(&eb->image.env, "PATH");

	strvec_pushv(&ours, cfg->base_env.v, cfg->base_env.n);
	strvec_release(&cfg->base_env);
	strvec_pushv(&cfg->base_env, eb->image.env.v, eb->image.env.n);
	for (size_t i = 0; i < ours.n; i++)
		strvec_env_set(&cfg->base_env, ours.v[i]);
	free(box->path);
	box->path = path ? xstrdup(path) : NULL;
	if (path && !strvec_env_get(&box->spec.env, "PATH")) {
		autofree char *both = xasprintf(
		    "PATH=" SANDBOX_HOME "/.local/bin:%s", path);

		strvec_env_set(&cfg->base_env, both);
	}
}

/* A number has no name that is known here: it keeps that of the sandbox. */
static void
name_user(struct client_config *cfg)
{
	static const char *const names[] = {"USER", "LOGNAME"};
	size_t n = strcspn(cfg->user, ":");
	autofree char *user = xstrndup(cfg->user, n);
	const char *name = strcmp(user, "0") ? user : "root";

	if (!*name || !name[strspn(name, "0123456789")])
		return;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		autofree char *pair = xasprintf("%s=%s", names[i], name);

		strvec_env_set(&cfg->base_env, pair);
	}
}

/* The image's entrypoint and command, its user, directory and variables, and
   over those the environment's. */
static void
configure_service(struct box *box, struct client_config *cfg)
{
	const struct engine_box *eb = box->impl;
	const struct image *img = &eb->image;
	struct strvec *env = &cfg->service_env;

	strvec_pushv(&cfg->service_argv, img->entrypoint.v, img->entrypoint.n);
	strvec_pushv(&cfg->service_argv, img->cmd.v, img->cmd.n);
	strvec_pushv(env, img->env.v, img->env.n);
	for (size_t i = 0; i < box->spec.env.n; i++)
		strvec_env_set(env, box->spec.env.v[i]);
	/* What an engine adds. */
	if (!strvec_env_get(env, "PATH"))
		strvec_push(env, "PATH=/usr/local/sbin:/usr/local/bin:"
				 "/usr/sbin:/usr/bin:/sbin:/bin");
	cfg->service_user = *img->user ? img->user : "0";
	cfg->service_cwd = *img->workdir ? img->workdir : "/";
}

void
container_configure(struct box *box, struct client_config *cfg)
{
	struct engine_box *eb = box->impl;
	enum user_kind user = box->spec.limits.user;

	box_config_default(box, cfg);
	base_env(box, cfg);
	container_extra_places(box, &eb->image, &cfg->places);
	if (user == USER_NAMED && box->spec.user)
		cfg->user = box->spec.user;
	if (user == USER_IMAGE)
		cfg->user = eb->image.user[0] ? eb->image.user : "root";
	if (eb->caller)
		cfg->user = eb->caller;
	name_user(cfg);
	if (box->spec.image_cmd)
		configure_service(box, cfg);
}
