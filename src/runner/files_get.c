/*
 * GET: files to the client.  Code may change what is read while it is read, so
 * each file is described by what was opened, and read no further than it was
 * long then.
 */
#include "work.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 200	     /* one descriptor each */
#define PATH_SIZE 8192	     /* so that an ENTRY is one frame */
#define UNSIZED_MAX (16u << 20) /* of files that say they are empty: proc(5) */

struct get {
	struct work *w;
	uint64_t depth;	       /* UINT64_MAX: everything, with content */
	uint64_t entries_max, bytes_max;
	uint64_t entries, bytes;
	char path[PATH_SIZE];  /* of the entry, relative to the request's */
	size_t len;
};

static void get_entry(struct get *g, int dir, const char *name,
    unsigned depth);

static void
get_fail(struct get *g, int error, const char *text)
{
	work_fail(g->w, error, text, g->len > 0 ? g->path : g->w->path);
}

static void
read_limits(struct get *g)
{
	struct field_reader fr;
	struct field f;

	field_reader_init(&fr, g->w->r->msg, g->w->r->msg_len);
	while (field_next(&fr, &f) > 0) {
		if (f.key == PROTO_K_DEPTH)
			(void)field_u64(&f, &g->depth);
		else if (f.key == PROTO_K_ENTRIES_MAX)
			(void)field_u64(&f, &g->entries_max);
		else if (f.key == PROTO_K_BYTES_MAX)
			(void)field_u64(&f, &g->bytes_max);
	}
}

static char
type_letter(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return 'f';
	case S_IFDIR:
		return 'd';
	case S_IFLNK:
		return 'l';
	case S_IFIFO:
		return 'p';
	case S_IFSOCK:
		return 's';
	case S_IFBLK:
		return 'b';
	default:
		return 'c';
	}
}

/* Announces the entry; error is why it has no content, or 0. */
static void
send_entry(struct get *g, const struct stat *st, const char *target, int error)
{
	static uint8_t buf[PATH_SIZE + 8192];
	struct field_writer f;

	if (g->entries++ >= g->entries_max)
		get_fail(g, E2BIG, "too many entries");
	field_writer_init(&f, buf, sizeof(buf));
	field_put(&f, PROTO_K_PATH, g->path, g->len);
	field_put_u64(&f, PROTO_K_TYPE, (uint64_t)type_letter(st->st_mode));
	field_put_u64(&f, PROTO_K_MODE, st->st_mode & 07777);
	field_put_u64(&f, PROTO_K_SIZE, (uint64_t)st->st_size);
	field_put_u64(&f, PROTO_K_MTIME, (uint64_t)st->st_mtime);
	field_put_u64(&f, PROTO_K_OWNER,
	    (uint64_t)st->st_uid << 32 | st->st_gid);
	if (target != NULL)
		field_put_text(&f, PROTO_K_TARGET, target);
	if (error != 0)
		field_put_u64(&f, PROTO_K_ERRNO, (uint64_t)error);
	work_send(g->w, PROTO_ENTRY, &f);
}

static void
send_content(struct get *g, int fd, uint64_t size)
{
	static uint8_t buf[PROTO_PAYLOAD_MAX];
	uint64_t left = size > 0 ? size : UNSIZED_MAX;
	size_t want;
	ssize_t n;

	while (left > 0) {
		want = left < sizeof(buf) ? (size_t)left : sizeof(buf);
		n = read(fd, buf, want);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			get_fail(g, errno, "read");
		if (n == 0) /* cut meanwhile: what there was */
			break;
		g->bytes += (uint64_t)n;
		if (g->bytes > g->bytes_max)
			get_fail(g, EFBIG, "too much content");
		left -= (uint64_t)n;
		work_send_data(g->w, buf, (size_t)n, left == 0);
	}
	if (left > 0)
		work_send_data(g->w, buf, 0, true);
}

/* What the request itself names must be readable; below it, others go on. */
static void
send_unreadable(struct get *g, const struct stat *st, int error)
{
	if (g->len == 0)
		get_fail(g, error, "open");
	send_entry(g, st, NULL, error);
}

static void
get_file(struct get *g, int dir, const char *name, const struct stat *seen)
{
	struct stat st;
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return send_unreadable(g, seen, errno);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		send_unreadable(g, seen, ESTALE);
	} else {
		if ((uint64_t)st.st_size > g->bytes_max - g->bytes)
			get_fail(g, EFBIG, "too much content");
		send_entry(g, &st, NULL, 0);
		send_content(g, fd, (uint64_t)st.st_size);
	}
	close(fd);
}

static void
get_link(struct get *g, int dir, const char *name, const struct stat *st)
{
	char target[4097];
	ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);

	if (n < 0)
		return send_unreadable(g, st, errno);
	target[n] = '\0';
	send_entry(g, st, target, 0);
}

static void
get_below(struct get *g, DIR *d, unsigned depth)
{
	size_t len = g->len, n;
	struct dirent *e;

	while ((errno = 0, e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		n = strlen(e->d_name);
		if (len + n + 2 > sizeof(g->path))
			get_fail(g, ENAMETOOLONG, "path");
		if (len > 0)
			g->path[g->len++] = '/';
		memcpy(g->path + g->len, e->d_name, n + 1);
		g->len += n;
		get_entry(g, dirfd(d), e->d_name, depth + 1);
		g->len = len;
		g->path[len] = '\0';
	}
	if (errno != 0)
		get_fail(g, errno, "read");
}

static void
get_dir(struct get *g, int dir, const char *name, const struct stat *st,
    unsigned depth)
{
	int fd;
	DIR *d;

	if (depth >= g->depth)
		return send_entry(g, st, NULL, 0);
	if (depth >= DEPTH_MAX)
		get_fail(g, E2BIG, "too many levels of directories");
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_NONBLOCK | O_CLOEXEC);
	d = fd < 0 ? NULL : fdopendir(fd);
	if (d == NULL)
		return send_unreadable(g, st, errno);
	send_entry(g, st, NULL, 0);
	get_below(g, d, depth);
	closedir(d);
}

/* One that is behind a link, or cannot be looked at, says why; one that went
   away meanwhile does not. */
static void
send_refused(struct get *g, int error)
{
	const struct stat none = {.st_mode = 0};

	if (error != ENOENT && error != ENOTDIR)
		send_entry(g, &none, NULL, error);
}

static void
get_entry(struct get *g, int dir, const char *name, unsigned depth)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (depth == 0)
			get_fail(g, errno, "open");
		return send_refused(g, errno);
	}
	if (S_ISDIR(st.st_mode))
		get_dir(g, dir, name, &st, depth);
	else if (S_ISLNK(st.st_mode))
		get_link(g, dir, name, &st);
	else if (S_ISREG(st.st_mode) && g->depth == UINT64_MAX)
		get_file(g, dir, name, &st);
	else
		send_entry(g, &st, NULL, 0);
}

static void
get_item(struct get *g, int top, const struct field *f)
{
	char name[NAME_SIZE];
	struct stat st;
	int dir;

	if (f->len == 0 || f->len >= sizeof(g->path) || f->data[0] == '/' ||
	    memchr(f->data, 0, f->len) != NULL)
		get_fail(g, EINVAL, "item");
	memcpy(g->path, f->data, f->len);
	g->path[f->len] = '\0';
	g->len = f->len;
	dir = path_open_parent(top, g->path, false, name);
	if (dir < 0)
		return send_refused(g, errno);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		send_refused(g, errno);
	else if (S_ISDIR(st.st_mode))
		send_entry(g, &st, NULL, 0);
	else
		get_entry(g, dir, name, 1);
	close(dir);
}

/* False: it has none. */
static bool
get_items(struct get *g)
{
	struct field_reader fr;
	struct field f;
	int top = -1;

	field_reader_init(&fr, g->w->r->msg, g->w->r->msg_len);
	while (field_next(&fr, &f) > 0) {
		if (f.key != PROTO_K_ITEM)
			continue;
		if (top < 0)
			top = path_open_dir(-1, g->w->path, false);
		if (top < 0)
			get_fail(g, errno, "open");
		get_item(g, top, &f);
	}
	return top >= 0;
}

static void
get_all(struct get *g)
{
	char name[NAME_SIZE];
	int dir = path_open_parent(-1, g->w->path, false, name);

	if (dir < 0)
		get_fail(g, errno, "open");
	get_entry(g, dir, name, 0);
}

void
files_get(struct work *w)
{
	static struct get g;
	uint8_t buf[64];
	struct field_writer f;

	g.w = w;
	g.depth = g.bytes_max = UINT64_MAX;
	g.entries_max = PROTO_ENTRIES_DEFAULT;
	read_limits(&g);
	if (!get_items(&g))
		get_all(&g);
	field_writer_init(&f, buf, sizeof(buf));
	field_put_u64(&f, PROTO_K_COUNT, g.entries);
	field_put_u64(&f, PROTO_K_OUT_BYTES, g.bytes);
	work_verdict(w, &f);
}
