/*
 * What an engine answers, into everything that asks it.  The input is a list of
 * answers, each ended by a byte 0x1e; the first byte of one says how it is
 * sent:
 *
 *	=	as the body of a good answer, with its length
 *	~	as the body of an answer without a length
 *	4 5	as the body of a 404 or a 500
 *	others	as it is, this byte too
 *
 * and each request gets the next one, the last one again and again.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/io.h"
#include "engine/container.h"
#include "engine/engine.h"
#include "engine/image.h"
#include "engine/login.h"
#include "engine/usage.h"
#include "fuzz.h"

#define END 0x1e
#define READS_MAX 64

static struct {
	char dir[64], socket[80], url[90];
	int fd;
	/* The input.  One request at a time, so that no lock is needed: it is
	   written before the first connection and read during one. */
	const unsigned char *next, *end;
} peer;

static void
remove_socket(void)
{
	unlink(peer.socket);
	rmdir(peer.dir);
}

/* The next answer without its end. */
static size_t
take_answer(const unsigned char **from)
{
	size_t left = (size_t)(peer.end - peer.next);
	const unsigned char *end = left ? memchr(peer.next, END, left) : NULL;
	size_t n = end ? (size_t)(end - peer.next) : left;

	*from = peer.next;
	if (end && end + 1 < peer.end)
		peer.next = end + 1;
	return n;
}

static void
add_answer(struct strbuf *out)
{
	const unsigned char *p;
	size_t n = take_answer(&p);
	const char *kind = n ? memchr("=~45", p[0], 4) : NULL;

	if (!kind) {
		strbuf_add(out, p, n);
		return;
	}
	strbuf_addf(out, "HTTP/1.1 %s\r\nApi-Version: 1.41\r\n",
	    *kind == '4' ? "404 No" : *kind == '5' ? "500 No" : "200 OK");
	if (*kind != '~')
		strbuf_addf(out, "Content-Length: %zu\r\n", n - 1);
	strbuf_adds(out, "Connection: close\r\n\r\n");
	strbuf_add(out, p + 1, n - 1);
}

/* The whole of it: closing with something unread would be a reset. */
static void
read_request(int fd)
{
	static const char length[] = "Content-Length: ";
	autobuf struct strbuf sb = STRBUF_INIT;
	char buf[4096];
	size_t want = SIZE_MAX;
	ssize_t n;

	while (sb.len < want && (n = read(fd, buf, sizeof(buf))) > 0) {
		const char *end, *field;

		strbuf_add(&sb, buf, (size_t)n);
		end = strstr(sb.buf, "\r\n\r\n");
		field = strstr(sb.buf, length);
		if (!end)
			continue;
		want = (size_t)(end + 4 - sb.buf);
		if (field && field < end)
			want += strtoul(field + strlen(length), NULL, 10);
	}
}

static void *
serve(void *unused)
{
	for (;;) {
		autoclose int fd = accept(peer.fd, NULL, NULL);
		autobuf struct strbuf answer = STRBUF_INIT;

		read_request(fd);
		add_answer(&answer);
		(void)send(fd, answer.buf, answer.len, MSG_NOSIGNAL);
	}
	return NULL;
}

static void
start_peer(void)
{
	const char *tmp = getenv("TMPDIR");
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	pthread_t thread;

	snprintf(peer.dir, sizeof(peer.dir), "%.32s/addesh-fuzz-XXXXXX",
	    tmp && strlen(tmp) <= 32 ? tmp : "/tmp");
	if (!mkdtemp(peer.dir))
		abort();
	snprintf(peer.socket, sizeof(peer.socket), "%s/s", peer.dir);
	snprintf(peer.url, sizeof(peer.url), "unix://%s", peer.socket);
	atexit(remove_socket);
	memcpy(sa.sun_path, peer.socket, sizeof(peer.socket));
	peer.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(peer.fd, (struct sockaddr *)&sa, sizeof(sa)) ||
	    listen(peer.fd, 8) || pthread_create(&thread, NULL, serve, NULL))
		abort();
}

/* Returns when the peer is done with all connections before: it has no file of
   them open, and reads no more of the input. */
static void
settle_peer(void)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char buf[4096];

	memcpy(sa.sun_path, peer.socket, sizeof(peer.socket));
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)))
		abort();
	shutdown(fd, SHUT_WR);
	while (read(fd, buf, sizeof(buf)) > 0)
		;
}

/* What comes on an attached connection, demultiplexed. */
static void
read_stream(struct stream *s)
{
	char buf[4096];

	for (int i = 0; s && i < READS_MAX; i++) {
		struct pollfd pfd = {.fd = s->fd, .events = POLLIN};
		ssize_t n;

		if (!stream_pending(s))
			poll(&pfd, 1, 1000);
		n = stream_read(s, buf, sizeof(buf));
		if (n == 0 || (n < 0 && errno != EAGAIN))
			break;
	}
	stream_close(s);
}

static void
ask_images(struct engine *e, struct err *err)
{
	struct image img = IMAGE_INIT;
	autovec struct strvec names = STRVEC_INIT;

	image_inspect(e, "a:1", &img, err);
	image_release(&img);
	err_clear(err);
	json_free(image_list(e, NULL, err));
	err_clear(err);
	image_near(e, "a:1", 3, &names, err);
	err_clear(err);
	image_pull(e, "a:1", NULL, NULL, NULL, err);
	err_clear(err);
}

static void
ask_containers(struct engine *e, struct err *err)
{
	autojson json *body = json_object();
	autovec struct strvec warnings = STRVEC_INIT;
	char *id = container_create(e, "n", NULL, body, &warnings, err);

	free(id);
	err_clear(err);
	read_stream(container_attach(e, "c", false, err));
	err_clear(err);
	container_start(e, "c", err);
	err_clear(err);
	json_free(container_list(e, NULL, err));
	err_clear(err);
	json_free(container_inspect(e, "c", err));
	err_clear(err);
	json_free(volume_list(e, NULL, err));
	err_clear(err);
	container_remove(e, "c", 1, err);
	err_clear(err);
}

static void
ask_registry(struct engine *e, struct err *err)
{
	struct reference ref = {.domain = (char *)"r.example",
	    .path = (char *)"a"};
	struct auth a = {.username = xstrdup("u"), .password = xstrdup("p")};
	autofree char *digest = NULL;

	image_push(e, &ref, NULL, NULL, &digest, err);
	err_clear(err);
	login_verify(e, "r.example", &a, err);
	err_clear(err);
	auth_release(&a);
}

static void
ask_usage(struct engine *e, struct err *err)
{
	struct cache_usage cache;
	struct usage u;
	uint64_t bytes;

	if (!usage_get(e, &u, err)) {
		usage_of_image(&u, "sha256:ab");
		usage_of_cache(&u, INT64_MAX, &cache);
	}
	usage_release(&u);
	err_clear(err);
	usage_prune_cache(e, 0, &bytes, err);
	err_clear(err);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const struct engine_settings settings = {.connect_ms = 1000,
	    .startup_ms = 1000,
	    .first_byte_ms = 1000};
	struct endpoint ep = ENDPOINT_INIT;
	struct loop *loop = loop_new();
	autoerr struct err err = ERR_INIT;
	struct engine *e;

	if (!peer.dir[0])
		start_peer();
	peer.next = data;
	peer.end = data + size;
	if (endpoint_parse(&ep, peer.url, false, &err))
		abort();
	e = engine_open(&ep, &settings, loop, NULL, &err);
	if (e) {
		engine_facts(e, &err);
		err_clear(&err);
		ask_images(e, &err);
		ask_containers(e, &err);
		ask_usage(e, &err);
		ask_registry(e, &err);
	}
	engine_close(e);
	settle_peer();
	endpoint_release(&ep);
	loop_free(loop);
	return 0;
}
