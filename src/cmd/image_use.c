#include "cmd/image_use.h"

#include <string.h>

#include "cmd/session_host.h"
#include "engine/container.h"
#include "engine/image.h"

int
image_use_init(struct image_use *u, struct session *s, struct err *err)
{
	autovec struct strvec labels = STRVEC_INIT;

	strvec_push(&labels, "addesh.owner");
	*u = (struct image_use){.session = s};
	u->containers = container_list(s->engine, &labels, err);
	return u->containers ? 0 : -1;
}

void
image_use_release(struct image_use *u)
{
	json_free(u->containers);
	u->containers = NULL;
}

void
image_users_release(struct image_users *users)
{
	strvec_release(&users->here);
	strvec_release(&users->elsewhere);
}

void
image_users_find(
    struct image_users *users, const struct image_use *u, const char *id)
{
	const struct session *s = u->session;
	const json *item;

	for (size_t i = 0; i < s->nenvs; i++) {
		const struct env *env = s->envs[i];

		if (image_id_same(session_host_fact(env->box, "image_id"), id))
			strvec_push(&users->here, env->spec.name);
	}
	json_each (item, u->containers) {
		const json *l = json_get(item, "Labels");

		if (image_id_same(json_str(item, "ImageID", ""), id) &&
		    strcmp(json_str(l, "addesh.session", ""), s->id))
			strvec_push(
			    &users->elsewhere, json_str(l, "addesh.name", "?"));
	}
}

bool
image_users_any(const struct image_users *users)
{
	return users->here.n || users->elsewhere.n;
}

void
image_users_add(const struct image_users *users, struct strbuf *out)
{
	const char *between = "";

	for (size_t i = 0; i < users->here.n; i++) {
		strbuf_addf(out, "%s%s", between, users->here.v[i]);
		between = ", ";
	}
	for (size_t i = 0; i < users->elsewhere.n; i++) {
		strbuf_addf(out, "%s%s (another session)", between,
		    users->elsewhere.v[i]);
		between = ", ";
	}
}

void
image_users_put(const struct image_users *users, json *j)
{
	json_put(j, "environments", json_from_strings(&users->here));
	json_put(j, "elsewhere", json_from_strings(&users->elsewhere));
}
