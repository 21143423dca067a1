/*
 * The service: what an image runs by itself, beside which the runner is the
 * init of its container.
 */
#include "runner.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int
become_user(const struct config *c)
{
	if (c->service_uid == c->self && c->service_user == NULL)
		return 0;
	if (setgroups(c->service_ngroups, c->service_groups) < 0 ||
	    setresgid(c->service_gid, c->service_gid, c->service_gid) < 0)
		return -1;
	return setresuid(c->service_uid, c->service_uid, c->service_uid);
}

/* In the child.  The runner's descriptors are closed by exec. */
static void
be_service(const struct runner *rn, int report)
{
	const struct config *c = &rn->config;
	int error;

	child_default_signals();
	(void)setsid();
	umask(022);
	if (dup2(rn->nullfd, STDIN_FILENO) < 0 || become_user(c) < 0 ||
	    chdir(c->service.cwd != NULL ? c->service.cwd : "/") < 0)
		error = errno;
	else
		error = child_exec_program(&c->service);
	(void)!write(report, &error, sizeof(error));
	_exit(127);
}

/* The report comes at once: nothing that lasts stands before exec. */
int
service_start(struct runner *rn)
{
	int fds[2], error = 0;
	pid_t pid;

	if (!rn->listens) {
		errno = EINVAL; /* its output would be among the frames */
		return -1;
	}
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0)
		be_service(rn, fds[1]);
	close(fds[1]);
	if (pid < 0 || read(fds[0], &error, sizeof(error)) != 0) {
		close(fds[0]);
		if (pid > 0)
			(void)waitpid(pid, NULL, 0);
		errno = error != 0 ? error : EAGAIN;
		return -1;
	}
	close(fds[0]);
	rn->service = pid;
	return 0;
}

bool
service_reaped(struct runner *rn, pid_t pid, int status)
{
	if (rn->service == 0 || pid != rn->service)
		return false;
	rn->service = 0;
	rn->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status)
					 : WEXITSTATUS(status);
	rn->quit = rn->quit || rn->stopping || !rn->config.service_stays;
	return true;
}
