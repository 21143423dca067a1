/*
 * One output of a program.  Its first bytes are passed on as they come; beyond
 * the limit they are counted, and the last ones kept in a ring.  The program
 * is read as fast as the client takes frames, and not at all while the queue
 * is full.
 */
#include "runner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEEP_FIRST 4096 /* of a job's output; doubled as it grows */

void
stream_init(struct stream *s, int fd, bool is_stderr, uint64_t max)
{
	memset(s, 0, sizeof(*s));
	s->fd = fd;
	s->is_stderr = is_stderr;
	s->head_max = max;
	if (max == UINT64_MAX)
		return;
	s->ring_size = max / 4 > PROTO_TAIL_MAX ? PROTO_TAIL_MAX :
	    (size_t)(max / 4);
	s->head_max = max - s->ring_size;
}

bool
stream_wants(struct runner *rn, const struct request *r,
    const struct stream *s)
{
	if (s->fd < 0 || s->hung)
		return false;
	if (s->total >= s->head_max)
		return !r->background || s->ring_size == 0 ||
		    job_room(rn, r, s) > 0;
	return r->background ||
	    queue_room(&rn->queue, PROTO_FRAME_MAX) != NULL;
}

static void
put_header(uint8_t *p, const struct request *r, const struct stream *s,
    uint8_t flags, size_t n)
{
	struct frame f = {.type = PROTO_OUT, .id = r->id, .len = (uint16_t)n};

	f.flags = flags | (s->is_stderr ? PROTO_F_STDERR : 0);
	f.payload = p + PROTO_HEADER_SIZE;
	frame_header_put(p, &f);
}

/* Reads into the queue itself; what read(2) says. */
static ssize_t
read_head(struct runner *rn, const struct request *r, struct stream *s)
{
	uint64_t left = s->head_max - s->total;
	size_t want = left < PROTO_PAYLOAD_MAX ? (size_t)left :
	    PROTO_PAYLOAD_MAX;
	uint8_t *p = queue_room(&rn->queue, PROTO_HEADER_SIZE + want);
	ssize_t n;

	if (p == NULL) {
		errno = EAGAIN;
		return -1;
	}
	n = read(s->fd, p + PROTO_HEADER_SIZE, want);
	if (n <= 0)
		return n;
	s->total += (uint64_t)n;
	if (!r->orphan) {
		put_header(p, r, s, 0, (size_t)n);
		queue_commit(&rn->queue, PROTO_HEADER_SIZE + (size_t)n);
		queue_flush(&rn->queue);
	}
	return n;
}

/* A job's is kept; without memory only the end of it. */
static ssize_t
keep_head(struct stream *s)
{
	size_t size = s->total == 0 ? KEEP_FIRST : 2 * (size_t)s->total;
	uint8_t *p = s->head;
	ssize_t n;

	if (size > s->head_max)
		size = (size_t)s->head_max;
	if (s->total == s->head_size)
		p = realloc(s->head, size);
	if (p == NULL) {
		s->head_max = s->total;
		errno = EINTR;
		return -1;
	}
	if (s->total == s->head_size)
		s->head_size = size;
	s->head = p;
	n = read(s->fd, p + s->total, s->head_size - (size_t)s->total);
	if (n > 0)
		s->total += (uint64_t)n;
	return n;
}

/* Without memory for the ring the tail is lost, and the bytes are counted. */
static ssize_t
read_tail(struct runner *rn, const struct request *r, struct stream *s)
{
	uint8_t drop[4096], *p = drop;
	size_t want = sizeof(drop), at = 0;
	ssize_t n;

	if (s->ring == NULL && s->ring_size > 0) {
		s->ring = malloc(s->ring_size);
		if (s->ring == NULL)
			s->ring_size = 0;
	}
	if (s->ring_size > 0) {
		at = (size_t)((s->total - s->head_max) % s->ring_size);
		p = s->ring + at;
		want = s->ring_size - at;
		if (r->background && job_room(rn, r, s) < want)
			want = job_room(rn, r, s);
	}
	if (want == 0) {
		errno = EAGAIN;
		return -1;
	}
	n = read(s->fd, p, want);
	if (n > 0)
		s->total += (uint64_t)n;
	return n;
}

static ssize_t
read_some(struct runner *rn, const struct request *r, struct stream *s)
{
	if (s->total >= s->head_max)
		return read_tail(rn, r, s);
	return r->background ? keep_head(s) : read_head(rn, r, s);
}

void
stream_read(struct runner *rn, const struct request *r, struct stream *s)
{
	uint64_t before = s->total;
	ssize_t n;

	s->hung = false;
	for (int i = 0; i < READS_PER_TURN && s->fd >= 0; i++) {
		n = read_some(rn, r, s);
		if (n < 0 && errno == EAGAIN) {
			rn->bulk |= s->total - before >= BULK_BYTES;
			return;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EIO && !r->reaped)
			s->hung = true;
		else if (n <= 0)
			fd_close(&s->fd);
		if (s->hung)
			return;
	}
}

bool
stream_send_tail(struct runner *rn, const struct request *r, struct stream *s)
{
	uint64_t rest, kept;
	size_t n, at;
	uint8_t *p;

	if (s->total <= s->head_max || s->ring == NULL || r->orphan)
		return true;
	rest = s->total - s->head_max;
	kept = rest < s->ring_size ? rest : s->ring_size;
	while (s->tail_sent < kept) {
		at = (size_t)((rest - kept + s->tail_sent) % s->ring_size);
		n = s->ring_size - at;
		if (n > kept - s->tail_sent)
			n = (size_t)(kept - s->tail_sent);
		if (n > PROTO_PAYLOAD_MAX)
			n = PROTO_PAYLOAD_MAX;
		p = queue_room(&rn->queue, PROTO_HEADER_SIZE + n);
		if (p == NULL)
			return false;
		memcpy(p + PROTO_HEADER_SIZE, s->ring + at, n);
		put_header(p, r, s, rest > kept ? PROTO_F_TAIL : 0, n);
		queue_commit(&rn->queue, PROTO_HEADER_SIZE + n);
		s->tail_sent += n;
	}
	return true;
}

void
stream_release(struct stream *s)
{
	free(s->ring);
	free(s->head);
	s->ring = s->head = NULL;
}
