#include "shell/hostio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/child.h"
#include "cmd/host.h"

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
hostio_pipe(struct hostio *io, const struct policy *p, bool interactive,
    const char *text, struct err *err)
{
	autovec struct strvec argv = STRVEC_INIT;
	const char *allowed = policy_text(p, SET_HOST_PIPE);
	int fd[2];

	if (!strcmp(allowed, "never"))
		return err_set(err, ERR_POLICY,
		    "| runs a command of this host, which %s forbids "
		    "(host.pipe)",
		    policy_where(p, SET_HOST_PIPE));
	if (!interactive && strcmp(allowed, "allow") != 0) {
		err_set(err, ERR_POLICY, "| runs a command of this host, which "
					 "only a person at a terminal may");
		return err_hint(err, "--allow-host allows it here");
	}
	if (pipe2(fd, O_CLOEXEC) < 0)
		return err_sys(err, errno, "making a pipe");
	strvec_push(&argv, "/bin/sh");
	strvec_push(&argv, "-c");
	strvec_push(&argv, text);
	io->pid = child_start(argv.v, fd[0], err);
	close(fd[0]);
	if (io->pid < 0) {
		io->pid = 0;
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
	free(io->name);
	*io = (struct hostio){.fd = -1};
	return status;
}
