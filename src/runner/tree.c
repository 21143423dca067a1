/*
 * The processes of a runner that is a guest in somebody else's container: its
 * programs have the uid of what runs there, so a uid says nothing.  The runner
 * is a subreaper (prctl(2)): whatever they start stays below it, however often
 * it forks, and is found in /proc by its parents.
 */
#include "runner.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "process.h"

#define END_ROUNDS 200
#define END_PAUSE_NS 10000000

struct member {
	pid_t pid, parent;
	bool ended, ours;
};

struct members {
	struct member *v; /* by pid, as /proc lists them */
	size_t n, cap;
};

static int
add(struct members *all, const struct member *p)
{
	struct member *v = all->v;

	if (all->n == all->cap) {
		all->cap = all->cap > 0 ? 2 * all->cap : 256;
		v = realloc(v, all->cap * sizeof(*v));
		if (v == NULL)
			return -1;
		all->v = v;
	}
	v[all->n++] = *p;
	return 0;
}

static bool
add_one(void *arg, const char *name, const struct process_stat *st)
{
	struct member m = {.pid = st->pid, .parent = st->parent,
	    .ended = st->state == 'Z' || st->state == 'X'};

	(void)name;
	return add(arg, &m) == 0;
}

static int
read_all(struct members *all)
{
	int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int bad = proc < 0 ? -1 : process_each(proc, add_one, all);

	if (proc >= 0)
		close(proc);
	return bad;
}

static int
compare(const void *a, const void *b)
{
	pid_t x = ((const struct member *)a)->pid;
	pid_t y = ((const struct member *)b)->pid;

	return (x > y) - (x < y);
}

static bool
is_ours(const struct members *all, pid_t pid)
{
	struct member key = {.pid = pid};
	const struct member *p = bsearch(&key, all->v, all->n,
	    sizeof(*all->v), compare);

	return p != NULL && p->ours;
}

/* Numbers mostly grow from parent to child: one round, or a few. */
static void
mark(struct members *all)
{
	pid_t self = getpid();
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < all->n; i++) {
			struct member *p = &all->v[i];

			if (p->ours || p->pid == self ||
			    (p->parent != self && !is_ours(all, p->parent)))
				continue;
			p->ours = more = true;
		}
	}
}

bool
tree_kill(void)
{
	struct members all = {NULL, 0, 0};
	bool empty = true;

	if (read_all(&all) == 0) {
		mark(&all);
		for (size_t i = 0; i < all.n; i++) {
			if (!all.v[i].ours)
				continue;
			empty = false;
			if (!all.v[i].ended)
				(void)kill(all.v[i].pid, SIGKILL);
		}
	}
	free(all.v);
	return empty;
}

void
tree_end(void)
{
	static const struct timespec pause = {.tv_nsec = END_PAUSE_NS};

	for (int i = 0; i < END_ROUNDS && !tree_kill(); i++) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		(void)nanosleep(&pause, NULL);
	}
}
