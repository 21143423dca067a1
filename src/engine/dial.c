/* How an endpoint is reached, and what it means when it is not. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/io.h"
#include "base/spawn.h"
#include "base/units.h"
#include "engine/transfer.h"
#include "engine/unreachable.h"

/* What is kept of what ssh says. */
#define SAID_MAX 4096

/*
 * An ssh whose stdio is a connection to the engine.  curl connects to a port of
 * ours on loopback, and ssh gets what accept(2) returns.  (A socket pair would
 * do without the detour, but libcurl 7.88 connects even a socket that is
 * connected already, curl issue 10626, and uses no connection again whose
 * address has no text, as that of an abstract socket.)
 */
struct dial {
	struct http *http;
	struct dial *next;
	pid_t pid;    /* 0: not started */
	int fd;	      /* curl's end */
	int listener; /* -1 once ssh has its end */
	int errfd;    /* its stderr, or -1 */
	struct loop_fd *accepting, *hearing;
	struct strbuf said;
};

/* Reads its stderr; false if there is nothing now. */
static bool
dial_hear(struct dial *d)
{
	char buf[1024];
	ssize_t r = read(d->errfd, buf, sizeof(buf));

	if (r > 0 && d->said.len + r <= SAID_MAX)
		strbuf_add(&d->said, buf, r);
	if (r == 0) {
		loop_fd_remove(d->hearing);
		d->hearing = NULL;
	}
	return r > 0;
}

/* All the time, so that it never blocks there. */
static void
on_said(void *arg, int fd, unsigned events)
{
	dial_hear(arg);
}

static void
ssh_argv(const struct endpoint *ep, struct strvec *argv)
{
	strvec_push(argv, "ssh");
	strvec_pushf(argv, "-oConnectTimeout=%d", DIAL_SSH_MS / 1000);
	strvec_push(argv, "-T");
	if (ep->user) {
		strvec_push(argv, "-l");
		strvec_push(argv, ep->user);
	}
	if (ep->port) {
		strvec_push(argv, "-p");
		strvec_pushf(argv, "%u", ep->port);
	}
	strvec_push(argv, "--");
	strvec_push(argv, ep->host);
	strvec_push(argv, ep->podman ? "podman" : "docker");
	/* The other side's shell reads it; endpoint_parse() let nothing pass
	   that means something there. */
	if (ep->path)
		strvec_pushf(argv, "--%s=unix://%s",
		    ep->podman ? "url" : "host", ep->path);
	strvec_push(argv, "system");
	strvec_push(argv, "dial-stdio");
}

static int
dial_start(struct dial *d, int fd, struct err *err)
{
	autovec struct strvec argv = STRVEC_INIT;
	struct spawn sp = {.in = fd, .out = fd, .session = true};
	pid_t pid;
	int p[2];

	if (pipe2(p, O_CLOEXEC))
		return err_sys(err, errno, "pipe");
	ssh_argv(&d->http->ep, &argv);
	sp.argv = argv.v;
	sp.err = p[1];
	pid = spawn_start(&sp, err);
	close(p[1]);
	if (pid < 0) {
		close(p[0]);
		return -1;
	}
	d->pid = pid;
	d->errfd = p[0];
	io_set_nonblock(p[0], true);
	d->hearing = loop_fd_add(d->http->loop, p[0], POLLIN, on_said, d);
	return 0;
}

static void
dial_listen_no_more(struct dial *d)
{
	loop_fd_remove(d->accepting);
	d->accepting = NULL;
	if (d->listener >= 0)
		close(d->listener);
	d->listener = -1;
}

/* Is fd the other end of ours?  Anyone on this host can connect. */
static bool
is_ours(int ours, int fd)
{
	struct sockaddr_in a, b;
	socklen_t na = sizeof(a), nb = sizeof(b);

	return !getsockname(ours, (struct sockaddr *)&a, &na) &&
	       !getpeername(fd, (struct sockaddr *)&b, &nb) && na == nb &&
	       a.sin_port == b.sin_port &&
	       a.sin_addr.s_addr == b.sin_addr.s_addr;
}

static void
on_accept(void *arg, int listener, unsigned events)
{
	struct dial *d = arg;
	autoclose int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	autoerr struct err err = ERR_INIT;

	if (fd < 0 || !is_ours(d->fd, fd))
		return;
	dial_listen_no_more(d);
	if (dial_start(d, fd, &err))
		strbuf_adds(&d->said, err.msg.buf);
}

static int
listen_anywhere(struct curl_sockaddr *at)
{
	struct sockaddr_in sin = {.sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);

	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&sin, n) || listen(fd, 16) ||
	    getsockname(fd, (struct sockaddr *)&sin, &n)) {
		close(fd);
		return -1;
	}
	memcpy(&at->addr, &sin, n);
	at->addrlen = n;
	return fd;
}

static curl_socket_t
on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct http *h = arg;
	struct dial *d;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), listener;

	if (fd < 0)
		return CURL_SOCKET_BAD;
	listener = listen_anywhere(address);
	if (listener < 0) {
		close(fd);
		return CURL_SOCKET_BAD;
	}
	d = xcalloc(1, sizeof(*d));
	*d = (struct dial){.http = h, .next = h->dials, .fd = fd,
	    .listener = listener, .errfd = -1, .said = STRBUF_INIT};
	d->accepting = loop_fd_add(h->loop, listener, POLLIN, on_accept, d);
	h->dials = d;
	return fd;
}

static int
on_close(void *arg, curl_socket_t fd)
{
	struct http *h = arg;
	struct dial **dp = &h->dials, *d;

	while (*dp && (*dp)->fd != fd)
		dp = &(*dp)->next;
	d = *dp;
	close(fd);
	if (!d)
		return 0;
	*dp = d->next;
	dial_listen_no_more(d);
	if (d->pid) {
		kill(-d->pid, SIGTERM);
		spawn_wait(d->pid);
		while (dial_hear(d))
			;
		loop_fd_remove(d->hearing);
		close(d->errfd);
	}
	strbuf_reset(&h->ssh_said);
	strbuf_add(&h->ssh_said, d->said.buf, d->said.len);
	strbuf_release(&d->said);
	free(d);
	return 0;
}

static void
set_tls(struct http *h, CURL *easy)
{
	const struct endpoint *ep = &h->ep;

	curl_easy_setopt(easy, CURLOPT_SSLVERSION,
	    (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER,
	    ep->tls_skip_verify ? 0L : 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST,
	    ep->tls_skip_verify ? 0L : 2L);
	if (ep->ca) {
		curl_easy_setopt(easy, CURLOPT_CAINFO, ep->ca);
		/* Or the system's directory of CAs would count as well. */
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	}
	if (ep->cert)
		curl_easy_setopt(easy, CURLOPT_SSLCERT, ep->cert);
	if (ep->key)
		curl_easy_setopt(easy, CURLOPT_SSLKEY, ep->key);
}

static void
set_url(const struct endpoint *ep, CURL *easy, const char *path)
{
	autofree char *url = NULL;

	/* An address and no name where nobody may look it up. */
	if (ep->scheme != ENDPOINT_TCP)
		url = xasprintf("http://127.0.0.1%s", path);
	else
		url = xasprintf("%s://%s%s%s:%u%s%s",
		    ep->tls ? "https" : "http",
		    strchr(ep->host, ':') ? "[" : "", ep->host,
		    strchr(ep->host, ':') ? "]" : "", ep->port,
		    ep->path ? ep->path : "", path);
	curl_easy_setopt(easy, CURLOPT_URL, url);
}

void
dial_set_up(struct http *h, CURL *easy, const char *path)
{
	const struct endpoint *ep = &h->ep;

	set_url(ep, easy, path);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
	    (long)CURL_HTTP_VERSION_1_1);
	/* Engines are not reached through the proxies of web pages, and a
	   hijacked connection would not get through one. */
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
	    (long)h->settings.connect_ms);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	if (ep->scheme == ENDPOINT_UNIX) {
		curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, ep->path);
	} else if (ep->scheme == ENDPOINT_SSH) {
		curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
		curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, h);
		curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
		curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, h);
	} else if (ep->tls) {
		set_tls(h, easy);
	}
}

static int
connect_timeout(struct http *h, struct err *err)
{
	autobuf struct strbuf s = STRBUF_INIT;

	units_add_duration_exact(&s, h->settings.connect_ms);
	err_set(err, ERR_ENGINE, "%s does not answer within %s", h->ep.url,
	    s.buf);
	err->code = ETIMEDOUT;
	return -1;
}

static int
broken_off(struct transfer *t, struct err *err)
{
	err_set(err, ERR_ENGINE, "the engine closed the connection %s",
	    t->answered ? "in the middle of its answer" : "without an answer");
	err->code = ECONNRESET;
	return -1;
}

static int
explain(struct http *h, struct transfer *t, struct err *err)
{
	const char *text = t->text[0] ? t->text : curl_easy_strerror(t->result);
	long sys = 0;

	switch (t->result) {
	case CURLE_OK:
		return broken_off(t, err);
	case CURLE_COULDNT_CONNECT:
		curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &sys);
		return unreachable_error(err, &h->ep, (int)sys);
	case CURLE_OPERATION_TIMEDOUT:
		return connect_timeout(h, err);
	case CURLE_COULDNT_RESOLVE_HOST:
		return err_set(err, ERR_ENGINE, "%s: this host is not known",
		    h->ep.url);
	case CURLE_PEER_FAILED_VERIFICATION:
		return err_set(err, ERR_ENGINE,
		    "the certificate of %s is not accepted: %s", h->ep.url,
		    text);
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
		return err_set(err, ERR_ENGINE,
		    "the TLS files for %s cannot be used: %s", h->ep.url,
		    text);
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_SEND_FAIL_REWIND:
		return broken_off(t, err);
	case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9, so anything at all */
	case CURLE_WEIRD_SERVER_REPLY:
		return err_set(err, ERR_ENGINE,
		    "what answers at %s is no engine: %s", h->ep.url, text);
	default:
		return err_set(err, ERR_ENGINE, "%s: %s", h->ep.url, text);
	}
}

int
dial_error(struct http *h, struct transfer *t, struct err *err)
{
	struct strbuf *said = &h->ssh_said;

	explain(h, t, err);
	while (said->len && strchr("\r\n ", said->buf[said->len - 1]))
		strbuf_truncate(said, said->len - 1);
	if (h->ep.scheme == ENDPOINT_SSH && said->len) {
		err_set(err, ERR_ENGINE, "cannot reach the engine over ssh");
		err_hint(err, "%s", said->buf);
	}
	/* Before the first answer the sentence says all. */
	return h->answered ? err_prefix(err, "%s", t->rq->doing) : -1;
}
