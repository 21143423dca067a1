#include "session/changes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/units.h"
#include "sandbox/edit.h"

#define TOO_LARGE "it is too large to be compared"

/* A file whose content is to be looked at. */
struct wanted {
	char *path;
	const struct snapshot_entry *was; /* NULL: it is new */
	bool came;
	bool refused;  /* it is there, and cannot be compared */
	bool executable;
	bool differs;  /* then content is all of it that came */
	bool too_large;
	uint64_t same; /* bytes, from the beginning */
	struct strbuf content;
};

struct looking {
	const struct snapshot *snapshot;
	const struct ignore *rules;
	struct changes *out;
	bool *seen; /* of the snapshot's entries */
	struct wanted *v;
	size_t n, cap;
	struct wanted *at; /* whose content comes */
	uint64_t asked;	   /* bytes that are there to be read */
	uint64_t grown;	   /* of them, those that the snapshot has not */
	uint64_t kept;	   /* bytes of all contents */
	struct strvec repositories; /* that were told of */
	struct strvec closed; /* what cannot be looked into */
};

void
changes_release(struct changes *c)
{
	edits_release(&c->edits);
	strvec_release(&c->others);
}

/* -------- the names -------- */

static void
other(struct looking *l, const char *path, const char *why)
{
	strvec_pushf(&l->out->others, "%s: %s", path, why);
}

static bool
left_out(struct looking *l, const char *path, const struct snapshot_entry *was)
{
	if (was || !ignore_path(l->rules, path))
		return false;
	l->out->ignored++;
	return true;
}

/* A file without blocks may say that it is as large as it likes. */
static bool
is_too_large(const struct looking *l, const struct box_entry *e, uint64_t was)
{
	uint64_t grows = e->size > was ? e->size - was : 0;

	return grows > CHANGESET_BYTES_MAX - l->grown ||
	       (grows && e->size > CHANGESET_FILE_MAX);
}

static void
want(struct looking *l, const struct box_entry *e,
    const struct snapshot_entry *was)
{
	uint64_t size = was ? was->size : 0;
	struct wanted *w;

	if (is_too_large(l, e, size)) {
		other(l, e->path, TOO_LARGE);
		return;
	}
	l->grown += e->size > size ? e->size - size : 0;
	l->asked += e->size;
	GROW(l->v, l->n, &l->cap);
	w = &l->v[l->n++];
	*w = (struct wanted){.path = xstrdup(e->path), .was = was,
	    .content = STRBUF_INIT};
}

static const char *
kind_of(char type)
{
	switch (type) {
	case 'f':
		return "a file";
	case 'd':
		return "a directory";
	case 'l':
		return "a link";
	default:
		return "neither a file nor a directory nor a link";
	}
}

static void
look_at_link(struct looking *l, const struct box_entry *e,
    const struct snapshot_entry *was)
{
	if (was && e->target && !strcmp(was->target, e->target))
		return;
	if (!left_out(l, e->path, was))
		other(l, e->path, was ? "the link leads somewhere else"
				      : "it is a new link");
}

static void
look_at_other(struct looking *l, const struct box_entry *e,
    const struct snapshot_entry *was)
{
	if (e->type == 'f' && !left_out(l, e->path, was))
		want(l, e, was);
	else if (e->type == 'l')
		look_at_link(l, e, was);
	else if (e->type != 'd' && e->type != 'f' &&
		 !left_out(l, e->path, was))
		other(l, e->path, "it is neither a file nor a directory nor a "
				  "link");
}

static void
cannot_read(struct looking *l, const struct box_entry *e)
{
	strvec_pushf(&l->out->others, "%s: it cannot be read: %s", e->path,
	    strerror(e->sys));
}

/* A directory that is closed hides what is in it, and whether it is one is not
   known of what cannot be looked at. */
static void
look_at_closed(struct looking *l, const struct box_entry *e,
    const struct snapshot_entry *was)
{
	strvec_push(&l->closed, e->path);
	if (!left_out(l, e->path, was))
		cannot_read(l, e);
}

static void
on_name(void *arg, const struct box_entry *e)
{
	struct looking *l = arg;
	const struct snapshot_entry *was;
	autoerr struct err err = ERR_INIT;

	if (!*e->path)
		return;
	was = snapshot_find(l->snapshot, e->path);
	if (was)
		l->seen[was - snapshot_at(l->snapshot, 0)] = true;
	if (changeset_check_path(e->path, &err))
		other(l, e->path, "that is no path of a file");
	else if (e->sys)
		look_at_closed(l, e, was);
	else if (was && was->type != e->type)
		strvec_pushf(&l->out->others, "%s: it was %s, and is %s",
		    e->path, kind_of(was->type), kind_of(e->type));
	else
		look_at_other(l, e, was);
}

/* -------- the contents -------- */

static int
by_path(const void *a, const void *b)
{
	return strcmp(((const struct wanted *)a)->path,
	    ((const struct wanted *)b)->path);
}

static void
on_entry(void *arg, const struct box_entry *e)
{
	struct looking *l = arg;
	const struct wanted key = {.path = (char *)e->path};

	l->at = l->n ? bsearch(&key, l->v, l->n, sizeof(key), by_path) : NULL;
	if (!l->at)
		return;
	l->at->refused = e->sys || e->type != 'f';
	l->at->came = !l->at->refused;
	l->at->executable = e->mode & 0100;
	if (e->sys)
		cannot_read(l, e);
	else if (l->at->refused)
		other(l, e->path, "it changed while it was looked at");
}

/* What came before was the snapshot's. */
static void
begin_to_differ(struct looking *l, struct wanted *w)
{
	w->differs = true;
	if (w->same > CHANGESET_FILE_MAX)
		w->too_large = true;
	else if (w->was)
		strbuf_add(&w->content, w->was->data, w->same);
	l->kept += w->content.len;
}

static void
keep_content(struct looking *l, struct wanted *w, const void *p, size_t n)
{
	if (w->too_large)
		return;
	l->kept += n;
	if (w->content.len + n <= CHANGESET_FILE_MAX &&
	    l->kept <= CHANGESET_BYTES_MAX) {
		strbuf_add(&w->content, p, n);
		return;
	}
	w->too_large = true;
	l->kept -= n + w->content.len;
	strbuf_release(&w->content);
}

static void
on_data(void *arg, const void *p, size_t n)
{
	struct looking *l = arg;
	struct wanted *w = l->at;
	uint64_t left;

	/* An empty file has no content, nor has its snapshot. */
	if (!w || !w->came || !n)
		return;
	left = w->was ? w->was->size - w->same : 0;
	if (!w->differs && n <= left &&
	    !memcmp((const char *)w->was->data + w->same, p, n)) {
		w->same += n;
		return;
	}
	if (!w->differs)
		begin_to_differ(l, w);
	keep_content(l, w, p, n);
}

static int
fetch_all(struct looking *l, struct env *env, struct err *err)
{
	const struct box_fetch fetch = {on_entry, on_data, l};
	autovec struct strvec paths = STRVEC_INIT;

	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), by_path);
	for (size_t i = 0; i < l->n; i++)
		strvec_push(&paths, l->v[i].path);
	/* more, as files may grow meanwhile */
	return box_fetch(env->box, &paths, l->asked + CHANGESET_BYTES_MAX,
	    &fetch, err);
}

/* -------- what it comes to -------- */

/* How much of the path names the directory of version control that it is in,
   or is; 0: none.  Some file systems do not tell small letters from others. */
static size_t
repository_in(const char *path)
{
	static const char *const names[] = {".git", ".hg", ".svn"};

	for (const char *s = path; *s; s += *s == '/') {
		size_t n = strcspn(s, "/");

		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			if (n == strlen(names[i]) &&
			    !strncasecmp(s, names[i], n))
				return (size_t)(s - path) + n;
		s += n;
	}
	return 0;
}

/* Hooks and settings there are run on the host by who only looks at it. */
static bool
is_kept_out(struct looking *l, const char *path)
{
	autofree char *where = xstrndup(path, repository_in(path));

	if (*where && !strvec_has(&l->repositories, where)) {
		strvec_push(&l->repositories, where);
		other(l, where, "version control's own: it is not written "
				"back");
	}
	return *where;
}

static struct edit *
edit_of(struct looking *l, const char *path, const struct snapshot_entry *was)
{
	struct edit *e = edits_add(&l->out->edits, path);

	if (!was)
		return e;
	e->before.exists = true;
	e->before.mode = was->mode;
	strbuf_add(&e->before.content, was->data, was->size);
	return e;
}

static mode_t
mode_now(const struct wanted *w)
{
	if (!w->was)
		return w->executable ? 0755 : 0644;
	if (w->executable == !!(w->was->mode & 0100))
		return w->was->mode;
	return w->executable ? w->was->mode | ((w->was->mode & 0444) >> 2)
			     : w->was->mode & ~0111u;
}

/* Went while it was looked at: what was opened is removed then. */
static void
conclude_gone(struct looking *l, const struct wanted *w)
{
	if (w->was && !is_kept_out(l, w->path))
		edit_of(l, w->path, w->was);
}

static void
conclude(struct looking *l, struct wanted *w)
{
	bool shorter = w->was && !w->differs && w->same < w->was->size;
	struct edit *e;

	if (shorter)
		begin_to_differ(l, w);
	if (w->too_large) {
		other(l, w->path, TOO_LARGE);
		return;
	}
	if (w->was && !w->differs && mode_now(w) == w->was->mode)
		return;
	if (is_kept_out(l, w->path))
		return;
	e = edit_of(l, w->path, w->was);
	e->after.exists = true;
	e->after.mode = mode_now(w);
	if (w->was && !w->differs)
		strbuf_add(&e->after.content, w->was->data, w->was->size);
	else
		strbuf_add(&e->after.content, w->content.buf, w->content.len);
	strbuf_release(&w->content);
}

static bool
is_hidden(const struct looking *l, const char *path)
{
	for (size_t i = 0; i < l->closed.n; i++) {
		size_t n = strlen(l->closed.v[i]);

		if (!strncmp(path, l->closed.v[i], n) && path[n] == '/')
			return true;
	}
	return false;
}

static void
conclude_removed(struct looking *l)
{
	for (size_t i = 0; i < snapshot_count(l->snapshot); i++) {
		const struct snapshot_entry *was = snapshot_at(l->snapshot, i);

		if (l->seen[i] || was->type == 'd' || is_hidden(l, was->path))
			continue;
		if (was->type == 'l')
			other(l, was->path, "the link was removed");
		else if (!is_kept_out(l, was->path))
			edit_of(l, was->path, was);
	}
}

static void
conclude_all(struct looking *l)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i].came)
			conclude(l, &l->v[i]);
		else if (!l->v[i].refused)
			conclude_gone(l, &l->v[i]);
	}
	conclude_removed(l);
	edits_sort(&l->out->edits);
	strvec_sort(&l->out->others);
}

static void
looking_release(struct looking *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].path);
		strbuf_release(&l->v[i].content);
	}
	free(l->v);
	free(l->seen);
	strvec_release(&l->closed);
	strvec_release(&l->repositories);
}

int
session_changes(struct env *env, struct changes *c, struct err *err)
{
	struct snapshot *s = session_project_snapshot(env, err);
	struct ignore *rules = s ? session_project_rules(env, err) : NULL;
	struct looking l = {.snapshot = s, .rules = rules, .out = c,
	    .closed = STRVEC_INIT, .repositories = STRVEC_INIT};
	int rc = -1;

	if (rules) {
		l.seen = xcalloc(snapshot_count(s) + 1, sizeof(*l.seen));
		rc = box_list_all(env->box, SANDBOX_WORKSPACE, on_name, &l,
		    err);
	}
	if (!rc)
		rc = fetch_all(&l, env, err);
	if (!rc)
		conclude_all(&l);
	looking_release(&l);
	ignore_free(rules);
	snapshot_close(s);
	return rc;
}
