#include "sandbox/sampler.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/io.h"
#include "runner/process.h"
#include "sandbox/spec.h"

#define PROCESSES_MAX 4096
#define MEMFDS_MAX 4096
#define PAGE 4096
#define INODE_BYTES 1024 /* that the kernel takes for a file in a tmpfs */
#define INODES_SLACK 1000

struct sampler {
	struct loop *loop;
	struct loop_timer *timer;
	pid_t root;
	uint64_t limit, peak;
	uint64_t inodes; /* when the run began */
	uint64_t files; /* when they were too many; else 0 */
	bool processes, hit;
	void (*exceeded)(void *arg);
	void *arg;
	/* of one sample */
	pid_t pids[PROCESSES_MAX];
	size_t npids;
	ino_t memfds[MEMFDS_MAX];
	size_t nmemfds;
};

static bool
read_proc(pid_t pid, const char *name, struct strbuf *sb)
{
	autofree char *path = xasprintf("/proc/%d/%s", (int)pid, name);
	autoerr struct err ignored = ERR_INIT;

	strbuf_reset(sb);
	return !io_read_file(path, sb, 1 << 20, &ignored);
}

/* Appends the children of each thread: proc(5), /proc/PID/task/TID/children. */
static void
add_children(struct sampler *s, pid_t pid, struct strbuf *sb)
{
	autofree char *tasks = xasprintf("/proc/%d/task", (int)pid);
	DIR *dir = opendir(tasks);
	struct dirent *de;

	while (dir && (de = readdir(dir))) {
		autofree char *name = xasprintf("task/%s/children", de->d_name);
		char *p, *end;

		if (de->d_name[0] == '.' || !read_proc(pid, name, sb))
			continue;
		for (p = sb->buf; s->npids < PROCESSES_MAX; p = end) {
			long child = strtol(p, &end, 10);

			if (end == p)
				break;
			s->pids[s->npids++] = (pid_t)child;
		}
	}
	if (dir)
		closedir(dir);
}

static void
find_processes(struct sampler *s, struct strbuf *sb)
{
	s->npids = 0;
	add_children(s, s->root, sb);
	for (size_t i = 0; i < s->npids; i++)
		add_children(s, s->pids[i], sb);
}

static bool
seen_before(struct sampler *s, ino_t ino)
{
	for (size_t i = 0; i < s->nmemfds; i++)
		if (s->memfds[i] == ino)
			return true;
	if (s->nmemfds < MEMFDS_MAX)
		s->memfds[s->nmemfds++] = ino;
	return false;
}

/* What lies in memfds that a process holds.  Pages that are mapped are counted
   twice, which errs to the safe side. */
static uint64_t
memfds_of(struct sampler *s, pid_t pid)
{
	autofree char *path = xasprintf("/proc/%d/fd", (int)pid);
	DIR *dir = opendir(path);
	struct dirent *de;
	uint64_t bytes = 0;

	while (dir && (de = readdir(dir))) {
		char target[64];
		struct stat st;
		ssize_t n = readlinkat(dirfd(dir), de->d_name, target,
		    sizeof(target) - 1);

		if (n < 7 || memcmp(target, "/memfd:", 7) ||
		    fstatat(dirfd(dir), de->d_name, &st, 0) ||
		    seen_before(s, st.st_ino))
			continue;
		bytes += (uint64_t)st.st_blocks * 512;
	}
	if (dir)
		closedir(dir);
	return bytes;
}

/*
 * Files in the writable places beyond one for each page that fits there: with
 * content they cannot be more.
 */
static uint64_t
extra_inodes(const struct sampler *s, uint64_t *all)
{
	static const char *const places[] = {
	    SANDBOX_WORKSPACE, "/tmp", "/dev/shm"};
	uint64_t extra = 0;

	*all = 0;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		autofree char *path =
		    xasprintf("/proc/%d/root%s", (int)s->root, places[i]);
		struct statvfs st;
		uint64_t used, pages;

		if (statvfs(path, &st) || !st.f_blocks)
			continue;
		used = st.f_files - st.f_ffree;
		pages = st.f_blocks * st.f_frsize / PAGE;
		*all += used;
		extra += used > pages ? used - pages : 0;
	}
	return extra;
}

static uint64_t
measure(struct sampler *s, bool exact)
{
	autoclose int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	uint64_t bytes = 0;

	s->nmemfds = 0;
	for (size_t i = 0; i < s->npids; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%d", (int)s->pids[i]);
		bytes += process_memory(proc, name, exact) +
			 memfds_of(s, s->pids[i]);
	}
	return bytes;
}

static void
on_timer(void *arg)
{
	struct sampler *s = arg;
	autobuf struct strbuf sb = STRBUF_INIT;
	uint64_t bytes = 0, files, inodes = extra_inodes(s, &files);
	bool only_files;

	if (s->processes) {
		find_processes(s, &sb);
		bytes = measure(s, false);
	}
	if (bytes > s->limit) /* pages shared after fork were counted often */
		bytes = measure(s, true);
	/* Those of an earlier run can still be removed by this one. */
	only_files = bytes <= s->limit;
	if (inodes > s->inodes + INODES_SLACK)
		bytes += inodes * INODE_BYTES;
	if (bytes > s->peak)
		s->peak = bytes;
	if (bytes > s->limit && !s->hit) {
		s->hit = true;
		s->files = only_files ? files : 0;
		s->exceeded(s->arg);
	}
	loop_timer_set(s->timer, clock_ms() + SAMPLER_PERIOD_MS);
}

struct sampler *
sampler_new(struct loop *loop, pid_t root, bool processes, uint64_t limit,
    void (*exceeded)(void *arg), void *arg)
{
	struct sampler *s = xcalloc(1, sizeof(*s));

	s->loop = loop;
	s->root = root;
	s->processes = processes;
	s->limit = limit;
	s->exceeded = exceeded;
	s->arg = arg;
	return s;
}

void
sampler_free(struct sampler *s)
{
	if (!s)
		return;
	sampler_stop(s);
	free(s);
}

void
sampler_start(struct sampler *s)
{
	s->hit = false;
	s->peak = 0;
	s->inodes = extra_inodes(s, &s->files);
	s->files = 0;
	if (!s->timer)
		s->timer = loop_timer_add(s->loop,
		    clock_ms() + SAMPLER_PERIOD_MS, on_timer, s);
}

void
sampler_stop(struct sampler *s)
{
	loop_timer_remove(s->timer);
	s->timer = NULL;
}

bool
sampler_hit(const struct sampler *s)
{
	return s->hit;
}

uint64_t
sampler_peak(const struct sampler *s)
{
	return s->peak;
}

uint64_t
sampler_files(const struct sampler *s)
{
	return s->files;
}
