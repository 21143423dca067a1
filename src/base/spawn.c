#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

static void
add_fd(posix_spawn_file_actions_t *fa, int fd, int as)
{
	if (fd >= 0)
		posix_spawn_file_actions_adddup2(fa, fd, as);
	else
		posix_spawn_file_actions_addopen(fa, as, "/dev/null",
		    as ? O_WRONLY : O_RDONLY, 0);
}

pid_t
spawn_start(const struct spawn *sp, struct err *err)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	sigset_t none, all;
	pid_t pid;
	int sys;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&fa);
	posix_spawnattr_init(&attr);
	add_fd(&fa, sp->in, 0);
	add_fd(&fa, sp->out, 1);
	add_fd(&fa, sp->err, 2);
	if (sp->three)
		add_fd(&fa, sp->three, 3);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setflags(&attr,
	    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
		(sp->session ? POSIX_SPAWN_SETSID : 0));
	sys = posix_spawnp(&pid, sp->argv[0], &fa, &attr, sp->argv,
	    sp->env ? sp->env : environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&fa);
	return sys ? err_sys(err, sys, "%s", sp->argv[0]) : pid;
}

int
spawn_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}
