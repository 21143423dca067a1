#include "frame.h"

#include <stdlib.h>
#include <string.h>

static uint32_t
get32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 24;
}

static void
put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static void
put32(uint8_t *p, uint32_t v)
{
	put16(p, (uint16_t)v);
	put16(p + 2, (uint16_t)(v >> 16));
}

void
frame_header_put(uint8_t *header, const struct frame *f)
{
	uint32_t crc;

	memcpy(header, PROTO_MAGIC, 4);
	header[4] = f->type;
	header[5] = f->flags;
	put16(header + 6, f->len);
	put32(header + 8, f->id);
	crc = frame_crc(0, header, 12);
	put32(header + 12, frame_crc(crc, f->payload, f->len));
}

void
frame_reader_init(struct frame_reader *r, uint8_t *buf, size_t size)
{
	memset(r, 0, sizeof(*r));
	r->buf = buf;
	r->size = size;
}

uint8_t *
frame_reader_space(struct frame_reader *r, size_t *n)
{
	if (r->head == r->tail)
		r->head = r->tail = 0;
	if (r->size - r->tail < PROTO_FRAME_MAX && r->head > 0) {
		memmove(r->buf, r->buf + r->head, r->tail - r->head);
		r->tail -= r->head;
		r->head = 0;
	}
	*n = r->size - r->tail;
	return r->buf + r->tail;
}

void
frame_reader_add(struct frame_reader *r, size_t n)
{
	r->tail += n;
}

/* Zeros come 64 KiB at a time when a client opens: eight are one step. */
static void
skip_zeros(struct frame_reader *r)
{
	uint64_t word;

	while (r->tail - r->head >= sizeof(word)) {
		memcpy(&word, r->buf + r->head, sizeof(word));
		if (word != 0)
			break;
		r->head += sizeof(word);
	}
	while (r->head < r->tail && r->buf[r->head] == 0)
		r->head++;
}

/* The frame at p, of which n bytes are there: 1, 0 more needed, -1 none. */
static int
frame_parse(const uint8_t *p, size_t n, struct frame *f)
{
	uint32_t crc;

	if (memcmp(p, PROTO_MAGIC, n < 4 ? n : 4) != 0)
		return -1;
	if (n < 8)
		return 0;
	f->len = p[6] | p[7] << 8;
	if (f->len > PROTO_PAYLOAD_MAX)
		return -1;
	if (n < PROTO_HEADER_SIZE + (size_t)f->len)
		return 0;
	f->type = p[4];
	f->flags = p[5];
	f->id = get32(p + 8);
	f->payload = p + PROTO_HEADER_SIZE;
	crc = frame_crc(frame_crc(0, p, 12), f->payload, f->len);
	return crc == get32(p + 12) ? 1 : -1;
}

int
frame_reader_next(struct frame_reader *r, struct frame *f)
{
	int found;

	for (;;) {
		skip_zeros(r);
		if (r->head == r->tail)
			return 0;
		found = frame_parse(r->buf + r->head, r->tail - r->head, f);
		if (found == 0)
			return 0;
		if (found == 1)
			break;
		r->head++;
		r->dropped++;
	}
	r->head += PROTO_HEADER_SIZE + (size_t)f->len;
	return 1;
}

void
field_reader_init(struct field_reader *r, const void *data, size_t n)
{
	r->p = data;
	r->end = r->p + n;
}

int
field_next(struct field_reader *r, struct field *f)
{
	size_t left = r->end - r->p;

	if (left == 0)
		return 0;
	if (left < FIELD_SIZE(0))
		return -1;
	f->key = r->p[0] | r->p[1] << 8;
	f->len = get32(r->p + 2);
	if (f->len > left - FIELD_SIZE(0))
		return -1;
	f->data = r->p + FIELD_SIZE(0);
	r->p = f->data + f->len;
	return 1;
}

int
field_u64(const struct field *f, uint64_t *value)
{
	if (f->len != 8)
		return -1;
	*value = get32(f->data) | (uint64_t)get32(f->data + 4) << 32;
	return 0;
}

void
field_writer_init(struct field_writer *w, uint8_t *buf, size_t size)
{
	memset(w, 0, sizeof(*w));
	w->buf = buf;
	w->size = size;
}

void
field_put(struct field_writer *w, enum proto_key key, const void *data,
    size_t n)
{
	uint8_t *p = w->buf + w->len;

	if (w->overflow || n > UINT32_MAX - FIELD_SIZE(0) ||
	    w->size - w->len < FIELD_SIZE(n)) {
		w->overflow = 1;
		return;
	}
	put16(p, key);
	put32(p + 2, (uint32_t)n);
	if (n > 0)
		memcpy(p + FIELD_SIZE(0), data, n);
	w->len += FIELD_SIZE(n);
}

void
field_put_u64(struct field_writer *w, enum proto_key key, uint64_t value)
{
	uint8_t b[8];

	put32(b, (uint32_t)value);
	put32(b + 4, (uint32_t)(value >> 32));
	field_put(w, key, b, sizeof(b));
}

void
field_put_text(struct field_writer *w, enum proto_key key, const char *text)
{
	field_put(w, key, text, strlen(text));
}

static int
message_grow(struct message_reader *r, size_t need)
{
	size_t size = r->size ? r->size : 2 * PROTO_FRAME_MAX;
	uint8_t *buf;

	if (need > PROTO_MESSAGE_MAX)
		return -1;
	while (size < need)
		size *= 2;
	if (size == r->size)
		return 0;
	buf = realloc(r->buf, size);
	if (buf == NULL)
		return -1;
	r->buf = buf;
	r->size = size;
	return 0;
}

static int
message_append(struct message_reader *r, const struct frame *f)
{
	if (message_grow(r, r->len + f->len) < 0)
		return -1;
	if (f->len > 0)
		memcpy(r->buf + r->len, f->payload, f->len);
	r->len += f->len;
	return 0;
}

int
message_add(struct message_reader *r, const struct frame *f, struct message *m)
{
	if (r->open && (f->type != r->type || f->id != r->id))
		r->open = 0;
	m->type = f->type;
	m->id = f->id;
	if (!r->open && !(f->flags & PROTO_F_MORE)) {
		m->data = f->payload;
		m->len = f->len;
		return 1;
	}
	if (!r->open) {
		r->open = 1;
		r->type = f->type;
		r->id = f->id;
		r->len = 0;
	}
	if (message_append(r, f) < 0) {
		r->open = 0;
		return -1;
	}
	if (f->flags & PROTO_F_MORE)
		return 0;
	r->open = 0;
	m->data = r->buf;
	m->len = r->len;
	return 1;
}

void
message_reader_release(struct message_reader *r)
{
	free(r->buf);
	memset(r, 0, sizeof(*r));
}

size_t
message_size(size_t n)
{
	size_t frames = n == 0 ? 1 :
	    (n + PROTO_PAYLOAD_MAX - 1) / PROTO_PAYLOAD_MAX;

	return n + frames * PROTO_HEADER_SIZE;
}

void
message_put(uint8_t *out, const struct message *m)
{
	struct frame f = {.type = m->type, .id = m->id};
	size_t done = 0;

	do {
		size_t left = m->len - done;

		f.flags = left > PROTO_PAYLOAD_MAX ? PROTO_F_MORE : 0;
		f.len = f.flags ? PROTO_PAYLOAD_MAX : (uint16_t)left;
		f.payload = out + PROTO_HEADER_SIZE;
		if (f.len > 0)
			memcpy(out + PROTO_HEADER_SIZE, m->data + done, f.len);
		frame_header_put(out, &f);
		out += PROTO_HEADER_SIZE + f.len;
		done += f.len;
	} while (done < m->len);
}
