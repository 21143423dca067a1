/* Bytes into frames, messages and fields, and frames back into bytes. */
#include <stdlib.h>

#include "fuzz.h"
#include "records.h"

static struct message_reader messages;

static void
take_fields(const void *data, size_t n)
{
	struct field_reader r;
	struct field f;
	uint64_t v;

	field_reader_init(&r, data, n);
	while (field_next(&r, &f) > 0) {
		require(f.data >= (const uint8_t *)data &&
		    f.data + f.len <= (const uint8_t *)data + n);
		require((field_u64(&f, &v) == 0) == (f.len == 8));
	}
}

/* A frame that was read must be written as the same bytes again. */
static void
take_frame(const struct frame *f)
{
	uint8_t header[PROTO_HEADER_SIZE];
	struct message m;

	require(f->len <= PROTO_PAYLOAD_MAX);
	frame_header_put(header, f);
	require(memcmp(header, f->payload - PROTO_HEADER_SIZE,
	    sizeof(header)) == 0);
	if (message_add(&messages, f, &m) <= 0)
		return;
	require(m.len <= PROTO_MESSAGE_MAX);
	take_fields(m.data, m.len);
}

static void
feed(struct frame_reader *r, const uint8_t *p, size_t n)
{
	struct frame f;
	size_t room;
	uint8_t *to;

	while (n > 0) {
		to = frame_reader_space(r, &room);
		require(room > 0);
		if (room > n)
			room = n;
		memcpy(to, p, room);
		frame_reader_add(r, room);
		p += room;
		n -= room;
		while (frame_reader_next(r, &f))
			take_frame(&f);
	}
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static uint8_t buf[2 * PROTO_FRAME_MAX], piece[PROTO_SYNC_BYTES];
	struct records records = {data, data + size};
	struct frame_reader r;
	size_t n;

	frame_reader_init(&r, buf, sizeof(buf));
	while ((n = records_next(&records, piece)) > 0)
		feed(&r, piece, n);
	/* and the bytes themselves */
	feed(&r, data, size);
	message_reader_release(&messages);
	return 0;
}
