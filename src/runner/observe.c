#include "observe.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "process.h"
#include "scan.h"

#define TEXT_MAX 16384

static void
put_text(const struct observer *o, const char *name, const char *value)
{
	char text[128];
	size_t n = strlen(name), v = strlen(value);

	if (n + v + 2 > sizeof(text))
		return;
	memcpy(text, name, n);
	text[n] = '=';
	memcpy(text + n + 1, value, v + 1);
	o->fn(o->arg, text);
}

void
observe_put(const struct observer *o, const char *name, uint64_t v)
{
	char digits[72];

	text_number(digits, v, 10);
	put_text(o, name, digits);
}

/* known: as of file_number(). */
static void
put_limit(const struct observer *o, const char *name, int known, uint64_t v)
{
	if (known == 0)
		observe_put(o, name, v);
	else if (known == 1)
		put_text(o, name, "none");
}

/* Text of a file below dir; false: it is not there or cannot be read. */
static bool
read_at(int dir, const char *name, char *buf, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? file_text(fd, buf, size) : -1;

	if (fd >= 0)
		close(fd);
	return n >= 0;
}

/* ---- cgroups ---- */

static void
put_cache(const struct observer *o, const char *text)
{
	uint64_t active, inactive;

	/* v1: with those below it. */
	if (text_key(text, "total_active_file", &active) == 0 &&
	    text_key(text, "total_inactive_file", &inactive) == 0)
		return observe_put(o, "memory_file", active + inactive);
	if (text_key(text, "active_file", &active) == 0 &&
	    text_key(text, "inactive_file", &inactive) == 0)
		observe_put(o, "memory_file", active + inactive);
}

/* A line for each device: v2 "8:0 rbytes=1 wbytes=2 ...", v1 "8:0 Read 1". */
static void
put_blocks(const struct observer *o, char *text)
{
	uint64_t in = 0, out = 0;
	char *line;

	while ((line = text_line(&text)) != NULL) {
		in += text_number_behind(line, " rbytes=") +
		    text_number_behind(line, " Read ");
		out += text_number_behind(line, " wbytes=") +
		    text_number_behind(line, " Write ");
	}
	observe_put(o, "block_read", in);
	observe_put(o, "block_write", out);
}

/* v2 "QUOTA PERIOD", v1 a file for each. */
static void
put_quota(int dir, const struct observer *o, const char *text)
{
	char more[64];
	const char *p = text;
	uint64_t quota, period;

	if (*p == 'm' || *p == '-')
		return put_text(o, "cpu_limit", "none");
	if (text_scan(&p, &quota) < 0)
		return;
	if (*p != ' ') {
		if (!read_at(dir, "cpu.cfs_period_us", more, sizeof(more)))
			return;
		p = more;
	}
	while (*p == ' ')
		p++;
	if (text_scan(&p, &period) == 0 && period > 0)
		observe_put(o, "cpu_limit", quota * 1000 / period);
}

enum counter_kind { NUMBER, LIMIT, CACHE, USEC, NSEC, QUOTA, BLOCKS };

static void
put_counter(int dir, const struct observer *o, enum counter_kind kind,
    const char *name, char *text)
{
	const char *p = text;
	uint64_t v = 0;

	switch (kind) {
	case CACHE:
		return put_cache(o, text);
	case BLOCKS:
		return put_blocks(o, text);
	case QUOTA:
		return put_quota(dir, o, text);
	case USEC:
		if (text_key(text, "usage_usec", &v) == 0)
			observe_put(o, name, v);
		return;
	case LIMIT:
		if (*p == 'm')
			return put_text(o, name, "none");
		/* v1 says "no limit" with a number beyond all memory. */
		if (text_scan(&p, &v) == 0)
			put_limit(o, name, v >= UINT64_C(1) << 62, v);
		return;
	default:
		if (text_scan(&p, &v) == 0)
			observe_put(o, name, kind == NSEC ? v / 1000 : v);
	}
}

void
observe_cgroup(int dir, const struct observer *o)
{
	static const struct {
		const char *file, *name;
		enum counter_kind kind;
	} files[] = {{"memory.current", "memory", NUMBER},
	    {"memory.usage_in_bytes", "memory", NUMBER},
	    {"memory.stat", NULL, CACHE},
	    {"memory.peak", "memory_peak", NUMBER},
	    {"memory.max_usage_in_bytes", "memory_peak", NUMBER},
	    {"memory.max", "memory_limit", LIMIT},
	    {"memory.limit_in_bytes", "memory_limit", LIMIT},
	    {"pids.current", "pids", NUMBER}, {"pids.max", "pids_limit", LIMIT},
	    {"cpu.stat", "cpu_us", USEC}, {"cpuacct.usage", "cpu_us", NSEC},
	    {"cpu.max", NULL, QUOTA}, {"cpu.cfs_quota_us", NULL, QUOTA},
	    {"io.stat", NULL, BLOCKS},
	    {"blkio.throttle.io_service_bytes_recursive", NULL, BLOCKS}};
	char text[TEXT_MAX];

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (read_at(dir, files[i].file, text, sizeof(text)))
			put_counter(dir, o, files[i].kind, files[i].name,
			    text);
}

/* ---- the network ---- */

/* The nth word from p, counted from 0, as a number. */
static uint64_t
word_number(const char *p, int n)
{
	uint64_t v = 0;

	for (;; n--) {
		while (*p == ' ')
			p++;
		if (n == 0)
			break;
		while (*p != ' ' && *p != '\0')
			p++;
	}
	(void)text_scan(&p, &v);
	return v;
}

/* Two lines of titles, then "NAME: RX_BYTES ... TX_BYTES ...", 8 columns each:
   proc(5). */
void
observe_network(int proc, const char *process, const struct observer *o)
{
	char path[64] = "", text[TEXT_MAX], *p = text, *line, *colon;
	uint64_t rx = 0, tx = 0;
	bool any = false;

	if (strlen(process) > 20)
		return;
	memcpy(path, process, strlen(process));
	memcpy(path + strlen(process), "/net/dev", sizeof("/net/dev"));
	if (!read_at(proc, path, text, sizeof(text)))
		return;
	while ((line = text_line(&p)) != NULL) {
		while (*line == ' ')
			line++;
		colon = strchr(line, ':');
		if (colon == NULL || strncmp(line, "lo:", 3) == 0)
			continue;
		any = true;
		rx += word_number(colon + 1, 0);
		tx += word_number(colon + 1, 8);
	}
	if (!any)
		return put_text(o, "network", "none");
	observe_put(o, "rx", rx);
	observe_put(o, "tx", tx);
}

/* ---- processes ---- */

struct sums {
	int proc, except;
	uint64_t memory, pids, cpu_us;
};

static bool
add_process(void *arg, const char *name, const struct process_stat *st)
{
	struct sums *s = arg;

	/* What its children used before they ended is counted all the same. */
	s->cpu_us += st->children_us;
	if (st->pid == s->except)
		return true;
	s->cpu_us += st->cpu_us;
	s->pids += st->threads;
	s->memory += process_memory(s->proc, name, true);
	return true;
}

void
observe_sums(int proc, int except, const struct observer *o)
{
	struct sums s = {proc, except, 0, 0, 0};

	if (process_each(proc, add_process, &s) < 0)
		return;
	observe_put(o, "sum_memory", s.memory);
	observe_put(o, "sum_pids", s.pids);
	observe_put(o, "sum_cpu_us", s.cpu_us);
}
