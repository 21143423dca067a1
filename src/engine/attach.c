#include "engine/attach.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "engine/demux.h"
#include "engine/progress.h"
#include "engine/transfer.h"

#define HEAD_MAX 65536
#define ERROR_MAX 65536
/* Reads that give only the other stream, before others get a turn. */
#define ROUNDS 16

struct attach {
	struct stream stream; /* first */
	CURLM *multi; /* its own: the pool of another one prunes idle
			 connections that have something to read */
	CURL *easy;
	bool tls, drained, framed;
	struct demux demux;
	struct strbuf ahead; /* came with the head of the answer */
};

static ssize_t
receive(struct attach *a, void *p, size_t n)
{
	size_t got;

	if (a->ahead.len) {
		if (n > a->ahead.len)
			n = a->ahead.len;
		memcpy(p, a->ahead.buf, n);
		strbuf_consume(&a->ahead, n);
		return (ssize_t)n;
	}
	switch (curl_easy_recv(a->easy, p, n, &got)) {
	case CURLE_OK:
		a->drained = !got;
		return (ssize_t)got;
	case CURLE_AGAIN:
		a->drained = true;
		errno = EAGAIN;
		return -1;
	default:
		a->drained = true;
		errno = ECONNRESET;
		return -1;
	}
}

static ssize_t
attach_read(struct stream *s, void *p, size_t n)
{
	struct attach *a = (struct attach *)s;

	for (int i = 0; i < ROUNDS && !a->demux.broken; i++) {
		ssize_t r = receive(a, p, n);

		if (!a->framed || r < 0)
			return r;
		if (!r && demux_at_end(&a->demux))
			return 0;
		if (!r)
			break;
		r = (ssize_t)demux_feed(&a->demux, p, (size_t)r);
		if (r)
			return r;
		if (i == ROUNDS - 1) {
			errno = EAGAIN;
			return -1;
		}
	}
	errno = EPROTO;
	return -1;
}

static ssize_t
attach_write(struct stream *s, const void *p, size_t n)
{
	struct attach *a = (struct attach *)s;
	size_t sent;

	switch (curl_easy_send(a->easy, p, n, &sent)) {
	case CURLE_OK:
		return (ssize_t)sent;
	case CURLE_AGAIN:
		errno = EAGAIN;
		return -1;
	default:
		errno = EPIPE;
		return -1;
	}
}

static bool
attach_pending(struct stream *s)
{
	struct attach *a = (struct attach *)s;

	/* TLS has records of its own that poll(2) does not see. */
	return a->ahead.len || (a->tls && !a->drained);
}

static void
attach_close(struct stream *s)
{
	struct attach *a = (struct attach *)s;

	if (a->easy) {
		curl_multi_remove_handle(a->multi, a->easy);
		curl_easy_cleanup(a->easy);
	}
	curl_multi_cleanup(a->multi);
	strbuf_release(&a->ahead);
	strbuf_release(&s->complaint);
	free(a);
}

/* Waits until the connection can be read or written. */
static int
wait_for(struct http *h, struct attach *a, short events, int64_t deadline,
    const char *doing, struct err *err)
{
	struct pollfd fds[] = {{.fd = a->stream.fd, .events = events},
	    {.fd = loop_pollable_fd(h->loop), .events = POLLIN}};
	unsigned before = http_interrupts(h);

	do {
		int64_t left = deadline - clock_ms();
		int next = loop_next_ms(h->loop);

		if (left <= 0) {
			err_set(err, ERR_ENGINE, "%s: no answer from %s",
			    doing, h->ep.url);
			err->code = ETIMEDOUT;
			return -1;
		}
		if (next < 0 || next > left)
			next = left > 60000 ? 60000 : (int)left;
		poll(fds, 2, next);
		loop_step(h->loop, 0);
		if (http_check(h, before, doing, err))
			return -1;
	} while (!fds[0].revents);
	return 0;
}

static int
send_all(struct http *h, struct attach *a, const struct strbuf *sb,
    int64_t deadline, const char *doing, struct err *err)
{
	size_t done = 0;

	while (done < sb->len) {
		ssize_t w = attach_write(&a->stream, sb->buf + done,
		    sb->len - done);

		if (w >= 0) {
			done += (size_t)w;
		} else if (errno != EAGAIN) {
			err_set(err, ERR_ENGINE,
			    "%s: the engine closed the connection", doing);
			return -1;
		} else if (wait_for(h, a, POLLOUT, deadline, doing, err)) {
			return -1;
		}
	}
	return 0;
}

/* Appends what comes next to sb; 0 at the end, -1 with err. */
static ssize_t
read_more(struct http *h, struct attach *a, struct strbuf *sb,
    int64_t deadline, const char *doing, struct err *err)
{
	for (;;) {
		ssize_t r;

		strbuf_grow(sb, 4096);
		r = receive(a, sb->buf + sb->len, 4096);
		if (r >= 0) {
			sb->len += (size_t)r;
			sb->buf[sb->len] = '\0';
			return r;
		}
		if (errno != EAGAIN)
			return err_set(err, ERR_ENGINE,
			    "%s: the engine closed the connection", doing);
		if (wait_for(h, a, POLLIN, deadline, doing, err))
			return -1;
	}
}

/* Reads the head of the answer to sb; what came behind it goes ahead. */
static int
read_head(struct http *h, struct attach *a, struct strbuf *sb,
    int64_t deadline, const char *doing, struct err *err)
{
	char *end;

	while (!(end = memmem(sb->buf, sb->len, "\r\n\r\n", 4))) {
		ssize_t r = read_more(h, a, sb, deadline, doing, err);

		if (r < 0)
			return -1;
		if (!r)
			return err_set(err, ERR_ENGINE,
			    "%s: the engine closed the connection without an "
			    "answer", doing);
		if (sb->len > HEAD_MAX)
			return err_set(err, ERR_ENGINE,
			    "%s: what answers is no engine", doing);
	}
	end += 4;
	strbuf_add(&a->ahead, end, sb->len - (size_t)(end - sb->buf));
	strbuf_truncate(sb, (size_t)(end - sb->buf));
	h->answered = true;
	return 0;
}

struct refusal {
	const char *doing;
	int status;
};

static int
on_refusal(void *arg, const json *object, struct err *err)
{
	const struct refusal *r = arg;
	autofree char *s = json_print(object);

	return http_status_error(err, r->doing, r->status, s, strlen(s));
}

/*
 * The body of a refusal: one short JSON object.  Looked for as such, so that
 * chunked coding need not be understood here.
 */
static int
refused(struct http *h, struct attach *a, int status, int64_t deadline,
    const char *doing, struct err *err)
{
	autobuf struct strbuf body = STRBUF_INIT;
	struct refusal r = {.doing = doing, .status = status};
	struct objects o = OBJECTS_INIT;
	size_t total = 0;

	while (!err->kind && total < ERROR_MAX) {
		autoerr struct err ignored = ERR_INIT;
		char *from;

		if (read_more(h, a, &body, deadline, doing, &ignored) <= 0)
			break;
		total += body.len;
		from = objects_at_end(&o) ? memchr(body.buf, '{', body.len)
					  : body.buf;
		if (from && objects_feed(&o, from,
				body.len - (size_t)(from - body.buf),
				on_refusal, &r, err))
			break;
		strbuf_reset(&body);
	}
	objects_release(&o);
	if (!err->kind)
		http_status_error(err, doing, status, "", 0);
	return -1;
}

static void
add_request(struct strbuf *sb, struct http *h, const char *path,
    const char *body)
{
	const struct endpoint *ep = &h->ep;
	bool tcp = ep->scheme == ENDPOINT_TCP;

	strbuf_addf(sb, "POST %s%s HTTP/1.1\r\n",
	    tcp && ep->path ? ep->path : "", path);
	if (tcp)
		strbuf_addf(sb, "Host: %s%s%s:%u\r\n",
		    strchr(ep->host, ':') ? "[" : "", ep->host,
		    strchr(ep->host, ':') ? "]" : "", ep->port);
	else
		strbuf_adds(sb, "Host: 127.0.0.1\r\n");
	for (size_t i = 0; i < ep->headers.n; i++)
		strbuf_addf(sb, "%s\r\n", ep->headers.v[i]);
	strbuf_addf(sb,
	    "Connection: Upgrade\r\nUpgrade: tcp\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
	    body ? strlen(body) : 0, body ? body : "");
}

static int
hijack(struct http *h, struct attach *a, const char *doing, const char *path,
    const char *body, struct err *err)
{
	autobuf struct strbuf request = STRBUF_INIT, head = STRBUF_INIT;
	int64_t deadline = clock_ms() + h->settings.first_byte_ms;
	int status;

	if (h->ep.scheme == ENDPOINT_SSH)
		deadline += DIAL_SSH_MS;
	add_request(&request, h, path, body);
	if (send_all(h, a, &request, deadline, doing, err) ||
	    read_head(h, a, &head, deadline, doing, err))
		return -1;
	if (sscanf(head.buf, "HTTP/1.%*1[01] %3d", &status) != 1)
		return err_set(err, ERR_ENGINE,
		    "%s: what answers is no engine", doing);
	/* 101 to the upgrade; 200 from engines and proxies that ignore it. */
	if (status == 101 || status == 200)
		return 0;
	return refused(h, a, status, deadline, doing, err);
}

static int
connect_to(struct http *h, struct attach *a, const char *doing,
    const char *path, struct err *err)
{
	struct http_request rq = {.doing = doing, .method = "POST",
	    .path = path};
	struct transfer t;
	curl_socket_t fd = -1;
	int rc;

	transfer_init(&t, h, a->multi, &rq);
	a->easy = t.easy;
	curl_easy_setopt(a->easy, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(a->easy, CURLOPT_BUFFERSIZE, 262144L);
	rc = transfer_run(&t, err);
	/* The handle outlives the transfer. */
	curl_easy_setopt(a->easy, CURLOPT_ERRORBUFFER, NULL);
	transfer_release(&t);
	if (rc)
		return -1;
	curl_easy_getinfo(a->easy, CURLINFO_ACTIVESOCKET, &fd);
	a->stream.fd = fd;
	return 0;
}

struct stream *
attach_open(struct engine *e, const char *doing, const char *path,
    const char *body, bool tty, struct err *err)
{
	static const struct stream_ops ops = {.read = attach_read,
	    .write = attach_write, .pending = attach_pending,
	    .close = attach_close};
	struct http *h = engine_http(e);
	struct attach *a = xcalloc(1, sizeof(*a));

	*a = (struct attach){
	    .stream = {.ops = &ops, .fd = -1, .complaint = STRBUF_INIT},
	    .multi = curl_multi_init(), .tls = h->ep.tls, .framed = !tty,
	    .ahead = STRBUF_INIT};
	if (!a->multi)
		abort();
	demux_init(&a->demux, &a->stream.complaint, ATTACH_COMPLAINT_MAX);
	if (connect_to(h, a, doing, path, err) ||
	    hijack(h, a, doing, path, body, err)) {
		attach_close(&a->stream);
		return NULL;
	}
	return &a->stream;
}
