/*
 * RESET: empties the writable places.  No code is alive meanwhile, but what it
 * left may be deep (a tree deeper than any path can be), closed (modes of 0)
 * and many.  So a directory that is not empty is not entered twice: what it
 * holds is moved to the top of its place, and nothing is ever deeper than one
 * level.
 *
 * What belongs to none of code's uids was there from the beginning: an image may
 * have files in what became a place.  That of it which can be removed goes; the
 * rest stays and is no failure, but what code has put into it goes.
 */
#include "work.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ALIVE_EVERY 4096 /* removals between signs of life */
#define THEIRS_DEEP 64	 /* levels of directories that are not code's */

struct reset {
	struct work *w;
	int top;	   /* the place */
	dev_t dev;
	uint64_t removed;
	uint64_t left;	   /* entries that could not be removed */
	uint64_t moved;
};

static void
count_removed(struct reset *rs)
{
	if (++rs->removed % ALIVE_EVERY == 0)
		work_alive();
}

static DIR *
open_dir_of(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_NONBLOCK | O_CLOEXEC);
	DIR *d;

	if (fd < 0)
		return NULL;
	d = fdopendir(fd);
	if (d == NULL)
		close(fd);
	return d;
}

static bool
is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Another mount below a place: it is a place of its own, or not for us. */
static bool
is_other_mount(const struct reset *rs, int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_dev != rs->dev;
}

/* Can code have made it?  What a service makes is not told from the image's. */
static bool
is_codes(const struct reset *rs, int dir, const char *name)
{
	const struct config *c = &rs->w->rn->config;
	struct stat st;

	if (c->service.argv.n > 0 ||
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return true;
	return st.st_uid == config_slot_uid(c, 0) || (!c->shared_uid &&
	    st.st_uid > c->uid && st.st_uid - c->uid < SLOTS_MAX);
}

static bool
remove_name(struct reset *rs, int dir, const char *name)
{
	if (unlinkat(dir, name, 0) < 0 && unlinkat(dir, name, AT_REMOVEDIR) < 0)
		return false;
	count_removed(rs);
	return true;
}

/* To a name at the top of the place that nothing has. */
static bool
move_up(struct reset *rs, int dir, const char *name)
{
	char to[64] = ".addesh-reset-";
	struct stat st;

	do {
		text_number(to + 14, rs->moved++, 10);
	} while (fstatat(rs->top, to, &st, AT_SYMLINK_NOFOLLOW) == 0);
	/* to move a directory is to write its "..", too; runs share a group */
	(void)fchmodat(dir, name, 0770, 0);
	return renameat(dir, name, rs->top, to) == 0;
}

/* Empties a directory of the top level, by removing or moving all in it. */
static void
empty_dir(struct reset *rs, const char *name)
{
	struct dirent *e;
	DIR *d;

	(void)fchmodat(rs->top, name, 0770, 0);
	d = open_dir_of(rs->top, name);
	while (d != NULL && (e = readdir(d)) != NULL) {
		if (is_dots(e->d_name) ||
		    is_other_mount(rs, dirfd(d), e->d_name))
			continue;
		if (!remove_name(rs, dirfd(d), e->d_name) &&
		    errno == ENOTEMPTY && move_up(rs, dirfd(d), e->d_name))
			count_removed(rs);
	}
	if (d != NULL)
		closedir(d);
}

static void empty_theirs(struct reset *rs, int dir, const char *name,
    int deep);

/* An entry of a directory that is not code's. */
static void
remove_in_theirs(struct reset *rs, int dir, const char *name, int deep)
{
	int why;

	if (is_other_mount(rs, dir, name) || remove_name(rs, dir, name))
		return;
	why = errno;
	if (!is_codes(rs, dir, name))
		empty_theirs(rs, dir, name, deep + 1);
	else if (why == ENOTEMPTY && move_up(rs, dir, name))
		count_removed(rs);
	else
		rs->left++; /* another uid's, whose turn comes */
}

/* No deeper than an image's maker can have meant; one that cannot be read, code
   cannot write to unless it may be entered all the same. */
static void
empty_theirs(struct reset *rs, int dir, const char *name, int deep)
{
	struct dirent *e;
	struct stat st;
	DIR *d;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISDIR(st.st_mode))
		return;
	d = deep < THEIRS_DEEP ? open_dir_of(dir, name) : NULL;
	if (d == NULL && faccessat(dir, name, X_OK, AT_EACCESS) == 0)
		rs->left++;
	while (d != NULL && (e = readdir(d)) != NULL)
		if (!is_dots(e->d_name))
			remove_in_theirs(rs, dirfd(d), e->d_name, deep);
	if (d != NULL)
		closedir(d);
	(void)remove_name(rs, dir, name);
}

/*
 * One entry of the top level.  One that another uid has to remove (the place is
 * sticky) may still hold what only this one can.
 */
static void
remove_entry(struct reset *rs, const char *name)
{
	int why;

	if (is_other_mount(rs, rs->top, name) ||
	    remove_name(rs, rs->top, name))
		return;
	why = errno;
	if (!is_codes(rs, rs->top, name)) {
		empty_theirs(rs, rs->top, name, 0);
		return;
	}
	if (why != ENOTDIR)
		empty_dir(rs, name);
	if (!remove_name(rs, rs->top, name))
		rs->left++;
}

/* Directories moved up appear behind the reader: again until nothing goes. */
static void
reset_place(struct reset *rs, const char *path)
{
	uint64_t before, left = rs->left;
	struct dirent *e;
	struct stat st;
	DIR *d;

	rs->top = path_open_dir(-1, path, false);
	if (rs->top < 0 || fstat(rs->top, &st) < 0)
		return;
	rs->dev = st.st_dev;
	do {
		before = rs->removed;
		rs->left = left;
		d = open_dir_of(rs->top, ".");
		while (d != NULL && (e = readdir(d)) != NULL)
			if (!is_dots(e->d_name))
				remove_entry(rs, e->d_name);
		if (d != NULL)
			closedir(d);
	} while (rs->removed != before);
	close(rs->top);
}

void
files_reset(struct work *w)
{
	const struct config *c = &w->rn->config;
	struct reset rs = {.w = w};
	uint8_t buf[64];
	struct field_writer f;

	for (size_t i = 0; i < c->places.n; i++)
		reset_place(&rs, c->places.v[i]);
	if (w->r->slot == 0 && rs.left == 0 && path_make_base(c) < 0)
		work_fail(w, errno, "directories of the environment", NULL);
	field_writer_init(&f, buf, sizeof(buf));
	field_put_u64(&f, PROTO_K_COUNT, rs.removed);
	field_put_u64(&f, PROTO_K_SIZE, rs.left);
	work_verdict(w, &f);
}
