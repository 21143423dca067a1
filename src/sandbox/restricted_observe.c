/*
 * A restricted sandbox, looked at from this host: the files of its cgroup, and
 * its own procfs through the runner's root directory.  Its runner is not asked,
 * which may be another process's.
 */
#include "sandbox/restricted_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/io.h"
#include "runner/observe.h"
#include "sandbox/bwrap.h"
#include "sandbox/observe.h"

static void
add_stat(void *arg, const char *text)
{
	strvec_push(arg, text);
}

/* PID 1 of it, here; 0 with err. */
static pid_t
find_runner(const struct restricted *r, struct err *err)
{
	pid_t pid = r->owner ? owner_pid(r->owner) : bwrap_child(r->info);

	if (r->owner && owner_state(r->owner) == OWNER_ELSEWHERE) {
		err_set(err, ERR_SANDBOX, "it is on another host");
		return 0;
	}
	if (pid > 0 && (!r->owner || owner_state(r->owner) == OWNER_ALIVE))
		return pid;
	err_set(err, ERR_SANDBOX, "its runner has ended");
	err->code = BOX_ENDED;
	return 0;
}

/* Its own procfs; -1: this user may not look into it. */
static int
open_proc(pid_t runner)
{
	autofree char *path = xasprintf("/proc/%d/root/proc", (int)runner);
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd >= 0 && (fstatfs(fd, &fs) || fs.f_type != PROC_SUPER_MAGIC))
		close(steal_fd(&fd));
	return fd;
}

int
restricted_observe(struct box *box, struct strvec *stats, struct err *err)
{
	const struct restricted *r = box->impl;
	const struct observer o = {add_stat, stats};
	pid_t runner = find_runner(r, err);
	autofree char *name = xasprintf("%d", (int)runner);
	autoclose int all = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int proc = -1;

	if (!runner)
		return -1;
	for (size_t i = 0; i < r->leaf.dirs.n; i++) {
		autoclose int dir =
		    open(r->leaf.dirs.v[i], O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (dir >= 0)
			observe_cgroup(dir, &o);
	}
	if (all >= 0)
		observe_network(all, name, &o);
	if (strvec_env_get(stats, "memory") && strvec_env_get(stats, "cpu_us"))
		return 0;
	proc = open_proc(runner);
	if (proc >= 0)
		observe_sums(proc, 1, &o);
	return 0;
}

/* ---- processes ---- */

struct listing {
	int proc;
	box_process_fn *fn;
	void *arg;
	struct strbuf uid_map;
};

/* Of /proc/PID/uid_map: "INSIDE OUTSIDE COUNT", as seen by us. */
static uint32_t
uid_inside(const struct strbuf *map, uint32_t uid)
{
	unsigned inside, outside, count;

	for (const char *p = map->buf; p && *p;
	     p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL)
		if (sscanf(p, "%u %u %u", &inside, &outside, &count) == 3 &&
		    uid >= outside && uid - outside < count)
			return inside + (uid - outside);
	return uid;
}

static bool
add_process(void *arg, const char *name, const struct process_stat *st)
{
	struct listing *l = arg;
	struct process p;

	if (!st->parent || process_read(l->proc, name, st, &p))
		return true;
	p.uid = uid_inside(&l->uid_map, p.uid);
	l->fn(l->arg, &p);
	return true;
}

int
restricted_processes(
    struct box *box, box_process_fn *fn, void *arg, struct err *err)
{
	autoerr struct err ignored = ERR_INIT;
	pid_t runner = find_runner(box->impl, err);
	autofree char *path = xasprintf("/proc/%d/uid_map", (int)runner);
	autoclose int proc = runner ? open_proc(runner) : -1;
	struct listing l = {proc, fn, arg, STRBUF_INIT};
	int rc;

	if (!runner)
		return -1;
	io_read_file(path, &l.uid_map, 4096, &ignored);
	rc = proc < 0 ? -1 : process_each(proc, add_process, &l);
	if (rc)
		err_sys(err, errno, "the processes of the sandbox");
	strbuf_release(&l.uid_map);
	return rc;
}
