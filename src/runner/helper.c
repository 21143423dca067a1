/*
 * The parent's side of a helper: a forked process that has the rights of a run
 * and does what touches files (PUT, GET, EDIT, RESET) or looks at what a run gets
 * (HELLO).  It speaks in frames, which are checked and passed on.  Its last
 * one is kept until it has ended.
 */
#include "runner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RELAY_SIZE (3 * PROTO_FRAME_MAX)

static int
open_pipes(struct request *r, int in[2], int out[2])
{
	in[0] = in[1] = out[0] = out[1] = -1;
	if (r->relay_buf == NULL)
		r->relay_buf = malloc(RELAY_SIZE);
	if (r->relay_buf == NULL || pipe2(in, O_CLOEXEC) < 0)
		return -1;
	if (pipe2(out, O_CLOEXEC) < 0)
		return -1;
	(void)fcntl(in[1], F_SETFL, O_NONBLOCK);
	(void)fcntl(out[0], F_SETFL, O_NONBLOCK);
	return 0;
}

static void
child_work(const struct runner *rn, const struct request *r, int in, int out)
{
	const struct child_io io = {.in = in, .out = out, .err = -1,
	    .report = -1, .ctl = -1};

	if (child_confine(rn, r->slot, &io) < 0)
		_exit(1);
	/* what the probe sees of itself is what a run gets */
	if (r->type == PROTO_HELLO && child_filter(&rn->config) < 0)
		_exit(1);
	work_main(rn, r);
}

int
helper_start(struct runner *rn, struct request *r)
{
	int in[2], out[2], saved;
	pid_t pid = -1;

	if (open_pipes(r, in, out) == 0)
		pid = fork();
	if (pid == 0)
		child_work(rn, r, in[0], out[1]);
	saved = errno;
	fd_close(&in[0]);
	fd_close(&out[1]);
	if (pid < 0) {
		fd_close(&in[1]);
		fd_close(&out[0]);
		errno = saved;
		return -1;
	}
	r->in_fd = in[1];
	r->in.closed = false;
	r->out[0].fd = out[0];
	frame_reader_init(&r->relay, r->relay_buf, RELAY_SIZE);
	r->final_type = 0;
	r->overdue = false;
	task_started(rn, r, pid);
	r->active_us = r->started_us;
	r->timer_us = r->started_us + r->timeout_us;
	return 0;
}

/* The number of a field of a message of the helper, 0 if it is not there. */
static uint64_t
number_of(const uint8_t *data, size_t n, enum proto_key key)
{
	struct field_reader fr;
	struct field f;
	uint64_t v = 0;

	field_reader_init(&fr, data, n);
	while (field_next(&fr, &f) > 0)
		if (f.key == key)
			(void)field_u64(&f, &v);
	return v;
}

static void
keep_final(struct request *r, const struct frame *f)
{
	free(r->final);
	r->final_len = 0;
	r->final = malloc(f->len + 1u);
	if (r->final == NULL)
		return;
	if (f->len > 0)
		memcpy(r->final, f->payload, f->len);
	r->final_len = f->len;
	r->final_type = f->type;
}

static void
relay_frame(struct runner *rn, struct request *r, struct frame *f)
{
	uint64_t count;

	f->id = r->id;
	switch (f->type) {
	case PROTO_VERDICT:
	case PROTO_FAIL:
	case PROTO_WELCOME:
		return keep_final(r, f);
	case PROTO_CREDIT:
		count = number_of(f->payload, f->len, PROTO_K_COUNT);
		r->sent = r->sent > count ? r->sent - count : 0;
		break;
	case PROTO_ENTRY:
	case PROTO_DATA:
	case PROTO_EVENT:
		break;
	default:
		return;
	}
	if (!r->orphan)
		(void)queue_frame(&rn->queue, f);
}

/* Passes on what was read; false: the queue is full, some is left. */
static bool
relay_all(struct runner *rn, struct request *r)
{
	struct frame f;

	for (;;) {
		if (queue_room(&rn->queue, PROTO_FRAME_MAX) == NULL)
			return false;
		if (!frame_reader_next(&r->relay, &f))
			return true;
		relay_frame(rn, r, &f);
	}
}

void
helper_read(struct runner *rn, struct request *r)
{
	uint8_t *p;
	size_t room;
	ssize_t n;

	for (int i = 0; i < READS_PER_TURN; i++) {
		if (!relay_all(rn, r) || r->out[0].fd < 0)
			return;
		p = frame_reader_space(&r->relay, &room);
		n = read(r->out[0].fd, p, room);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			fd_close(&r->out[0].fd);
			return;
		}
		frame_reader_add(&r->relay, (size_t)n);
		r->active_us = rn->now;
		queue_flush(&rn->queue);
	}
}

/* Whether it is the client that everything waits for. */
static bool
waits_for_client(struct runner *rn, const struct request *r)
{
	if (queue_room(&rn->queue, PROTO_FRAME_MAX) == NULL)
		return true;
	return (r->type == PROTO_PUT || r->type == PROTO_EDIT) &&
	    r->in_fd >= 0 && r->sent == 0 && r->in.head == r->in.tail;
}

void
helper_timer(struct runner *rn, struct request *r)
{
	if (waits_for_client(rn, r))
		r->active_us = rn->now;
	if (rn->now - r->active_us < r->timeout_us) {
		r->timer_us = r->active_us + r->timeout_us;
		return;
	}
	r->timed_out = true;
	task_kill(rn, r);
}

static void
finish_probe(struct runner *rn, struct request *r)
{
	static const char text[] = "the limits of a run could not be read";
	uint8_t buf[128];
	struct field_writer w;

	if (r->final_type != PROTO_WELCOME) {
		free(r->final);
		field_writer_init(&w, buf, sizeof(buf));
		field_put_text(&w, PROTO_K_NOTE, text);
		r->final = malloc(w.len);
		r->final_len = r->final != NULL ? w.len : 0;
		if (r->final != NULL)
			memcpy(r->final, buf, w.len);
	}
	rn->limits = r->final;
	rn->limits_len = r->final_len;
	r->final = NULL;
	rn->welcomed = true;
	runner_welcome(rn);
	request_done(rn, r, true);
}

static void
next_pass(struct runner *rn, struct request *r, int slot)
{
	rn->slot_busy[r->slot] = false;
	r->slot = slot;
	rn->slot_busy[slot] = true;
	if (helper_start(rn, r) < 0)
		request_fail(rn, r, errno, "process");
}

static void
send_final(struct runner *rn, struct request *r)
{
	struct field_writer w = {.buf = r->final, .len = r->final_len};
	bool ok = r->final_type == PROTO_VERDICT;

	if (!r->orphan)
		queue_message(&rn->queue, r->final_type, r->id, &w);
	request_done(rn, r, ok);
}

/*
 * Code of several uids may have left directories that only their owner can
 * empty, one in the other: each uid has its turn until nothing is left, or
 * nothing more goes.  The first uid ends it, to make the directories.
 */
static void
finish_reset(struct runner *rn, struct request *r)
{
	uint64_t left = number_of(r->final, r->final_len, PROTO_K_SIZE);
	int users = rn->config.shared_uid ? 1 : rn->slots_used;
	int slot = r->slot;

	r->removed += number_of(r->final, r->final_len, PROTO_K_COUNT);
	if (left == 0 && slot == 0)
		return send_final(rn, r);
	if (left == 0)
		return next_pass(rn, r, 0);
	slot = (slot + 1) % users;
	if (slot == 0 && r->removed == 0)
		return request_fail(rn, r, ENOTEMPTY,
		    "some files cannot be removed");
	if (slot == 0)
		r->removed = 0;
	next_pass(rn, r, slot);
}

/* It was cancelled too late. */
static bool
is_done_edit(const struct request *r)
{
	return r->type == PROTO_EDIT && r->final_type == PROTO_VERDICT;
}

void
helper_finish(struct runner *rn, struct request *r)
{
	if (!relay_all(rn, r))
		return;
	if (r->type == PROTO_HELLO)
		finish_probe(rn, r);
	else if (r->timed_out)
		request_fail(rn, r, ETIMEDOUT, "no progress");
	else if (r->cancelled && !is_done_edit(r))
		request_fail(rn, r, ECANCELED, "cancelled");
	else if (r->final_type == 0)
		request_fail(rn, r, EINTR, "the file helper was killed");
	else if (r->type == PROTO_RESET && r->final_type == PROTO_VERDICT)
		finish_reset(rn, r);
	else
		send_final(rn, r);
}
