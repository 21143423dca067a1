/*
 * Whom the runner talks with: over its own stdin and stdout, or with one who
 * came later through a socket.  One of the two is the client; from the other
 * only a HELLO counts, which makes it the client.
 *
 * A socket that the client passed is out of the reach of code, and what is
 * connected to it is the stream itself.  To the one of an abstract name, which
 * lives in the network namespace, code could come as well.  So each looks who
 * the other is: it has the uid of the other, and its parent is outside of the
 * namespace, as that of PID 1 and of what an engine starts (code's parent is
 * within, the runner itself at last).  What comes there is "connect", relay.c.
 */
#include "runner.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 8
#define STAT_SIZE 512

unsigned
channel_address(struct sockaddr_un *sa)
{
	const size_t n = sizeof(PROTO_SOCKET_NAME) - 1;

	memset(sa, 0, sizeof(*sa));
	sa->sun_family = AF_UNIX;
	memcpy(sa->sun_path + 1, PROTO_SOCKET_NAME, n);
	return (unsigned)(offsetof(struct sockaddr_un, sun_path) + 1 + n);
}

/* The parent's number in proc_pid_stat(5); -1: it cannot be read. */
static int64_t
parent_of(pid_t pid)
{
	char path[64] = "/proc/", text[STAT_SIZE];
	size_t n = text_number(path + 6, (uint64_t)pid, 10);
	const char *p;
	ssize_t got;
	uint64_t v;
	int fd;

	memcpy(path + 6 + n, "/stat", sizeof("/stat"));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (got <= 0)
		return -1;
	text[got] = '\0';
	/* its name stands in parentheses, and may hold some */
	p = strrchr(text, ')');
	if (p == NULL || strlen(p) < 4)
		return -1;
	p += 4; /* ") S " */
	return text_scan(&p, &v) < 0 ? -1 : (int64_t)v;
}

bool
channel_peer_is_engines(int fd, uid_t uid)
{
	struct ucred peer;
	socklen_t n = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 &&
	    peer.uid == uid && peer.pid > 0 && parent_of(peer.pid) == 0;
}

/* ---- the listening socket ---- */

void
channel_bind(struct runner *rn)
{
	struct sockaddr_un sa;
	socklen_t n = channel_address(&sa);

	if (rn->listen_fd >= 0)
		return;
	rn->listen_fd = socket(AF_UNIX,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (rn->listen_fd >= 0 &&
	    bind(rn->listen_fd, (struct sockaddr *)&sa, n) < 0)
		fd_close(&rn->listen_fd);
}

static bool
is_listening(int fd)
{
	int v = 0;
	socklen_t n = sizeof(v);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &v, &n) == 0 && v;
}

int
channel_listen(struct runner *rn)
{
	if (is_listening(rn->passed_fd)) {
		fd_close(&rn->listen_fd);
		rn->listen_fd = rn->passed_fd;
		rn->passed_fd = -1;
		rn->listen_passed = true;
		(void)fcntl(rn->listen_fd, F_SETFL, O_NONBLOCK);
		return 0;
	}
	channel_bind(rn);
	if (rn->listen_fd < 0) {
		errno = EADDRINUSE;
		return -1;
	}
	rn->config.relays = !rn->listen_passed;
	return rn->listen_passed ? 0 : listen(rn->listen_fd, BACKLOG);
}

int
channel_keep(struct runner *rn)
{
	if (channel_listen(rn) < 0)
		return -1;
	rn->config.keep = true;
	return prctl(PR_SET_PDEATHSIG, 0);
}

/* ---- channels ---- */

static void
channel_open(struct channel *ch, int in, int out, int conn)
{
	ch->in = in;
	ch->out = out;
	ch->conn = conn;
	ch->used = false;
	frame_reader_init(&ch->reader, ch->input, sizeof(ch->input));
	message_reader_release(&ch->messages);
	(void)fcntl(in, F_SETFL, O_NONBLOCK);
	(void)fcntl(out, F_SETFL, O_NONBLOCK);
	(void)fcntl(out, F_SETPIPE_SZ, PIPE_BYTES);
}

/* Numbers 0 and 1 stay taken: nothing else shall ever get them. */
static void
channel_close(struct runner *rn, struct channel *ch)
{
	if (ch != &rn->stdio) {
		if (ch->out != ch->in)
			fd_close(&ch->out);
		fd_close(&ch->in);
		fd_close(&ch->conn);
	}
	ch->in = ch->out = -1;
	message_reader_release(&ch->messages);
}

/* Makes it the client (NULL: there is none); the former one has nobody left. */
static void
set_client(struct runner *rn, struct channel *ch)
{
	requests_abandon(rn);
	if (rn->client != NULL)
		rn->client->used = rn->queue.used;
	rn->client = ch;
	rn->silence_us = 0;
	queue_init(&rn->queue, ch != NULL ? ch->out : -1);
	rn->queue.used = ch != NULL && ch->used;
	rn->queue.broken = ch == NULL;
}

void
channels_init(struct runner *rn, bool stdio)
{
	rn->listen_fd = rn->passed_fd = rn->pending_fd = -1;
	rn->stdio.in = rn->stdio.out = rn->stdio.conn = -1;
	rn->late.in = rn->late.out = rn->late.conn = -1;
	if (stdio)
		channel_open(&rn->stdio, STDIN_FILENO, STDOUT_FILENO, -1);
	set_client(rn, stdio ? &rn->stdio : NULL);
}

void
channel_take(struct runner *rn, struct channel *ch)
{
	if (ch == rn->client) {
		requests_abandon(rn);
		queue_forget(&rn->queue);
		return;
	}
	if (rn->client == &rn->late)
		channel_close(rn, &rn->late);
	set_client(rn, ch);
}

/* One who has come: where nobody else is, it needs no HELLO to be heard. */
static void
late_open(struct runner *rn, int in, int out, int conn)
{
	bool first = rn->client == NULL || rn->client == &rn->late;

	if (first)
		set_client(rn, NULL);
	channel_close(rn, &rn->late);
	channel_open(&rn->late, in, out, conn);
	if (first)
		set_client(rn, &rn->late);
}

void
channel_lost(struct runner *rn, struct channel *ch)
{
	channel_close(rn, ch);
	if (ch != rn->client)
		return;
	set_client(rn, NULL);
	if (!rn->config.keep && !(rn->listens && rn->hello_by > 0))
		rn->quit = true;
}

/* ---- what is read ---- */

/* Takes what came with a message, at most max descriptors. */
static ssize_t
receive(int fd, void *p, size_t n, int *fds, size_t max, size_t *nfds)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(2 * sizeof(int))];
	} control;
	struct iovec iov = {.iov_base = p, .iov_len = n};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = CMSG_SPACE(max * sizeof(int))};
	struct cmsghdr *c;
	ssize_t got = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);

	*nfds = 0;
	c = got >= 0 ? CMSG_FIRSTHDR(&m) : NULL;
	if (c != NULL && c->cmsg_level == SOL_SOCKET &&
	    c->cmsg_type == SCM_RIGHTS) {
		*nfds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(c), *nfds * sizeof(int));
	}
	return got;
}

static ssize_t
channel_receive(struct runner *rn, struct channel *ch, void *p, size_t room)
{
	size_t nfds = 0;
	ssize_t n;
	int fd;

	n = receive(ch->in, p, room, &fd, 1, &nfds);
	if (n < 0 && errno == ENOTSOCK)
		return read(ch->in, p, room);
	if (nfds > 0) {
		fd_close(&rn->passed_fd);
		rn->passed_fd = fd;
	}
	return n;
}

void
channel_read(struct runner *rn, struct channel *ch)
{
	struct frame f;
	uint8_t *p;
	size_t room;
	ssize_t n;

	p = frame_reader_space(&ch->reader, &room);
	n = channel_receive(rn, ch, p, room);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		return channel_lost(rn, ch);
	frame_reader_add(&ch->reader, (size_t)n);
	while (!rn->quit && frame_reader_next(&ch->reader, &f)) {
		request_frame(rn, ch, &f);
		if (ch != rn->client)
			continue;
		/* Behind it: the first HELLO says how long a lease is. */
		rn->lease_at = rn->now + rn->config.lease_us;
		rn->heard_us = rn->now;
	}
}

void
channel_accept(struct runner *rn)
{
	int fd = accept4(rn->listen_fd, NULL, NULL,
	    SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (rn->listen_passed) {
		late_open(rn, fd, fd, -1);
	} else if (channel_peer_is_engines(fd, rn->config.began)) {
		fd_close(&rn->pending_fd);
		rn->pending_fd = fd;
	} else {
		close(fd);
	}
}

void
channel_pending(struct runner *rn)
{
	int fds[2] = {-1, -1};
	size_t nfds;
	uint8_t byte;
	ssize_t n = receive(rn->pending_fd, &byte, 1, fds, 2, &nfds);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == 1 && nfds == 2) {
		late_open(rn, fds[0], fds[1], rn->pending_fd);
		rn->pending_fd = -1;
		return;
	}
	fd_close(&fds[0]);
	fd_close(&fds[1]);
	fd_close(&rn->pending_fd);
}
