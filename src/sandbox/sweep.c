#include "sandbox/sweep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#include "base/io.h"
#include "sandbox/cgroup.h"
#include "sandbox/sweep_impl.h"

int
sweep_item(struct sweep *s, const char *kind, const char *name,
    const char *why, bool keep)
{
	struct sweep_item item = {
	    .kind = kind, .name = name, .why = why, .keep = keep};

	if (s->fn)
		s->fn(s->arg, &item);
	return !keep && !s->dry;
}

void
sweep_failed(struct sweep *s, struct err *e)
{
	s->failed = true;
	if (s->err->kind == ERR_NONE)
		err_move(s->err, e);
}

static void
on_leaf(void *arg, const char *path, const char *owner)
{
	struct sweep *s = arg;
	autoerr struct err err = ERR_INIT;

	if (owner_state(owner) == OWNER_DEAD &&
	    sweep_item(s, "cgroup", path, "its owner has ended", false) &&
	    cgroup_remove_dir(path, &err))
		sweep_failed(s, &err);
}

/* A lock file that can be locked belongs to nobody any more. */
static void
sweep_lock(struct sweep *s, int dir, const char *dirname, const char *name)
{
	autofree char *path = io_join(dirname, name);
	autoclose int fd =
	    openat(dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB))
		return;
	if (sweep_item(s, "file", path, "its owner has ended", false))
		unlinkat(dir, name, 0);
}

static void
sweep_locks(struct sweep *s, const struct runtime *rt)
{
	autofree char *path = io_join(rt->runtime_dir, "env");
	DIR *dir = opendir(path);
	struct dirent *de;

	while (dir && (de = readdir(dir)))
		if (de->d_name[0] != '.')
			sweep_lock(s, dirfd(dir), path, de->d_name);
	if (dir)
		closedir(dir);
}

int
sweep_run(const struct runtime *rt, struct engine *engine, bool dry,
    sweep_fn *fn, void *arg, struct err *err)
{
	struct sweep s = {.dry = dry, .gc = fn != NULL, .fn = fn, .arg = arg, .err = err};

	sweep_locks(&s, rt);
	cgroup_leaves(on_leaf, &s);
	if (engine)
		sweep_engine(&s, engine);
	return s.failed ? -1 : 0;
}
