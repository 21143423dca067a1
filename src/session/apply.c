/* Changing files of an environment. */
#include "session/apply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/edit.h"

/* -------- what is there -------- */

struct now {
	const struct strvec *paths; /* sorted */
	struct file_state *v;	    /* one for each */
	struct file_state *last;    /* whose content comes */
	struct err *err;
	bool bad;
};

static int
by_name(const void *a, const void *b)
{
	return strcmp(a, *(char *const *)b);
}

static struct file_state *
state_of(const struct now *n, const char *path)
{
	char **found = n->paths->n ? bsearch(path, n->paths->v, n->paths->n,
					 sizeof(*n->paths->v), by_name)
				   : NULL;

	return found ? &n->v[found - n->paths->v] : NULL;
}

static const char *
why_not(const struct box_entry *e)
{
	if (e->sys == ELOOP)
		return "a directory of its path is a link, and links are not "
		       "followed";
	if (e->sys)
		return strerror(e->sys);
	switch (e->type) {
	case 'd':
		return "it is a directory";
	case 'l':
		return "it is a link, and links are neither followed nor "
		       "replaced";
	default:
		return "it is no regular file";
	}
}

static void
on_entry(void *arg, const struct box_entry *e)
{
	struct now *n = arg;

	n->last = state_of(n, e->path);
	if (n->bad || !n->last)
		return;
	if (e->sys || e->type != 'f') {
		n->bad = true;
		err_set(n->err, ERR_USAGE, "%s cannot be changed: %s", e->path,
		    why_not(e));
		return;
	}
	n->last->exists = true;
	n->last->mode = e->mode & 0777;
}

static void
on_data(void *arg, const void *p, size_t len)
{
	struct now *n = arg;

	if (n->last && !n->bad)
		strbuf_add(&n->last->content, p, len);
}

static int
read_now(struct env *env, struct now *n)
{
	const struct box_fetch fetch = {on_entry, on_data, n};
	autoerr struct err err = ERR_INIT;

	n->v = xcalloc(n->paths->n + 1, sizeof(*n->v));
	for (size_t i = 0; i < n->paths->n; i++)
		strbuf_init(&n->v[i].content);
	if (box_fetch(env->box, n->paths, CHANGESET_BYTES_MAX, &fetch, &err) &&
	    !n->bad)
		return err_move(n->err, &err);
	return n->bad ? -1 : 0;
}

static void
now_release(struct now *n)
{
	for (size_t i = 0; n->v && i < n->paths->n; i++)
		strbuf_release(&n->v[i].content);
	free(n->v);
}

static const struct file_state *
look_up(void *arg, const char *path)
{
	return state_of(arg, path);
}

int
session_apply_plan(struct session *s, struct env *env,
    const struct changeset *cs, struct edits *edits, struct patch_miss *miss,
    struct err *err)
{
	autovec struct strvec paths = STRVEC_INIT;
	struct now n = {.paths = &paths, .err = err};
	int rc;

	changeset_paths(cs, &paths);
	rc = read_now(env, &n);
	if (!rc)
		rc = changeset_resolve(cs, look_up, &n, edits, miss, err);
	now_release(&n);
	return rc;
}

/* -------- changing it -------- */

static struct box_edit
box_edit_of(const struct edit *e)
{
	return (struct box_edit){.path = e->path,
	    .was = e->before.exists,
	    .old = e->before.content.buf,
	    .old_len = e->before.content.len,
	    .removes = !e->after.exists,
	    .mode = e->after.mode,
	    .data = e->after.content.buf,
	    .len = e->after.content.len};
}

int
session_apply(struct env *env, const struct edits *edits, struct err *err)
{
	struct box_edit *v = xcalloc(edits->n + 1, sizeof(*v));
	int rc;

	for (size_t i = 0; i < edits->n; i++)
		v[i] = box_edit_of(&edits->v[i]);
	rc = edits->n ? box_edit(env->box, v, edits->n, err) : 0;
	free(v);
	if (rc && err->code == ESTALE) {
		autofree char *path =
		    xstrndup(err->msg.buf, strcspn(err->msg.buf, ":"));

		err_set(err, ERR_USAGE,
		    "%s is not what it was when it was read: nothing was "
		    "changed", path);
		err->code = ESTALE;
	}
	return rc;
}
