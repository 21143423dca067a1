/*
 * Turns the bytes of a fuzzer into a stream of frames.  A fuzzer never finds a
 * CRC, so these bytes say what the frames are and are not frames themselves:
 *
 *	0xfe LEN BYTES		LEN bytes as they are
 *	0xff			PROTO_SYNC_BYTES zeros
 *	TYPE FLAGS ID LEN LEN BYTES	a valid frame; LEN is little-endian
 */
#ifndef ADDESH_TESTS_RECORDS_H
#define ADDESH_TESTS_RECORDS_H

#include <string.h>

#include "runner/frame.h"

struct records {
	const uint8_t *p, *end;
};

/* The next piece in buf (PROTO_SYNC_BYTES): its size, 0 at the end. */
static inline size_t
records_next(struct records *r, uint8_t *buf)
{
	struct frame f;
	size_t left = r->end - r->p, n;

	if (left < 2)
		return 0;
	if (r->p[0] == 0xff) {
		r->p++;
		memset(buf, 0, PROTO_SYNC_BYTES);
		return PROTO_SYNC_BYTES;
	}
	if (r->p[0] == 0xfe) {
		n = r->p[1] < left - 2 ? r->p[1] : left - 2;
		memcpy(buf, r->p + 2, n);
		r->p += 2 + n;
		return n > 0 ? n : 1;
	}
	if (left < 5)
		return 0;
	n = r->p[3] | r->p[4] << 8;
	if (n > left - 5)
		n = left - 5;
	if (n > PROTO_PAYLOAD_MAX)
		n = PROTO_PAYLOAD_MAX;
	memcpy(buf + PROTO_HEADER_SIZE, r->p + 5, n);
	f = (struct frame){.type = r->p[0], .flags = r->p[1], .id = r->p[2],
	    .len = (uint16_t)n, .payload = buf + PROTO_HEADER_SIZE};
	frame_header_put(buf, &f);
	r->p += 5 + n;
	return PROTO_HEADER_SIZE + n;
}

#endif
