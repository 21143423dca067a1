/* What changes make of files. */
#include "project/changeset.h"

#include <string.h>

struct resolving {
	changeset_now *now;
	void *arg;
	struct edits *edits;
	struct patch_miss *miss;
	struct err *err;
	size_t bytes;
	size_t checked; /* edits whose size is known */
	size_t work;	/* of patch_apply() */
};

static void
edit_release(struct edit *e)
{
	free(e->path);
	free(e->from);
	strbuf_release(&e->before.content);
	strbuf_release(&e->after.content);
}

void
edits_keep(struct edits *e, bool (*keep)(void *arg, const struct edit *),
    void *arg)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n; i++) {
		if (keep(arg, &e->v[i]))
			e->v[n++] = e->v[i];
		else
			edit_release(&e->v[i]);
	}
	e->n = n;
}

void
edits_release(struct edits *e)
{
	for (size_t i = 0; i < e->n; i++)
		edit_release(&e->v[i]);
	free(e->v);
	*e = (struct edits)EDITS_INIT;
}

struct edit *
edits_add(struct edits *e, const char *path)
{
	struct edit *new;

	GROW(e->v, e->n, &e->cap);
	new = &e->v[e->n++];
	*new = (struct edit){.path = xstrdup(path),
	    .before.content = STRBUF_INIT, .after.content = STRBUF_INIT};
	return new;
}

static int
by_path(const void *a, const void *b)
{
	return strcmp(
	    ((const struct edit *)a)->path, ((const struct edit *)b)->path);
}

void
edits_sort(struct edits *e)
{
	if (e->n)
		qsort(e->v, e->n, sizeof(*e->v), by_path);
}

/* -------- each change -------- */

/* A new edit that knows what is there. */
static struct edit *
begin(struct resolving *r, const char *path)
{
	const struct file_state *now = r->now(r->arg, path);
	struct edit *e = edits_add(r->edits, path);

	if (!now || !now->exists)
		return e;
	e->before.exists = true;
	e->before.mode = now->mode;
	strbuf_add(&e->before.content, now->content.buf, now->content.len);
	return e;
}

static void
leave_behind(struct resolving *r, const char *path)
{
	begin(r, path);
}

static mode_t
mode_after(const struct edit *e, int mode)
{
	if (mode >= 0)
		return (mode_t)mode & 0777;
	return e->before.exists ? e->before.mode : 0644;
}

static int
change_file(struct resolving *r, const struct change *c)
{
	struct edit *e = begin(r, c->path);

	if (c->removes && !e->before.exists)
		return err_set(r->err, ERR_USAGE,
		    "%s is to be removed and does not exist", c->path);
	if (c->removes)
		return 0;
	e->after.exists = true;
	e->after.mode = mode_after(e, c->mode);
	strbuf_add(&e->after.content, c->content.buf, c->content.len);
	return 0;
}

/* Git says only whether the owner may execute it; the rest stays. */
static mode_t
patched_mode(const struct patch_file *f, const struct edit *e, mode_t old)
{
	mode_t was = e->before.exists ? e->before.mode : old;

	if (f->new_mode < 0)
		return was;
	if (!f->old_path)
		return f->new_mode & 0100 ? 0755 : 0644;
	return f->new_mode & 0100 ? was | ((was & 0444) >> 2) : was & ~0111u;
}

static int
too_large(struct resolving *r, const char *path)
{
	return err_set(r->err, ERR_USAGE,
	    "%s: more than can be changed at once", path);
}

/* The text that the hunks are for; NULL with the error. */
static const struct file_state *
patch_base(struct resolving *r, const struct patch_file *f)
{
	static const struct file_state nothing = {.mode = 0644,
	    .content = STRBUF_INIT};
	const struct file_state *now;

	if (!f->old_path)
		return &nothing;
	now = r->now(r->arg, f->old_path);
	if (now && now->exists)
		return now->content.len > CHANGESET_FILE_MAX
		    ? (too_large(r, f->old_path), NULL) : now;
	if (f->may_create)
		return &nothing;
	err_set(r->err, ERR_USAGE, "%s does not apply: there is no such file",
	    f->old_path);
	return NULL;
}

/* A patch that makes a file does not replace another one. */
static int
check_free(struct resolving *r, const struct patch_file *f,
    const struct edit *e)
{
	if (!e->before.exists ||
	    (f->old_path && !strcmp(f->old_path, f->new_path)))
		return 0;
	return err_set(r->err, ERR_USAGE,
	    "%s does not apply: the patch makes it, and it is there already",
	    e->path);
}

static int
remove_file(struct resolving *r, const struct patch_file *f)
{
	autobuf struct strbuf left = STRBUF_INIT;
	const struct file_state *base = patch_base(r, f);
	struct patch_place place;

	if (!base || patch_apply(f, base->content.buf, base->content.len, &left,
			 &r->work, &place, r->miss, r->err))
		return -1;
	if (f->n && left.len)
		return err_set(r->err, ERR_USAGE,
		    "%s does not apply: it is to be deleted, and has more in "
		    "it than the patch says", f->old_path);
	leave_behind(r, f->old_path);
	return 0;
}

static int
patch_one(struct resolving *r, const struct patch_file *f)
{
	const struct file_state *base;
	struct patch_place place;
	struct edit *e;

	if (!f->new_path)
		return remove_file(r, f);
	base = patch_base(r, f);
	if (!base)
		return -1;
	e = begin(r, f->new_path);
	e->after.exists = true;
	e->after.mode = patched_mode(f, e, base->mode);
	if (check_free(r, f, e) ||
	    patch_apply(f, base->content.buf, base->content.len,
		&e->after.content, &r->work, &place, r->miss, r->err))
		return -1;
	e->moved = place.moved;
	e->offset = place.offset;
	if (!f->old_path || !strcmp(f->old_path, f->new_path))
		return 0;
	e->from = xstrdup(f->old_path);
	if (!f->copied)
		leave_behind(r, f->old_path);
	return 0;
}

/* -------- all -------- */

static bool
is_same(const struct file_state *a, const struct file_state *b)
{
	if (a->exists != b->exists)
		return false;
	return !a->exists ||
	       (a->mode == b->mode && a->content.len == b->content.len &&
		   !memcmp(a->content.buf, b->content.buf, a->content.len));
}

static bool
changes_something(void *arg, const struct edit *e)
{
	return !is_same(&e->before, &e->after);
}

/* Of each edit since the last time: one that renames adds two. */
static int
check_size(struct resolving *r)
{
	for (; r->checked < r->edits->n; r->checked++) {
		const struct edit *e = &r->edits->v[r->checked];

		r->bytes += e->after.content.len;
		if (e->after.content.len > CHANGESET_FILE_MAX ||
		    r->bytes > CHANGESET_BYTES_MAX)
			return too_large(r, e->path);
	}
	return 0;
}

int
changeset_resolve(const struct changeset *cs, changeset_now *now, void *arg,
    struct edits *edits, struct patch_miss *miss, struct err *err)
{
	struct resolving r = {
	    .now = now, .arg = arg, .edits = edits, .miss = miss, .err = err};
	int rc = 0;

	for (size_t i = 0; i < cs->n && !rc; i++)
		rc = change_file(&r, &cs->v[i]) || check_size(&r);
	for (size_t i = 0; i < cs->patch.n && !rc; i++)
		rc = patch_one(&r, &cs->patch.v[i]) || check_size(&r);
	if (rc) {
		edits_release(edits);
		return -1;
	}
	edits_keep(edits, changes_something, NULL);
	edits_sort(edits);
	return 0;
}
