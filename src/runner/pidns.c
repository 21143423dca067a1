/*
 * A run in a PID and mount namespace of its own, for where the runner and code
 * have one uid: code cannot name the runner then, and to kill the namespace's
 * init is to kill all that is in it (pid_namespaces(7)).
 */
#include "runner.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CTL_FD 4

pid_t
pidns_fork(void)
{
	return (pid_t)syscall(SYS_clone, PIDNS_FLAGS | SIGCHLD, 0, 0, 0, 0);
}

int
pidns_mount(void)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		NULL) < 0)
		return -1;
	/* Kernel addresses; not every kernel has the file. */
	(void)mount("/dev/null", "/proc/kallsyms", NULL, MS_BIND, NULL);
	/* Settings of namespaces belong to the user that made them, which here
	   is the one that code has. */
	if (mount("/proc/sys", "/proc/sys", NULL, MS_BIND, NULL) < 0)
		return -1;
	return mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY |
	    MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

static uint64_t
timeval_us(const struct timeval *tv)
{
	return (uint64_t)tv->tv_sec * 1000000 + (uint64_t)tv->tv_usec;
}

/* Reaps; true once the program itself has ended. */
static bool
init_reap(pid_t program, struct pidns_report *report, bool block)
{
	bool ended = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, block ? 0 : WNOHANG)) > 0) {
		if (pid == program) {
			report->status = status;
			ended = true;
		} else if (block) {
			report->leftovers++;
		}
	}
	return ended;
}

static void
init_end(struct pidns_report *report)
{
	struct rusage ru;

	(void)kill(-1, SIGKILL);
	(void)init_reap(-1, report, true);
	if (getrusage(RUSAGE_CHILDREN, &ru) == 0) {
		report->user_us = timeval_us(&ru.ru_utime);
		report->sys_us = timeval_us(&ru.ru_stime);
		report->maxrss_kb = (uint64_t)ru.ru_maxrss;
	}
	(void)!send(CTL_FD, report, sizeof(*report), MSG_NOSIGNAL);
	_exit(0);
}

/* A signal that the runner wants the program to get; SIGKILL is for all. */
static void
init_command(pid_t program)
{
	uint8_t byte;

	if (recv(CTL_FD, &byte, 1, MSG_DONTWAIT) != 1)
		_exit(1);
	if (byte == SIGKILL)
		(void)kill(-1, SIGKILL);
	else if (kill(-program, byte) < 0)
		(void)kill(program, byte);
}

static void
init_loop(pid_t program, int sigfd)
{
	struct pollfd fds[] = {{.fd = sigfd, .events = POLLIN},
	    {.fd = CTL_FD, .events = POLLIN}};
	struct pidns_report report;
	struct signalfd_siginfo si;

	memset(&report, 0, sizeof(report));
	for (;;) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents != 0) {
			(void)!read(sigfd, &si, sizeof(si));
			if (init_reap(program, &report, false))
				init_end(&report);
		}
		if (fds[1].revents != 0)
			init_command(program);
	}
}

int
pidns_init(void)
{
	sigset_t set, old;
	int sigfd;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &old);
	sigfd = signalfd(-1, &set, SFD_CLOEXEC);
	if (sigfd < 0)
		return -1;
	pid = fork();
	if (pid < 0)
		return -1;
	if (pid == 0) {
		close(sigfd);
		sigprocmask(SIG_SETMASK, &old, NULL);
		return 0;
	}
	for (int fd = 0; fd < CTL_FD; fd++)
		close(fd);
	init_loop(pid, sigfd);
	return -1;
}
