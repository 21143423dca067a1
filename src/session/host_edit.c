#include "session/host_edit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "pack/beneath.h"
#include "runner/swap.h"

struct host_item {
	const struct edit *edit;
	struct swap swap;
	bool own_dir; /* the descriptor is this item's, not the one's before */
};

struct hosting {
	int root;
	struct host_item *v;
	size_t n;
	struct strvec made; /* directories, the outer ones first */
	struct err *err;
};

/* -------- where -------- */

static int
fail(struct hosting *h, int sys, const char *path)
{
	if (sys == ELOOP || sys == ENOTDIR)
		return err_set(h->err, ERR_USAGE,
		    "%s: a link or a file stands in its way on this host, and "
		    "links are not followed", path);
	if (sys == EMFILE)
		return err_sys(h->err, sys, "%s: in too many directories", path);
	return err_sys(h->err, sys, "%s", path);
}

static int
stale(struct hosting *h, const struct edit *e)
{
	if (!e->before.exists)
		err_set(h->err, ERR_USAGE,
		    "%s is on this host already, which it was not when the "
		    "project was opened", e->path);
	else
		err_set(h->err, ERR_USAGE,
		    "%s was changed on this host since the project was opened",
		    e->path);
	h->err->code = ESTALE;
	return -1;
}

/* Makes a directory below the root; one that is there is fine. */
static int
make_dir(struct hosting *h, const char *path)
{
	const char *slash = strrchr(path, '/');
	autofree char *above =
	    slash ? xstrndup(path, (size_t)(slash - path)) : NULL;
	autoclose int dir = above
	    ? open_beneath(h->root, above, O_RDONLY | O_DIRECTORY)
	    : fcntl(h->root, F_DUPFD_CLOEXEC, 3);

	if (dir < 0)
		return fail(h, errno, path);
	if (!mkdirat(dir, slash ? slash + 1 : path, 0777))
		strvec_push(&h->made, path);
	else if (errno != EEXIST)
		return fail(h, errno, path);
	return 0;
}

static int
make_above(struct hosting *h, const char *path)
{
	autofree char *copy = xstrdup(path);
	int rc = 0;

	for (char *s = copy; !rc && (s = strchr(s, '/')); *s++ = '/') {
		*s = '\0';
		rc = make_dir(h, copy);
	}
	return rc;
}

/* Sorted edits of one directory are mostly neighbours. */
static bool
same_dir(const char *a, const char *b)
{
	const char *sa = strrchr(a, '/'), *sb = strrchr(b, '/');

	return sa && sb ? sa - a == sb - b && !strncmp(a, b, (size_t)(sa - a))
			: !sa && !sb;
}

static int
open_place(struct hosting *h, struct host_item *it)
{
	const struct host_item *before = it > h->v ? it - 1 : NULL;
	const char *path = it->edit->path, *slash = strrchr(path, '/');
	autofree char *above =
	    slash ? xstrndup(path, (size_t)(slash - path)) : NULL;

	it->swap.name = slash ? slash + 1 : path;
	if (before && same_dir(before->edit->path, path)) {
		it->swap.dir = before->swap.dir;
		return 0;
	}
	if (it->edit->after.exists && make_above(h, path))
		return -1;
	it->swap.dir = above
	    ? open_beneath(h->root, above, O_RDONLY | O_DIRECTORY)
	    : fcntl(h->root, F_DUPFD_CLOEXEC, 3);
	it->own_dir = true;
	if (it->swap.dir >= 0)
		return 0;
	return errno == ENOENT ? stale(h, it->edit) : fail(h, errno, path);
}

/* -------- what is there -------- */

static bool
has_content(int fd, const struct strbuf *want)
{
	char buf[65536];
	size_t at = 0;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		if ((size_t)n > want->len - at ||
		    memcmp(want->buf + at, buf, (size_t)n))
			return false;
		at += (size_t)n;
	}
	return !n && at == want->len;
}

static int
check(struct hosting *h, struct host_item *it)
{
	const struct edit *e = it->edit;
	struct swap *s = &it->swap;
	autoclose int fd = -1;

	if (!e->before.exists) {
		if (fstatat(s->dir, s->name, &s->seen, AT_SYMLINK_NOFOLLOW))
			return errno == ENOENT ? 0 : fail(h, errno, e->path);
		return stale(h, e);
	}
	fd = openat(s->dir, s->name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ELOOP
		    ? stale(h, e) : fail(h, errno, e->path);
	if (fstat(fd, &s->seen) || !S_ISREG(s->seen.st_mode) ||
	    !has_content(fd, &e->before.content))
		return stale(h, e);
	return 0;
}

/* -------- what will be -------- */

static mode_t
mode_of(const struct host_item *it)
{
	const struct file_state *was = &it->edit->before;
	const struct file_state *is = &it->edit->after;
	mode_t mode = it->swap.seen.st_mode & 0777, mask;

	if (!was->exists) {
		mask = umask(0);
		umask(mask);
		return is->mode & 0777 & ~mask;
	}
	if (!(was->mode & 0100) == !(is->mode & 0100))
		return mode;
	return is->mode & 0100 ? mode | ((mode & 0444) >> 2) : mode & ~0111u;
}

/* A file of somebody else's stays theirs, where we may give files away. */
static void
keep_owner(const struct host_item *it, int fd)
{
	const struct stat *was = &it->swap.seen;

	if (it->edit->before.exists && fchown(fd, was->st_uid, was->st_gid) &&
	    fchown(fd, (uid_t)-1, was->st_gid))
		return; /* it becomes ours, as with an editor */
}

/* To the disk before it takes the place of what is there. */
static int
write_new(struct hosting *h, struct host_item *it)
{
	const struct strbuf *content = &it->edit->after.content;
	autoclose int fd = swap_temp_file(it->swap.dir, it->swap.temp);

	if (fd < 0) {
		int sys = errno;

		it->swap.temp[0] = '\0';
		return fail(h, sys, it->edit->path);
	}
	keep_owner(it, fd);
	if (io_write_all(fd, content->buf, content->len) ||
	    fchmod(fd, mode_of(it)) || fsync(fd))
		return fail(h, errno, it->edit->path);
	swap_make_newer(&it->swap);
	return 0;
}

static int
prepare(struct hosting *h)
{
	for (size_t i = 0; i < h->n; i++) {
		struct host_item *it = &h->v[i];

		if (open_place(h, it) || check(h, it) ||
		    (it->edit->after.exists && write_new(h, it)))
			return -1;
	}
	return 0;
}

static int
move_all(struct hosting *h)
{
	for (size_t i = 0; i < h->n; i++) {
		if (!swap_move(&h->v[i].swap))
			continue;
		return errno == ESTALE ? stale(h, h->v[i].edit)
				       : fail(h, errno, h->v[i].edit->path);
	}
	return 0;
}

static void
undo(struct hosting *h)
{
	for (size_t i = h->n; i-- > 0;)
		if (h->v[i].swap.dir >= 0)
			swap_undo(&h->v[i].swap);
	for (size_t i = h->made.n; i-- > 0;) {
		const char *path = h->made.v[i], *slash = strrchr(path, '/');
		autofree char *above =
		    slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup(".");
		autoclose int dir = open_beneath(h->root, above,
		    O_RDONLY | O_DIRECTORY);

		if (dir >= 0)
			unlinkat(dir, slash ? slash + 1 : path, AT_REMOVEDIR);
	}
}

static void
finish(struct hosting *h)
{
	for (size_t i = 0; i < h->n; i++)
		swap_done(&h->v[i].swap);
	for (size_t i = 0; i < h->n; i++)
		if (h->v[i].swap.dir >= 0 && h->v[i].own_dir)
			fsync(h->v[i].swap.dir);
}

static void
release(struct hosting *h)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->v[i].own_dir && h->v[i].swap.dir >= 0)
			close(h->v[i].swap.dir);
	free(h->v);
	strvec_release(&h->made);
	close(h->root);
}

/* They may be those of an environment, which says what it likes. */
static int
check_paths(const struct edits *edits, struct err *err)
{
	for (size_t i = 0; i < edits->n; i++)
		if (changeset_check_path(edits->v[i].path, err))
			return -1;
	return 0;
}

/* A descriptor for each directory; *was is to be set again. */
static void
raise_files(struct rlimit *was)
{
	struct rlimit more;

	(void)getrlimit(RLIMIT_NOFILE, was);
	more = *was;
	more.rlim_cur = more.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &more);
}

int
host_edit(const char *root, const struct edits *edits, struct err *err)
{
	struct hosting h = {.n = edits->n, .made = STRVEC_INIT, .err = err};
	struct rlimit files;
	int rc;

	if (check_paths(edits, err))
		return -1;
	h.root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (h.root < 0)
		return err_sys(err, errno, "%s", root);
	h.v = xcalloc(edits->n + 1, sizeof(*h.v));
	for (size_t i = 0; i < edits->n; i++) {
		h.v[i].edit = &edits->v[i];
		h.v[i].swap.dir = -1;
		h.v[i].swap.removes = !edits->v[i].after.exists;
		h.v[i].swap.has_was = edits->v[i].before.exists;
	}
	raise_files(&files);
	rc = prepare(&h) || move_all(&h) ? -1 : 0;
	if (rc)
		undo(&h);
	else
		finish(&h);
	release(&h);
	(void)setrlimit(RLIMIT_NOFILE, &files);
	return rc;
}
