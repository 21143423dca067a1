/*
 * Background runs, called jobs: they outlive the request that started them and
 * its client.  What a job writes is kept here, bounded, until somebody asks;
 * who follows one is served from the same memory, and holds the program up
 * before something is overwritten that has not been sent.
 */
#include "runner.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_SIZE (PROTO_LABEL_MAX + 1024)

static struct request *
job_find(const struct runner *rn, uint64_t number)
{
	for (size_t i = 0; number > 0 && i < rn->njobs; i++)
		if (rn->jobs[i]->job == number)
			return rn->jobs[i];
	return NULL;
}

void
job_remove(struct runner *rn, const struct request *r)
{
	size_t i = 0;

	while (i < rn->njobs && rn->jobs[i] != r)
		i++;
	if (i == rn->njobs)
		return;
	rn->njobs--;
	memmove(rn->jobs + i, rn->jobs + i + 1,
	    (rn->njobs - i) * sizeof(*rn->jobs));
}

static void
job_forget(struct runner *rn, struct request *r)
{
	job_remove(rn, r);
	request_free(r);
}

int
job_admit(struct runner *rn, struct request *r)
{
	if (rn->njobs == JOBS_MAX)
		return -1;
	rn->jobs[rn->njobs++] = r;
	return 0;
}

/* Of the message only the label is needed any more. */
static void
keep_label(struct request *r)
{
	struct field_reader fr;
	struct field f;
	uint8_t *label = NULL;
	size_t n = 0;

	field_reader_init(&fr, r->msg, r->msg_len);
	while (field_next(&fr, &f) > 0) {
		if (f.key != PROTO_K_TEXT || label != NULL)
			continue;
		label = malloc(f.len + 1);
		n = label != NULL ? f.len : 0;
		if (n > 0)
			memcpy(label, f.data, n);
	}
	free(r->msg);
	r->msg = label;
	r->msg_len = n;
}

void
job_begin(struct runner *rn, struct request *r)
{
	uint8_t buf[64];
	struct field_writer w;

	r->job = ++rn->jobs_made;
	field_writer_init(&w, buf, sizeof(buf));
	field_put_u64(&w, PROTO_K_JOB, r->job);
	queue_message(&rn->queue, PROTO_VERDICT, r->id, &w);
	request_remember(rn, r, true);
	r->orphan = true;
	keep_label(r);
	disk_job(rn, r);
}

void
job_ended(struct runner *rn, struct request *r, const struct field_writer *w)
{
	r->final = malloc(w->len);
	if (r->final != NULL)
		memcpy(r->final, w->buf, w->len);
	r->final_len = r->final != NULL ? w->len : 0;
	r->ended = true;
	request_remove(rn, r);
	task_close(r);
	if (r->forgotten)
		job_forget(rn, r);
}

void
jobs_drop(struct runner *rn)
{
	struct request *r;

	for (size_t i = rn->njobs; i > 0; i--) {
		r = rn->jobs[i - 1];
		if (r->ended) {
			job_forget(rn, r);
		} else if (r->job != 0) {
			r->forgotten = true;
			request_cancel(rn, r);
		}
	}
}

/* ---- what is kept of a stream ---- */

size_t
job_room(const struct runner *rn, const struct request *r,
    const struct stream *s)
{
	int i = s == &r->out[1];
	uint64_t unsent, room = s->ring_size, left;

	for (size_t n = 0; n < rn->ninquiries; n++) {
		const struct inquiry *q = &rn->inquiries[n];

		if (q->job != r->job || !q->follow || s->ring_size == 0)
			continue;
		unsent = s->total - q->sent[i];
		left = unsent < s->ring_size ? s->ring_size - unsent : 0;
		if (left < room)
			room = left;
	}
	return (size_t)room;
}

/* The next piece of s that an inquiry has not been sent; returns its length, 0:
   there is none.  *gap: bytes before it are lost. */
static size_t
next_piece(const struct stream *s, uint64_t *sent, const uint8_t **p, bool *gap)
{
	uint64_t rest, kept, at;
	size_t n;

	*gap = false;
	if (*sent < s->total && *sent < s->head_max) {
		*p = s->head + *sent;
		n = (size_t)((s->total < s->head_max ? s->total :
		    s->head_max) - *sent);
		return n < PROTO_PAYLOAD_MAX ? n : PROTO_PAYLOAD_MAX;
	}
	rest = s->total > s->head_max ? s->total - s->head_max : 0;
	kept = s->ring == NULL ? 0 : rest < s->ring_size ? rest : s->ring_size;
	if (*sent < s->total - kept) {
		*gap = true;
		*sent = s->total - kept;
	}
	if (*sent == s->total)
		return 0;
	at = (*sent - s->head_max) % s->ring_size;
	*p = s->ring + at;
	n = s->ring_size - (size_t)at;
	if (n > s->total - *sent)
		n = (size_t)(s->total - *sent);
	return n < PROTO_PAYLOAD_MAX ? n : PROTO_PAYLOAD_MAX;
}

/* Sends of one stream what there is room for; true: all of it is sent. */
static bool
send_stream(struct runner *rn, struct inquiry *q, const struct stream *s)
{
	uint64_t *sent = &q->sent[s->is_stderr];
	uint64_t end = q->follow ? s->total : q->until[s->is_stderr];
	struct frame f = {.type = PROTO_OUT, .id = q->id};
	size_t n;
	bool gap;

	while (*sent < end) {
		if (queue_room(&rn->queue, PROTO_FRAME_MAX) == NULL)
			return false;
		n = next_piece(s, sent, &f.payload, &gap);
		if (n == 0 && !gap)
			break;
		f.len = (uint16_t)n;
		f.flags = (s->is_stderr ? PROTO_F_STDERR : 0) |
		    (gap ? PROTO_F_TAIL : 0);
		(void)queue_frame(&rn->queue, &f);
		*sent += n;
	}
	return true;
}

/* ---- inquiries ---- */

static void
put_job(const struct runner *rn, const struct request *r,
    struct field_writer *w)
{
	if (r->ended) {
		if (w->size - w->len >= r->final_len && r->final_len > 0)
			memcpy(w->buf + w->len, r->final, r->final_len);
		w->len += r->final_len;
		return;
	}
	field_put_u64(w, PROTO_K_RUNNING, 1);
	field_put_u64(w, PROTO_K_WALL_US, rn->now - r->started_us);
	field_put_u64(w, PROTO_K_OUT_BYTES, r->out[0].total);
	field_put_u64(w, PROTO_K_ERR_BYTES, r->out[1].total);
}

/* True: it is answered. */
static bool
serve_list(struct runner *rn, struct inquiry *q)
{
	static uint8_t buf[FIELDS_SIZE];
	struct field_writer w;
	const struct request *r;

	for (size_t i = 0; i < rn->njobs; i++) {
		r = rn->jobs[i];
		if (r->job == 0 || r->job <= q->told || r->forgotten)
			continue;
		if (queue_room(&rn->queue, PROTO_FRAME_MAX) == NULL)
			return false;
		field_writer_init(&w, buf, sizeof(buf));
		field_put_u64(&w, PROTO_K_JOB, r->job);
		field_put(&w, PROTO_K_TEXT, r->msg, r->msg_len);
		put_job(rn, r, &w);
		queue_message(&rn->queue, PROTO_ENTRY, q->id, &w);
		q->told = r->job;
	}
	queue_message(&rn->queue, PROTO_VERDICT, q->id, NULL);
	return true;
}

static bool
serve_output(struct runner *rn, struct inquiry *q)
{
	struct request *r = job_find(rn, q->job);
	uint8_t buf[1024];
	struct field_writer w;

	if (r == NULL) {
		request_refuse(rn, q->id, ESRCH, "no such background run");
		return true;
	}
	if (!send_stream(rn, q, &r->out[0]) ||
	    !send_stream(rn, q, &r->out[1]) || (q->follow && !r->ended))
		return false;
	field_writer_init(&w, buf, sizeof(buf));
	put_job(rn, r, &w);
	queue_message(&rn->queue, PROTO_VERDICT, q->id, &w);
	return true;
}

static void
inquiry_remove(struct runner *rn, size_t i)
{
	rn->ninquiries--;
	memmove(rn->inquiries + i, rn->inquiries + i + 1,
	    (rn->ninquiries - i) * sizeof(*rn->inquiries));
}

void
inquiries_serve(struct runner *rn)
{
	struct inquiry *q;

	for (size_t i = 0; i < rn->ninquiries;) {
		q = &rn->inquiries[i];
		if (q->job == 0 ? serve_list(rn, q) : serve_output(rn, q))
			inquiry_remove(rn, i);
		else
			i++;
	}
	rn->inquiries_held = rn->ninquiries > 0 &&
	    queue_room(&rn->queue, PROTO_FRAME_MAX) == NULL;
}

bool
inquiry_exists(const struct runner *rn, uint32_t id)
{
	for (size_t i = 0; i < rn->ninquiries; i++)
		if (rn->inquiries[i].id == id)
			return true;
	return false;
}

void
inquiries_cancel(struct runner *rn, uint32_t id)
{
	for (size_t i = rn->ninquiries; i > 0; i--) {
		if (id != 0 && rn->inquiries[i - 1].id != id)
			continue;
		request_refuse(rn, rn->inquiries[i - 1].id, ECANCELED,
		    "cancelled");
		inquiry_remove(rn, i - 1);
	}
}

static void
inquire(struct runner *rn, const struct message *m, const struct request *r)
{
	struct inquiry *q = &rn->inquiries[rn->ninquiries];

	if (m->id == 0 || m->id == rn->disk.id || inquiry_exists(rn, m->id) ||
	    request_find(rn, m->id) != NULL)
		return request_refuse(rn, m->id, EEXIST, "request id");
	if (rn->ninquiries == INQUIRIES_MAX)
		return request_refuse(rn, m->id, EAGAIN, "too many requests");
	rn->ninquiries++;
	memset(q, 0, sizeof(*q));
	q->id = m->id;
	if (r == NULL)
		return;
	q->job = r->job;
	q->follow = message_number(m, PROTO_K_FOLLOW) != 0;
	q->until[0] = r->out[0].total;
	q->until[1] = r->out[1].total;
}

/* The signal is for the program's group; none and 9 are for all of it. */
static void
job_kill(struct runner *rn, const struct message *m, struct request *r)
{
	uint64_t number = message_number(m, PROTO_K_SIGNAL);

	if (number > 64)
		return request_refuse(rn, m->id, EINVAL, "signal");
	if (!r->ended && r->state == REQUEST_ACTIVE) {
		if (number == 0)
			request_stop(rn, r);
		else if (number == SIGKILL)
			request_cancel(rn, r);
		else
			run_signal(r, (int)number);
	}
	queue_message(&rn->queue, PROTO_VERDICT, m->id, NULL);
}

void
job_message(struct runner *rn, const struct message *m)
{
	struct request *r = job_find(rn, message_number(m, PROTO_K_JOB));

	if (m->type == PROTO_JOBS)
		return inquire(rn, m, NULL);
	if (r == NULL || r->forgotten)
		return request_refuse(rn, m->id, ESRCH,
		    "no such background run");
	if (m->type == PROTO_JOB)
		return inquire(rn, m, r);
	if (m->type == PROTO_KILL_JOB)
		return job_kill(rn, m, r);
	if (!r->ended)
		return request_refuse(rn, m->id, EBUSY, "it is still running");
	job_forget(rn, r);
	queue_message(&rn->queue, PROTO_VERDICT, m->id, NULL);
}
