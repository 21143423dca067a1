/*
 * PUT: files from the client.  A file is written under a name of its own and
 * then renamed, so that whatever stands at its place (a link, a FIFO) is
 * replaced and never opened.
 */
#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES 100

struct put {
	struct work *w;
	struct work_entry entry;
	int dir;		/* where the open file will be */
	int fd;			/* the open file, -1: none */
	char name[NAME_SIZE];	/* its final name */
	char temp[SWAP_TEMP_SIZE];
};

static void
put_fail(struct put *p, const char *text)
{
	int error = errno;

	if (p->fd >= 0)
		(void)unlinkat(p->dir, p->temp, 0);
	work_fail(p->w, error, text, p->entry.path != NULL &&
	    p->entry.path[0] != '\0' ? p->entry.path : p->w->path);
}

static void
read_entry(struct put *p, const struct message *m)
{
	work_entry_read(&p->entry, m);
	if (p->entry.path == NULL) {
		errno = EINVAL;
		put_fail(p, "entry");
	}
}

/* Opens the directory that the entry lies in, and sets its name there. */
static int
open_place(struct put *p)
{
	int top, dir;

	if (p->entry.path[0] == '\0')
		return path_open_parent(-1, p->w->path, true, p->name);
	top = path_open_dir(-1, p->w->path, true);
	if (top < 0)
		return -1;
	dir = path_open_parent(top, p->entry.path, true, p->name);
	close(top);
	return dir;
}

static void
open_file(struct put *p)
{
	p->fd = swap_temp_file(p->dir, p->temp);
	if (p->fd < 0)
		put_fail(p, "create");
}

/*
 * ext4 writes content out before a file may replace another one
 * (auto_da_alloc, ext4(5)): to exchange them is not held up.  What code has put
 * in its place meanwhile may be a directory, which goes back.
 */
static int
move_over(const struct put *p)
{
	struct stat st;

	if (fstatat(p->dir, p->name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(st.st_mode) ||
	    swap_exchange(p->dir, p->temp, p->name) < 0)
		return renameat(p->dir, p->temp, p->dir, p->name);
	if (unlinkat(p->dir, p->temp, 0) == 0)
		return 0;
	(void)swap_exchange(p->dir, p->temp, p->name);
	errno = EISDIR;
	return -1;
}

static void
close_file(struct put *p)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
	    {.tv_sec = (time_t)p->entry.mtime}};

	if (fchmod(p->fd, work_mode(p->w, p->entry.mode)) < 0 ||
	    (p->entry.has_mtime && futimens(p->fd, times) < 0))
		put_fail(p, "attributes");
	if (move_over(p) < 0)
		put_fail(p, "replace");
	close(p->fd);
	close(p->dir);
	p->fd = p->dir = -1;
}

static void
put_link(struct put *p)
{
	int made = -1;

	errno = EINVAL;
	for (int i = 0; i < TRIES && made < 0 && p->entry.target != NULL; i++) {
		swap_temp_name(p->temp);
		made = symlinkat(p->entry.target, p->dir, p->temp);
		if (made < 0 && errno != EEXIST)
			break;
	}
	if (made < 0)
		put_fail(p, "link");
	if (renameat(p->dir, p->temp, p->dir, p->name) < 0) {
		made = errno;
		(void)unlinkat(p->dir, p->temp, 0);
		errno = made;
		put_fail(p, "replace");
	}
}

/* The user keeps the rights that what follows needs. */
static void
put_dir(struct put *p)
{
	mode_t mode = work_mode(p->w, p->entry.mode) | 0700;
	struct stat st;

	if (mkdirat(p->dir, p->name, mode) == 0)
		return;
	if (errno == EEXIST &&
	    fstatat(p->dir, p->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISDIR(st.st_mode))
			return;
		errno = ENOTDIR;
	}
	put_fail(p, "directory");
}

static void
put_entry(struct put *p, const struct message *m)
{
	if (p->fd >= 0) {
		errno = EPROTO;
		put_fail(p, "content");
	}
	read_entry(p, m);
	p->dir = open_place(p);
	if (p->dir < 0)
		put_fail(p, "directory");
	switch (p->entry.type) {
	case 'f':
		return open_file(p);
	case 'd':
		put_dir(p);
		break;
	case 'l':
		put_link(p);
		break;
	default:
		errno = EINVAL;
		put_fail(p, "type");
	}
	close(p->dir);
	p->dir = -1;
}

static void
put_data(struct put *p, const struct frame *f)
{
	const uint8_t *data = f->payload;
	size_t left = f->len;
	ssize_t n;

	if (p->fd < 0) {
		errno = EPROTO;
		put_fail(p, "content");
	}
	while (left > 0) {
		n = write(p->fd, data, left);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			put_fail(p, "write");
		data += n;
		left -= (size_t)n;
	}
	if (f->flags & PROTO_F_END)
		close_file(p);
}

void
files_put(struct work *w)
{
	struct put p = {.w = w, .dir = -1, .fd = -1};
	struct field_writer none = {.buf = NULL};
	struct message m;
	struct frame f;
	int added;

	for (;;) {
		work_next_frame(w, &f);
		if (f.type == PROTO_DATA) {
			put_data(&p, &f);
			continue;
		}
		added = message_add(&w->messages, &f, &m);
		if (added < 0) {
			errno = EMSGSIZE;
			put_fail(&p, "entry");
		}
		if (added > 0 && m.len == 0)
			break;
		if (added > 0)
			put_entry(&p, &m);
	}
	if (p.fd >= 0) {
		errno = EPROTO;
		put_fail(&p, "content");
	}
	work_verdict(w, &none);
}
