#include "session/steps.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/mask.h"

#define LOG_BUFFER 65536
/* What the last output of a run may go beyond a step's limit, when others of
   the step have used it up. */
#define LOG_TAIL_MAX (64u << 10)
#define RECORD_MAX (16u << 20)
#define META_MAX (64u << 20)
#define LOCK_SUFFIX ".lock"

struct steps {
	const char *parent;
	char *dir; /* NULL until something was saved */
	int lock;
	unsigned last, last_log;
};

struct step {
	struct steps *steps;
	unsigned n;
	char *command;
	int64_t began_us, began_wall;
	int fd; /* of the log, -1 before the first record */
	int sys; /* errno of a write that failed, or 0 */
	uint64_t kept[2];
	struct strbuf buffer;
};

struct record_header {
	uint64_t us;
	uint32_t len;
	uint8_t flags, zero[3];
};

struct steps *
steps_new(const char *parent)
{
	struct steps *s = xcalloc(1, sizeof(*s));

	s->parent = parent;
	s->lock = -1;
	return s;
}

/*
 * A directory NAME is made after its lock NAME.lock and removed before it, so
 * that there is none without a lock, whenever its owner is killed.
 */
static char *
lock_path(const char *dir)
{
	return xasprintf("%s" LOCK_SUFFIX, dir);
}

static int
remove_session(const char *dir)
{
	autofree char *lock = lock_path(dir);
	autoerr struct err err = ERR_INIT;

	if (io_remove_tree(dir, &err) && err.code != ENOENT)
		return -1;
	return unlink(lock);
}

void
steps_free(struct steps *s)
{
	if (!s)
		return;
	if (s->dir)
		remove_session(s->dir);
	if (s->lock >= 0)
		close(s->lock);
	free(s->dir);
	free(s);
}

static bool
is_same_file(int fd, const char *path)
{
	struct stat a, b;

	return !fstat(fd, &a) && !stat(path, &b) && a.st_ino == b.st_ino &&
	       a.st_dev == b.st_dev;
}

/* -1 with EAGAIN if a sweep was faster than the lock: try another name. */
static int
make_lock(const char *dir)
{
	autofree char *path = lock_path(dir);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return -1;
	if (!flock(fd, LOCK_EX | LOCK_NB) && is_same_file(fd, path))
		return fd;
	close(fd);
	errno = EAGAIN;
	return -1;
}

static int
steps_make_dir(struct steps *s, struct err *err)
{
	if (s->dir)
		return 0;
	if (io_mkdirs(s->parent, 0700, err))
		return err_prefix(err, "keeping the steps of this session");
	do {
		autofree char *name = io_random_hex(8);

		free(s->dir);
		s->dir = io_join(s->parent, name);
		s->lock = make_lock(s->dir);
	} while (s->lock < 0 && errno == EAGAIN);
	if (s->lock >= 0 && !mkdir(s->dir, 0700))
		return 0;
	err_sys(err, errno, "keeping the steps of this session: %s", s->dir);
	if (s->lock >= 0) {
		remove_session(s->dir);
		close(steal_fd(&s->lock));
	}
	free(steal(&s->dir));
	return -1;
}

/* The lock of a dead session, locked; or -1. */
static int
lock_abandoned(const char *dir)
{
	autofree char *path = lock_path(dir);
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB)) {
		close(fd);
		return -1;
	}
	return fd;
}

int
steps_sweep(const char *parent, bool dry_run, struct strvec *names)
{
	DIR *dir = opendir(parent);
	struct dirent *de;
	int found = 0;

	while (dir && (de = readdir(dir))) {
		autofree char *path = NULL;
		autoclose int fd = -1;

		if (!str_ends(de->d_name, LOCK_SUFFIX))
			continue;
		path = io_join(parent, de->d_name);
		path[strlen(path) - strlen(LOCK_SUFFIX)] = '\0';
		fd = lock_abandoned(path);
		if (fd < 0)
			continue;
		found++;
		if (names)
			strvec_push(names, path);
		if (!dry_run)
			remove_session(path);
	}
	if (dir)
		closedir(dir);
	return found;
}

unsigned
steps_last(const struct steps *s)
{
	return s->last;
}

unsigned
steps_last_log(const struct steps *s)
{
	return s->last_log;
}

struct step *
step_begin(struct steps *s, const char *command)
{
	struct step *st = xcalloc(1, sizeof(*st));
	struct strbuf kept = STRBUF_INIT;

	mask_secrets(&kept, command, strlen(command));
	st->steps = s;
	st->n = ++s->last;
	st->command = strbuf_detach(&kept);
	st->began_us = clock_us();
	st->began_wall = clock_wall_ms();
	st->fd = -1;
	strbuf_init(&st->buffer);
	return st;
}

unsigned
step_number(const struct step *st)
{
	return st->n;
}

static char *
step_path(const struct steps *s, unsigned n, const char *suffix)
{
	return xasprintf("%s/%u.%s", s->dir, n, suffix);
}

static void
log_open(struct step *st)
{
	autoerr struct err err = ERR_INIT;

	if (steps_make_dir(st->steps, &err)) {
		st->sys = err.code;
		return;
	}
	autofree char *path = step_path(st->steps, st->n, "log");
	st->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (st->fd < 0)
		st->sys = errno;
	else
		st->steps->last_log = st->n;
}

static void
log_flush(struct step *st)
{
	if (st->buffer.len && !st->sys &&
	    io_write_all(st->fd, st->buffer.buf, st->buffer.len))
		st->sys = errno;
	strbuf_reset(&st->buffer);
}

static void
log_record(struct step *st, unsigned flags, const void *p, size_t n)
{
	struct record_header h = {.us = clock_us() - st->began_us,
	    .flags = flags, .len = n};

	if (st->fd < 0 && !st->sys)
		log_open(st);
	strbuf_add(&st->buffer, &h, sizeof(h));
	strbuf_add(&st->buffer, p, n);
	if (st->buffer.len >= LOG_BUFFER)
		log_flush(st);
}

void
step_log(struct step *st, unsigned flags, const void *p, size_t n,
    uint64_t limit)
{
	uint64_t *kept = &st->kept[flags & STEP_LOG_STDERR];
	bool cut = false;

	if (limit) {
		if (flags & STEP_LOG_TAIL)
			limit += LOG_TAIL_MAX;
		if (*kept > limit)
			return;
		cut = n > limit - *kept;
		if (cut)
			n = limit - *kept;
	}
	*kept += n + cut;
	if (n || !cut)
		log_record(st, flags, p, n);
	if (cut)
		log_record(st, flags | STEP_LOG_TAIL, "", 0);
}

static json *
step_object(const struct step *st, int status, json *result)
{
	json *j = json_object();
	char when[32];

	clock_format_utc(st->began_wall, when);
	json_put_int(j, "step", st->n);
	json_put_str(j, "command", st->command);
	json_put_str(j, "started", when);
	json_put_int(j, "duration_ms", (clock_us() - st->began_us) / 1000);
	json_put_int(j, "status", status);
	if (result)
		json_put(j, "result", result);
	return j;
}

static int
step_save(struct step *st, const json *j, struct err *err)
{
	autofree char *path = NULL, *text = json_print(j);
	autoclose int fd = -1;

	if (steps_make_dir(st->steps, err))
		return -1;
	/* Neither renamed nor synced: nobody reads it after a crash. */
	path = step_path(st->steps, st->n, "json");
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || io_write_all(fd, text, strlen(text)))
		return err_sys(err, errno, "%s", path);
	return 0;
}

int
step_end(struct step *st, int status, json *result, struct err *err)
{
	autojson json *j = step_object(st, status, result);
	int rc;

	log_flush(st);
	if (st->fd >= 0)
		close(st->fd);
	if (st->sys)
		rc = err_sys(err, st->sys, "keeping the log of step %u", st->n);
	else
		rc = step_save(st, j, err);
	strbuf_release(&st->buffer);
	free(st->command);
	free(st);
	return rc;
}

json *
steps_load(const struct steps *s, unsigned n, struct err *err)
{
	autobuf struct strbuf sb = STRBUF_INIT;
	autofree char *path = NULL;

	if (!n || n > s->last || !s->dir) {
		err_set(err, ERR_USAGE, "there is no step @%u", n);
		return NULL;
	}
	path = step_path(s, n, "json");
	if (io_read_file(path, &sb, META_MAX, err)) {
		if (err->code == ENOENT)
			err_set(err, ERR_USAGE, "step @%u was not kept", n);
		return NULL;
	}
	return json_parse(sb.buf, sb.len, err);
}

static int
read_record(FILE *f, struct strbuf *sb, struct step_record *r)
{
	struct record_header h;

	if (fread(&h, sizeof(h), 1, f) != 1 || h.len > RECORD_MAX)
		return -1;
	strbuf_reset(sb);
	strbuf_grow(sb, h.len);
	if (h.len && fread(sb->buf, h.len, 1, f) != 1)
		return -1;
	*r = (struct step_record){
	    .us = h.us, .flags = h.flags, .p = sb->buf, .n = h.len};
	return 0;
}

int
steps_read_log(const struct steps *s, unsigned n,
    bool (*fn)(void *arg, const struct step_record *r), void *arg,
    struct err *err)
{
	autobuf struct strbuf sb = STRBUF_INIT;
	struct step_record r;
	autofree char *path = NULL;
	FILE *f;

	if (!n || n > s->last)
		return err_set(err, ERR_USAGE, "there is no step @%u", n);
	if (!s->dir)
		return 0;
	path = step_path(s, n, "log");
	f = fopen(path, "rbe");
	if (!f && errno == ENOENT)
		return 0;
	if (!f)
		return err_sys(err, errno, "%s", path);
	while (!read_record(f, &sb, &r))
		if (!fn(arg, &r))
			break;
	fclose(f);
	return 0;
}

struct stream_reader {
	struct strbuf *out;
	unsigned want;
};

static bool
add_stream(void *arg, const struct step_record *r)
{
	struct stream_reader *reader = arg;

	if ((r->flags & STEP_LOG_STDERR) == reader->want)
		strbuf_add(reader->out, r->p, r->n);
	return true;
}

int
steps_read_stream(const struct steps *s, unsigned n, bool err_stream,
    struct strbuf *out, struct err *err)
{
	struct stream_reader reader = {
	    .out = out, .want = err_stream ? STEP_LOG_STDERR : 0};

	return steps_read_log(s, n, add_stream, &reader, err);
}

void
step_read(struct step *st, bool err_stream, struct strbuf *out)
{
	autoerr struct err ignored = ERR_INIT;

	log_flush(st);
	steps_read_stream(st->steps, st->n, err_stream, out, &ignored);
}
