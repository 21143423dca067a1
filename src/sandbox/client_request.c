/* Requests: what is sent for one, and how it ended. */
#include "sandbox/client_impl.h"

#include <errno.h>
#include <string.h>

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
	client_push(c);
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
			path = client_text(&f);
		if (f.key == PROTO_K_TEXT && !text)
			text = client_text(&f);
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
