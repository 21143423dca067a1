/*
 * The cgroup that code runs in: its limits, its counters, and how to enter and
 * kill it.  Its files are found through /proc/self/cgroup and
 * /proc/self/mountinfo (proc(5), cgroups(7)), since where they lie depends on
 * the version and on the cgroup namespace, and are opened once, before any
 * code runs.
 */
#include "runner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "observe.h"

#define TEXT_MAX 65536
#define LATE_MAX 16

static char *
read_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *buf = malloc(TEXT_MAX);

	if (fd < 0 || buf == NULL || file_text(fd, buf, TEXT_MAX) < 0) {
		free(buf);
		buf = NULL;
	}
	if (fd >= 0)
		close(fd);
	return buf;
}

static char *
next_word(char **p)
{
	char *word = *p;

	while (*word == ' ')
		word++;
	if (*word == '\0')
		return NULL;
	*p = strchr(word, ' ');
	if (*p == NULL)
		*p = word + strlen(word);
	else
		*(*p)++ = '\0';
	return word;
}

/* Whether the comma-separated list holds the word. */
static bool
list_has(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; p != NULL; p = strchr(p, ',')) {
		if (*p == ',')
			p++;
		if (strncmp(p, word, n) == 0 && (p[n] == ',' || p[n] == '\0'))
			return true;
	}
	return false;
}

/*
 * The path of the process in the hierarchy of a v1 controller, or of v2 if
 * controller is "".  A line is ID:CONTROLLERS:PATH.
 */
static char *
own_path(const char *controller)
{
	char *text = read_file("/proc/self/cgroup"), *p = text, *line;
	char *found = NULL, *list, *path;

	while (text && !found && (line = text_line(&p)) != NULL) {
		list = strchr(line, ':');
		path = list != NULL ? strchr(list + 1, ':') : NULL;
		if (path == NULL)
			continue;
		*path++ = '\0';
		if (*controller == '\0' ? list[1] == '\0' :
		    list_has(list + 1, controller))
			found = strdup(path);
	}
	free(text);
	return found;
}

/*
 * Fields 4 and 5 of a line of mountinfo are the root within the file system
 * and the mount point; type and super options come after " - ".
 */
static int
mount_matches(char *line, const char *controller, char **root, char **point)
{
	char *rest = text_find(line, " - "), *word = NULL, *type, *options;

	if (rest == NULL)
		return 0;
	*rest = '\0';
	rest += 3;
	for (int i = 0; i < 5; i++) {
		word = next_word(&line);
		if (i == 3)
			*root = word;
	}
	*point = word;
	type = next_word(&rest);
	(void)next_word(&rest);
	options = next_word(&rest);
	if (*point == NULL || type == NULL || options == NULL)
		return 0;
	if (*controller == '\0')
		return strcmp(type, "cgroup2") == 0;
	return strcmp(type, "cgroup") == 0 && list_has(options, controller);
}

/* The part of path that lies below root; "" if it does not. */
static const char *
path_below(const char *path, const char *root)
{
	size_t n = strlen(root);

	if (strcmp(root, "/") == 0)
		return path;
	if (strncmp(path, root, n) == 0 && (path[n] == '/' || path[n] == '\0'))
		return path + n;
	return "";
}

/* Opens the directory of the process's cgroup, or returns -1. */
static int
open_dir(const char *controller)
{
	char *path = own_path(controller), *text, *p, *line, *root, *point;
	int top, fd = -1;
	const char *below;

	if (path == NULL)
		return -1;
	text = p = read_file("/proc/self/mountinfo");
	while (text != NULL && fd < 0 && (line = text_line(&p)) != NULL) {
		if (!mount_matches(line, controller, &root, &point))
			continue;
		top = open(point, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (top < 0)
			continue;
		below = path_below(path, root);
		while (*below == '/')
			below++;
		fd = openat(top, *below ? below : ".",
		    O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(top);
	}
	free(text);
	free(path);
	return fd;
}

static int
open_in(int dir, const char *name)
{
	return openat(dir, name, O_RDONLY | O_CLOEXEC);
}

/* For STATS; takes dir. */
static void
keep_dir(struct cgroup *cg, int dir)
{
	if (dir >= 0 && cg->ndirs < CGROUP_DIRS_MAX)
		cg->dirs[cg->ndirs++] = dir;
	else if (dir >= 0)
		close(dir);
}

static void
open_v2(struct cgroup *cg, int dir)
{
	cg->events = open_in(dir, "memory.events");
	cg->memory = open_in(dir, "memory.current");
	cg->memory_max = open_in(dir, "memory.max");
	cg->swap_max = open_in(dir, "memory.swap.max");
	cg->pids = open_in(dir, "pids.current");
	cg->pids_max = open_in(dir, "pids.max");
	cg->cpu = open_in(dir, "cpu.stat");
	cg->cpu_max = open_in(dir, "cpu.max");
	keep_dir(cg, dir);
}

static void
open_v1(struct cgroup *cg)
{
	int dir = open_dir("memory");

	if (dir >= 0) {
		cg->events = open_in(dir, "memory.oom_control");
		cg->memory = open_in(dir, "memory.usage_in_bytes");
		cg->memory_max = open_in(dir, "memory.limit_in_bytes");
		cg->swap_max = open_in(dir, "memory.memsw.limit_in_bytes");
		keep_dir(cg, dir);
	}
	dir = open_dir("pids");
	if (dir >= 0) {
		cg->pids = open_in(dir, "pids.current");
		cg->pids_max = open_in(dir, "pids.max");
		keep_dir(cg, dir);
	}
	dir = open_dir("cpuacct");
	if (dir >= 0) {
		cg->cpu = open_in(dir, "cpuacct.usage");
		keep_dir(cg, dir);
	}
	dir = open_dir("cpu");
	if (dir >= 0) {
		cg->cpu_max = open_in(dir, "cpu.cfs_quota_us");
		cg->cpu_period = open_in(dir, "cpu.cfs_period_us");
		keep_dir(cg, dir);
	}
	keep_dir(cg, open_dir("blkio"));
}

void
cgroup_init(struct cgroup *cg)
{
	memset(cg, 0, sizeof(*cg));
	cg->events = cg->kill = cg->peak = cg->dir = -1;
	cg->memory = cg->memory_max = cg->swap_max = -1;
	cg->pids = cg->pids_max = cg->cpu = cg->cpu_max = cg->cpu_period = -1;
}

void
cgroup_open(struct cgroup *cg)
{
	int dir;

	open_v1(cg);
	if (cg->memory >= 0)
		return;
	dir = open_dir("");
	if (dir >= 0)
		open_v2(cg, dir);
}

static int
take_role(struct cgroup *cg, const char *role, int fd)
{
	const struct {
		const char *name;
		int *fd;
	} roles[] = {{"events", &cg->events}, {"kill", &cg->kill},
	    {"peak", &cg->peak}, {"dir", &cg->dir},
	    {"memory", &cg->memory},
	    {"memory_max", &cg->memory_max}, {"swap_max", &cg->swap_max},
	    {"pids", &cg->pids}, {"pids_max", &cg->pids_max},
	    {"cpu", &cg->cpu}, {"cpu_max", &cg->cpu_max},
	    {"cpu_period", &cg->cpu_period}};

	if ((strcmp(role, "procs") == 0 || strcmp(role, "tasks") == 0) &&
	    cg->nprocs < CGROUP_PROCS_MAX) {
		cg->threads = *role == 't';
		cg->procs[cg->nprocs++] = fd;
		return 0;
	}
	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++) {
		if (strcmp(role, roles[i].name) == 0 && *roles[i].fd < 0) {
			*roles[i].fd = fd;
			return 0;
		}
	}
	return -1;
}

/* Descriptors that come over a socket get the numbers behind its own. */
static int
take_late(int fd)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(LATE_MAX * sizeof(int))];
	} control;
	char c;
	struct iovec iov = {.iov_base = &c, .iov_len = 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = &control, .msg_controllen = sizeof(control)};
	struct cmsghdr *h;
	int fds[LATE_MAX];
	size_t n = 0;

	if (recvmsg(fd, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) != 1)
		return -1;
	h = CMSG_FIRSTHDR(&m);
	if (h != NULL && h->cmsg_type == SCM_RIGHTS) {
		n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(h), n * sizeof(int));
	}
	for (size_t i = 0; i < n; i++) {
		if (dup2(fds[i], fd + 1 + (int)i) < 0)
			return -1;
		(void)close(fds[i]);
	}
	(void)close(fd);
	return 0;
}

int
cgroup_take(struct cgroup *cg, const struct field *f)
{
	char *text = text_of_field(f), *equals;
	const char *p;
	uint64_t fd;
	int taken = -1;

	equals = text != NULL ? strchr(text, '=') : NULL;
	if (equals != NULL) {
		*equals = '\0';
		p = equals + 1;
		if (text_scan(&p, &fd) == 0 && *p == '\0' && fd >= 3 &&
		    fd <= 65535 && fcntl((int)fd, F_SETFD, FD_CLOEXEC) == 0)
			taken = strcmp(text, "late") == 0
			    ? take_late((int)fd)
			    : take_role(cg, text, (int)fd);
		cg->passed |= strcmp(text, "late") != 0;
	}
	free(text);
	return taken;
}

int64_t
cgroup_oom_kills(const struct cgroup *cg)
{
	uint64_t v;

	if (file_key(cg->events, "oom_kill", &v) < 0)
		return -1;
	return (int64_t)v;
}

int
cgroup_join(const struct cgroup *cg)
{
	for (int i = 0; i < cg->nprocs; i++)
		if (write(cg->procs[i], "0", 1) != 1)
			return -1;
	return 0;
}

int64_t
cgroup_peak(const struct cgroup *cg)
{
	uint64_t v;

	return file_number(cg->peak, &v) == 0 ? (int64_t)v : -1;
}

int64_t
cgroup_peak_begin(const struct cgroup *cg)
{
	if (cg->peak >= 0 && pwrite(cg->peak, "0", 1, 0) == 1)
		return 0;
	return cgroup_peak(cg);
}

static void
put_limit(struct field_writer *w, const char *name, int known, uint64_t v)
{
	char text[96];
	size_t n = strlen(name);

	memcpy(text, name, n);
	text[n++] = '=';
	if (known == 0)
		text_number(text + n, v, 10);
	else
		memcpy(text + n, known == 1 ? "none" : "unknown",
		    known == 1 ? 5 : 8);
	field_put_text(w, PROTO_K_LIMIT, text);
}

/* Swap beyond memory: v2 says it, v1 has memory and swap together. */
static int
read_swap(const struct cgroup *cg, int memory_known, uint64_t memory,
    uint64_t *v)
{
	int known = file_bytes(cg->swap_max, v);
	uint64_t under;

	if (known != 0 || file_key(cg->events, "under_oom", &under) < 0)
		return known;
	if (memory_known != 0 || *v < memory)
		return -1;
	*v -= memory;
	return 0;
}

/* Thousandths of a CPU: v2 "QUOTA PERIOD", v1 one file for each. */
static int
read_cpu(const struct cgroup *cg, uint64_t *v)
{
	char buf[256];
	const char *p = buf;
	uint64_t quota, period;
	int known;

	if (cg->cpu_period >= 0) {
		known = file_number(cg->cpu_max, &quota);
		if (known == 0)
			known = file_number(cg->cpu_period, &period);
	} else {
		if (cg->cpu_max < 0 ||
		    file_text(cg->cpu_max, buf, sizeof(buf)) < 0)
			return -1;
		if (*p == 'm')
			return 1;
		known = text_scan(&p, &quota);
		if (known == 0 && *p++ == ' ')
			known = text_scan(&p, &period);
	}
	if (known == 0 && period > 0)
		*v = quota * 1000 / period;
	return known == 0 && period == 0 ? -1 : known;
}

void
cgroup_limits(const struct cgroup *cg, struct field_writer *w)
{
	uint64_t memory = 0, v = 0;
	int known = file_bytes(cg->memory_max, &memory);

	put_limit(w, "memory", known, memory);
	known = read_swap(cg, known, memory, &v);
	put_limit(w, "swap", known, v);
	known = file_number(cg->pids_max, &v);
	put_limit(w, "pids", known, v);
	known = read_cpu(cg, &v);
	put_limit(w, "cpu", known, v);
	if (cgroup_oom_kills(cg) < 0)
		field_put_text(w, PROTO_K_LIMIT, "oom_counter=none");
	else
		field_put_text(w, PROTO_K_LIMIT,
		    file_key(cg->events, "under_oom", &v) == 0 ?
		    "oom_counter=v1" : "oom_counter=v2");
}

/* Of the leaf for code the client has all the files itself. */
static void
passed_stats(const struct cgroup *cg, const struct observer *o)
{
	uint64_t v;

	if (file_number(cg->memory, &v) == 0)
		observe_put(o, "memory", v);
	if (file_number(cg->pids, &v) == 0)
		observe_put(o, "pids", v);
	if (file_key(cg->cpu, "usage_usec", &v) == 0)
		observe_put(o, "cpu_us", v);
	else if (file_number(cg->cpu, &v) == 0)
		observe_put(o, "cpu_us", v / 1000);
}

void
cgroup_stats(const struct cgroup *cg, const struct observer *o)
{
	if (cg->passed)
		return passed_stats(cg, o);
	for (int i = 0; i < cg->ndirs; i++)
		observe_cgroup(cg->dirs[i], o);
}
