#include "sandbox/client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/io.h"

#define READ_SIZE (4 * PROTO_FRAME_MAX)
#define EARLY_MAX 4096 /* of what comes in the place of a WELCOME */
#define PING_MS 30000
#define PINGS 3 /* within the silence that is allowed */
/* Reads before others of the loop get a turn. */
#define ROUNDS 16
/* Of what a runner says in words; a real one needs far less. */
#define TEXT_MAX 4096
#define TEXTS_MAX 256
/* Messages and windows are less: beyond it, credit came for what was not sent
   yet, and would have us keep whatever is to be sent. */
#define UNSENT_MAX (2 * PROTO_MESSAGE_MAX)

struct request {
	struct client *client;
	struct request *next;
	uint32_t id;
	const struct request_ops *ops;
	void *arg;
	size_t in_window; /* bytes of frames not given back yet */
	uint64_t progress;
	unsigned events;
	bool started, cancelled, done;
	uint8_t final; /* PROTO_VERDICT, PROTO_FAIL or 0: lost */
	struct strbuf fields;
};

struct client {
	struct loop *loop;
	struct stream *stream;
	struct loop_fd *watch;
	struct loop_timer *ping, *again;
	struct strbuf out;	/* to be written; out_done of it is */
	size_t out_done;
	struct frame_reader reader;
	struct message_reader messages;
	struct request *requests;
	uint32_t last_id;
	bool welcomed, lost, reading, pad;
	uint8_t nonce[PROTO_NONCE_SIZE];
	struct strbuf early;
	struct strbuf why;
	struct strbuf refused; /* what of the HELLO the runner cannot do */
	struct welcome welcome;
	int64_t heard_ms, ping_ms;
	uint8_t input[READ_SIZE];
};

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
	if (c->watch)
		loop_fd_set(c->watch,
		    POLLIN | (c->out_done < c->out.len ? POLLOUT : 0));
}

static void
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
	client_flush(c);
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

static char *
text_of(const struct field *f)
{
	return xstrndup((const char *)f->data,
	    f->len < TEXT_MAX ? f->len : TEXT_MAX);
}

static void
keep_text(struct strvec *sv, const struct field *f)
{
	if (sv->n < TEXTS_MAX)
		strvec_push_owned(sv, text_of(f));
}

static void
keep_pair(struct strvec *sv, const struct field *f)
{
	autofree char *text = text_of(f);

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
		text = text_of(&f);
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
		client_give_up(c, n ? "the connection to its runner broke"
				    : "its runner ended");
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
	/* A callback that waits on the loop must not read into the buffer that
	   its own bytes are in. */
	if (c->reading || !(events & ~POLLOUT))
		return;
	c->reading = true;
	for (int i = 0; i < ROUNDS && !c->lost && read_once(c) &&
	     stream_pending(c->stream); i++)
		;
	c->reading = false;
	if (!c->lost && stream_pending(c->stream))
		loop_timer_set(c->again, clock_ms());
}

static void
on_again(void *arg)
{
	on_ready(arg, -1, POLLIN);
}

static void
on_ping(void *arg)
{
	struct client *c = arg;

	if (c->out.len == c->out_done) /* else it would only queue up */
		client_send(c, PROTO_PING, 0, NULL, 0);
	if (c->ping)
		loop_timer_set(c->ping, clock_ms() + c->ping_ms);
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

/* ---- opening ---- */

static void
send_hello(struct client *c, const struct client_config *cfg)
{
	size_t size = client_config_size(cfg) + FIELD_SIZE(sizeof(c->nonce)) +
		      FIELD_SIZE(8);
	autofree uint8_t *buf = xmalloc(size);
	struct field_writer w;

	io_random(c->nonce, sizeof(c->nonce));
	field_writer_init(&w, buf, size);
	field_put(&w, PROTO_K_NONCE, c->nonce, sizeof(c->nonce));
	field_put_u64(&w, PROTO_K_VERSION, PROTO_VERSION);
	client_config_put(&w, cfg);
	strbuf_add(&c->out, cfg->preface, cfg->preface_len);
	if (!cfg->fresh) {
		strbuf_grow(&c->out, PROTO_SYNC_BYTES);
		memset(c->out.buf + c->out.len, 0, PROTO_SYNC_BYTES);
		c->out.len += PROTO_SYNC_BYTES;
	}
	client_send(c, PROTO_HELLO, 0, buf, w.len);
}

static int
hello_failed(struct client *c, bool late, struct err *err)
{
	const struct strbuf *said =
	    c->stream->complaint.len ? &c->stream->complaint : &c->early;
	size_t n = said->len;

	while (n && said->buf[n - 1] == '\n')
		n--;
	/* A frame's bytes are no text: then the runner did start. */
	if (n && !memmem(said->buf, n, PROTO_MAGIC, 4))
		return err_set(err, ERR_SANDBOX,
		    "the runner could not start: %.*s", (int)n, said->buf);
	if (late)
		return err_set(err, ERR_SANDBOX,
		    "the runner did not answer in time");
	return err_set(err, ERR_SANDBOX, "the runner could not start: %s",
	    c->why.buf);
}

/* The texts are those of runner/config.c. */
static int
hello_refused(struct client *c, const struct client_config *cfg,
    struct err *err)
{
	if (!strcmp(c->refused.buf, "the service"))
		return err_set(err, ERR_IMAGE,
		    "the image's command could not be started");
	if (strcmp(c->refused.buf, "user"))
		return err_set(err, ERR_SANDBOX, "the runner refused its %s",
		    c->refused.buf);
	err_set(err, ERR_USAGE, "there is no user '%s' in the environment",
	    cfg->user);
	return err_hint(err, "sandbox, image, root, a name of its /etc/passwd, "
			     "or UID:GID");
}

int
client_hello(struct client *c, const struct client_config *cfg,
    int64_t deadline, const unsigned *interrupts, struct err *err)
{
	unsigned before = interrupts ? *interrupts : 0;

	c->welcomed = false;
	if (cfg->silence_ms) {
		c->ping_ms = (int64_t)cfg->silence_ms / PINGS;
		loop_timer_set(c->ping, clock_ms() + c->ping_ms);
	}
	send_hello(c, cfg);
	strbuf_reset(&c->refused);
	while (!c->welcomed && !c->lost && !c->refused.len) {
		int64_t left = deadline - clock_ms();

		if (interrupts && *interrupts != before)
			return err_set(err, ERR_INTERRUPTED, "interrupted");
		if (left <= 0)
			return hello_failed(c, true, err);
		loop_step(c->loop, left > 60000 ? 60000 : (int)left);
	}
	if (c->refused.len)
		return hello_refused(c, cfg, err);
	if (c->lost)
		return hello_failed(c, false, err);
	/* Only now: some of it may have come before the HELLO was sent. */
	strbuf_reset(&c->early);
	if (c->welcome.version != PROTO_VERSION)
		return err_set(err, ERR_SANDBOX,
		    "the runner speaks version %llu of the protocol, not %d",
		    (unsigned long long)c->welcome.version, PROTO_VERSION);
	return 0;
}

/* ---- requests ---- */

struct request *
client_request(struct client *c, enum proto_type type, const void *fields,
    size_t n, const struct request_ops *ops, void *arg)
{
	static const struct request_ops none;
	struct request *r = xcalloc(1, sizeof(*r));

	*r = (struct request){.client = c, .next = c->requests,
	    .id = ++c->last_id, .ops = ops ? ops : &none, .arg = arg,
	    .done = c->lost, .fields = STRBUF_INIT};
	c->requests = r;
	client_send(c, type, r->id, fields, n);
	return r;
}

uint32_t
request_id(const struct request *r)
{
	return r->id;
}

size_t
request_window(const struct request *r)
{
	size_t left = PROTO_WINDOW - r->in_window;

	if (r->done || left <= PROTO_HEADER_SIZE)
		return 0;
	left -= PROTO_HEADER_SIZE;
	return left < PROTO_PAYLOAD_MAX ? left : PROTO_PAYLOAD_MAX;
}

size_t
request_in_window(const struct request *r)
{
	return r->in_window;
}

void
request_data(struct request *r, const void *p, size_t n, bool end)
{
	struct client *c = r->client;
	struct frame f = {.type = PROTO_DATA, .flags = end ? PROTO_F_END : 0,
	    .len = (uint16_t)n, .id = r->id, .payload = p};
	uint8_t header[PROTO_HEADER_SIZE];

	if (r->done)
		return;
	frame_header_put(header, &f);
	strbuf_add(&c->out, header, sizeof(header));
	strbuf_add(&c->out, p, n);
	if (c->pad)
		strbuf_addc(&c->out, '\0');
	r->in_window += sizeof(header) + n;
	client_flush(c);
}

bool
request_entry(struct request *r, const void *fields, size_t n)
{
	if (r->done || message_size(n) > PROTO_WINDOW - r->in_window)
		return false;
	r->in_window += message_size(n);
	client_send(r->client, PROTO_ENTRY, r->id, fields, n);
	return true;
}

void
request_cancel(struct request *r)
{
	r->cancelled = true;
	client_send(r->client, PROTO_CANCEL, r->id, NULL, 0);
}

bool
request_cancelled(const struct request *r)
{
	return r->cancelled;
}

uint64_t
request_progress(const struct request *r)
{
	return r->cancelled ? 0 : r->progress;
}

bool
request_done(const struct request *r)
{
	return r->done;
}

bool
request_verdict(const struct request *r, struct field_reader *fields)
{
	if (r->final != PROTO_VERDICT)
		return false;
	field_reader_init(fields, r->fields.buf, r->fields.len);
	return true;
}

/* errnos of the runner are those of Linux on every architecture we have. */
int
request_error(const struct request *r, struct err *err)
{
	struct field_reader reader;
	struct field f;
	autofree char *text = NULL, *path = NULL;
	const char *said;
	uint64_t sys = 0;

	if (r->final != PROTO_FAIL)
		return err_set(err, ERR_SANDBOX, "environment lost: %s",
		    r->client ? r->client->why.buf : "closed");
	field_reader_init(&reader, r->fields.buf, r->fields.len);
	while (field_next(&reader, &f) > 0) {
		if (f.key == PROTO_K_ERRNO)
			field_u64(&f, &sys);
		if (f.key == PROTO_K_PATH && !path)
			path = text_of(&f);
		if (f.key == PROTO_K_TEXT && !text)
			text = text_of(&f);
	}
	/* Only Ctrl-C cancels. */
	if (sys == ECANCELED && text && !strcmp(text, "cancelled"))
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	/* One word says which step failed, which the path says better. */
	said = text && (!path || strchr(text, ' ')) ? text : "";
	err_set(err, ERR_SANDBOX, "%s%s%s%s%s", path ? path : "",
	    path && (*said || sys) ? ": " : "", said, *said && sys ? ": " : "",
	    sys && sys < 4096 ? strerror((int)sys) : "");
	if (!err->msg.len)
		strbuf_adds(&err->msg, "its runner gives no reason");
	err->code = sys < 4096 ? (int)sys : EPROTO;
	if (sys == ENOSPC)
		err_hint(err, "make room:  exec rm FILE  or  env reset      "
			      "have more:  env new --disk SIZE");
	return -1;
}

void
request_free(struct request *r)
{
	struct request **rp;

	if (!r)
		return;
	for (rp = r->client ? &r->client->requests : NULL; rp && *rp;
	     rp = &(*rp)->next)
		if (*rp == r) {
			*rp = r->next;
			break;
		}
	strbuf_release(&r->fields);
	free(r);
}
