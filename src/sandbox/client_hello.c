/* The opening of a connection: HELLO, and what comes in a WELCOME's place. */
#include "sandbox/client_impl.h"

#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "sandbox/box.h"

#define PINGS 3 /* within the silence that is allowed */

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
	if (!strcmp(c->refused.buf, "again")) {
		err_set(err, ERR_SANDBOX, "it was started anew, and is empty");
		err->code = BOX_ENDED;
		return -1;
	}
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
	if (cfg->silence_ms)
		client_ping_every(c, (int64_t)cfg->silence_ms / PINGS);
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
