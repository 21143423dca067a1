/* The log of a step: written record by record, so that what a killed process
   had is there, and others of the session see it at once. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "session/steps_impl.h"

/* What the last output of a run may go beyond a step's limit, when others of
   the step have used it up. */
#define LOG_TAIL_MAX (64u << 10)
#define RECORD_MAX (16u << 20)

struct record_header {
	uint64_t us;
	uint32_t len;
	uint8_t flags, zero[3];
};

/* Goes on in memory with what is there, since the result of a run is made of
   its log. */
static void
log_to_memory(struct step *st, int sys)
{
	int fd = memfd_create("addesh-log", MFD_CLOEXEC);
	off_t at = 0;

	if (st->why.kind == ERR_NONE)
		err_sys(&st->why, sys, "keeping the log of step %u", st->n);
	st->in_memory = true;
	if (fd >= 0 && st->fd >= 0)
		while (at < st->whole &&
		       sendfile(fd, st->fd, &at, (size_t)(st->whole - at)) > 0)
			continue;
	if (st->fd >= 0)
		close(st->fd);
	st->fd = fd;
}

static void
open_log(struct step *st)
{
	autofree char *path = NULL;

	if (st->fd >= 0 || st->in_memory)
		return;
	if (step_place(st)) {
		log_to_memory(st, st->why.code);
		return;
	}
	path = step_path(st->steps, st->n, "log");
	/* The number is ours alone: what is there is nobody's. */
	unlink(path);
	st->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (st->fd < 0)
		log_to_memory(st, errno);
	else
		st->steps->last_log = st->n;
}

void
step_log_begin(struct step *st)
{
	st->wants_raw = true;
	open_log(st);
}

static int
write_record(struct step *st, const struct strbuf *record)
{
	if (io_write_all(st->fd, record->buf, record->len))
		return -1;
	st->whole += (off_t)record->len;
	return 0;
}

static void
log_record(struct step *st, unsigned flags, uint64_t us, const void *p,
    size_t n)
{
	struct record_header h = {.us = us, .flags = flags, .len = n};
	autobuf struct strbuf record = STRBUF_INIT;

	open_log(st);
	strbuf_add(&record, &h, sizeof(h));
	strbuf_add(&record, p, n);
	st->logged[flags & STEP_LOG_STDERR] += n;
	if (st->fd < 0 || !write_record(st, &record))
		return;
	log_to_memory(st, errno);
	if (st->fd >= 0)
		write_record(st, &record);
}

void
step_log_flush(struct step *st, unsigned stream)
{
	autobuf struct strbuf out = STRBUF_INIT;

	secret_stream_end(&st->held[stream], st->steps->secrets, &out);
	if (out.len)
		log_record(st, stream, st->held_us[stream], out.buf, out.len);
}

/* The record has the time at which its first byte came. */
static void
log_output(struct step *st, unsigned stream, const void *p, size_t n)
{
	struct secret_stream *held = &st->held[stream];
	uint64_t us = clock_us() - st->began_us;
	autobuf struct strbuf out = STRBUF_INIT;

	if (!held->held.len)
		st->held_us[stream] = us;
	if (st->wants_raw)
		strbuf_add(&st->raw[stream], p, n);
	secret_stream_add(held, st->steps->secrets, p, n, &out);
	if (!out.len) {
		open_log(st);
		return;
	}
	log_record(st, stream, st->held_us[stream], out.buf, out.len);
	st->held_us[stream] = us;
}

/* Bytes follow that are not kept; said once, as then only the end comes. */
static void
log_gap(struct step *st, unsigned stream)
{
	if (st->gap[stream])
		return;
	st->gap[stream] = true;
	step_log_flush(st, stream);
	log_record(st, stream | STEP_LOG_TAIL, clock_us() - st->began_us, "",
	    0);
}

void
step_log(struct step *st, unsigned flags, const void *p, size_t n,
    uint64_t limit)
{
	unsigned stream = flags & STEP_LOG_STDERR;
	uint64_t *kept = &st->kept[stream];
	size_t all = n;

	if (limit && flags & STEP_LOG_TAIL)
		limit += LOG_TAIL_MAX;
	st->last.p = p;
	st->last.n = n;
	st->last.stream = stream;
	st->last.whole = false;
	if (limit && *kept > limit)
		return;
	if (limit && n > limit - *kept)
		n = limit - *kept;
	*kept += n + (n < all);
	if (flags & STEP_LOG_TAIL)
		log_gap(st, stream);
	if (n)
		log_output(st, stream, p, n);
	if (n < all)
		log_gap(st, stream);
	else
		st->last.whole = true;
}

void
step_log_close(struct step *st)
{
	struct steps *s = st->steps;
	int fd = steal_fd(&st->fd);

	if (fd < 0)
		return;
	if (!st->in_memory) {
		close(fd);
		return;
	}
	if (s->spare >= 0)
		close(s->spare);
	s->spare = fd;
	s->spare_step = st->n;
	s->spare_owned = st->claimed || !s->named;
}

/* ---- reading ---- */

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

/* From the descriptor's position; it is closed. */
static int
read_records(int fd, bool (*fn)(void *arg, const struct step_record *r),
    void *arg, struct err *err)
{
	autobuf struct strbuf sb = STRBUF_INIT;
	struct step_record r;
	FILE *f = fdopen(fd, "rb");

	if (!f) {
		err_sys(err, errno, "fdopen");
		close(fd);
		return -1;
	}
	while (!read_record(f, &sb, &r))
		if (!fn(arg, &r))
			break;
	fclose(f);
	return 0;
}

static int
read_log(const char *path, bool (*fn)(void *arg, const struct step_record *r),
    void *arg, struct err *err)
{
	/* O_NONBLOCK: a FIFO in the place of a file must not hang us. */
	autoclose int fd =
	    open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "%s", path);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return err_set(err, ERR_IO, "%s: not a regular file", path);
	return read_records(steal_fd(&fd), fn, arg, err);
}

/* One's own descriptor, from its beginning. */
static int
read_fd(int fd, bool (*fn)(void *arg, const struct step_record *r), void *arg,
    struct err *err)
{
	autofree char *path = xasprintf("/proc/self/fd/%d", fd);
	int again = open(path, O_RDONLY | O_CLOEXEC);

	return again < 0 ? err_sys(err, errno, "%s", path)
			 : read_records(again, fn, arg, err);
}

/* The step whose log is in memory, 0 if there is none. */
static unsigned
spare_step(struct steps *s)
{
	if (s->spare < 0 ||
	    (!s->spare_owned && s->spare_step <= steps_last(s)))
		return 0;
	return s->spare_step;
}

int
steps_read_log(struct steps *s, unsigned n,
    bool (*fn)(void *arg, const struct step_record *r), void *arg,
    struct err *err)
{
	autofree char *path = NULL;

	if (n && n == spare_step(s))
		return read_fd(s->spare, fn, arg, err);
	if (!n || n > steps_last(s))
		return step_missing(n, err);
	if (!s->dir)
		return 0;
	path = step_path(s, n, "log");
	return read_log(path, fn, arg, err);
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
step_log_stream(const char *path, bool err_stream, struct strbuf *out,
    struct err *err)
{
	struct stream_reader reader = {
	    .out = out, .want = err_stream ? STEP_LOG_STDERR : 0};

	return read_log(path, add_stream, &reader, err);
}

int
steps_read_stream(struct steps *s, unsigned n, bool err_stream,
    struct strbuf *out, struct err *err)
{
	struct stream_reader reader = {
	    .out = out, .want = err_stream ? STEP_LOG_STDERR : 0};

	return steps_read_log(s, n, add_stream, &reader, err);
}

void
step_read(struct step *st, bool err_stream, struct strbuf *out)
{
	struct stream_reader reader = {
	    .out = out, .want = err_stream ? STEP_LOG_STDERR : 0};
	autoerr struct err ignored = ERR_INIT;

	if (st->wants_raw)
		strbuf_add(out, st->raw[err_stream].buf,
		    st->raw[err_stream].len);
	else if (st->fd >= 0)
		read_fd(st->fd, add_stream, &reader, &ignored);
}

size_t
step_length(const struct step *st, bool err_stream)
{
	return st->wants_raw ? st->raw[err_stream].len
			     : (size_t)st->logged[err_stream];
}

static bool
has_log(const struct steps *s, unsigned n)
{
	autofree char *path = step_path(s, n, "log");

	return !access(path, F_OK);
}

unsigned
steps_last_log(struct steps *s)
{
	unsigned newest = steps_last(s);

	for (unsigned n = newest; s->named && n > s->last_log; n--)
		if (has_log(s, n)) {
			s->last_log = n;
			break;
		}
	return spare_step(s) > s->last_log ? spare_step(s) : s->last_log;
}
