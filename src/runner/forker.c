/*
 * Forks into the cgroup of code.
 *
 * To move a process into a cgroup makes the kernel wait for all processors
 * (percpu_rwsem in cgroup_attach_lock), which takes longer than a short program
 * runs; v2 also lets it in where pids.max is reached.  So a child is born
 * there.
 *
 * On v2 clone3(2) does it with CLONE_INTO_CGROUP, if the runner may write to
 * cgroup.procs there and in the nearest cgroup above both.
 *
 * On v1 a thread lives there and forks: a child inherits its cgroup for
 * nothing. One thread can be in another cgroup than the rest of its process,
 * and memory is charged by process, so the runner stays outside.
 */
#include "runner.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#define INTO_CGROUP 0x200000000ULL /* CLONE_INTO_CGROUP */

#define TRIES 20
#define TRY_MS 50

static struct {
	pthread_mutex_t lock;
	pthread_cond_t change;
	struct cgroup *cgroup;
	bool exists, joined;
	void (*child)(void *arg); /* to be forked; NULL: nothing to do */
	void *arg;
	pid_t pid;
	int error;
} forker = {.lock = PTHREAD_MUTEX_INITIALIZER,
    .change = PTHREAD_COND_INITIALIZER};

static void *
forker_main(void *unused)
{
	bool joined = cgroup_join(forker.cgroup) == 0;

	(void)unused;
	pthread_mutex_lock(&forker.lock);
	forker.joined = joined;
	for (;;) {
		while (forker.child == NULL)
			pthread_cond_wait(&forker.change, &forker.lock);
		forker.pid = fork();
		if (forker.pid == 0) {
			forker.child(forker.arg);
			_exit(127);
		}
		forker.error = errno;
		forker.child = NULL;
		pthread_cond_broadcast(&forker.change);
	}
	return NULL;
}

static pid_t
clone_into(int dir, unsigned long namespaces)
{
	/* struct clone_args of linux/sched.h */
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal,
		    stack, stack_size, tls, set_tid, set_tid_size, cgroup;
	} args;

	memset(&args, 0, sizeof(args));
	args.flags = INTO_CGROUP | namespaces;
	args.exit_signal = SIGCHLD;
	args.cgroup = (uint64_t)dir;
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

/*
 * Whether a child lives there.  The kernel may not do it, or not for us; and
 * since Linux 6.14, and in stable releases of that time, it kills each one if
 * cgroup.kill was written there more or less often than where we are
 * (kill_seq in cgroup_css_set_fork and cgroup_post_fork).
 */
static bool
can_clone_into(int dir)
{
	pid_t pid = clone_into(dir, 0);
	int status = -1;

	if (pid == 0)
		_exit(0);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && status == 0;
}

void
forker_start(struct cgroup *cg)
{
	pthread_t thread;

	forker.cgroup = cg;
	forker.joined = cg->dir >= 0 && can_clone_into(cg->dir);
	if (!forker.joined)
		fd_close(&cg->dir);
	if (!cg->threads || forker.exists)
		return;
	forker.exists = pthread_create(&thread, NULL, forker_main, NULL) == 0;
}

bool
forker_is_joined(void)
{
	return forker.joined;
}

static pid_t
fork_here(bool pidns)
{
	if (forker.cgroup->dir >= 0)
		return clone_into(forker.cgroup->dir, pidns ? PIDNS_FLAGS : 0);
	return pidns ? pidns_fork() : fork();
}

static pid_t
fork_in_thread(void (*child)(void *arg), void *arg)
{
	pid_t pid;

	pthread_mutex_lock(&forker.lock);
	forker.child = child;
	forker.arg = arg;
	pthread_cond_broadcast(&forker.change);
	while (forker.child != NULL)
		pthread_cond_wait(&forker.change, &forker.lock);
	pid = forker.pid;
	errno = forker.error;
	pthread_mutex_unlock(&forker.lock);
	return pid;
}

static pid_t
fork_once(bool pidns, void (*child)(void *arg), void *arg)
{
	pid_t pid;

	if (forker.exists && !pidns)
		return fork_in_thread(child, arg);
	pid = fork_here(pidns);
	if (pid == 0) {
		child(arg);
		_exit(127);
	}
	return pid;
}

/* The memory of what was killed for it may come back late on a busy machine,
   and the kernel does not let a fork wait for that. */
pid_t
forker_fork(bool pidns, void (*child)(void *arg), void *arg)
{
	pid_t pid = fork_once(pidns, child, arg);

	for (int i = 0; pid < 0 && errno == ENOMEM && i < TRIES; i++) {
		(void)poll(NULL, 0, TRY_MS);
		pid = fork_once(pidns, child, arg);
	}
	return pid;
}
