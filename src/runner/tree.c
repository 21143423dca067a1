/*
 * The processes of a runner that is a guest in somebody else's container: its
 * programs have the uid of what runs there, so a uid says nothing.  The runner
 * is a subreaper (prctl(2)): whatever they start stays below it, however often
 * it forks, and is found in /proc by its parents.
 */
#include "runner.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define END_ROUNDS 200
#define END_PAUSE_NS 10000000

struct process {
	pid_t pid, parent;
	bool ended, ours;
};

struct processes {
	struct process *v; /* by pid, as /proc lists them */
	size_t n, cap;
};

/* PID (NAME) STATE PARENT ..., where NAME may hold anything: proc(5). */
static bool
read_process(int proc, const char *name, struct process *p)
{
	char path[64], text[512], *end;
	const char *number = name;
	uint64_t pid, parent;
	ssize_t n;
	int fd;

	if (strlen(name) > 20 || text_scan(&number, &pid) < 0 || *number)
		return false;
	memcpy(path, name, strlen(name) + 1);
	memcpy(path + strlen(name), "/stat", sizeof("/stat"));
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	end = strrchr(text, ')');
	if (end == NULL || strlen(end) < 5)
		return false;
	number = end + 4;
	if (text_scan(&number, &parent) < 0)
		return false;
	*p = (struct process){.pid = (pid_t)pid, .parent = (pid_t)parent,
	    .ended = end[2] == 'Z' || end[2] == 'X'};
	return true;
}

static int
add(struct processes *all, const struct process *p)
{
	struct process *v = all->v;

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

static int
read_all(struct processes *all)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;
	struct process p;
	int bad = 0;

	if (dir == NULL)
		return -1;
	while (bad == 0 && (e = readdir(dir)) != NULL)
		if (read_process(dirfd(dir), e->d_name, &p))
			bad = add(all, &p);
	closedir(dir);
	return bad;
}

static int
compare(const void *a, const void *b)
{
	pid_t x = ((const struct process *)a)->pid;
	pid_t y = ((const struct process *)b)->pid;

	return (x > y) - (x < y);
}

static bool
is_ours(const struct processes *all, pid_t pid)
{
	struct process key = {.pid = pid};
	const struct process *p = bsearch(&key, all->v, all->n,
	    sizeof(*all->v), compare);

	return p != NULL && p->ours;
}

/* Numbers mostly grow from parent to child: one round, or a few. */
static void
mark(struct processes *all)
{
	pid_t self = getpid();
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < all->n; i++) {
			struct process *p = &all->v[i];

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
	struct processes all = {NULL, 0, 0};
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
