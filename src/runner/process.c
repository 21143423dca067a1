#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>
#include <unistd.h>

#include "scan.h"

#define STAT_MAX 1024
#define STATUS_MAX 8192
#define STATES "RSDTtZXIKWP"

/* ---- a file of one ---- */

static int
open_file(int proc, const char *name, const char *file)
{
	char path[64];
	size_t n = strlen(name), m = strlen(file);

	if (n > 20 || n + m + 2 > sizeof(path))
		return -1;
	memcpy(path, name, n);
	path[n] = '/';
	memcpy(path + n + 1, file, m + 1);
	return openat(proc, path, O_RDONLY | O_CLOEXEC);
}

static ssize_t
read_file(int proc, const char *name, const char *file, char *buf,
    size_t size)
{
	int fd = open_file(proc, name, file);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = file_text(fd, buf, size);
	close(fd);
	return n;
}

/* ---- stat ---- */

/* The number in field n, counted from 3 as in proc(5), where p is. */
static uint64_t
field(const char *p, int n)
{
	uint64_t v = 0;

	for (int i = 3; i < n && *p != '\0'; i++) {
		p = strchr(p, ' ');
		if (p == NULL)
			return 0;
		p++;
	}
	(void)text_scan(&p, &v); /* -1 in some: 0 */
	return v;
}

static uint64_t
ticks_us(uint64_t ticks)
{
	unsigned long hz = getauxval(AT_CLKTCK);

	return ticks > UINT64_MAX / 1000000 ? 0 :
	    ticks * 1000000 / (hz > 0 ? hz : 100);
}

/* PID (NAME) STATE PARENT ..., where NAME may hold anything. */
int
process_parse(char *text, struct process_stat *st)
{
	char *name = strchr(text, '('), *end = strrchr(text, ')');
	const char *p = text;
	uint64_t pid, parent;
	size_t n;

	if (name == NULL || end == NULL || end < name || strlen(end) < 5 ||
	    end[1] != ' ' || strchr(STATES, end[2]) == NULL ||
	    text_scan(&p, &pid) < 0 || pid == 0 || pid > INT32_MAX)
		return -1;
	p = end + 4;
	if (text_scan(&p, &parent) < 0 || parent > INT32_MAX)
		return -1;
	*end = '\0';
	n = strlen(name + 1);
	if (n >= sizeof(st->name))
		n = sizeof(st->name) - 1;
	p = end + 2;
	*st = (struct process_stat){.pid = (pid_t)pid, .parent = (pid_t)parent,
	    .state = *p,
	    .cpu_us = ticks_us(field(p, 14)) + ticks_us(field(p, 15)),
	    .children_us = ticks_us(field(p, 16)) + ticks_us(field(p, 17)),
	    .threads = field(p, 20),
	    .started_us = ticks_us(field(p, 22))};
	memcpy(st->name, name + 1, n);
	return 0;
}

int
process_stat_read(int proc, const char *name, struct process_stat *st)
{
	char text[STAT_MAX];

	if (*name < '1' || *name > '9' ||
	    read_file(proc, name, "stat", text, sizeof(text)) <= 0)
		return -1;
	return process_parse(text, st);
}

int
process_each(int proc,
    bool (*fn)(void *arg, const char *name, const struct process_stat *st),
    void *arg)
{
	int fd = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct process_stat st;
	struct dirent *e;
	bool more = true;
	int saved = errno;

	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		errno = saved;
		return -1;
	}
	while (more && (e = readdir(dir)) != NULL)
		if (process_stat_read(proc, e->d_name, &st) == 0)
			more = fn(arg, e->d_name, &st);
	closedir(dir);
	return 0;
}

/* ---- memory ---- */

/* Of lines "NAME:   N kB". */
static uint64_t
kilobytes(const char *text, const char *name)
{
	return text_number_behind(text, name) * 1024;
}

uint64_t
process_memory(int proc, const char *name, bool exact)
{
	char text[STATUS_MAX];

	if (exact && read_file(proc, name, "smaps_rollup", text,
			 sizeof(text)) > 0)
		return kilobytes(text, "\nPss_Anon:") +
		    kilobytes(text, "\nPss_Shmem:");
	if (read_file(proc, name, "status", text, sizeof(text)) <= 0)
		return 0;
	return kilobytes(text, "\nRssAnon:") + kilobytes(text, "\nRssShmem:");
}

/* ---- one as a whole ---- */

/* "Uid: REAL EFFECTIVE ...", tabs between. */
static uint32_t
effective_uid(const char *status)
{
	const char *p = text_find(status, "\nUid:");
	uint64_t v = 0;

	if (p == NULL)
		return 0;
	p += 5;
	for (int i = 0; i < 2; i++) {
		while (*p == '\t' || *p == ' ')
			p++;
		(void)text_scan(&p, &v);
	}
	return (uint32_t)v;
}

/* A program can make its arguments as long as it likes, or nothing. */
static void
read_command(int proc, const char *name, const struct process_stat *st,
    struct process *p)
{
	ssize_t n = read_file(proc, name, "cmdline", p->command,
	    sizeof(p->command));

	while (n > 0 && p->command[n - 1] == '\0')
		n--;
	for (ssize_t i = 0; i < n; i++)
		if (p->command[i] == '\0')
			p->command[i] = ' ';
	if (n <= 0) {
		n = (ssize_t)strlen(st->name) + 2;
		p->command[0] = '[';
		memcpy(p->command + 1, st->name, (size_t)n - 2);
		p->command[n - 1] = ']';
	}
	p->command[n] = '\0';
	p->command_len = (size_t)n;
}

int
process_read(int proc, const char *name, const struct process_stat *st,
    struct process *p)
{
	char text[STATUS_MAX];
	struct timespec ts;
	uint64_t now;

	if (read_file(proc, name, "status", text, sizeof(text)) <= 0)
		return -1;
	clock_gettime(CLOCK_BOOTTIME, &ts);
	now = (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
	*p = (struct process){.pid = st->pid, .parent = st->parent,
	    .state = st->state, .threads = st->threads,
	    .cpu_us = st->cpu_us, .uid = effective_uid(text),
	    .memory = kilobytes(text, "\nRssAnon:") +
		kilobytes(text, "\nRssShmem:"),
	    .elapsed_us = now > st->started_us ? now - st->started_us : 0};
	read_command(proc, name, st, p);
	return 0;
}

/* ---- on the wire ---- */

size_t
process_pack(const struct process *p, char *out)
{
	const uint64_t numbers[] = {(uint64_t)p->pid, (uint64_t)p->parent,
	    p->uid, 0, p->threads, p->cpu_us, p->memory, p->elapsed_us};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		if (i == 3)
			out[n++] = p->state;
		else
			n += text_number(out + n, numbers[i], 10);
		out[n++] = ' ';
	}
	memcpy(out + n, p->command, p->command_len);
	return n + p->command_len;
}

/* A number and the blank behind it. */
static int
take_number(const char **p, uint64_t max, uint64_t *v)
{
	if (text_scan(p, v) < 0 || *v > max || **p != ' ')
		return -1;
	(*p)++;
	return 0;
}

static int
take_state(const char **p, char *state)
{
	if (**p == '\0' || strchr(STATES, **p) == NULL || (*p)[1] != ' ')
		return -1;
	*state = **p;
	*p += 2;
	return 0;
}

int
process_unpack(const char *text, size_t n, struct process *p)
{
	char copy[PROCESS_PACKED_MAX + 1];
	const char *at = copy;
	uint64_t pid, parent, uid;

	if (n > PROCESS_PACKED_MAX || memchr(text, 0, n) != NULL)
		return -1;
	memcpy(copy, text, n);
	copy[n] = '\0';
	if (take_number(&at, INT32_MAX, &pid) < 0 || pid == 0 ||
	    take_number(&at, INT32_MAX, &parent) < 0 ||
	    take_number(&at, UINT32_MAX, &uid) < 0 ||
	    take_state(&at, &p->state) < 0 ||
	    take_number(&at, UINT64_MAX, &p->threads) < 0 ||
	    take_number(&at, UINT64_MAX, &p->cpu_us) < 0 ||
	    take_number(&at, UINT64_MAX, &p->memory) < 0 ||
	    take_number(&at, UINT64_MAX, &p->elapsed_us) < 0)
		return -1;
	p->pid = (pid_t)pid;
	p->parent = (pid_t)parent;
	p->uid = (uint32_t)uid;
	p->command_len = n - (size_t)(at - copy);
	if (p->command_len > PROCESS_COMMAND_MAX)
		return -1;
	memcpy(p->command, at, p->command_len + 1);
	return 0;
}
