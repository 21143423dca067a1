#include "pack/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/sanitise.h"
#include "pack/beneath.h"
#include "pack/names.h"

#define SKIPPED_MAX 20
#define SLICE_MS 50 /* as long as a person does not notice */
#define PATH_LEN_MAX 4096 /* an engine could not unpack more: PATH_MAX */

struct frame {
	int fd; /* -1: it is only in the overlay */
	size_t path_len;
	struct names names;
	size_t next;
	bool *marks;
	bool told; /* its own entry was given, or it is the root */
	struct stat st;
};

struct tree {
	struct tree_spec spec;
	struct strbuf path;
	struct frame *frames;
	size_t n, cap;
	bool telling; /* the frames that are not told come first, */
	bool waiting; /* then this, which is no directory */
	struct tree_entry entry;
	struct strbuf directory; /* path of a frame that is told */
};

static int
fail(const struct tree *t, const char *path, int sys, struct err *err)
{
	autobuf struct strbuf name = STRBUF_INIT;

	sanitise_name(&name, path);
	err_sys(err, sys, "%s%s%s", t->spec.title,
	    *t->spec.title && *path ? "/" : "", name.buf);
	if (sys == EACCES)
		err_hint(err, "if the build does not need it, list it in "
			      ".dockerignore");
	return -1;
}

static void
frame_release(struct frame *f, const struct tree *t)
{
	if (f->fd >= 0 && f->fd != t->spec.root)
		close(f->fd);
	names_release(&f->names);
	free(f->marks);
}

/* Takes f; its names are read. */
static int
push(struct tree *t, struct frame *f, struct err *err)
{
	if (f->fd >= 0 && names_read(&f->names, f->fd)) {
		fail(t, t->path.buf, errno, err);
		frame_release(f, t);
		return -1;
	}
	f->path_len = t->path.len;
	if (t->path.len) {
		strbuf_addc(&t->path, '/');
		f->path_len++;
	}
	overlay_names(t->spec.overlay, t->path.buf, &f->names);
	names_sort(&f->names);
	GROW(t->frames, t->n, &t->cap);
	t->frames[t->n++] = *f;
	return 0;
}

struct tree *
tree_open(const struct tree_spec *spec, struct err *err)
{
	struct tree *t = xcalloc(1, sizeof(*t));
	struct frame root = {
	    .fd = spec->root, .names = NAMES_INIT, .told = true};

	t->spec = *spec;
	strbuf_init(&t->path);
	strbuf_init(&t->directory);
	strbuf_adds(&t->path, spec->prefix);
	root.marks = xcalloc(ignore_marks(spec->ignore) + 1, sizeof(bool));
	if (push(t, &root, err)) {
		tree_close(t);
		return NULL;
	}
	return t;
}

void
tree_close(struct tree *t)
{
	if (!t)
		return;
	while (t->n)
		frame_release(&t->frames[--t->n], t);
	free(t->frames);
	strbuf_release(&t->path);
	strbuf_release(&t->directory);
	free(t);
}

static bool
is_kept(const struct tree *t, const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(t->spec.keep); i++)
		if (t->spec.keep[i] && !strcmp(t->spec.keep[i], path))
			return true;
	return false;
}

static bool
is_above_kept(const struct tree *t, const char *dir)
{
	size_t len = strlen(dir);

	for (size_t i = 0; i < ARRAY_SIZE(t->spec.keep); i++)
		if (t->spec.keep[i] && str_starts(t->spec.keep[i], dir) &&
		    t->spec.keep[i][len] == '/')
			return true;
	return false;
}

void
tree_skip(struct tree *t, const char *why)
{
	autobuf struct strbuf what = STRBUF_INIT;

	sanitise_name(&what, t->path.buf);
	strbuf_addf(&what, " (%s)", why);
	t->spec.count->skipped++;
	if (t->spec.skipped->n < SKIPPED_MAX)
		strvec_push(t->spec.skipped, what.buf);
}

/* Why a lenient reader skips what failed so; NULL: it does not. */
static const char *
forgiven(const struct tree *t, int sys)
{
	if (!t->spec.lenient)
		return NULL;
	if (sys == EACCES)
		return "unreadable";
	return sys == ENOENT || sys == ENOTDIR || sys == ELOOP
	    ? "changed while it was read" : NULL;
}

/* 1: it is skipped. */
static int
open_directory(
    struct tree *t, struct frame *f, const char *name, struct err *err)
{
	const char *why;

	f->fd =
	    open_beneath(t->frames[t->n - 1].fd, name, O_RDONLY | O_DIRECTORY);
	if (f->fd >= 0 && !fstat(f->fd, &f->st))
		return 0;
	why = forgiven(t, errno);
	if (!why)
		return fail(t, t->path.buf, errno, err);
	tree_skip(t, why);
	return 1;
}

/* The directory at t->path; name NULL: it is only in the overlay. */
static int
enter(struct tree *t, const char *name, struct err *err)
{
	struct frame f = {
	    .fd = -1, .names = NAMES_INIT, .st.st_mode = S_IFDIR | 0755};
	const char *path = t->path.buf;
	bool ignored;
	int bad;

	f.marks = xcalloc(ignore_marks(t->spec.ignore) + 1, sizeof(bool));
	ignored = ignore_directory(
	    t->spec.ignore, t->frames[t->n - 1].marks, path, f.marks);
	if (ignored && !is_above_kept(t, path) &&
	    !ignore_keeps_below(t->spec.ignore, f.marks, path)) {
		t->spec.count->ignored++;
		frame_release(&f, t);
		return 0;
	}
	bad = name ? open_directory(t, &f, name, err) : 0;
	if (bad) {
		frame_release(&f, t);
		return bad < 0 ? -1 : 0;
	}
	if (push(t, &f, err))
		return -1;
	t->telling = !ignored;
	return 0;
}

static void
skip(struct tree *t, mode_t mode)
{
	tree_skip(t, S_ISSOCK(mode)   ? "socket"
		     : S_ISFIFO(mode) ? "FIFO"
				      : "device");
}

/* What is at t->path and no directory. */
static void
take(struct tree *t, const char *name, const struct stat *st,
    const struct context_file *file)
{
	const struct frame *f = &t->frames[t->n - 1];

	if (!is_kept(t, t->path.buf) &&
	    ignore_file(t->spec.ignore, f->marks, t->path.buf)) {
		t->spec.count->ignored++;
	} else if (!S_ISREG(st->st_mode) && !S_ISLNK(st->st_mode)) {
		skip(t, st->st_mode);
	} else {
		t->entry = (struct tree_entry){
		    .st = *st, .dir = f->fd, .name = name, .file = file};
		t->telling = t->waiting = true;
	}
}

/* Names in a directory can be had without leave to look at what they name. */
static int
unknown(struct tree *t, int sys, struct err *err)
{
	const char *why = forgiven(t, sys);

	if (!why)
		return fail(t, t->path.buf, sys, err);
	if (ignore_file(
		t->spec.ignore, t->frames[t->n - 1].marks, t->path.buf))
		t->spec.count->ignored++;
	else
		tree_skip(t, why);
	return 0;
}

static int
look_at(struct tree *t, const char *name, struct err *err)
{
	const struct overlay *o = t->spec.overlay;
	const struct context_file *file = overlay_find(o, t->path.buf);
	bool above = overlay_has_below(o, t->path.buf);
	int dir = t->frames[t->n - 1].fd;
	struct stat st = {0};

	if (file) {
		st.st_mode = S_IFREG | (file->mode & 07777);
		st.st_size = (off_t)file->size;
		st.st_mtime = file->mtime;
		take(t, name, &st, file);
		return 0;
	}
	if (dir >= 0 && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW)) {
		if (errno != ENOENT)
			return unknown(t, errno, err);
		dir = -1;
	}
	if (dir >= 0 && S_ISDIR(st.st_mode))
		return enter(t, name, err);
	if (above)
		return enter(t, NULL, err);
	if (dir >= 0)
		take(t, name, &st, NULL);
	return 0;
}

static int
advance(struct tree *t, struct err *err)
{
	struct frame *f = &t->frames[t->n - 1];
	const char *name;

	strbuf_truncate(&t->path, f->path_len);
	if (f->next == f->names.n) {
		frame_release(f, t);
		t->n--;
		return 0;
	}
	name = names_get(&f->names, f->next++);
	strbuf_adds(&t->path, name);
	if (t->path.len >= PATH_LEN_MAX)
		return fail(t, t->path.buf, ENAMETOOLONG, err);
	return look_at(t, name, err);
}

/* A directory that must be told before what is in it. */
static bool
tell_directory(struct tree *t, struct tree_entry *e)
{
	for (size_t i = 0; i < t->n; i++) {
		struct frame *f = &t->frames[i];

		if (f->told)
			continue;
		f->told = true;
		strbuf_reset(&t->directory);
		strbuf_add(&t->directory, t->path.buf, f->path_len - 1);
		*e = (struct tree_entry){
		    .path = t->directory.buf, .st = f->st, .dir = -1};
		return true;
	}
	return false;
}

int
tree_next(struct tree *t, struct tree_entry *e, struct err *err)
{
	int64_t later = clock_ms() + SLICE_MS;

	for (;;) {
		if (t->telling && tell_directory(t, e))
			return 1;
		t->telling = false;
		if (t->waiting) {
			t->waiting = false;
			*e = t->entry;
			e->path = t->path.buf;
			return 1;
		}
		if (!t->n)
			return 0;
		if (clock_ms() >= later)
			return TREE_LATER;
		if (advance(t, err))
			return -1;
	}
}
