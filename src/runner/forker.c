/*
 * A thread that lives in the cgroup of code and forks there.
 *
 * To move a process into a cgroup makes the kernel wait for all processors
 * (percpu_rwsem in cgroup_attach_lock), which takes longer than a short program
 * runs; a child inherits the cgroup of the thread that forks it for nothing.
 * On v1 one thread can be in another cgroup than the rest of its process, and
 * memory is charged by process, so the runner stays outside.
 */
#include "runner.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

static struct {
	pthread_mutex_t lock;
	pthread_cond_t change;
	const struct cgroup *cgroup;
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

void
forker_start(const struct cgroup *cg)
{
	pthread_t thread;

	if (!cg->threads || forker.exists)
		return;
	forker.cgroup = cg;
	forker.exists = pthread_create(&thread, NULL, forker_main, NULL) == 0;
}

bool
forker_is_joined(void)
{
	return forker.joined;
}

pid_t
forker_fork(void (*child)(void *arg), void *arg)
{
	pid_t pid;

	if (!forker.exists) {
		pid = fork();
		if (pid == 0) {
			child(arg);
			_exit(127);
		}
		return pid;
	}
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
