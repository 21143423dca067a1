/*
 * The codec of the protocol in protocol.h: frames, fields and messages, for
 * both sides.  It needs libc only and does no input or output.  Everything it
 * reads is hostile input.
 */
#ifndef ADDESH_RUNNER_FRAME_H
#define ADDESH_RUNNER_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "protocol.h"

/*
 * CRC-32C (Castagnoli polynomial 0x1EDC6F41, reflected; RFC 3720 section
 * 12.1) of n bytes, going on from crc (0 at the start).  Uses the CPU's own
 * instruction where there is one.
 */
uint32_t frame_crc(uint32_t crc, const void *data, size_t n);
/* The same without that instruction, for the test that compares the two. */
uint32_t frame_crc_portable(uint32_t crc, const void *data, size_t n);

/* A frame as it was read; payload points into the reader's buffer. */
struct frame {
	uint8_t type;
	uint8_t flags;
	uint16_t len;
	uint32_t id;
	const uint8_t *payload;
};

/*
 * Writes the PROTO_HEADER_SIZE bytes that stand before f->payload, which has
 * f->len bytes (at most PROTO_PAYLOAD_MAX) and need not be copied.
 */
void frame_header_put(uint8_t *header, const struct frame *f);

/*
 * An incremental reader over a buffer of the caller's, of at least
 * 2 * PROTO_FRAME_MAX bytes.
 */
struct frame_reader {
	uint8_t *buf;
	size_t size;
	size_t head, tail;  /* what was added and not yet taken */
	uint64_t dropped;   /* bytes that belonged to no valid frame, but
			       for zeros between frames */
};

void frame_reader_init(struct frame_reader *r, uint8_t *buf, size_t size);
/*
 * Where to put the next bytes, and how many fit (never 0 once
 * frame_reader_next returned 0).  Frames taken before become invalid.
 */
uint8_t *frame_reader_space(struct frame_reader *r, size_t *n);
/* n bytes were put there. */
void frame_reader_add(struct frame_reader *r, size_t n);
/* Takes the next valid frame.  Returns 1, or 0: more bytes are needed. */
int frame_reader_next(struct frame_reader *r, struct frame *f);

/* One field of a message; data points into the message. */
struct field {
	uint16_t key;
	uint32_t len;
	const uint8_t *data;
};

struct field_reader {
	const uint8_t *p, *end;
};

void field_reader_init(struct field_reader *r, const void *data, size_t n);
/* Returns 1, 0 at the end, or -1 if the message is malformed. */
int field_next(struct field_reader *r, struct field *f);
/* The value of a numeric field: 0, or -1 if its length is not 8. */
int field_u64(const struct field *f, uint64_t *value);

/* Writes fields into a buffer of the caller's. */
struct field_writer {
	uint8_t *buf;
	size_t size, len;
	int overflow; /* set, and nothing more written, once one did not fit */
};

void field_writer_init(struct field_writer *w, uint8_t *buf, size_t size);
void field_put(struct field_writer *w, enum proto_key key, const void *data,
    size_t n);
void field_put_u64(struct field_writer *w, enum proto_key key, uint64_t value);
void field_put_text(struct field_writer *w, enum proto_key key,
    const char *text);
/* How many bytes a field of n bytes takes. */
#define FIELD_SIZE(n) (6 + (size_t)(n))

/* A whole message; data belongs to the reader, or is the frame's payload. */
struct message {
	uint8_t type;
	uint32_t id;
	const uint8_t *data;
	size_t len;
};

/*
 * Joins frames to messages.  All zero bytes is an empty reader; release frees
 * what a message of several frames needed.
 */
struct message_reader {
	uint8_t *buf;
	size_t len, size;
	uint8_t type;
	uint32_t id;
	int open;
};

/*
 * Adds a frame that is not of a raw type.  Returns 1 when *m is complete (valid
 * until the next call), 0 when more frames are needed, -1 when the message is
 * too long or memory is short and was dropped.
 */
int message_add(struct message_reader *r, const struct frame *f,
    struct message *m);
void message_reader_release(struct message_reader *r);

/* How many bytes message_put writes for a message of n bytes. */
size_t message_size(size_t n);
/* Writes m as frames to out, which has message_size(m->len) bytes. */
void message_put(uint8_t *out, const struct message *m);

#endif
