/*
 * "connect": what an engine starts in an environment that is kept, to reach its
 * runner.  It copies nothing: the runner gets its stdin and stdout themselves,
 * and it stays only as the one that the engine waits for.
 */
#include "runner.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int
complain(const char *what)
{
	const char *parts[] = {"addesh-runner: ", what, "\n"};

	for (size_t i = 0; i < 3; i++)
		(void)!write(STDERR_FILENO, parts[i], strlen(parts[i]));
	return 1;
}

static int
pass_stdio(int fd)
{
	const int fds[] = {STDIN_FILENO, STDOUT_FILENO};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(fds))];
	} control;
	uint8_t byte = 0;
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = &control, .msg_controllen = sizeof(control.space)};
	struct cmsghdr *c;

	memset(&control, 0, sizeof(control));
	c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	return sendmsg(fd, &m, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

int
relay_main(void)
{
	struct sockaddr_un sa;
	socklen_t n = channel_address(&sa);
	uint8_t byte;
	int fd;

	(void)prctl(PR_SET_DUMPABLE, 0);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, n) < 0)
		return complain("no runner is listening here");
	if (!channel_peer_is_engines(fd, geteuid()) &&
	    !channel_peer_is_engines(fd, LEAVE_UID))
		return complain("what is listening here is not the runner");
	if (pass_stdio(fd) < 0)
		return complain("the runner does not listen any more");
	/* Code may be root too: what it cannot signal, it cannot end. */
	(void)setresuid(LEAVE_UID, LEAVE_UID, LEAVE_UID);
	while (read(fd, &byte, 1) < 0 && errno == EINTR)
		continue;
	return 0;
}
