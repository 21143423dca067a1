/* Changes that were written to the host are what is opened from then on. */
#include "session/changes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"

struct accepting {
	const struct snapshot *old;
	const struct edits *edits; /* sorted */
	struct snapshot_writer *w;
	struct strvec dirs; /* that were added */
	int64_t now;
	struct err *err;
};

static int
by_path(const void *a, const void *b)
{
	return strcmp(a, ((const struct edit *)b)->path);
}

static const struct edit *
edit_of(const struct accepting *a, const char *path)
{
	return a->edits->n ? bsearch(path, a->edits->v, a->edits->n,
				 sizeof(*a->edits->v), by_path)
			   : NULL;
}

static int
add(struct accepting *a, const struct snapshot_entry *e, const void *p)
{
	if (snapshot_add(a->w, e, a->err))
		return -1;
	return e->type == 'f' ? snapshot_write(a->w, p, e->size, a->err) : 0;
}

static int
add_edited(struct accepting *a, const struct edit *e)
{
	const struct snapshot_entry new = {.path = e->path, .type = 'f',
	    .mode = e->after.mode, .mtime = a->now,
	    .size = e->after.content.len};

	return add(a, &new, e->after.content.buf);
}

static int
copy_old(struct accepting *a)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < snapshot_count(a->old); i++) {
		const struct snapshot_entry *was = snapshot_at(a->old, i);
		const struct edit *e = edit_of(a, was->path);

		if (!e)
			rc = add(a, was, was->data);
		else if (e->after.exists)
			rc = add_edited(a, e);
	}
	return rc;
}

/* Is it there already?  A file that goes may make room for a directory. */
static bool
was_added(const struct accepting *a, const char *dir)
{
	const struct edit *e = edit_of(a, dir);

	return strvec_has(&a->dirs, dir) ||
	       (snapshot_find(a->old, dir) && !(e && !e->after.exists));
}

/* The directories above it that nobody has added yet. */
static int
add_above(struct accepting *a, const char *path)
{
	autofree char *dir = xstrdup(path);
	int rc = 0;

	for (char *s = dir; !rc && (s = strchr(s, '/')); *s++ = '/') {
		const struct snapshot_entry new = {
		    .path = dir, .type = 'd', .mode = 0755, .mtime = a->now};

		*s = '\0';
		if (was_added(a, dir))
			continue;
		strvec_push(&a->dirs, dir);
		rc = add(a, &new, NULL);
	}
	return rc;
}

static int
add_new(struct accepting *a)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < a->edits->n; i++) {
		const struct edit *e = &a->edits->v[i];

		if (!e->after.exists || snapshot_find(a->old, e->path))
			continue;
		rc = add_above(a, e->path) || add_edited(a, e);
	}
	return rc;
}

static int
write_new(struct accepting *a, const char *path)
{
	unlink(path);
	a->w = snapshot_create(path, a->err);
	if (!a->w)
		return -1;
	if (!copy_old(a) && !add_new(a))
		return snapshot_finish(a->w, a->err);
	snapshot_abandon(a->w);
	return -1;
}

int
session_changes_accept(struct env *env, const struct edits *edits,
    struct err *err)
{
	autofree char *path = project_snapshot_path(env->project);
	autofree char *draft = xasprintf("%s.new", path);
	struct accepting a = {.old = snapshot_open(path, err),
	    .edits = edits, .dirs = STRVEC_INIT, .now = clock_wall_ms() / 1000,
	    .err = err};
	int rc = a.old ? write_new(&a, draft) : -1;

	if (!rc && rename(draft, path))
		rc = err_sys(err, errno, "%s", path);
	if (rc)
		unlink(draft);
	snapshot_close((struct snapshot *)a.old);
	strvec_release(&a.dirs);
	return rc;
}
