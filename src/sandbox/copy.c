/*
 * Copying files from one environment into another.  All of it waits in a file
 * of this host that has no name: what one runner sends cannot be held back
 * until the other one has room, and names that code chose never become names
 * here.
 */
#include "sandbox/box_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"

/* Before each piece that waits. */
struct piece {
	char kind; /* 'e' an ENTRY, 'd' content, 'z' the end of a file */
	uint32_t len;
};

struct copy {
	struct request *request;
	int fd;
	struct box_count *count;
	uint64_t max_bytes, entries;
	bool bad;
	struct err *err;
};

static void
copy_fail(struct copy *c, int sys, const char *what)
{
	if (c->bad)
		return;
	c->bad = true;
	err_sys(c->err, sys, "%s", what);
	request_cancel(c->request);
}

static void
keep(struct copy *c, char kind, const void *p, size_t n)
{
	struct piece piece = {.kind = kind, .len = (uint32_t)n};

	if (io_write_all(c->fd, &piece, sizeof(piece)) ||
	    io_write_all(c->fd, p, n))
		copy_fail(c, errno, "keeping the files");
}

static void
keep_entry(struct copy *c, const struct box_entry *e)
{
	autofree uint8_t *buf = NULL;
	size_t n;

	if (e->sys) {
		copy_fail(c, e->sys, *e->path ? e->path : "the directory");
		return;
	}
	/* The directory itself is there. */
	if (!*e->path)
		return;
	if (!e->type || !strchr("fdl", e->type)) {
		c->count->skipped++;
		return;
	}
	if (e->type == 'd')
		c->count->dirs++;
	else if (e->type == 'l')
		c->count->links++;
	else
		c->count->files++;
	n = box_entry_put(&buf, e);
	keep(c, 'e', buf, n);
}

static void
on_entry(void *arg, struct field_reader *fields)
{
	struct copy *c = arg;
	struct box_entry_own own;

	if (c->bad)
		return;
	/* The runner keeps both bounds; if it was replaced, we do. */
	if (++c->entries > PROTO_ENTRIES_DEFAULT) {
		copy_fail(c, E2BIG, "the directory");
	} else if (!box_entry_read(&own, fields)) {
		copy_fail(c, EPROTO, "the directory");
	} else {
		keep_entry(c, &own.e);
		box_entry_release(&own);
	}
}

static void
on_data(void *arg, const void *p, size_t n, bool end)
{
	struct copy *c = arg;

	if (c->bad)
		return;
	if (c->max_bytes && n > c->max_bytes - c->count->bytes) {
		copy_fail(c, EFBIG, "the directory");
		return;
	}
	c->count->bytes += n;
	if (n)
		keep(c, 'd', p, n);
	if (end)
		keep(c, 'z', "", 0);
}

static int
collect(struct copy *c, struct box *from, const char *path)
{
	static const struct request_ops ops = {
	    .entry = on_entry, .data = on_data};
	autoerr struct err theirs = ERR_INIT;
	int rc;

	c->request = box_get_start(from, path, -1, c->max_bytes, &ops, c);
	rc = box_finish(from, c->request, &theirs);
	if (c->bad)
		return -1;
	return rc ? err_move(c->err, &theirs) : 0;
}

/* Whole, or -1 with errno: we wrote it ourselves. */
static int
read_piece(int fd, void *p, size_t n)
{
	char *at = p;

	while (n) {
		ssize_t got = read(fd, at, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			errno = got ? errno : EIO;
			return -1;
		}
		at += got;
		n -= (size_t)got;
	}
	return 0;
}

static bool
send_piece(struct box *to, struct request *r, const struct piece *piece,
    const char *p)
{
	switch (piece->kind) {
	case 'e':
		return box_put_entry(to, r, p, piece->len);
	case 'd':
		return box_put_content(to, r, p, piece->len);
	default:
		return box_put_end(to, r, false);
	}
}

static bool
send_pieces(struct copy *c, struct box *to, struct request *r)
{
	off_t end = lseek(c->fd, 0, SEEK_CUR);
	struct piece piece;

	if (lseek(c->fd, 0, SEEK_SET) < 0)
		end = -1;
	for (off_t at = 0; at < end; at += sizeof(piece) + piece.len) {
		autofree char *p = NULL;

		if (read_piece(c->fd, &piece, sizeof(piece)))
			goto bad;
		p = xmalloc(piece.len + 1);
		if (read_piece(c->fd, p, piece.len))
			goto bad;
		if (!send_piece(to, r, &piece, p))
			return false;
	}
	if (end >= 0)
		return box_put_end(to, r, true);
bad:
	err_sys(c->err, errno, "keeping the files");
	return false;
}

static int
deliver(struct copy *c, struct box *to, const char *path)
{
	struct request *r = box_put_open(to, path);

	if (send_pieces(c, to, r))
		return box_finish(to, r, c->err);
	if (!request_done(r))
		request_cancel(r);
	box_wait(to, r, BOX_FILES_MS);
	if (c->err->kind == ERR_NONE)
		request_error(r, c->err);
	request_free(r);
	return -1;
}

/* A file that has no name any more, on a disk rather than in memory. */
static int
open_unnamed(const struct runtime *rt, struct err *err)
{
	autofree char *random = io_random_hex(8);
	autofree char *path = xasprintf("%s/.copy-%s", rt->state_dir, random);
	int fd;

	if (io_mkdirs(rt->state_dir, 0700, err))
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	if (fd < 0)
		return err_sys(err, errno, "%s", path);
	unlink(path);
	return fd;
}

int
box_copy(struct box *from, struct box *to, const char *path,
    uint64_t max_bytes, struct box_count *count, struct err *err)
{
	autoclose int fd = open_unnamed(&to->runtime, err);
	struct copy c = {.fd = fd,
	    .count = count,
	    .max_bytes = max_bytes,
	    .err = err};

	*count = (struct box_count){0};
	if (fd < 0)
		return -1;
	return collect(&c, from, path) || deliver(&c, to, path) ? -1 : 0;
}
