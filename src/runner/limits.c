/*
 * What a run gets, read back by a process that was made like one: engines
 * accept limits that they do not enforce.
 */
#include "work.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define LIMITS_SIZE 32768 /* must fit into one frame */

static void
put_text(struct field_writer *w, const char *name, const char *value)
{
	char text[4352];
	size_t n = strlen(name), v = strlen(value);

	if (n + v + 2 > sizeof(text))
		return;
	memcpy(text, name, n);
	text[n] = '=';
	memcpy(text + n + 1, value, v + 1);
	field_put_text(w, PROTO_K_LIMIT, text);
}

static void
put_number(struct field_writer *w, const char *name, uint64_t v, unsigned base)
{
	char digits[72];

	text_number(digits, v, base);
	put_text(w, name, digits);
}

static void
put_rlimits(struct field_writer *w)
{
	static const struct {
		const char *name;
		int resource;
	} limits[] = {{"nofile", RLIMIT_NOFILE}, {"nproc", RLIMIT_NPROC},
	    {"core", RLIMIT_CORE}, {"stack", RLIMIT_STACK},
	    {"fsize", RLIMIT_FSIZE}};
	struct rlimit rl;

	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		if (getrlimit(limits[i].resource, &rl) < 0)
			put_text(w, limits[i].name, "unknown");
		else if (rl.rlim_cur == RLIM_INFINITY)
			put_text(w, limits[i].name, "none");
		else
			put_number(w, limits[i].name, rl.rlim_cur, 10);
	}
}

static void
put_spaces(struct field_writer *w, const struct config *c)
{
	char name[4200];
	struct statvfs fs;
	size_t n;

	for (size_t i = 0; i < c->places.n; i++) {
		n = strlen(c->places.v[i]);
		if (n > 4096)
			continue;
		memcpy(name, "space:", 6);
		memcpy(name + 6, c->places.v[i], n + 1);
		if (statvfs(c->places.v[i], &fs) < 0)
			put_text(w, name, "unknown");
		else
			put_number(w, name,
			    (uint64_t)fs.f_blocks * fs.f_frsize, 10);
	}
}

static char *
read_text(const char *path)
{
	static char buf[16384];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return NULL;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n < 0)
		return NULL;
	buf[n] = '\0';
	return buf;
}

/* The values of lines "KEY:\tVALUE" of /proc/self/status, in their order. */
static void
put_status(struct field_writer *w)
{
	static const struct {
		const char *key, *name;
	} lines[] = {{"\nCapBnd:\t", "caps"},
	    {"\nNoNewPrivs:\t", "no_new_privs"}, {"\nSeccomp:\t", "seccomp"}};
	char *text = read_text("/proc/self/status"), *p, *end;

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		p = text != NULL ? text_find(text, lines[i].key) : NULL;
		end = p != NULL ? strchr(p + 1, '\n') : NULL;
		if (end == NULL) {
			put_text(w, lines[i].name, "unknown");
			continue;
		}
		*end = '\0';
		put_text(w, lines[i].name, p + strlen(lines[i].key));
		*end = '\n';
		text = end;
	}
}

static void
put_root(struct field_writer *w)
{
	struct statvfs fs;
	struct stat st;

	if (statvfs("/", &fs) == 0)
		put_number(w, "readonly_root", (fs.f_flag & ST_RDONLY) != 0,
		    10);
	if (stat("/", &st) == 0)
		put_number(w, "root_mode", st.st_mode & 07777, 8);
}

/* A network namespace without a network has no interface but lo: net(4). */
static void
put_network(struct field_writer *w)
{
	char *text = read_text("/proc/self/net/dev"), *line;
	bool up = false;

	if (text == NULL)
		return put_text(w, "network", "unknown");
	/* Two lines of headings come first. */
	for (line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
		char *name = line + strspn(line, " ");
		size_t n = strcspn(name, ":\n");

		if (name[n] == ':' && !(n == 2 && memcmp(name, "lo", 2) == 0) &&
		    strncmp(name, "tunl", 4) != 0 &&
		    strncmp(name, "sit", 3) != 0)
			up = true;
		if (line[strcspn(line, "\n")] == '\0')
			break;
	}
	put_text(w, "network", up ? "up" : "none");
}

static void
put_notes(struct field_writer *w, const struct config *c)
{
	const char *text = read_text("/proc/self/oom_score_adj");

	for (size_t i = 0; i < c->notes.n; i++)
		field_put_text(w, PROTO_K_NOTE, c->notes.v[i]);
	if (text == NULL || strncmp(text, "1000", 4) != 0)
		field_put_text(w, PROTO_K_NOTE, "oom_score_adj cannot be set");
	if (child_be_nice() < 0)
		field_put_text(w, PROTO_K_NOTE, "nice cannot be set");
}

void
limits_probe(struct work *w)
{
	static uint8_t buf[LIMITS_SIZE];
	struct field_writer f;

	field_writer_init(&f, buf, sizeof(buf));
	if (path_make_base(&w->rn->config) < 0)
		field_put_text(&f, PROTO_K_NOTE,
		    "a directory of the environment could not be made");
	put_spaces(&f, &w->rn->config);
	put_rlimits(&f);
	put_status(&f);
	put_root(&f);
	put_number(&f, "uid", geteuid(), 10);
	put_number(&f, "gid", getegid(), 10);
	put_text(&f, "isolation", w->rn->config.pidns ? "pidns" :
	    w->rn->config.shared_uid ? "shared" : "uid");
	put_network(&f);
	put_notes(&f, &w->rn->config);
	work_send(w, PROTO_WELCOME, &f);
}
