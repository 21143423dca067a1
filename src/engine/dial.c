/* How an endpoint is reached, and what it means when it is not. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/spawn.h"
#include "base/units.h"
#include "engine/transfer.h"
#include "engine/unreachable.h"

/* What is kept of what ssh says. */
#define SAID_MAX 4096

/* An ssh whose stdio is a connection to the engine. */
struct dial {
	struct http *http;
	struct dial *next;
	pid_t pid;
	int fd;	   /* our end, which curl uses */
	int errfd; /* its stderr */
	struct loop_fd *watch;
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
		loop_fd_remove(d->watch);
		d->watch = NULL;
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
	strvec_push(argv, "docker");
	/* The other side's shell reads it; endpoint_parse() let nothing pass
	   that means something there. */
	if (ep->path)
		strvec_pushf(argv, "--host=unix://%s", ep->path);
	strvec_push(argv, "system");
	strvec_push(argv, "dial-stdio");
}

static int
dial_start(struct dial *d, int theirs, int errfd, struct err *err)
{
	autovec struct strvec argv = STRVEC_INIT;
	struct spawn sp = {.in = theirs, .out = theirs, .err = errfd,
	    .session = true};

	ssh_argv(&d->http->ep, &argv);
	sp.argv = argv.v;
	d->pid = spawn_start(&sp, err);
	return d->pid < 0 ? -1 : 0;
}

static curl_socket_t
on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct http *h = arg;
	struct dial *d;
	int sv[2], p[2];
	autoerr struct err err = ERR_INIT;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv))
		return CURL_SOCKET_BAD;
	if (pipe2(p, O_CLOEXEC)) {
		close(sv[0]);
		close(sv[1]);
		return CURL_SOCKET_BAD;
	}
	d = xcalloc(1, sizeof(*d));
	*d = (struct dial){.http = h, .fd = sv[0], .errfd = p[0],
	    .said = STRBUF_INIT};
	if (dial_start(d, sv[1], p[1], &err)) {
		strbuf_reset(&h->ssh_said);
		strbuf_adds(&h->ssh_said, err.msg.buf);
		close(sv[0]);
		close(p[0]);
		free(d);
		d = NULL;
	}
	close(sv[1]);
	close(p[1]);
	if (!d)
		return CURL_SOCKET_BAD;
	io_set_nonblock(d->errfd, true);
	d->watch =
	    loop_fd_add(h->loop, d->errfd, POLLIN, on_said, d);
	d->next = h->dials;
	h->dials = d;
	return d->fd;
}

static int
on_sockopt(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	return CURL_SOCKOPT_ALREADY_CONNECTED;
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
	kill(-d->pid, SIGTERM);
	spawn_wait(d->pid);
	while (dial_hear(d))
		;
	loop_fd_remove(d->watch);
	strbuf_reset(&h->ssh_said);
	strbuf_add(&h->ssh_said, d->said.buf, d->said.len);
	close(d->errfd);
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
		curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_sockopt);
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
