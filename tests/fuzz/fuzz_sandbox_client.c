/* What a runner says, into the client: hostile as soon as code is root. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "sandbox/client.h"
#include "fuzz.h"
#include "records.h"

/* A stream that is always ready: the WELCOME, then the fuzzer's frames. */
struct script {
	struct stream stream;
	struct records records;
	struct strbuf written;
	bool welcomed;
	uint8_t piece[PROTO_SYNC_BYTES];
	size_t at, n;
};

static void
make_welcome(struct script *s)
{
	static uint8_t buf[2 * PROTO_FRAME_MAX];
	struct frame_reader r;
	struct field_reader fields;
	struct field_writer w;
	struct message m = {.type = PROTO_WELCOME};
	struct frame hello;
	struct field f;
	size_t room;

	frame_reader_init(&r, buf, sizeof(buf));
	memcpy(frame_reader_space(&r, &room), s->written.buf, s->written.len);
	frame_reader_add(&r, s->written.len);
	if (!frame_reader_next(&r, &hello))
		return;
	field_reader_init(&fields, hello.payload, hello.len);
	field_writer_init(&w, s->piece + 1024, 1024);
	while (field_next(&fields, &f) > 0)
		if (f.key == PROTO_K_NONCE || f.key == PROTO_K_VERSION)
			field_put(&w, f.key, f.data, f.len);
	m.data = w.buf;
	m.len = w.len;
	message_put(s->piece, &m);
	s->n = message_size(m.len);
	s->welcomed = true;
}

static ssize_t
script_read(struct stream *stream, void *p, size_t n)
{
	struct script *s = (struct script *)stream;

	if (s->at == s->n) {
		s->at = s->n = 0;
		if (s->welcomed)
			s->n = records_next(&s->records, s->piece);
		else
			make_welcome(s);
	}
	if (n > s->n - s->at)
		n = s->n - s->at;
	memcpy(p, s->piece + s->at, n);
	s->at += n;
	return (ssize_t)n;
}

static ssize_t
script_write(struct stream *stream, const void *p, size_t n)
{
	struct script *s = (struct script *)stream;

	if (!s->welcomed && s->written.len + n < 2 * PROTO_FRAME_MAX)
		strbuf_add(&s->written, p, n);
	return (ssize_t)n;
}

static void
script_close(struct stream *stream)
{
	struct script *s = (struct script *)stream;

	close(stream->fd);
	strbuf_release(&s->written);
	strbuf_release(&stream->complaint);
	free(s);
}

static void
on_out(void *arg, int fd, const void *p, size_t n, bool tail)
{
	*(unsigned *)arg += frame_crc(0, p, n) + (unsigned)fd + tail;
}

static void
on_event(void *arg, const char *text)
{
	*(unsigned *)arg += (unsigned)strlen(text);
}

static void
on_entry(void *arg, struct field_reader *fields)
{
	struct field f;

	while (field_next(fields, &f) > 0)
		*(unsigned *)arg += frame_crc(0, f.data, f.len);
}

static void
on_data(void *arg, const void *p, size_t n, bool end)
{
	*(unsigned *)arg += frame_crc(0, p, n) + end;
}

static void
finish(struct request *r)
{
	struct field_reader fields;
	struct field f;
	autoerr struct err err = ERR_INIT;

	if (request_verdict(r, &fields))
		while (field_next(&fields, &f) > 0)
			;
	else
		request_error(r, &err);
	request_free(r);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const struct stream_ops ops = {.read = script_read,
	    .write = script_write, .close = script_close};
	static const struct request_ops hears = {.out = on_out,
	    .event = on_event, .entry = on_entry, .data = on_data};
	struct script *s = xcalloc(1, sizeof(*s));
	struct client_config cfg = CLIENT_CONFIG_INIT;
	struct loop *loop = loop_new();
	struct request *run, *get;
	struct client *c;
	autoerr struct err err = ERR_INIT;
	unsigned sum = 0;

	cfg.workspace = "/workspace";
	s->stream.ops = &ops;
	s->stream.fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	strbuf_init(&s->stream.complaint);
	strbuf_init(&s->written);
	s->records = (struct records){data, data + size};
	c = client_new(loop, &s->stream);
	if (client_hello(c, &cfg, clock_ms() + 10000, NULL, &err) != 0)
		abort();
	run = client_request(c, PROTO_RUN, NULL, 0, &hears, &sum);
	get = client_request(c, PROTO_GET, NULL, 0, &hears, &sum);
	while (!client_lost(c))
		loop_step(loop, 1000);
	finish(run);
	finish(get);
	client_free(c);
	client_config_release(&cfg);
	loop_free(loop);
	return 0;
}
