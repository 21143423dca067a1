/* Copying files of this host, or of memory, into an environment. */
#include "sandbox/box_impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/io.h"

/* Each level of a tree holds a descriptor. */
#define DEPTH_MAX 128
#define TURN_MS 50 /* without a look at Ctrl-C */
#define FIELDS_SIZE(path, target)                                              \
	(FIELD_SIZE(strlen(path)) + FIELD_SIZE(strlen(target)) +               \
	    4 * FIELD_SIZE(8))

struct put {
	struct box *box;
	struct request *request;
	struct box_count *count;
	struct err *err;
};

/* ---- the request ---- */

struct request *
box_put_open(struct box *box, const char *path)
{
	size_t size = FIELD_SIZE(strlen(path));
	autofree uint8_t *buf = xmalloc(size);
	struct field_writer w;

	field_writer_init(&w, buf, size);
	field_put_text(&w, PROTO_K_PATH, path);
	return client_request(box->client, PROTO_PUT, buf, w.len, NULL, NULL);
}

size_t
box_entry_put(uint8_t **buf, const struct box_entry *e)
{
	size_t size = FIELDS_SIZE(e->path, e->target ? e->target : "");
	struct field_writer w;

	*buf = xmalloc(size);
	field_writer_init(&w, *buf, size);
	field_put_text(&w, PROTO_K_PATH, e->path);
	field_put_u64(&w, PROTO_K_TYPE, (unsigned char)e->type);
	field_put_u64(&w, PROTO_K_MODE, e->mode & 0777);
	if (e->mtime > 0)
		field_put_u64(&w, PROTO_K_MTIME, e->mtime);
	if (e->target)
		field_put_text(&w, PROTO_K_TARGET, e->target);
	return w.len;
}

bool
box_put_entry(struct box *box, struct request *r, const void *p, size_t n)
{
	while (!request_entry(r, p, n))
		if (!box_wait_credit(box, r))
			return false;
	return true;
}

static bool
send_entry(struct box *box, struct request *r, const char *rel, char type,
    const struct stat *st, const char *target)
{
	const struct box_entry e = {.path = rel,
	    .type = type,
	    .mode = st->st_mode,
	    .mtime = st->st_mtime,
	    .target = target};
	autofree uint8_t *buf = NULL;
	size_t n = box_entry_put(&buf, &e);

	return box_put_entry(box, r, buf, n);
}

/* end: the last of these bytes is the file's. */
static bool
put_content(struct box *box, struct request *r, const char *p, size_t n,
    bool end)
{
	while (n) {
		size_t room = request_window(r);

		if (!room && !box_wait_credit(box, r))
			return false;
		if (room > n)
			room = n;
		if (!room)
			continue;
		request_data(r, p, room, end && room == n);
		p += room;
		n -= room;
	}
	return !request_done(r);
}

bool
box_put_content(struct box *box, struct request *r, const char *p, size_t n)
{
	return put_content(box, r, p, n, false);
}

bool
box_put_end(struct box *box, struct request *r, bool all)
{
	if (all)
		return box_put_entry(box, r, "", 0);
	while (request_in_window(r) + PROTO_HEADER_SIZE > PROTO_WINDOW)
		if (!box_wait_credit(box, r))
			return false;
	request_data(r, "", 0, true);
	return !request_done(r);
}

struct request *
box_put_start(struct box *box, const char *path, const void *p, size_t n,
    mode_t mode)
{
	autofree char *full = box_path(box, path);
	struct request *r = box_put_open(box, full);
	struct stat st = {.st_mode = mode};

	if (send_entry(box, r, "", 'f', &st, NULL) &&
	    box_put_content(box, r, p, n) && box_put_end(box, r, false))
		box_put_end(box, r, true);
	return r;
}

int
box_put_bytes(struct box *box, const char *dest, const void *p, size_t n,
    mode_t mode, struct err *err)
{
	return box_finish(box, box_put_start(box, dest, p, n, mode), err);
}

/* ---- a tree of this host ---- */

static int put_any(struct put *p, int dirfd, const char *name,
    const char *rel, int depth);

static int
failed(struct put *p, int sys, const char *rel)
{
	return err_sys(p->err, sys, "%s", rel[0] ? rel : "the file");
}

static int
put_file(struct put *p, int fd, const char *rel, const struct stat *st)
{
	char buf[PROTO_PAYLOAD_MAX];
	ssize_t n;

	if (!send_entry(p->box, p->request, rel, 'f', st, NULL))
		return -1;
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		p->count->bytes += n;
		if (!box_put_content(p->box, p->request, buf, n))
			return -1;
	}
	if (n < 0)
		return failed(p, errno, rel);
	p->count->files++;
	return box_put_end(p->box, p->request, false) ? 0 : -1;
}

static int
put_link(struct put *p, int dirfd, const char *name, const char *rel,
    const struct stat *st)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dirfd, name, target, sizeof(target) - 1);

	if (n < 0)
		return failed(p, errno, rel);
	target[n] = '\0';
	p->count->links++;
	return send_entry(p->box, p->request, rel, 'l', st, target) ? 0 : -1;
}

static int
put_dir(struct put *p, int fd, const char *rel, const struct stat *st,
    int depth)
{
	DIR *dir = fdopendir(fd);
	struct dirent *de;
	int bad = 0;

	if (!dir) {
		close(fd);
		return failed(p, errno, rel);
	}
	p->count->dirs++;
	if (!send_entry(p->box, p->request, rel, 'd', st, NULL))
		bad = -1;
	while (!bad && (de = readdir(dir))) {
		autofree char *below = NULL;

		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		below = rel[0] ? io_join(rel, de->d_name) : xstrdup(de->d_name);
		bad = put_any(p, fd, de->d_name, below, depth + 1);
	}
	closedir(dir);
	return bad;
}

/* What is opened, not what was looked at before, decides what it is. */
static int
put_open_fd(struct put *p, int fd, const char *rel, int depth)
{
	struct stat st;
	int bad;

	if (fstat(fd, &st)) {
		bad = failed(p, errno, rel);
	} else if (S_ISDIR(st.st_mode)) {
		if (depth < DEPTH_MAX)
			return put_dir(p, fd, rel, &st, depth);
		bad = failed(p, ELOOP, rel);
	} else if (S_ISREG(st.st_mode)) {
		bad = put_file(p, fd, rel, &st);
	} else {
		p->count->skipped++;
		bad = 0;
	}
	close(fd);
	return bad;
}

static int
put_any(struct put *p, int dirfd, const char *name, const char *rel, int depth)
{
	struct stat st;
	int fd;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW))
		return failed(p, errno, rel);
	if (S_ISLNK(st.st_mode))
		return put_link(p, dirfd, name, rel, &st);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
		p->count->skipped++;
		return 0;
	}
	fd = openat(dirfd, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return failed(p, errno, rel);
	return put_open_fd(p, fd, rel, depth);
}

/* Sends what is left of a request and takes its answer; bad: something of ours
   failed, and err says what, or the answer does. */
static int
put_finish(struct put *p, int bad)
{
	struct request *r = p->request;

	if (!bad && box_put_end(p->box, r, true))
		return box_finish(p->box, r, p->err);
	if (!request_done(r))
		request_cancel(r);
	box_wait(p->box, r, BOX_FILES_MS);
	if (p->err->kind == ERR_NONE)
		request_error(r, p->err);
	request_free(r);
	return -1;
}

/* ---- from a source ---- */

/* What there is beyond the entry's size is left out; it may be less. */
static int
source_content(struct put *p, const struct box_source *src, uint64_t size)
{
	const void *at;

	while (size) {
		ssize_t n = src->read(src->arg, &at, p->err);

		if (n < 0)
			return -1;
		if (!n)
			break;
		if ((uint64_t)n > size)
			n = (ssize_t)size;
		size -= (uint64_t)n;
		p->count->bytes += (uint64_t)n;
		if (!put_content(p->box, p->request, at, (size_t)n, !size))
			return -1;
		if (!size)
			return 0;
	}
	return box_put_end(p->box, p->request, false) ? 0 : -1;
}

static int
source_entry(struct put *p, const struct box_source *src,
    const struct box_entry *e)
{
	autofree uint8_t *buf = NULL;
	size_t n = box_entry_put(&buf, e);

	if (!box_put_entry(p->box, p->request, buf, n))
		return -1;
	if (e->type == 'f') {
		p->count->files++;
		return source_content(p, src, e->size);
	}
	if (e->type == 'd')
		p->count->dirs++;
	else
		p->count->links++;
	return 0;
}

/* Sending lets the loop turn only where the window is full, and small files may
   come slowly. */
static int
source_all(struct put *p, const struct box_source *src)
{
	unsigned seen = box_interrupts(p->box);
	int64_t turn = clock_ms() + TURN_MS;
	struct box_entry e;
	int more;

	while ((more = src->next(src->arg, &e, p->err)) > 0) {
		if (more != BOX_LATER && source_entry(p, src, &e))
			return -1;
		if (more == BOX_LATER || clock_ms() >= turn) {
			loop_step(p->box->ctx.loop, 0);
			turn = clock_ms() + TURN_MS;
		}
		if (seen != box_interrupts(p->box))
			return err_set(p->err, ERR_INTERRUPTED, "interrupted");
	}
	return more;
}

int
box_put_source(struct box *box, const char *dest,
    const struct box_source *source, struct box_count *count, struct err *err)
{
	struct put p = {.box = box, .count = count, .err = err};
	autofree char *full = box_path(box, dest);

	int rc;

	*count = (struct box_count){0};
	p.request = box_put_open(box, full);
	client_hold(box->client, true);
	rc = source_all(&p, source);
	client_hold(box->client, false);
	return put_finish(&p, rc);
}

/* ---- where it goes ---- */

/* The last component of a host path; of "." and the like that of the real. */
static char *
own_name(const char *path)
{
	autofree char *real = NULL;
	autofree char *copy = xstrdup(path);
	size_t n = strlen(copy);
	char *slash;

	while (n > 1 && copy[n - 1] == '/')
		copy[--n] = '\0';
	slash = strrchr(copy, '/');
	slash = slash ? slash + 1 : copy;
	if (slash[0] && strcmp(slash, ".") && strcmp(slash, ".."))
		return xstrdup(slash);
	real = realpath(path, NULL);
	slash = real ? strrchr(real, '/') : NULL;
	return xstrdup(slash ? slash + 1 : "");
}

static void
note_type(void *arg, const struct box_entry *e)
{
	*(char *)arg = e->type;
}

bool
box_is_directory(struct box *box, const char *path)
{
	autoerr struct err ignored = ERR_INIT;
	char type = 0;

	return !box_list(box, path, 0, note_type, &type, &ignored) &&
	       type == 'd';
}

static char *
put_target(struct box *box, const char *host_path, const char *dest)
{
	autofree char *name = own_name(host_path);
	autofree char *full = box_path(box, dest ? dest : "");

	if (dest && !str_ends(dest, "/") && !box_is_directory(box, full))
		return steal(&full);
	return io_join(full, name);
}

int
box_put(struct box *box, const char *host_path, const char *dest,
    struct box_count *count, struct err *err)
{
	struct put p = {.box = box, .count = count, .err = err};
	autofree char *target = NULL;
	int fd = open(host_path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int bad;

	*count = (struct box_count){0};
	if (fd < 0)
		return err_sys(err, errno, "%s", host_path);
	target = put_target(box, host_path, dest);
	p.request = box_put_open(box, target);
	bad = put_open_fd(&p, fd, "", 0);
	if (!bad && count->skipped && !count->dirs)
		bad = err_set(err, ERR_IO,
		    "%s is neither a file nor a directory", host_path);
	return put_finish(&p, bad);
}
