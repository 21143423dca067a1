/*
 * RESET: empties the writable places.  No code is alive meanwhile, but what it
 * left may be deep (a tree deeper than any path can be), closed (modes of 0)
 * and many.  So a directory that is not empty is not entered twice: what it
 * holds is moved to the top of its place, and nothing is ever deeper than one
 * level.
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
		if (unlinkat(dirfd(d), e->d_name, 0) == 0 ||
		    unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR) == 0)
			count_removed(rs);
		else if (errno == ENOTEMPTY && move_up(rs, dirfd(d), e->d_name))
			count_removed(rs);
	}
	if (d != NULL)
		closedir(d);
}

/*
 * One entry of the top level.  One that another uid has to remove (the place is
 * sticky) may still hold what only this one can.
 */
static void
remove_entry(struct reset *rs, const char *name)
{
	if (is_other_mount(rs, rs->top, name))
		return;
	if (unlinkat(rs->top, name, 0) == 0 ||
	    unlinkat(rs->top, name, AT_REMOVEDIR) == 0) {
		count_removed(rs);
		return;
	}
	if (errno != ENOTDIR)
		empty_dir(rs, name);
	if (unlinkat(rs->top, name, AT_REMOVEDIR) == 0)
		count_removed(rs);
	else
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
