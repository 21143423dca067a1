#include "cmd/image_use.h"

#include <string.h>

#include "cmd/session_host.h"
#include "engine/container.h"

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

/* An id without its algorithm: not everything that names one says it. */
static const char *
digits(const char *id)
{
	const char *colon = strchr(id, ':');

	return colon ? colon + 1 : id;
}

static bool
same(const char *a, const char *b)
{
	return *digits(a) && !strcmp(digits(a), digits(b));
}

void
image_users_find(
    struct image_users *users, const struct image_use *u, const char *id)
{
	const struct session *s = u->session;
	const json *item;

	for (size_t i = 0; i < s->nenvs; i++) {
		const struct env *env = s->envs[i];

		if (same(session_host_fact(env->box, "image_id"), id))
			strvec_push(&users->here, env->spec.name);
	}
	json_each (item, u->containers) {
		const json *l = json_get(item, "Labels");

		if (same(json_str(item, "ImageID", ""), id) &&
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

static void
put_names(json *j, const char *key, const struct strvec *names)
{
	json *array = json_array();

	for (size_t i = 0; i < names->n; i++)
		json_push_str(array, names->v[i]);
	json_put(j, key, array);
}

void
image_users_put(const struct image_users *users, json *j)
{
	put_names(j, "environments", &users->here);
	put_names(j, "elsewhere", &users->elsewhere);
}
