/*
 * The bounded queue of frames to the client.  Bulk output is read from
 * programs straight into it, so that it is copied once; control messages have
 * a reserve, so that a verdict never waits for room.
 */
#include "runner.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void
queue_init(struct queue *q, int fd)
{
	q->fd = fd;
	q->head = q->tail = q->frame_end = 0;
	q->broken = q->used = false;
}

static void
queue_compact(struct queue *q, size_t n)
{
	if (q->head == q->tail) {
		q->head = q->tail = q->frame_end = 0;
	} else if (q->head > 0 && QUEUE_SIZE - q->tail < n) {
		memmove(q->buf, q->buf + q->head, q->tail - q->head);
		q->frame_end -= q->head;
		q->tail -= q->head;
		q->head = 0;
	}
}

uint8_t *
queue_room(struct queue *q, size_t n)
{
	if (QUEUE_SIZE - queue_pending(q) < n + QUEUE_RESERVE)
		return NULL;
	queue_compact(q, n);
	return q->buf + q->tail;
}

void
queue_commit(struct queue *q, size_t n)
{
	q->tail += n;
}

void
queue_message(struct queue *q, uint8_t type, uint32_t id,
    const struct field_writer *w)
{
	struct message m = {.type = type, .id = id};
	size_t n;

	if (w != NULL) {
		m.data = w->buf;
		m.len = w->len;
	}
	n = message_size(m.len);
	queue_compact(q, n);
	if ((w != NULL && w->overflow) || QUEUE_SIZE - q->tail < n) {
		q->broken = true;
		return;
	}
	message_put(q->buf + q->tail, &m);
	q->tail += n;
}

bool
queue_frame(struct queue *q, const struct frame *f)
{
	uint8_t *p = queue_room(q, PROTO_HEADER_SIZE + (size_t)f->len);

	if (p == NULL)
		return false;
	frame_header_put(p, f);
	if (f->len > 0)
		memcpy(p + PROTO_HEADER_SIZE, f->payload, f->len);
	queue_commit(q, PROTO_HEADER_SIZE + (size_t)f->len);
	return true;
}

/* The size of what begins at p: a frame, or one of the zeros between. */
static size_t
unit_size(const uint8_t *p)
{
	if (*p == 0)
		return 1;
	return PROTO_HEADER_SIZE + (size_t)(p[6] | p[7] << 8);
}

void
queue_forget(struct queue *q)
{
	q->tail = q->frame_end;
}

void
queue_sync(struct queue *q)
{
	if (!q->used)
		return;
	queue_compact(q, PROTO_SYNC_BYTES);
	if (QUEUE_SIZE - q->tail < PROTO_SYNC_BYTES) {
		q->broken = true;
		return;
	}
	memset(q->buf + q->tail, 0, PROTO_SYNC_BYTES);
	q->tail += PROTO_SYNC_BYTES;
}

void
queue_flush(struct queue *q)
{
	ssize_t n;

	while (q->head < q->tail && !q->broken) {
		n = write(q->fd, q->buf + q->head, q->tail - q->head);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			q->broken = errno != EAGAIN;
			return;
		}
		q->used = true;
		q->head += (size_t)n;
		while (q->frame_end < q->head)
			q->frame_end += unit_size(q->buf + q->frame_end);
	}
}

bool
queue_is_open(const struct queue *q)
{
	return QUEUE_SIZE - queue_pending(q) >= QUEUE_RESERVE;
}
