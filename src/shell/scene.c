#include "shell/scene.h"

#include <stdlib.h>

#include "cmd/file_process.h"
#include "cmd/host.h"
#include "project/languages.h"
#include "replay/judge.h"
#include "sandbox/runtime.h"
#include "session/session.h"

static bool
engine_is(struct host *h, enum engine_kind kind)
{
	autoerr struct err ignored = ERR_INIT;
	struct engine *e = session_engine(h->session, &ignored);

	return e && engine_kind(e) == kind;
}

static bool
has_image(struct host *h, const char *name)
{
	autoerr struct err ignored = ERR_INIT;
	struct engine *e = session_engine(h->session, &ignored);
	struct image img = {0};
	bool found = e && !image_look_up(e, name, &img, &ignored);

	if (found)
		image_release(&img);
	return found;
}

/* Whether a program of this host can stand in for it. */
static bool
is_stood_in_for(struct host *h, const char *image)
{
	autoerr struct err ignored = ERR_INIT;
	struct languages *all = session_languages(h->session, &ignored);
	const struct language *l =
	    all ? languages_by_image(all, image) : NULL;
	autofree char *program = l && l->version.n
	    ? runtime_find_program(l->version.v[0]) : NULL;

	return program != NULL;
}

bool
scene_has(struct host *h, const struct requirement *q)
{
	autoerr struct err ignored = ERR_INIT;
	enum box_kind kind = BOX_ENGINE;
	bool met = false;

	if (!h->session && h->open(h, &ignored) < 0)
		return false;
	session_sandbox(h->session, &kind, NULL, &ignored);
	if (q->kind == REQUIRE_RESTRICTED)
		met = kind == BOX_RESTRICTED;
	else if (kind == BOX_RESTRICTED)
		met = q->kind == REQUIRE_IMAGE && is_stood_in_for(h, q->arg);
	else if (q->kind == REQUIRE_IMAGE)
		met = has_image(h, q->arg);
	else if (q->kind == REQUIRE_ENGINE)
		met = session_engine(h->session, &ignored) != NULL;
	else
		met = engine_is(h, q->kind == REQUIRE_PODMAN ? ENGINE_PODMAN
							     : ENGINE_DOCKER);
	return met != q->negated;
}

char *
scene_lacks(struct host *h, const struct transcript_front *front)
{
	for (size_t i = 0; i < front->n_requires; i++) {
		struct strbuf sb = STRBUF_INIT;

		if (scene_has(h, &front->requires[i]))
			continue;
		strbuf_adds(&sb, "needs ");
		requirement_add(&sb, &front->requires[i]);
		return strbuf_detach(&sb);
	}
	return NULL;
}

struct masks *
scene_masks(const struct transcript_front *front, struct err *err)
{
	struct masks *m = masks_new();
	autofree char *cwd = realpath(".", NULL);
	const char *tmp = getenv("TMPDIR");

	if (judge_masks(m, front, err)) {
		masks_free(m);
		return NULL;
	}
	masks_add_value(m, "CWD", cwd ? cwd : "");
	masks_add_value(m, "TMP", tmp ? tmp : "");
	return m;
}

void
scene_learn(struct host *h, struct masks *m)
{
	autofree char *env = h->variable(h, "env");

	if (env)
		masks_add_env(m, env);
}

void
scene_put_away(struct host *h, bool keep)
{
	struct session *s = h->session;
	autoerr struct err ignored = ERR_INIT;

	if (!s)
		return;
	if (!keep) {
		while (s->nenvs)
			session_env_remove(s, s->envs[0], &ignored);
		return;
	}
	for (size_t i = 0; i < s->nenvs; i++)
		session_env_keep(s, s->envs[i], FILE_KEEP_MS, &ignored);
}
