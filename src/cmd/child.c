#include "cmd/child.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/loop.h"
#include "base/spawn.h"
#include "cmd/terminal.h"

void
child_words(struct strvec *argv, const char *command)
{
	for (const char *p = command; *p;) {
		size_t n = strcspn(p, " \t");

		if (n)
			strvec_push_owned(argv, xstrndup(p, n));
		p += n + strspn(p + n, " \t");
	}
}

pid_t
child_start_with(char *const *argv, const int fd[3], struct err *err)
{
	struct spawn sp = {.argv = argv, .in = fd[0], .out = fd[1],
	    .err = fd[2]};
	pid_t pid;

	terminal_lend();
	pid = spawn_start(&sp, err);
	if (pid < 0)
		terminal_take();
	return pid;
}

pid_t
child_start(char *const *argv, int in_fd, struct err *err)
{
	const int fd[3] = {in_fd < 0 ? STDIN_FILENO : in_fd, STDOUT_FILENO,
	    STDERR_FILENO};

	return child_start_with(argv, fd, err);
}

static void
set_flag(void *arg, int fd, unsigned events)
{
	*(bool *)arg = true;
}

void
child_feed(struct loop *l, int fd, const char *p, size_t n)
{
	bool ready = false;
	struct loop_fd *w = loop_fd_add(l, fd, POLLOUT, set_flag, &ready);

	io_set_nonblock(fd, true);
	while (n) {
		ssize_t r = write(fd, p, n);

		if (r < 0 && errno != EAGAIN && errno != EINTR)
			break;
		if (r > 0) {
			p += r;
			n -= (size_t)r;
			continue;
		}
		ready = false;
		loop_until(l, &ready, INT64_MAX);
	}
	loop_fd_remove(w);
}

int
child_wait(struct loop *l, pid_t pid)
{
	autoclose int fd = syscall(SYS_pidfd_open, pid, 0);
	bool ended = false;
	struct loop_fd *w;
	int status;

	if (fd >= 0) {
		w = loop_fd_add(l, fd, POLLIN, set_flag, &ended);
		loop_until(l, &ended, INT64_MAX);
		loop_fd_remove(w);
	}
	status = spawn_wait(pid);
	terminal_take();
	if (status < 0)
		return 125;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}
