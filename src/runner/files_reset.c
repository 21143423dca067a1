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
#include <sys/syscall.h>
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

/* What is done with an entry of a directory, so many levels below one that is
   not code's. */
typedef void (*entry_fn)(struct reset *, int dir, const char *name, int deep);

/* NULL: there is no such directory. */
static void
each_in(struct reset *rs, DIR *d, entry_fn fn, int deep)
{
	struct dirent *e;

	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL)
		if (!is_dots(e->d_name))
			fn(rs, dirfd(d), e->d_name, deep);
	closedir(d);
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

static void
remove_or_move(struct reset *rs, int dir, const char *name, int deep)
{
	(void)deep;
	if (!is_other_mount(rs, dir, name) && !remove_name(rs, dir, name) &&
	    errno == ENOTEMPTY && move_up(rs, dir, name))
		count_removed(rs);
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

/* May it be entered?  A helper has one uid only, and musl's faccessat() has half
   a kilobyte for those who have two. */
static bool
may_enter(int dir, const char *name)
{
	return syscall(SYS_faccessat, dir, name, X_OK) == 0;
}

/* No deeper than an image's maker can have meant; one that cannot be read, code
   cannot write to unless it may be entered all the same. */
static void
empty_theirs(struct reset *rs, int dir, const char *name, int deep)
{
	struct stat st;
	DIR *d;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISDIR(st.st_mode))
		return;
	d = deep < THEIRS_DEEP ? open_dir_of(dir, name) : NULL;
	if (d == NULL && may_enter(dir, name))
		rs->left++;
	each_in(rs, d, remove_in_theirs, deep);
	(void)remove_name(rs, dir, name);
}

/*
 * One entry of the top level.  One that another uid has to remove (the place is
 * sticky) may still hold what only this one can.
 */
static void
remove_entry(struct reset *rs, int dir, const char *name, int deep)
{
	int why;

	if (is_other_mount(rs, dir, name) || remove_name(rs, dir, name))
		return;
	why = errno;
	if (!is_codes(rs, dir, name)) {
		empty_theirs(rs, dir, name, deep);
		return;
	}
	if (why != ENOTDIR) {
		(void)fchmodat(dir, name, 0770, 0);
		each_in(rs, open_dir_of(dir, name), remove_or_move, 0);
	}
	if (!remove_name(rs, dir, name))
		rs->left++;
}

/* Directories moved up appear behind the reader: again until nothing goes. */
static void
reset_place(struct reset *rs, const char *path)
{
	uint64_t before, left = rs->left;
	struct stat st;

	rs->top = path_open_dir(-1, path, false);
	if (rs->top < 0 || fstat(rs->top, &st) < 0)
		return;
	rs->dev = st.st_dev;
	do {
		before = rs->removed;
		rs->left = left;
		each_in(rs, open_dir_of(rs->top, "."), remove_entry, 0);
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
