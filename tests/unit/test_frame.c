/* The codec of the runner's protocol. */
#include "runner/frame.h"

#include <stdbool.h>

#include "tap.h"

#define BUF_SIZE (2 * PROTO_FRAME_MAX)

static uint8_t buf[BUF_SIZE], stream[4 * PROTO_FRAME_MAX];

/* Writes a frame to out; returns its size. */
static size_t
encode(uint8_t *out, uint8_t type, uint8_t flags, uint32_t id,
    const void *payload, size_t len)
{
	struct frame f = {.type = type, .flags = flags, .id = id,
	    .len = (uint16_t)len, .payload = payload};

	frame_header_put(out, &f);
	if (len > 0)
		memcpy(out + PROTO_HEADER_SIZE, payload, len);
	return PROTO_HEADER_SIZE + len;
}

/* Feeds n bytes in pieces of at most step. */
static size_t
feed(struct frame_reader *r, const uint8_t *data, size_t n, size_t step)
{
	size_t room, done = 0;
	uint8_t *p;

	p = frame_reader_space(r, &room);
	done = n < step ? n : step;
	if (done > room)
		done = room;
	memcpy(p, data, done);
	frame_reader_add(r, done);
	return done;
}

/* How many frames a stream holds when read in pieces of step. */
static int
count_frames(const uint8_t *data, size_t n, size_t step, uint64_t *dropped)
{
	struct frame_reader r;
	struct frame f;
	int count = 0;

	frame_reader_init(&r, buf, sizeof(buf));
	while (n > 0) {
		size_t done = feed(&r, data, n, step);

		data += done;
		n -= done;
		while (frame_reader_next(&r, &f))
			count++;
	}
	*dropped = r.dropped;
	return count;
}

static void
test_crc(void)
{
	uint8_t data[4096];
	uint32_t state = 1;
	bool same = true;

	/* RFC 3720, B.4 */
	memset(data, 0, 32);
	is_int(frame_crc(0, data, 32), 0x8a9136aa, "32 zeros");
	memset(data, 0xff, 32);
	is_int(frame_crc(0, data, 32), 0x62a8ab43, "32 ones");
	for (int i = 0; i < 32; i++)
		data[i] = (uint8_t)i;
	is_int(frame_crc(0, data, 32), 0x46dd794e, "0 to 31");
	is_int(frame_crc_portable(0, data, 32), 0x46dd794e, "portable");
	is_int(frame_crc(frame_crc(0, data, 7), data + 7, 25), 0x46dd794e,
	    "in two steps");
	for (size_t i = 0; i < sizeof(data); i++) {
		state = state * 1103515245 + 12345;
		data[i] = (uint8_t)(state >> 16);
	}
	for (size_t n = 0; n < 300; n++)
		for (size_t at = 0; at < 9; at++)
			same = same && frame_crc(5, data + at, n) ==
			    frame_crc_portable(5, data + at, n);
	ok(same, "the CPU's instruction and the tables agree");
}

static void
test_round_trip(void)
{
	struct frame_reader r;
	struct frame f;
	size_t n = encode(stream, PROTO_OUT, PROTO_F_STDERR, 0x12345678,
	    "payload", 7);

	is_int(n, 23, "size of a frame");
	ok(memcmp(stream, "AdR1\x43\x04\x07\x00\x78\x56\x34\x12", 12) == 0,
	    "header as documented");
	frame_reader_init(&r, buf, sizeof(buf));
	feed(&r, stream, n, n);
	is_int(frame_reader_next(&r, &f), 1, "read");
	is_int(f.type, PROTO_OUT, "type");
	is_int(f.flags, PROTO_F_STDERR, "flags");
	is_int(f.id, 0x12345678, "id");
	ok(f.len == 7 && memcmp(f.payload, "payload", 7) == 0, "payload");
	is_int(frame_reader_next(&r, &f), 0, "no more");
}

static size_t
sample(void)
{
	static uint8_t big[PROTO_PAYLOAD_MAX];
	size_t n = 0;

	memset(big, 0xa5, sizeof(big));
	memset(stream, 0, 64);
	n += 64;
	n += encode(stream + n, PROTO_PING, 0, 0, NULL, 0);
	n += encode(stream + n, PROTO_OUT, 0, 1, "AdR1", 4);
	n += 3;
	n += encode(stream + n, PROTO_DATA, PROTO_F_END, 2, big, sizeof(big));
	n += encode(stream + n, PROTO_PONG, 0, 0, NULL, 0);
	return n;
}

static void
test_cuts(void)
{
	uint64_t dropped;
	size_t n = sample(), bad = 0;
	struct frame_reader r;
	struct frame f;

	/* cut in two at each of the first bytes, and around the big frame */
	for (size_t cut = 0; cut <= n; cut++) {
		int count = 0;

		if (cut > 400 && cut + 400 < n && cut % 97 != 0)
			continue;
		frame_reader_init(&r, buf, sizeof(buf));
		feed(&r, stream, cut, cut);
		while (frame_reader_next(&r, &f))
			count++;
		for (size_t done = cut; done < n;)
			done += feed(&r, stream + done, n - done, n);
		while (frame_reader_next(&r, &f))
			count++;
		if (count != 4 || r.dropped != 0)
			bad++;
	}
	is_int(bad, 0, "any cut in two");
	for (size_t step = 1; step < 40; step++)
		if (count_frames(stream, n, step, &dropped) != 4 || dropped)
			bad++;
	is_int(bad, 0, "any size of pieces");
}

/*
 * A damaged length may make the reader wait for what never was; the zeros of
 * the next client end that.
 */
static void
test_resync(void)
{
	static uint8_t data[256 + PROTO_SYNC_BYTES];
	uint64_t dropped;
	size_t one, n;

	one = encode(data, PROTO_OUT, 0, 1, "hello", 5);
	n = one + encode(data + one, PROTO_OUT, 0, 2, "world", 5);
	n += PROTO_SYNC_BYTES;
	for (size_t i = 0; i < one; i++) {
		data[i] ^= 0x20;
		ok(count_frames(data, n, n, &dropped) == 1 && dropped > 0,
		    "byte %zu changed: that frame is lost, the next is not", i);
		data[i] ^= 0x20;
	}
	memmove(data + 7, data, n);
	memcpy(data, "AdAdR1x", 7);
	is_int(count_frames(data, n + 7, 1000, &dropped), 2, "garbage before");
	is_int(dropped, 7, "dropped bytes are counted");
}

static void
test_half_frame_and_zeros(void)
{
	uint64_t dropped;
	uint8_t big[PROTO_PAYLOAD_MAX];
	size_t n;

	memset(big, 'x', sizeof(big));
	for (size_t half = 1; half < PROTO_FRAME_MAX; half += 4093) {
		encode(stream, PROTO_DATA, 0, 1, big, sizeof(big));
		memset(stream + half, 0, PROTO_SYNC_BYTES);
		n = half + PROTO_SYNC_BYTES;
		n += encode(stream + n, PROTO_HELLO, 0, 0, "n", 1);
		is_int(count_frames(stream, n, 4096, &dropped), 1,
		    "HELLO after %zu bytes of a frame", half);
	}
}

static void
test_length_limit(void)
{
	uint64_t dropped;
	uint8_t data[64] = "AdR1";
	size_t n;

	data[6] = (PROTO_PAYLOAD_MAX + 1) & 0xff;
	data[7] = (PROTO_PAYLOAD_MAX + 1) >> 8;
	n = 16 + encode(data + 16, PROTO_PING, 0, 0, NULL, 0);
	is_int(count_frames(data, n, n, &dropped), 1,
	    "a length beyond the limit is not waited for");
}

static void
test_fields(void)
{
	uint8_t data[64];
	struct field_writer w;
	struct field_reader r;
	struct field f;
	uint64_t v = 0;

	field_writer_init(&w, data, sizeof(data));
	field_put_text(&w, PROTO_K_PATH, "/a");
	field_put_u64(&w, PROTO_K_MODE, 0x123456789abcdef0);
	field_put(&w, PROTO_K_TEXT, NULL, 0);
	is_int(w.len, FIELD_SIZE(2) + FIELD_SIZE(8) + FIELD_SIZE(0), "size");
	field_reader_init(&r, data, w.len);
	is_int(field_next(&r, &f), 1, "first");
	ok(f.key == PROTO_K_PATH && f.len == 2 && !memcmp(f.data, "/a", 2),
	    "text");
	is_int(field_u64(&f, &v), -1, "a text is no number");
	is_int(field_next(&r, &f), 1, "second");
	ok(field_u64(&f, &v) == 0 && v == 0x123456789abcdef0, "number");
	is_int(field_next(&r, &f), 1, "third");
	is_int(f.len, 0, "empty");
	is_int(field_next(&r, &f), 0, "end");
	for (size_t cut = 1; cut < w.len; cut++) {
		int more;

		field_reader_init(&r, data, cut);
		while ((more = field_next(&r, &f)) > 0)
			continue;
		ok(more == (cut == 8 || cut == 22 ? 0 : -1), "cut at %zu", cut);
	}
	memset(data + 2, 0xff, 4);
	field_reader_init(&r, data, w.len);
	is_int(field_next(&r, &f), -1, "length beyond the message");
	field_put(&w, PROTO_K_TEXT, data, 40);
	ok(w.overflow && w.len == 28, "overflow is told, nothing is written");
}

static void
test_messages(void)
{
	static uint8_t data[200000], out[300000];
	struct message_reader mr = {.buf = NULL};
	struct message m = {.type = PROTO_RUN, .id = 9, .data = data}, got;
	const size_t sizes[] = {0, 1, PROTO_PAYLOAD_MAX, PROTO_PAYLOAD_MAX + 1,
	    2 * PROTO_PAYLOAD_MAX, sizeof(data)};
	struct frame_reader r;
	struct frame f;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 251);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		size_t n = message_size(sizes[i]), done = 0;
		int whole = 0;

		m.len = sizes[i];
		message_put(out, &m);
		frame_reader_init(&r, buf, sizeof(buf));
		while (done < n) {
			done += feed(&r, out + done, n - done, 50000);
			while (frame_reader_next(&r, &f))
				whole += message_add(&mr, &f, &got);
		}
		ok(whole == 1 && got.len == m.len && got.type == PROTO_RUN &&
		    got.id == 9 && (m.len == 0 ||
		    memcmp(got.data, data, m.len) == 0),
		    "message of %zu bytes", sizes[i]);
	}
	message_reader_release(&mr);
}

static void
test_broken_messages(void)
{
	static uint8_t part[PROTO_PAYLOAD_MAX];
	struct message_reader mr = {.buf = NULL};
	struct message got;
	struct frame f = {.type = PROTO_RUN, .flags = PROTO_F_MORE, .id = 1,
	    .len = 3, .payload = (const uint8_t *)"abc"};
	int added = 0;

	is_int(message_add(&mr, &f, &got), 0, "first of two");
	f.id = 2;
	f.flags = 0;
	ok(message_add(&mr, &f, &got) == 1 && got.id == 2 && got.len == 3,
	    "another message breaks it off");
	f.flags = PROTO_F_MORE;
	f.len = PROTO_PAYLOAD_MAX;
	f.payload = part;
	for (int i = 0; i < 200 && added == 0; i++)
		added = message_add(&mr, &f, &got);
	is_int(added, -1, "a message without end is dropped");
	f.flags = 0;
	f.len = 1;
	ok(message_add(&mr, &f, &got) == 1 && got.len == 1, "and the next is "
	    "read");
	message_reader_release(&mr);
}

int
main(void)
{
	test_crc();
	test_round_trip();
	test_cuts();
	test_resync();
	test_half_frame_and_zeros();
	test_length_limit();
	test_fields();
	test_messages();
	test_broken_messages();
	return done();
}
