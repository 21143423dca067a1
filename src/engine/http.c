#include "engine/http.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/units.h"
#include "engine/transfer.h"

/* What is kept of an answer that is no success. */
#define REFUSAL_MAX 65536
/* Of the head of an answer this many lines are given to who asks. */
#define HEADERS_MAX 100
/* How much of a source's body is read and sent at once: beyond 256 KB a
   context of big files goes no faster over a unix socket. */
#define UPLOAD_SIZE (256L << 10)
/* A message of an engine that is longer than this is cut. */
#define MESSAGE_MAX 1000

struct http *
http_new(const struct endpoint *ep, const struct engine_settings *settings,
    struct loop *loop, const unsigned *interrupts)
{
	static bool initialized;
	struct http *h = xcalloc(1, sizeof(*h));

	/* Costs milliseconds, so only who talks to an engine pays them. */
	if (!initialized && curl_global_init(CURL_GLOBAL_DEFAULT))
		abort();
	initialized = true;
	*h = (struct http){.ep = ENDPOINT_INIT, .settings = *settings,
	    .loop = loop, .interrupts = interrupts, .ssh_said = STRBUF_INIT};
	endpoint_copy(&h->ep, ep);
	h->multi = curl_multi_init();
	if (!h->multi)
		abort();
	return h;
}

void
http_set_first_byte(struct http *h, int64_t ms)
{
	h->settings.first_byte_ms = ms;
}

void
http_free(struct http *h)
{
	if (!h)
		return;
	curl_multi_cleanup(h->multi);
	endpoint_release(&h->ep);
	strbuf_release(&h->ssh_said);
	free(h);
}

unsigned
http_interrupts(const struct http *h)
{
	unsigned n = h->interrupts ? *h->interrupts : 0;

	return h->defers && n == h->deferred + 1 ? h->deferred : n;
}

void
http_defer(struct http *h)
{
	h->deferred = http_interrupts(h);
	h->defers = true;
}

bool
http_defer_end(struct http *h)
{
	h->defers = false;
	return http_interrupts(h) != h->deferred;
}

int
http_check(struct http *h, unsigned before, const char *doing, struct err *err)
{
	if (http_interrupts(h) == before)
		return 0;
	return err_set(err, ERR_INTERRUPTED, "%s: interrupted", doing);
}

static long
transfer_status(const struct transfer *t)
{
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static int
on_connected(void *arg, char *their_ip, char *our_ip, int their_port,
    int our_port)
{
	struct transfer *t = arg;

	t->sending = true;
	t->since = clock_ms();
	return CURL_PREREQFUNC_OK;
}

static size_t
on_header(char *p, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	struct strvec *lines = t->rq->headers;

	t->answered = t->http->answered = true;
	t->headed = n == 2 && !memcmp(p, "\r\n", 2);
	if (lines && !t->headed && n > 2 && lines->n < HEADERS_MAX)
		strvec_push_owned(lines, xstrndup(p, n - 2));
	return n;
}

static size_t
on_source(char *p, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	ssize_t r = t->rq->source(t->rq->source_arg, p, n * size, &t->failure);

	t->paused = r == HTTP_LATER;
	if (t->paused)
		return CURL_READFUNC_PAUSE;
	return r < 0 ? CURL_READFUNC_ABORT : (size_t)r;
}

static size_t
on_data(char *p, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t room;

	if (transfer_status(t) / 100 != 2) {
		room = REFUSAL_MAX - t->refusal.len;
		strbuf_add(&t->refusal, p, n < room ? n : room);
		/* Its end may never come, and it says enough. */
		t->refused = t->refusal.len == REFUSAL_MAX;
		return t->refused ? 0 : n;
	}
	if (t->rq->sink)
		return t->rq->sink(t->rq->sink_arg, p, n, &t->failure) ? 0 : n;
	if (!t->body)
		return n;
	if (n > HTTP_BODY_MAX - t->body->len) {
		err_set(&t->failure, ERR_ENGINE,
		    "the engine's answer is longer than %u bytes",
		    HTTP_BODY_MAX);
		return 0;
	}
	strbuf_add(t->body, p, n);
	return n;
}

static void
add_header(struct transfer *t, const char *line)
{
	struct curl_slist *list = curl_slist_append(t->headers, line);

	if (!list)
		abort();
	t->headers = list;
}

static void
set_headers(struct transfer *t)
{
	const struct http_request *rq = t->rq;

	add_header(t, "Expect:");
	if (rq->registry_auth) {
		autofree char *s =
		    xasprintf("X-Registry-Auth: %s", rq->registry_auth);

		add_header(t, s);
		explicit_bzero(s, strlen(s));
	}
	if (rq->source)
		add_header(t, "Transfer-Encoding: chunked");
	if (rq->body || rq->source) {
		autofree char *s = xasprintf("Content-Type: %s",
		    rq->content_type ? rq->content_type : "application/json");

		add_header(t, s);
	}
	for (size_t i = 0; i < t->http->ep.headers.n; i++)
		add_header(t, t->http->ep.headers.v[i]);
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
}

static void
set_body(struct transfer *t)
{
	const struct http_request *rq = t->rq;

	if (rq->source) {
		curl_easy_setopt(t->easy, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(t->easy, CURLOPT_UPLOAD_BUFFERSIZE,
		    UPLOAD_SIZE);
		curl_easy_setopt(t->easy, CURLOPT_READFUNCTION, on_source);
		curl_easy_setopt(t->easy, CURLOPT_READDATA, t);
	} else if (strcmp(rq->method, "GET")) {
		/* Even without a body: Go's server wants a Content-Length. */
		curl_easy_setopt(t->easy, CURLOPT_POST, 1L);
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)rq->body_len);
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS,
		    rq->body ? rq->body : "");
	}
	curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, rq->method);
}

void
transfer_init(struct transfer *t, struct http *h, CURLM *multi,
    const struct http_request *rq)
{
	*t = (struct transfer){.http = h, .rq = rq, .multi = multi,
	    .refusal = STRBUF_INIT, .failure = ERR_INIT};
	t->easy = curl_easy_init();
	if (!t->easy)
		abort();
	dial_set_up(h, t->easy, rq->path);
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->text);
	curl_easy_setopt(t->easy, CURLOPT_PREREQFUNCTION, on_connected);
	curl_easy_setopt(t->easy, CURLOPT_PREREQDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
}

void
transfer_release(struct transfer *t)
{
	for (struct curl_slist *l = t->headers; l; l = l->next)
		explicit_bzero(l->data, strlen(l->data));
	curl_slist_free_all(t->headers);
	strbuf_release(&t->refusal);
	err_clear(&t->failure);
}

/* Notes what is done, whoever waits for it: calls may be nested. */
static void
note_done(CURLM *multi)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(multi, &left))) {
		struct transfer *t;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &t);
		t->done = true;
		t->result = msg->data.result;
	}
}

/* The longest silence that is allowed now. */
static int64_t
transfer_patience(const struct transfer *t)
{
	const struct http_request *rq = t->rq;
	int64_t first = t->http->settings.first_byte_ms;

	/* libcurl keeps the deadline of connecting itself. */
	if (!t->sending)
		return 2 * t->http->settings.connect_ms + 1000;
	if (t->answered)
		return rq->silence_ms ? rq->silence_ms : first;
	if (rq->first_byte_ms)
		first = rq->first_byte_ms;
	/* The login at the other host comes before the first byte. */
	return t->http->ep.scheme == ENDPOINT_SSH && first < DIAL_SSH_MS
		   ? DIAL_SSH_MS
		   : first;
}

static int
transfer_overdue(struct transfer *t, int64_t *left, struct err *err)
{
	curl_off_t up = 0, down = 0;
	int64_t now = clock_ms(), patience = transfer_patience(t);
	autobuf struct strbuf s = STRBUF_INIT;

	curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &up);
	curl_easy_getinfo(t->easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
	if (up + down != t->moved) {
		t->moved = up + down;
		t->since = now;
	}
	*left = t->since + patience - now;
	if (*left > 0)
		return 0;
	units_add_duration_exact(&s, patience);
	err_set(err, ERR_ENGINE, "%s: no answer from %s within %s",
	    t->rq->doing, t->http->ep.url, s.buf);
	err->code = ETIMEDOUT;
	return -1;
}

/* The same for the end of all patience. */
static int
transfer_ended(struct transfer *t, int64_t *left, struct err *err)
{
	int64_t rest = t->rq->end_ms - clock_ms();

	if (!t->rq->end_ms)
		return 0;
	if (rest <= 0)
		return err_set(err, ERR_TIMEOUT, "%s: out of time",
		    t->rq->doing);
	if (*left > rest)
		*left = rest;
	return 0;
}

/* An engine that refuses a body does not read all of it: then what it says
   counts, not that it closed the connection. */
static bool
transfer_refused(const struct transfer *t)
{
	return t->refused || (t->rq->source && t->headed &&
				 transfer_status(t) / 100 != 2);
}

static int
transfer_wait(struct transfer *t, struct err *err)
{
	struct http *h = t->http;
	unsigned before = http_interrupts(h);
	int running;

	for (;;) {
		struct curl_waitfd fd = {.fd = loop_pollable_fd(h->loop),
		    .events = CURL_WAIT_POLLIN};
		int64_t left;
		int wait;

		curl_multi_perform(t->multi, &running);
		note_done(t->multi);
		if (t->done)
			return 0;
		if (http_check(h, before, t->rq->doing, err) ||
		    transfer_overdue(t, &left, err) ||
		    transfer_ended(t, &left, err))
			return -1;
		wait = loop_next_ms(h->loop);
		if (wait < 0 || wait > left)
			wait = left > 60000 ? 60000 : (int)left;
		curl_multi_poll(
		    t->multi, &fd, 1, t->paused ? 0 : wait, NULL);
		loop_step(h->loop, 0);
		if (t->paused) {
			t->paused = false;
			curl_easy_pause(t->easy, CURLPAUSE_CONT);
		}
	}
}

int
transfer_run(struct transfer *t, struct err *err)
{
	t->since = clock_ms();
	if (curl_multi_add_handle(t->multi, t->easy))
		abort();
	if (transfer_wait(t, err))
		return -1;
	if (t->failure.kind) {
		err_move(err, &t->failure);
		return err_prefix(err, "%s", t->rq->doing);
	}
	return t->result && !transfer_refused(t) ? dial_error(t->http, t, err)
						 : 0;
}

int
http_do(struct http *h, const struct http_request *rq, struct strbuf *body,
    struct err *err)
{
	struct transfer t;
	long status;
	int rc;

	transfer_init(&t, h, h->multi, rq);
	t.body = body;
	set_headers(&t);
	set_body(&t);
	rc = transfer_run(&t, err);
	if (!rc && !t.headed)
		rc = dial_error(h, &t, err);
	status = transfer_status(&t);
	if (!rc && status / 100 != 2 && status != 304)
		rc = http_status_error(err, rq->doing, (int)status,
		    t.refusal.buf, t.refusal.len);
	curl_multi_remove_handle(h->multi, t.easy);
	curl_easy_cleanup(t.easy);
	transfer_release(&t);
	return rc;
}

int
http_pause(struct http *h, int64_t ms, const char *doing, struct err *err)
{
	unsigned before = http_interrupts(h);
	int64_t end = clock_ms() + ms, left;

	while ((left = end - clock_ms()) > 0) {
		loop_step(h->loop, (int)left);
		if (http_check(h, before, doing, err))
			return -1;
	}
	return 0;
}

const char *
http_header(const struct strvec *headers, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < headers->n; i++) {
		const char *line = headers->v[i];

		if (!strncasecmp(line, name, n) && line[n] == ':')
			return line + n + 1 + strspn(line + n + 1, " \t");
	}
	return "";
}

int64_t
http_date(const char *value)
{
	return (int64_t)curl_getdate(value, NULL);
}

void
http_add_escaped(struct strbuf *sb, const char *s, const char *safe)
{
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-._~"; /* RFC 3986, 2.3 */

	for (; *s; s++) {
		if (strchr(unreserved, *s) || strchr(safe, *s))
			strbuf_addc(sb, *s);
		else
			strbuf_addf(sb, "%%%02X", (unsigned char)*s);
	}
}

/* What an engine says becomes part of our line. */
static void
add_message(struct strbuf *sb, const char *s, size_t n)
{
	while (n && strchr(" \t\r\n", s[n - 1]))
		n--;
	if (n > MESSAGE_MAX)
		n = MESSAGE_MAX;
	for (size_t i = 0; i < n; i++)
		strbuf_addc(sb, (unsigned char)s[i] < ' ' || s[i] == 127
				    ? ' '
				    : s[i]);
}

int
http_status_error(struct err *err, const char *doing, int status,
    const char *body, size_t n)
{
	autobuf struct strbuf msg = STRBUF_INIT;
	autoerr struct err ignored = ERR_INIT;
	autojson json *j = json_parse(body, n, &ignored);
	const char *text = json_str(j, "message", NULL), *eol;

	if (text) {
		add_message(&msg, text, strlen(text));
	} else {
		eol = memchr(body, '\n', n);
		add_message(&msg, body, eol ? (size_t)(eol - body) : n);
	}
	if (!msg.len)
		strbuf_addf(&msg, "the engine answered with status %d", status);
	err_set(err, ERR_ENGINE, "%s: %s", doing, msg.buf);
	err->code = status;
	return -1;
}
