#include "shell/hostio.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/loop.h"
#include "cmd/child.h"
#include "cmd/host.h"
#include "cmd/output.h"

int
hostio_file(struct hostio *io, const struct policy *p, const char *path,
    bool append, struct err *err)
{
	int how = append ? O_APPEND : O_TRUNC;

	if (policy_may_use_path(p, SET_HOST_WRITE, path, err) < 0)
		return -1;
	io->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | how,
	    0666);
	if (io->fd < 0)
		return err_sys(err, errno, "%s", path);
	io->name = xstrdup(path);
	return 0;
}

int
hostio_may_pipe(const struct policy *p, bool interactive, struct err *err)
{
	const char *allowed = policy_text(p, SET_HOST_PIPE);

	if (!strcmp(allowed, "never"))
		return err_set(err, ERR_POLICY,
		    "| runs a command of this host, which %s forbids "
		    "(host.pipe)",
		    policy_where(p, SET_HOST_PIPE));
	if (interactive || !strcmp(allowed, "allow"))
		return 0;
	err_set(err, ERR_POLICY, "| runs a command of this host, which "
				 "only a person at a terminal may");
	return err_hint(err, "--allow-host allows it here");
}

static void
tap_end(struct hostio_tap *t)
{
	if (!t->watch)
		return;
	loop_fd_remove(t->watch);
	t->watch = NULL;
	close(t->from);
}

static void
on_tapped(void *arg, int from, unsigned events)
{
	struct hostio_tap *t = arg;
	char buf[16384];
	ssize_t n = read(from, buf, sizeof(buf));

	if (n > 0)
		output_host(t->out, t->fd, buf, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		tap_end(t);
}

/* The end that the command writes to; or fd itself if nobody taps. */
static int
tap_begin(struct hostio_tap *t, struct host *h, struct output *o, int fd,
    int *end)
{
	int p[2];

	*end = -1;
	if (!o->tap.fn || pipe2(p, O_CLOEXEC) < 0)
		return fd;
	io_set_nonblock(p[0], true);
	*t = (struct hostio_tap){.out = o, .from = p[0], .fd = fd};
	t->watch = loop_fd_add(h->loop, p[0], POLLIN, on_tapped, t);
	return *end = p[1];
}

/* What it wrote before it ended; who holds the pipe beyond that is not waited
   for. */
static void
tap_drain(struct hostio_tap *t)
{
	struct pollfd p = {.fd = t->from, .events = POLLIN};

	while (t->watch && poll(&p, 1, 0) > 0)
		on_tapped(t, t->from, p.revents);
	tap_end(t);
}

static int
start(struct hostio *io, struct host *h, struct output *o, const char *text,
    int in, struct err *err)
{
	autovec struct strvec argv = STRVEC_INIT;
	int end[3], fd[3] = {in};

	strvec_push(&argv, "/bin/sh");
	strvec_push(&argv, "-c");
	strvec_push(&argv, text);
	for (int i = 1; i <= 2; i++)
		fd[i] = tap_begin(&io->tap[i], h, o, i, &end[i]);
	io->pid = child_start_with(argv.v, fd, err);
	for (int i = 1; i <= 2; i++)
		if (end[i] >= 0)
			close(end[i]);
	if (io->pid >= 0)
		return 0;
	io->pid = 0;
	return -1;
}

int
hostio_pipe(struct hostio *io, struct host *h, struct output *o,
    const char *text, struct err *err)
{
	int fd[2], rc;

	if (pipe2(fd, O_CLOEXEC) < 0)
		return err_sys(err, errno, "making a pipe");
	rc = start(io, h, o, text, fd[0], err);
	close(fd[0]);
	if (rc) {
		close(fd[1]);
		return -1;
	}
	io->fd = fd[1];
	io->name = xstrdup("the pipe");
	return 0;
}

int
hostio_end(struct hostio *io, struct host *h)
{
	int status = 0;

	if (io->fd >= 0)
		close(io->fd);
	if (io->pid > 0)
		status = child_wait(h->loop, io->pid);
	for (int i = 1; i <= 2; i++)
		tap_drain(&io->tap[i]);
	free(io->name);
	*io = (struct hostio){.fd = -1};
	return status;
}
