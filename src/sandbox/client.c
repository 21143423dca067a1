#include "sandbox/client_impl.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/io.h"

#define EARLY_MAX 4096 /* of what comes in the place of a WELCOME */
#define PING_MS 30000
/* Reads before others of the loop get a turn. */
#define ROUNDS 16
/* Of what a runner says in words; a real one needs far less. */
#define TEXTS_MAX 256
#define HELD_MAX (32u << 10)
/* Messages and windows are less: beyond it, credit came for what was not sent
   yet, and would have us keep whatever is to be sent. */
#define UNSENT_MAX (2 * PROTO_MESSAGE_MAX)

void
client_give_up(struct client *c, const char *why)
{
	if (c->lost)
		return;
	c->lost = true;
	strbuf_adds(&c->why, why);
	/* Nobody reads it any more: an engine that still waits for us to take
	   output cannot remove the container. */
	(void)shutdown(c->stream->fd, SHUT_RDWR);
	loop_fd_remove(c->watch);
	loop_timer_remove(c->ping);
	loop_timer_remove(c->again);
	c->watch = NULL;
	c->ping = c->again = NULL;
	for (struct request *r = c->requests; r; r = r->next)
		r->done = true;
}

static void
watch_set(struct client *c)
{
	unsigned in = c->reading ? 0 : POLLIN;
	unsigned out = c->out_done < c->out.len ? POLLOUT : 0;

	if (c->watch)
		loop_fd_set(c->watch, in | out);
}

void
client_flush(struct client *c)
{
	while (!c->lost && c->out_done < c->out.len) {
		ssize_t n = stream_write(c->stream, c->out.buf + c->out_done,
		    c->out.len - c->out_done);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			/* What it said last may still be there to be read. */
			strbuf_reset(&c->out);
			c->out_done = 0;
			break;
		}
		c->out_done += n;
	}
	if (c->out_done == c->out.len || c->out_done > PROTO_WINDOW) {
		strbuf_consume(&c->out, c->out_done);
		c->out_done = 0;
	}
	watch_set(c);
}

/* What is held goes when it is enough, or when the loop turns. */
void
client_push(struct client *c)
{
	if (c->held && c->out.len - c->out_done < HELD_MAX)
		watch_set(c);
	else
		client_flush(c);
}

void
client_hold(struct client *c, bool hold)
{
	c->held = hold;
	client_push(c);
}

static void
queue_message(struct client *c, uint8_t type, uint32_t id, const void *fields,
    size_t n)
{
	struct message m = {.type = type, .id = id, .data = fields, .len = n};
	size_t size = message_size(n);

	strbuf_grow(&c->out, size);
	message_put((uint8_t *)c->out.buf + c->out.len, &m);
	c->out.len += size;
	c->out.buf[c->out.len] = '\0';
	if (c->pad)
		strbuf_addc(&c->out, '\0');
}

void
client_send(struct client *c, enum proto_type type, uint32_t id,
    const void *fields, size_t n)
{
	if (c->lost)
		return;
	queue_message(c, type, id, fields, n);
	client_push(c);
}

/* ---- what the runner says ---- */

static struct request *
find_request(struct client *c, uint32_t id)
{
	for (struct request *r = c->requests; r; r = r->next)
		if (r->id == id)
			return r->done ? NULL : r;
	return NULL;
}

char *
client_text(const struct field *f)
{
	return xstrndup((const char *)f->data,
	    f->len < CLIENT_TEXT_MAX ? f->len : CLIENT_TEXT_MAX);
}

static void
keep_text(struct strvec *sv, const struct field *f)
{
	if (sv->n < TEXTS_MAX)
		strvec_push_owned(sv, client_text(f));
}

static void
keep_pair(struct strvec *sv, const struct field *f)
{
	autofree char *text = client_text(f);

	if (sv->n < TEXTS_MAX && strchr(text, '='))
		strvec_push(sv, text);
}

static void
take_welcome(struct client *c, const struct message *m)
{
	struct field_reader reader;
	struct field f;
	struct welcome w = {.limits = STRVEC_INIT, .notes = STRVEC_INIT};
	bool same = false;

	field_reader_init(&reader, m->data, m->len);
	while (field_next(&reader, &f) > 0) {
		if (f.key == PROTO_K_NONCE)
			same = f.len == sizeof(c->nonce) &&
			       !memcmp(f.data, c->nonce, f.len);
		else if (f.key == PROTO_K_VERSION)
			field_u64(&f, &w.version);
		else if (f.key == PROTO_K_RUNNER)
			field_u64(&f, &w.runner);
		else if (f.key == PROTO_K_LIMIT)
			keep_pair(&w.limits, &f);
		else if (f.key == PROTO_K_NOTE)
			keep_text(&w.notes, &f);
	}
	if (!same) {
		strvec_release(&w.limits);
		strvec_release(&w.notes);
		return;
	}
	strvec_release(&c->welcome.limits);
	strvec_release(&c->welcome.notes);
	c->welcome = w;
	c->welcomed = true;
}

static void
take_event(struct request *r, const struct message *m)
{
	struct field_reader reader;
	struct field f;

	field_reader_init(&reader, m->data, m->len);
	while (field_next(&reader, &f) > 0) {
		autofree char *text = NULL;

		if (f.key != PROTO_K_TEXT || !r->ops->event ||
		    ++r->events > TEXTS_MAX)
			continue;
		text = client_text(&f);
		r->ops->event(r->arg, text);
	}
}

static void
take_credit(struct request *r, const struct message *m)
{
	struct client *c = r->client;
	struct field_reader reader;
	struct field f;
	uint64_t n;

	field_reader_init(&reader, m->data, m->len);
	while (field_next(&reader, &f) > 0)
		if (f.key == PROTO_K_COUNT && !field_u64(&f, &n))
			r->in_window -= n < r->in_window ? n : r->in_window;
	if (c->out.len - c->out_done > UNSENT_MAX)
		client_give_up(c, "its runner took what was never sent");
	if (r->ops->credit)
		r->ops->credit(r->arg);
}

/* A FAIL of the HELLO itself. */
static void
take_refusal(struct client *c, const struct message *m)
{
	struct field_reader reader;
	struct field f;

	field_reader_init(&reader, m->data, m->len);
	while (field_next(&reader, &f) > 0)
		if (f.key == PROTO_K_TEXT && !c->refused.len)
			strbuf_add(&c->refused, f.data, f.len);
}

static void
take_message(struct client *c, const struct message *m)
{
	struct request *r;
	struct field_reader reader;

	/* What it said once holds: others look at it. */
	if (m->type == PROTO_WELCOME && !c->welcomed)
		take_welcome(c, m);
	if (m->type == PROTO_FAIL && m->id == 0 && !c->welcomed)
		take_refusal(c, m);
	r = c->welcomed ? find_request(c, m->id) : NULL;
	if (!r)
		return;
	switch (m->type) {
	case PROTO_STARTED:
		if (r->ops->started && !r->started)
			r->ops->started(r->arg);
		r->started = true;
		break;
	case PROTO_EVENT:
		take_event(r, m);
		break;
	case PROTO_CREDIT:
		take_credit(r, m);
		break;
	case PROTO_ENTRY:
		field_reader_init(&reader, m->data, m->len);
		r->progress++;
		if (r->ops->entry)
			r->ops->entry(r->arg, &reader);
		break;
	case PROTO_VERDICT:
	case PROTO_FAIL:
		strbuf_add(&r->fields, m->data, m->len);
		r->final = m->type;
		r->done = true;
		break;
	}
}

static void
take_raw(struct client *c, const struct frame *f)
{
	struct request *r = c->welcomed ? find_request(c, f->id) : NULL;

	if (!r)
		return;
	if (f->type == PROTO_OUT && r->ops->out)
		r->ops->out(r->arg, f->flags & PROTO_F_STDERR ? 2 : 1,
		    f->payload, f->len, f->flags & PROTO_F_TAIL);
	if (f->type == PROTO_DATA && f->len)
		r->progress++;
	if (f->type == PROTO_DATA && r->ops->data)
		r->ops->data(r->arg, f->payload, f->len,
		    f->flags & PROTO_F_END);
}

static void
take_frames(struct client *c)
{
	struct frame f;
	struct message m;

	while (!c->lost && frame_reader_next(&c->reader, &f)) {
		c->heard_ms = clock_ms();
		if (f.type == PROTO_OUT || f.type == PROTO_DATA)
			take_raw(c, &f);
		else if (message_add(&c->messages, &f, &m) > 0)
			take_message(c, &m);
	}
}

/* Keeps the text that a runner which cannot start leaves in its place. */
static void
note_early(struct client *c, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n && c->early.len < EARLY_MAX; i++)
		if (p[i] >= ' ' || p[i] == '\n' || p[i] == '\t')
			strbuf_addc(&c->early, (char)p[i]);
}

static bool
read_once(struct client *c)
{
	size_t room;
	uint8_t *p = frame_reader_space(&c->reader, &room);
	ssize_t n = stream_read(c->stream, p, room);

	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0) {
		client_give_up(c, n ? "its connection broke"
				    : "its connection ended");
		return false;
	}
	if (!c->welcomed)
		note_early(c, p, n);
	frame_reader_add(&c->reader, n);
	take_frames(c);
	return true;
}

static void
on_ready(void *arg, int fd, unsigned events)
{
	struct client *c = arg;

	if (events & POLLOUT)
		client_flush(c);
	if (!(events & ~POLLOUT))
		return;
	/* A callback that waits on the loop must not read into the buffer that
	   its own bytes are in, nor be told of more all the time. */
	if (c->reading) {
		watch_set(c);
		return;
	}
	c->reading = true;
	for (int i = 0; i < ROUNDS && !c->lost && read_once(c) &&
	     stream_pending(c->stream); i++)
		;
	c->reading = false;
	watch_set(c);
	if (!c->lost && stream_pending(c->stream))
		loop_timer_set(c->again, clock_ms());
}

static void
on_again(void *arg)
{
	on_ready(arg, -1, POLLIN);
}

void
client_ping(struct client *c)
{
	if (c->out.len == c->out_done) /* else it would only queue up */
		client_send(c, PROTO_PING, 0, NULL, 0);
}

static void
on_ping(void *arg)
{
	struct client *c = arg;

	client_ping(c);
	if (c->ping)
		loop_timer_set(c->ping, clock_ms() + c->ping_ms);
}

void
client_ping_every(struct client *c, int64_t ms)
{
	/* One that was lost meanwhile has no timers any more. */
	if (!c->ping || ms >= c->ping_ms)
		return;
	c->ping_ms = ms;
	loop_timer_set(c->ping, clock_ms() + ms);
}

/* ---- life ---- */

struct client *
client_new(struct loop *loop, struct stream *stream)
{
	struct client *c = xcalloc(1, sizeof(*c));

	c->loop = loop;
	c->stream = stream;
	strbuf_init(&c->out);
	strbuf_init(&c->early);
	strbuf_init(&c->why);
	strbuf_init(&c->refused);
	strvec_init(&c->welcome.limits);
	strvec_init(&c->welcome.notes);
	frame_reader_init(&c->reader, c->input, sizeof(c->input));
	c->watch = loop_fd_add(loop, stream->fd, POLLIN, on_ready, c);
	c->ping_ms = PING_MS;
	c->ping = loop_timer_add(loop, clock_ms() + PING_MS, on_ping, c);
	c->again = loop_timer_add(loop, INT64_MAX, on_again, c);
	return c;
}

void
client_free(struct client *c)
{
	if (!c)
		return;
	client_give_up(c, "closed");
	stream_close(c->stream);
	for (struct request *r = c->requests; r; r = r->next)
		r->client = NULL;
	message_reader_release(&c->messages);
	strbuf_release(&c->out);
	strbuf_release(&c->early);
	strbuf_release(&c->why);
	strbuf_release(&c->refused);
	strvec_release(&c->welcome.limits);
	strvec_release(&c->welcome.notes);
	free(c);
}

int
client_fd(const struct client *c)
{
	return c->stream->fd;
}

bool
client_lost(const struct client *c)
{
	return c->lost;
}

const char *
client_lost_why(const struct client *c)
{
	return c->why.buf;
}

void
client_pad(struct client *c)
{
	c->pad = true;
}

int64_t
client_heard_ms(const struct client *c)
{
	return c->heard_ms;
}

const struct welcome *
client_welcome(const struct client *c)
{
	return &c->welcome;
}
