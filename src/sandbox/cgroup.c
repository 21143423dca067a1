#include "sandbox/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/io.h"
#include "sandbox/scope.h"

#define NAME_PREFIX "addesh-"
#define PERIOD_US 100000 /* of cpu quotas; the kernel's own default */
#define REMOVE_MS 2000
#define PROCS_MAX (1u << 20) /* bytes of cgroup.procs */

/* ---- finding our place ---- */

/* A controller of v1 ("" is v2): where it is mounted, and where we are. */
struct place {
	char *mount, *path;
};

static void
place_release(struct place *p)
{
	free(p->mount);
	free(p->path);
	*p = (struct place){0};
}

static bool
list_has(const char *list, const char *word)
{
	autofree char *copy = xstrdup(list);
	char *rest = copy;

	for (char *item; (item = strsep(&rest, ", \n"));)
		if (!strcmp(item, word))
			return true;
	return false;
}

/* What the kernel says about all of them; to read it takes a while. */
struct map {
	struct strbuf cgroup, mountinfo; /* of /proc/self */
};

static void
map_read(struct map *map)
{
	autoerr struct err ignored = ERR_INIT;

	*map = (struct map){STRBUF_INIT, STRBUF_INIT};
	io_read_file("/proc/self/cgroup", &map->cgroup, 65536, &ignored);
	io_read_file("/proc/self/mountinfo", &map->mountinfo, 4 << 20,
	    &ignored);
}

static void
map_release(struct map *map)
{
	strbuf_release(&map->cgroup);
	strbuf_release(&map->mountinfo);
}

/* A line of /proc/self/cgroup: ID:CONTROLLERS:PATH. */
static char *
own_path(const struct map *map, const char *controller)
{
	autofree char *text = xstrdup(map->cgroup.buf);
	char *rest = text;

	for (char *line; (line = strsep(&rest, "\n"));) {
		char *list = strchr(line, ':');
		char *path = list ? strchr(list + 1, ':') : NULL;

		if (!path)
			continue;
		*path++ = '\0';
		if (controller[0] ? list_has(list + 1, controller) : !list[1])
			return xstrdup(path);
	}
	return NULL;
}

/*
 * A line of /proc/self/mountinfo (proc(5)): fields 4 and 5 are the root in the
 * file system and the mount point; " - TYPE SOURCE OPTIONS" ends it.
 */
static char *
mount_of_line(char *line, const char *controller)
{
	char *tail = strstr(line, " - "), *field[5], *type, *options;

	if (!tail)
		return NULL;
	*tail = '\0';
	tail += 3;
	for (int i = 0; i < 5; i++)
		if (!(field[i] = strsep(&line, " ")))
			return NULL;
	type = strsep(&tail, " ");
	strsep(&tail, " ");
	options = tail;
	/* A part of the hierarchy only: our paths mean nothing in it. */
	if (strcmp(field[3], "/"))
		return NULL;
	if (!controller[0])
		return strcmp(type, "cgroup2") ? NULL : field[4];
	if (strcmp(type, "cgroup") || !options ||
	    !list_has(options, controller))
		return NULL;
	return field[4];
}

static char *
mount_of(const struct map *map, const char *controller)
{
	autofree char *text = xstrdup(map->mountinfo.buf);
	char *rest = text, *mount;

	for (char *line; (line = strsep(&rest, "\n"));)
		if ((mount = mount_of_line(line, controller)))
			return xstrdup(mount);
	return NULL;
}

static bool
place_find(struct place *p, const struct map *map, const char *controller)
{
	p->path = own_path(map, controller);
	p->mount = p->path ? mount_of(map, controller) : NULL;
	if (p->mount)
		return true;
	place_release(p);
	return false;
}

/* ---- files of a cgroup ---- */

static int
write_file(const char *dir, const char *name, const char *value)
{
	autofree char *path = io_join(dir, name);
	autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, value, strlen(value)) >= 0 ? 0 : -1;
}

static void
write_number(const char *dir, const char *name, uint64_t value)
{
	autofree char *text =
	    xasprintf("%llu", (unsigned long long)value);

	write_file(dir, name, text);
}

static bool
file_has(const char *dir, const char *name, const char *word)
{
	autofree char *path = io_join(dir, name);
	autobuf struct strbuf sb = STRBUF_INIT;
	autoerr struct err ignored = ERR_INIT;

	return !io_read_file(path, &sb, 4096, &ignored) &&
	       list_has(sb.buf, word);
}

/* ---- v1 ---- */

static void
set_limits_v1(const char *dir, const char *controller,
    const struct cgroup_limits *l)
{
	if (!strcmp(controller, "memory") && l->memory) {
		write_number(dir, "memory.limit_in_bytes", l->memory);
		write_number(dir, "memory.memsw.limit_in_bytes", l->memory);
	}
	if (!strcmp(controller, "pids") && l->pids)
		write_number(dir, "pids.max", l->pids);
	if (!strcmp(controller, "cpu") && l->cpu_milli)
		write_number(dir, "cpu.cfs_quota_us",
		    l->cpu_milli * PERIOD_US / 1000);
}

static void
make_v1(struct cgroup_leaf *leaf, const struct map *map, const char *name,
    int lock_fd, const struct cgroup_limits *limits)
{
	static const char *const controllers[] = {"memory", "pids", "cpu"};

	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++) {
		struct place p = {0};
		autofree char *own = NULL;
		autofree char *dir = NULL;

		if (!place_find(&p, map, controllers[i]))
			continue;
		own = xasprintf("%s%s", p.mount, p.path);
		dir = io_join(own, name);
		place_release(&p);
		runtime_lock_note(lock_fd, "cgroup", dir);
		if (mkdir(dir, 0755) && errno != EEXIST)
			continue;
		set_limits_v1(dir, controllers[i], limits);
		if (!strvec_has(&leaf->dirs, dir))
			strvec_push(&leaf->dirs, dir);
		leaf->version = 1;
	}
}

/* ---- v2 ---- */

static bool
has_controllers(const char *dir, bool cpu)
{
	return file_has(dir, "cgroup.subtree_control", "memory") &&
	       file_has(dir, "cgroup.subtree_control", "pids") &&
	       (!cpu || file_has(dir, "cgroup.subtree_control", "cpu"));
}

/*
 * Whether leaves of dir can have limits.  A cgroup that holds processes cannot
 * pass controllers on (the kernel refuses), so it is never our own.
 */
static bool
can_hold_leaves(const char *dir, bool cpu)
{
	if (access(dir, W_OK))
		return false;
	if (!has_controllers(dir, cpu)) {
		write_file(dir, "cgroup.subtree_control", "+memory +pids");
		write_file(dir, "cgroup.subtree_control", "+cpu");
	}
	return has_controllers(dir, cpu);
}

/* The nearest cgroup above ours that can; first one that has cpu too. */
static char *
find_parent(const struct place *p)
{
	for (int cpu = 1; cpu >= 0; cpu--) {
		autofree char *path = xstrdup(p->path);

		for (char *slash; (slash = strrchr(path, '/'));) {
			autofree char *dir = NULL;

			*slash = '\0';
			dir = xasprintf("%s%s", p->mount, path);
			if (can_hold_leaves(dir, cpu))
				return steal(&dir);
		}
	}
	return NULL;
}

static void
set_limits_v2(const char *dir, const struct cgroup_limits *l)
{
	autofree char *cpu = xasprintf("%llu %d",
	    (unsigned long long)(l->cpu_milli * PERIOD_US / 1000), PERIOD_US);

	if (l->memory) {
		write_number(dir, "memory.max", l->memory);
		write_file(dir, "memory.swap.max", "0");
	}
	if (l->pids)
		write_number(dir, "pids.max", l->pids);
	if (l->cpu_milli)
		write_file(dir, "cpu.max", cpu);
}

static void
make_leaf_in(struct cgroup_leaf *leaf, const char *parent, const char *name,
    int lock_fd, const struct cgroup_limits *limits)
{
	autofree char *dir = io_join(parent, name);

	runtime_lock_note(lock_fd, "cgroup", dir);
	if (mkdir(dir, 0755))
		return;
	set_limits_v2(dir, limits);
	strvec_push(&leaf->dirs, dir);
	leaf->version = 2;
}

static void
make_v2(struct cgroup_leaf *leaf, const struct map *map, const char *name,
    int lock_fd, const struct cgroup_limits *limits)
{
	struct place p = {0};
	autofree char *parent = NULL;

	if (!place_find(&p, map, ""))
		return;
	parent = find_parent(&p);
	place_release(&p);
	if (!parent)
		return;
	make_leaf_in(leaf, parent, name, lock_fd, limits);
}

/* ---- the leaf ---- */

void
cgroup_leaf_make(struct cgroup_leaf *leaf, const struct runtime *rt,
    const char *id, int lock_fd, const struct cgroup_limits *limits)
{
	autofree char *name = xasprintf(NAME_PREFIX "%s-%s", rt->owner, id);

	struct map map;

	*leaf = (struct cgroup_leaf){.dirs = STRVEC_INIT};
	map_read(&map);
	make_v1(leaf, &map, name, lock_fd, limits);
	if (!leaf->version)
		make_v2(leaf, &map, name, lock_fd, limits);
	map_release(&map);
	if (!leaf->version)
		leaf->why = xstrdup(geteuid()
			? "no cgroup is delegated to this user"
			: "no cgroup can be made here");
}

/*
 * The process moves to a cgroup below the scope, since one that holds processes
 * cannot give its children limits.
 */
static bool
prepare_scope(const char *scope, pid_t pid)
{
	autofree char *inner = io_join(scope, "runner");

	if (mkdir(inner, 0755))
		return false;
	write_number(inner, "cgroup.procs", (uint64_t)pid);
	return can_hold_leaves(scope, false);
}

bool
cgroup_leaf_make_scope(struct cgroup_leaf *leaf, const struct runtime *rt,
    const char *id, int lock_fd, const struct cgroup_limits *limits, pid_t pid)
{
	autofree char *name = xasprintf(NAME_PREFIX "%s-%s", rt->owner, id);
	autofree char *path = NULL;
	autofree char *mount = NULL;
	autofree char *scope = NULL;
	struct map map;

	map_read(&map);
	mount = mount_of(&map, "");
	map_release(&map);
	if (!mount || !file_has(mount, "cgroup.controllers", "memory"))
		return false;
	path = scope_enter(id, pid);
	if (!path)
		return false;
	scope = xasprintf("%s%s", mount, path);
	if (prepare_scope(scope, pid))
		make_leaf_in(leaf, scope, name, lock_fd, limits);
	return leaf->version != 0;
}

/* False: the directory has no such file. */
static bool
open_role(struct cgroup_leaf *leaf, struct strvec *roles, int dir, int first,
    const char *file, const char *role, int flags)
{
	int fd;

	if (leaf->nfds == ARRAY_SIZE(leaf->fds))
		return false;
	fd = openat(dir, file, flags | O_CLOEXEC);
	/* Not every kernel lets a peak be reset. */
	if (fd < 0 && errno != ENOENT && flags == O_RDWR)
		fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	strvec_pushf(roles, "%s=%d", role, first + (int)leaf->nfds);
	leaf->fds[leaf->nfds++] = fd;
	return true;
}

void
cgroup_leaf_open(struct cgroup_leaf *leaf, struct strvec *roles, int first)
{
	static const struct {
		int version, flags;
		const char *file, *role;
	} files[] = {{1, O_RDONLY, "memory.oom_control", "events"},
	    {1, O_RDWR, "memory.max_usage_in_bytes", "peak"},
	    {1, O_RDONLY, "memory.usage_in_bytes", "memory"},
	    {1, O_RDONLY, "memory.limit_in_bytes", "memory_max"},
	    {1, O_RDONLY, "memory.memsw.limit_in_bytes", "swap_max"},
	    {1, O_RDONLY, "pids.current", "pids"},
	    {1, O_RDONLY, "pids.max", "pids_max"},
	    {1, O_RDONLY, "cpuacct.usage", "cpu"},
	    {1, O_RDONLY, "cpu.cfs_quota_us", "cpu_max"},
	    {1, O_RDONLY, "cpu.cfs_period_us", "cpu_period"},
	    {2, O_PATH | O_DIRECTORY, ".", "dir"},
	    {2, O_RDONLY, "memory.events", "events"},
	    {2, O_RDWR, "memory.peak", "peak"},
	    {2, O_WRONLY, "cgroup.kill", "kill"},
	    {2, O_RDONLY, "memory.current", "memory"},
	    {2, O_RDONLY, "memory.max", "memory_max"},
	    {2, O_RDONLY, "memory.swap.max", "swap_max"},
	    {2, O_RDONLY, "pids.current", "pids"},
	    {2, O_RDONLY, "pids.max", "pids_max"},
	    {2, O_RDONLY, "cpu.stat", "cpu"},
	    {2, O_RDONLY, "cpu.max", "cpu_max"}};
	bool open_already[ARRAY_SIZE(files)] = {false};

	for (size_t d = 0; d < leaf->dirs.n; d++) {
		autoclose int dir =
		    open(leaf->dirs.v[d], O_DIRECTORY | O_PATH | O_CLOEXEC);

		open_role(leaf, roles, dir, first,
		    leaf->version == 1 ? "tasks" : "cgroup.procs",
		    leaf->version == 1 ? "tasks" : "procs", O_WRONLY);
		for (size_t i = 0; i < ARRAY_SIZE(files); i++)
			if (files[i].version == leaf->version &&
			    !open_already[i])
				open_already[i] = open_role(leaf, roles, dir,
				    first, files[i].file, files[i].role,
				    files[i].flags);
	}
}

void
cgroup_leaf_close_fds(struct cgroup_leaf *leaf)
{
	for (size_t i = 0; i < leaf->nfds; i++)
		close(leaf->fds[i]);
	leaf->nfds = 0;
}

/* What version 1 has no file for.  Who forks meanwhile is found next time. */
static void
kill_listed(const char *dir)
{
	autofree char *path = io_join(dir, "cgroup.procs");
	autobuf struct strbuf list = STRBUF_INIT;
	autoerr struct err ignored = ERR_INIT;

	if (io_read_file(path, &list, PROCS_MAX, &ignored))
		return;
	for (char *p = list.buf, *end; *p; p = end + (*end == '\n')) {
		long pid = strtol(p, &end, 10);

		if (end == p || pid <= 1) /* 0: of a namespace that we do not
					     see into */
			break;
		(void)kill((pid_t)pid, SIGKILL);
	}
}

/* A cgroup is busy until the last of its processes was reaped. */
int
cgroup_remove_dir(const char *path, struct err *err)
{
	static const struct timespec pause = {.tv_nsec = 1000000};
	int64_t deadline = clock_ms() + REMOVE_MS;

	while (rmdir(path) && errno != ENOENT) {
		if (errno != EBUSY || clock_ms() >= deadline)
			return err_sys(err, errno, "cgroup %s", path);
		if (write_file(path, "cgroup.kill", "1"))
			kill_listed(path);
		nanosleep(&pause, NULL);
	}
	return 0;
}

void
cgroup_leaf_release(struct cgroup_leaf *leaf)
{
	cgroup_leaf_close_fds(leaf);
	strvec_release(&leaf->dirs);
	free(leaf->why);
	*leaf = (struct cgroup_leaf){.dirs = STRVEC_INIT};
}

int
cgroup_leaf_remove(struct cgroup_leaf *leaf, struct err *err)
{
	int bad = 0;

	cgroup_leaf_close_fds(leaf);
	for (size_t i = 0; i < leaf->dirs.n; i++)
		if (cgroup_remove_dir(leaf->dirs.v[i], err))
			bad = -1;
	cgroup_leaf_release(leaf);
	return bad;
}

/* ---- what others left ---- */

bool
cgroup_is_leaf(const char *path)
{
	const char *name = strrchr(path, '/');
	struct stat st;

	return name && str_starts(name + 1, NAME_PREFIX) && !lstat(path, &st) &&
	       S_ISDIR(st.st_mode);
}
