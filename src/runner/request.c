/*
 * The table of requests: what the client asks, in the order in which it asks.
 */
#include "runner.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Who looks and asks for nothing for so long connects again. */
#define OBSERVER_LEASE_US (120 * UINT64_C(1000000))

struct request *
request_find(struct runner *rn, uint32_t id)
{
	for (size_t i = 0; i < rn->nrequests; i++)
		if (rn->requests[i]->id == id && !rn->requests[i]->orphan &&
		    id != 0)
			return rn->requests[i];
	return NULL;
}

void
request_free(struct request *r)
{
	task_close(r);
	stream_release(&r->out[0]);
	stream_release(&r->out[1]);
	free(r->in.buf);
	free(r->relay_buf);
	free(r->final);
	free(r->msg);
	free(r);
}

void
request_remember(struct runner *rn, const struct request *r, bool ok)
{
	size_t slot = rn->ndone++ % PROTO_REQUESTS_MAX;

	rn->done[slot].id = r->orphan ? 0 : r->id;
	rn->done[slot].ok = ok;
}

void
request_remove(struct runner *rn, struct request *r)
{
	size_t i = 0;

	if (r->slot >= 0)
		rn->slot_busy[r->slot] = false;
	if (r->state != REQUEST_WAITING)
		rn->nactive--;
	while (rn->requests[i] != r)
		i++;
	rn->nrequests--;
	memmove(rn->requests + i, rn->requests + i + 1,
	    (rn->nrequests - i) * sizeof(*rn->requests));
}

void
request_done(struct runner *rn, struct request *r, bool ok)
{
	request_remember(rn, r, ok);
	request_remove(rn, r);
	job_remove(rn, r);
	request_free(r);
}

void
request_refuse(struct runner *rn, uint32_t id, int error, const char *text)
{
	uint8_t buf[512];
	struct field_writer w;

	field_writer_init(&w, buf, sizeof(buf));
	field_put_u64(&w, PROTO_K_ERRNO, (uint64_t)error);
	field_put_text(&w, PROTO_K_TEXT, text);
	queue_message(&rn->queue, PROTO_FAIL, id, &w);
}

void
request_fail(struct runner *rn, struct request *r, int error, const char *text)
{
	if (!r->orphan)
		request_refuse(rn, r->id, error, text);
	request_done(rn, r, false);
}

void
request_event(struct runner *rn, const struct request *r, const char *text)
{
	uint8_t buf[512];
	struct field_writer w;

	if (r->orphan)
		return;
	field_writer_init(&w, buf, sizeof(buf));
	field_put_text(&w, PROTO_K_TEXT, text);
	field_put_u64(&w, PROTO_K_WALL_US, rn->now - r->started_us);
	queue_message(&rn->queue, PROTO_EVENT, r->id, &w);
}

/* The numbers of a request that the loop itself needs; -1 if malformed. */
static int
read_number(struct request *r, const struct field *f)
{
	uint64_t v;

	if (field_u64(f, &v) < 0)
		return -1;
	switch (f->key) {
	case PROTO_K_AFTER:
		r->after = (uint32_t)v;
		return v <= UINT32_MAX ? 0 : -1;
	case PROTO_K_TIMEOUT_MS:
		r->timeout_us = v > UINT32_MAX ? 0 : v * 1000;
		return 0;
	case PROTO_K_INTERRUPT:
		r->interrupt = (int)v;
		return v < 65 ? 0 : -1;
	case PROTO_K_GRACE_MS:
		r->grace_us = v > UINT32_MAX ? 0 : v * 1000;
		return 0;
	case PROTO_K_OUTPUT_MAX:
		r->output_max = v;
		return 0;
	case PROTO_K_PTY:
		r->pty = true;
		r->rows = (uint16_t)(v >> 16);
		r->cols = (uint16_t)v;
		return 0;
	case PROTO_K_BACKGROUND:
		r->background = v != 0;
		return 0;
	default: /* PROTO_K_STDIN */
		r->has_stdin = v != 0;
		return 0;
	}
}

static bool
holds_nul(const struct field *f)
{
	return f->len > 0 && memchr(f->data, 0, f->len) != NULL;
}

static int
read_field(struct request *r, const struct field *f)
{
	switch (f->key) {
	case PROTO_K_ARG:
		r->nargs++;
		return holds_nul(f) ? -1 : 0;
	case PROTO_K_ENV:
	case PROTO_K_CWD:
	case PROTO_K_PATH:
		return holds_nul(f) ? -1 : 0;
	case PROTO_K_AFTER:
	case PROTO_K_TIMEOUT_MS:
	case PROTO_K_INTERRUPT:
	case PROTO_K_GRACE_MS:
	case PROTO_K_OUTPUT_MAX:
	case PROTO_K_PTY:
	case PROTO_K_STDIN:
	case PROTO_K_BACKGROUND:
		return read_number(r, f);
	case PROTO_K_TEXT:
		return f->len > PROTO_LABEL_MAX ? -1 : 0;
	default:
		return 0;
	}
}

static int
read_fields(struct request *r)
{
	struct field_reader fr;
	struct field f;
	int more;

	field_reader_init(&fr, r->msg, r->msg_len);
	while ((more = field_next(&fr, &f)) > 0)
		if (read_field(r, &f) < 0)
			return -1;
	if (more < 0 || (r->type == PROTO_RUN && r->nargs == 0))
		return -1;
	if (!r->background)
		return 0;
	if (r->output_max == 0 || r->output_max > PROTO_JOB_OUTPUT_MAX)
		r->output_max = PROTO_JOB_OUTPUT_MAX;
	return r->type != PROTO_RUN || r->has_stdin || r->pty ? -1 : 0;
}

static struct request *
request_new(const struct message *m)
{
	struct request *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->id = m->id;
	r->type = m->type;
	r->slot = -1;
	r->pid = -1;
	r->exec_fd = r->ctl_fd = r->in_fd = -1;
	r->out[0].fd = r->out[1].fd = -1;
	r->output_max = UINT64_MAX;
	r->timeout_us = m->type == PROTO_RUN ? 0 : IDLE_US;
	r->msg = malloc(m->len + 1);
	if (r->msg == NULL) {
		free(r);
		return NULL;
	}
	if (m->len > 0)
		memcpy(r->msg, m->data, m->len);
	r->msg_len = m->len;
	return r;
}

/* Those of this client; the others end by themselves. */
static size_t
count_requests(const struct runner *rn)
{
	size_t n = 0;

	for (size_t i = 0; i < rn->nrequests; i++)
		n += !rn->requests[i]->orphan;
	return n;
}

bool
requests_are_waited_for(const struct runner *rn)
{
	return rn->ninquiries > 0 || count_requests(rn) > 0;
}

/* Where all runs have one uid, the end of each is the end of all. */
static bool
can_be_background(const struct runner *rn)
{
	return !rn->config.shared_uid || rn->config.pidns;
}

static void
request_add(struct runner *rn, const struct message *m)
{
	struct request *r;

	if (!rn->config.set)
		return request_refuse(rn, m->id, EPROTO, "HELLO comes first");
	if ((m->id == 0) != (m->type == PROTO_HELLO) ||
	    request_find(rn, m->id) != NULL || inquiry_exists(rn, m->id) ||
	    (m->id != 0 && m->id == rn->disk.id))
		return request_refuse(rn, m->id, EEXIST, "request id");
	if (count_requests(rn) >= PROTO_REQUESTS_MAX)
		return request_refuse(rn, m->id, EAGAIN, "too many requests");
	r = request_new(m);
	if (r == NULL)
		return request_refuse(rn, m->id, ENOMEM, "runner");
	if (m->type != PROTO_HELLO && read_fields(r) < 0) {
		request_free(r);
		return request_refuse(rn, m->id, EINVAL,
		    "fields of the request");
	}
	if (r->background && !can_be_background(rn)) {
		request_free(r);
		return request_refuse(rn, m->id, EOPNOTSUPP,
		    "runs have no uids of their own");
	}
	rn->requests[rn->nrequests++] = r;
	if (m->type == PROTO_RESET) {
		requests_cancel(rn, r);
		jobs_drop(rn);
	}
}

/* 1: it has ended well, -1: not, 0: it has not ended. */
static int
after_state(struct runner *rn, const struct request *r)
{
	size_t n = rn->ndone < PROTO_REQUESTS_MAX ? rn->ndone :
	    PROTO_REQUESTS_MAX;

	if (r->after == 0)
		return 1;
	if (request_find(rn, r->after) != NULL)
		return r->after == r->id ? -1 : 0;
	for (size_t i = 0; i < n; i++)
		if (rn->done[i].id == r->after)
			return rn->done[i].ok ? 1 : -1;
	return -1;
}

/* HELLO's probe and RESET stand alone; all after them wait. */
static bool
is_barrier(const struct request *r)
{
	return r->type == PROTO_RESET || r->type == PROTO_HELLO;
}

static void
request_start(struct runner *rn, struct request *r)
{
	int started;

	r->parallel = rn->nactive > 0;
	started = r->type == PROTO_RUN ? run_start(rn, r) : helper_start(rn, r);
	if (started < 0)
		request_fail(rn, r, errno, "process");
}

enum advance { ADVANCE_NEXT, ADVANCE_AGAIN, ADVANCE_STOP };

/* Starts the request if it can be; AGAIN: the table has changed. */
static enum advance
request_advance(struct runner *rn, struct request *r, bool first)
{
	int after;

	if (is_barrier(r) && (!first || r->state != REQUEST_WAITING))
		return ADVANCE_STOP;
	if (r->state != REQUEST_WAITING)
		return ADVANCE_NEXT;
	after = after_state(rn, r);
	if (after == 0)
		return ADVANCE_NEXT;
	if (after < 0) {
		request_fail(rn, r, ECANCELED, "what it waits for failed");
		return ADVANCE_AGAIN;
	}
	if (r->background && job_admit(rn, r) < 0) {
		request_fail(rn, r, EUSERS, "too many background runs");
		return ADVANCE_AGAIN;
	}
	r->slot = task_slot(rn, r->background);
	if (r->slot < 0) {
		job_remove(rn, r);
		return ADVANCE_STOP;
	}
	request_start(rn, r);
	return ADVANCE_AGAIN;
}

void
requests_advance(struct runner *rn)
{
	enum advance next;

	for (size_t i = 0; i < rn->nrequests;) {
		next = request_advance(rn, rn->requests[i], i == 0);
		if (next == ADVANCE_STOP)
			return;
		i = next == ADVANCE_AGAIN ? 0 : i + 1;
	}
}

/* At once, also where the program was only asked before. */
void
request_cancel(struct runner *rn, struct request *r)
{
	r->cancelled = true;
	if (r->state == REQUEST_WAITING)
		request_fail(rn, r, ECANCELED, "cancelled");
	else if (r->state == REQUEST_ACTIVE && !r->killed)
		task_kill(rn, r);
}

/*
 * CANCEL asks first, as the deadline does: what the program had not written out
 * yet is worth the grace.  A second one does not wait.
 */
void
request_stop(struct runner *rn, struct request *r)
{
	if (r->type != PROTO_RUN || r->state != REQUEST_ACTIVE ||
	    r->interrupt == 0 || r->cancelled || r->killed || r->timed_out) {
		request_cancel(rn, r);
		return;
	}
	r->cancelled = true;
	run_signal(r, r->interrupt);
	r->timer_us = rn->now + r->grace_us;
}

/* The first HELLO goes on: its WELCOME is the one that comes. */
void
requests_cancel(struct runner *rn, const struct request *until)
{
	struct request *r;

	inquiries_cancel(rn, 0);
	for (size_t i = 0; i < rn->nrequests;) {
		r = rn->requests[i];
		if (r == until)
			break;
		if (r->type != PROTO_HELLO && r->job == 0)
			request_cancel(rn, r);
		if (i < rn->nrequests && rn->requests[i] == r)
			i++;
	}
}

void
requests_abandon(struct runner *rn)
{
	for (size_t i = 0; i < rn->nrequests; i++)
		if (rn->requests[i]->type != PROTO_HELLO)
			rn->requests[i]->orphan = true;
	rn->ninquiries = 0;
	disk_cancel(rn, 0);
	requests_cancel(rn, NULL);
	rn->ndone = 0;
}

void
runner_welcome(struct runner *rn)
{
	uint8_t buf[1024];
	struct field_writer w;
	uint8_t *all;

	field_writer_init(&w, buf, sizeof(buf));
	field_put(&w, PROTO_K_NONCE, rn->nonce, sizeof(rn->nonce));
	field_put_u64(&w, PROTO_K_VERSION, PROTO_VERSION);
	field_put_u64(&w, PROTO_K_RUNNER, rn->runner_id);
	cgroup_limits(&rn->cgroup, &w);
	all = malloc(w.len + rn->limits_len);
	if (all == NULL) {
		rn->quit = true;
		return;
	}
	memcpy(all, buf, w.len);
	if (rn->limits_len > 0)
		memcpy(all + w.len, rn->limits, rn->limits_len);
	w.buf = all;
	w.len += rn->limits_len;
	queue_sync(&rn->queue);
	queue_message(&rn->queue, PROTO_WELCOME, 0, &w);
	free(all);
}

static int
hello_nonce(struct runner *rn, const struct message *m)
{
	struct field_reader fr;
	struct field f;
	int found = -1;

	field_reader_init(&fr, m->data, m->len);
	while (field_next(&fr, &f) > 0) {
		if (f.key == PROTO_K_NONCE && f.len == sizeof(rn->nonce)) {
			memcpy(rn->nonce, f.data, f.len);
			found = 0;
		}
	}
	return found;
}

uint64_t
message_number(const struct message *m, enum proto_key key)
{
	struct field_reader fr;
	struct field f;
	uint64_t v = 0;

	field_reader_init(&fr, m->data, m->len);
	while (field_next(&fr, &f) > 0)
		if (f.key == key)
			(void)field_u64(&f, &v);
	return v;
}

/* The first one's configuration is the environment's. */
static void
first_hello(struct runner *rn, const struct message *m)
{
	static const char note[] = "no other client can come later";
	const char *text = "";

	/* Of an environment that was started anew: it is not that client's. */
	if (message_number(m, PROTO_K_AGAIN) != 0)
		return request_refuse(rn, 0, ESTALE, "again");
	if (config_read(&rn->config, &rn->cgroup, m, &text) < 0)
		return request_refuse(rn, 0, EINVAL, text);
	rn->hello_by = 0;
	if (!rn->cgroup.passed)
		cgroup_open(&rn->cgroup);
	/* Before any code runs, so that none has the name. */
	channel_bind(rn);
	if (rn->config.service.argv.n > 0 && service_start(rn) < 0) {
		rn->quit = true;
		rn->status = 127;
		return request_refuse(rn, 0, errno, "the service");
	}
	if (rn->config.keep && channel_keep(rn) < 0)
		(void)texts_add(&rn->config.notes, note, sizeof(note) - 1);
	forker_start(&rn->cgroup);
	request_add(rn, m);
}

/* There is nothing to configure. */
static void
observer_hello(struct runner *rn)
{
	if (rn->hello_by > 0)
		cgroup_open(&rn->cgroup);
	rn->hello_by = 0;
	/* The engine may hold its stdin open after who looks has died. */
	rn->config.lease_us = OBSERVER_LEASE_US;
	runner_welcome(rn);
}

/* A new client.  Nobody reads what was for the former one. */
static void
hello(struct runner *rn, struct channel *ch, const struct message *m)
{
	uint64_t silence_ms = message_number(m, PROTO_K_SILENCE_MS);

	if (hello_nonce(rn, m) < 0)
		return request_refuse(rn, 0, EINVAL, "nonce");
	channel_take(rn, ch);
	rn->silence_us = silence_ms > UINT32_MAX ? 0 : silence_ms * 1000;
	if (rn->observes)
		return observer_hello(rn);
	if (!rn->config.set)
		return first_hello(rn, m);
	if (rn->welcomed)
		runner_welcome(rn);
}

static void
keep(struct runner *rn, const struct message *m)
{
	uint64_t lease_ms = message_number(m, PROTO_K_LEASE_MS);

	if (!rn->config.set)
		return request_refuse(rn, m->id, EPROTO, "HELLO comes first");
	if (lease_ms > PROTO_LEASE_MS_MAX)
		return request_refuse(rn, m->id, EINVAL, "lease");
	if (channel_keep(rn) < 0)
		return request_refuse(rn, m->id, errno, "listening");
	if (lease_ms > 0)
		rn->config.lease_us = lease_ms * 1000;
	queue_message(&rn->queue, PROTO_VERDICT, m->id, NULL);
}

/* SIGNAL, RESIZE and CANCEL: about a request that may have ended. */
static void
about_request(struct runner *rn, const struct message *m)
{
	struct request *r = request_find(rn, m->id);
	uint64_t signal_number;

	if (r == NULL) {
		if (m->type == PROTO_CANCEL && m->id != 0) {
			inquiries_cancel(rn, m->id);
			disk_cancel(rn, m->id);
		}
		return;
	}
	if (m->type == PROTO_CANCEL)
		return message_number(m, PROTO_K_SIGNAL) == SIGKILL ?
		    request_cancel(rn, r) : request_stop(rn, r);
	if (r->type != PROTO_RUN || r->state != REQUEST_ACTIVE)
		return;
	if (m->type == PROTO_RESIZE) {
		run_resize(r, (uint16_t)message_number(m, PROTO_K_ROWS),
		    (uint16_t)message_number(m, PROTO_K_COLS));
		return;
	}
	signal_number = message_number(m, PROTO_K_SIGNAL);
	if (signal_number > 0 && signal_number < 65)
		run_signal(r, (int)signal_number);
}

static bool
is_look(uint8_t type)
{
	return type == PROTO_PING || type == PROTO_QUIT ||
	    type == PROTO_STATS || type == PROTO_PROCESSES;
}

static void
request_message(struct runner *rn, const struct message *m)
{
	if (rn->observes && !is_look(m->type))
		return request_refuse(rn, m->id, EPERM, "it observes");
	switch (m->type) {
	case PROTO_PING:
		return queue_message(&rn->queue, PROTO_PONG, m->id, NULL);
	case PROTO_RUN:
	case PROTO_PUT:
	case PROTO_GET:
	case PROTO_EDIT:
	case PROTO_RESET:
		return request_add(rn, m);
	case PROTO_SIGNAL:
	case PROTO_RESIZE:
	case PROTO_CANCEL:
		return about_request(rn, m);
	case PROTO_STATS:
		return look_stats(rn, m);
	case PROTO_PROCESSES:
		return look_processes(rn, m);
	case PROTO_KEEP:
		return keep(rn, m);
	case PROTO_JOBS:
	case PROTO_JOB:
	case PROTO_KILL_JOB:
	case PROTO_FORGET_JOB:
		return job_message(rn, m);
	case PROTO_DISK:
		return disk_message(rn, m);
	case PROTO_QUIT:
		rn->quit = true;
		return;
	default:
		return request_refuse(rn, m->id, ENOSYS, "unknown request");
	}
}

static void
request_input(struct runner *rn, const struct frame *f)
{
	struct request *r = request_find(rn, f->id);

	if (r == NULL || task_input(r, f) == 0)
		return;
	r->in.closed = true;
	request_event(rn, r, "more input than the window");
	request_cancel(rn, r);
}

void
request_frame(struct runner *rn, struct channel *ch, const struct frame *f)
{
	bool heard = ch == rn->client;
	struct message m;
	int added;

	if (f->type == PROTO_DATA || f->type == PROTO_ENTRY) {
		if (heard)
			request_input(rn, f);
		return;
	}
	added = message_add(&ch->messages, f, &m);
	if (added > 0 && m.type == PROTO_HELLO)
		hello(rn, ch, &m);
	else if (added > 0 && heard)
		request_message(rn, &m);
	else if (added < 0 && heard)
		request_refuse(rn, f->id, EMSGSIZE, "request");
}
