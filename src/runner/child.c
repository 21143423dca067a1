/*
 * Between fork and exec: from the runner's rights to those of code.
 */
#include "runner.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#define FD_FALLBACK_MAX 4096 /* where close_range is missing or forbidden */

static void
close_from(unsigned first)
{
	if (syscall(SYS_close_range, first, ~0U, 0) == 0)
		return;
	for (int fd = (int)first; fd < FD_FALLBACK_MAX; fd++)
		close(fd);
}

/* First above all targets, so that none is overwritten before it is used. */
static int
place_fds(const struct child_io *io)
{
	const int fds[] = {io->in, io->out, io->err, io->report, io->ctl};
	int high[5], kept = 0;

	for (int i = 0; i < 5; i++) {
		high[i] = fds[i] < 0 ? -1 :
		    fcntl(fds[i], F_DUPFD_CLOEXEC, 16);
		if (fds[i] >= 0 && high[i] < 0)
			return -1;
	}
	for (int i = 0; i < 5; i++) {
		if (high[i] < 0)
			continue;
		if (dup3(high[i], i, i < 3 ? 0 : O_CLOEXEC) < 0)
			return -1;
		kept = i + 1;
	}
	close_from(kept < 3 ? 3 : (unsigned)kept);
	return 0;
}

/* The runner has reset the others when it started, and ignores this one. */
void
child_default_signals(void)
{
	sigset_t none;

	(void)signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int
write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	close(fd);
	return n < 0 ? -1 : 0;
}

/*
 * What the kernel should kill first; it starves only code, see child_be_nice().
 * Where the runner is not uid 0, its files in /proc are its own only while it
 * is dumpable.
 */
static void
yield_to_runner(void)
{
	const char *path = "/proc/self/oom_score_adj";

	if (write_text(path, "1000") == 0 || errno != EACCES)
		return;
	(void)prctl(PR_SET_DUMPABLE, 1);
	(void)write_text(path, "1000");
	(void)prctl(PR_SET_DUMPABLE, 0);
}

static void
limit(int resource, rlim_t soft, rlim_t hard)
{
	struct rlimit rl;

	if (getrlimit(resource, &rl) < 0)
		return;
	if (hard > rl.rlim_max)
		hard = rl.rlim_max;
	rl.rlim_max = hard;
	rl.rlim_cur = soft > hard ? hard : soft;
	(void)setrlimit(resource, &rl);
}

/* Without a right to change ids the process keeps those of the runner. */
static int
set_ids(const struct config *c, uid_t uid)
{
	bool may_fail = uid == c->self;

	for (int cap = 0; cap < 64; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			break;
	if (setgroups(0, NULL) < 0 && !may_fail)
		return -1;
	if (setresgid(c->gid, c->gid, c->gid) < 0 && !may_fail)
		return -1;
	if (setresuid(uid, uid, uid) < 0)
		return -1;
	(void)prctl(PR_SET_DUMPABLE, 0);
	return capabilities_drop();
}

int
child_confine(const struct runner *rn, int slot, const struct child_io *io)
{
	const struct config *c = &rn->config;

	yield_to_runner();
	if (place_fds(io) < 0)
		return -1;
	child_default_signals();
	umask(002);
	limit(RLIMIT_NOFILE, c->nofile_soft, c->nofile_hard);
	/* 0 would still start a handler that core_pattern pipes to: core(5) */
	limit(RLIMIT_CORE, 1, 1);
	if (c->has_nproc)
		limit(RLIMIT_NPROC, c->nproc, c->nproc);
	if (set_ids(c, config_slot_uid(c, slot)) < 0)
		return -1;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int
child_be_nice(void)
{
	return setpriority(PRIO_PROCESS, 0, 19);
}

int
child_filter(const struct config *c)
{
	struct {
		unsigned short len;
		void *filter;
	} program;

	if (c->filter == NULL)
		return 0;
	program.len = (unsigned short)(c->filter_len / 8);
	program.filter = c->filter;
	return prctl(PR_SET_SECCOMP, 2 /* SECCOMP_MODE_FILTER */, &program);
}

static int
read_program(const struct request *r, struct program *p)
{
	struct field_reader fr;
	struct field f;
	int bad = 0;

	field_reader_init(&fr, r->msg, r->msg_len);
	while (bad == 0 && field_next(&fr, &f) > 0) {
		if (f.key == PROTO_K_ARG)
			bad = texts_add(&p->argv, f.data, f.len);
		else if (f.key == PROTO_K_ENV)
			bad = texts_set_env(&p->env, f.data, f.len);
		else if (f.key == PROTO_K_CWD)
			bad = (p->cwd = text_of_field(&f)) == NULL ? -1 : 0;
	}
	return bad;
}

/* Tries one directory of PATH; returns with errno. */
static void
exec_in(const char *dir, size_t len, const struct program *p)
{
	const char *name = p->argv.v[0];
	size_t n = strlen(name);
	char *path = malloc(len + n + 3);

	if (path == NULL)
		return;
	if (len == 0)
		dir = ".", len = 1;
	memcpy(path, dir, len);
	path[len] = '/';
	memcpy(path + len + 1, name, n + 1);
	execve(path, p->argv.v, p->env.v);
	free(path);
}

/* As execvp(3), but a file without a known format never goes to a shell. */
static int
exec_search(const struct program *p)
{
	const char *path = texts_env(&p->env, "PATH"), *end;
	int error = ENOENT;

	if (path == NULL)
		path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
		    "/sbin:/bin";
	for (;; path = end + 1) {
		end = strchr(path, ':');
		if (end == NULL)
			end = path + strlen(path);
		exec_in(path, (size_t)(end - path), p);
		if (errno == EACCES)
			error = EACCES;
		else if (errno != ENOENT && errno != ENOTDIR)
			return errno;
		if (*end == '\0')
			return error;
	}
}

int
child_exec_program(const struct program *p)
{
	if (strchr(p->argv.v[0], '/') == NULL)
		return exec_search(p);
	execve(p->argv.v[0], p->argv.v, p->env.v);
	return errno;
}

void
child_exec(const struct runner *rn, const struct request *r,
    struct child_error *e)
{
	struct program p = {.env = {NULL, 0}};
	const struct texts *base = &rn->config.env;
	const char *cwd;

	e->stage = STAGE_SETUP;
	for (size_t i = 0; i < base->n; i++)
		(void)texts_add(&p.env, base->v[i], strlen(base->v[i]));
	if (read_program(r, &p) < 0 || (p.env.v == NULL &&
	    (p.env.v = calloc(1, sizeof(char *))) == NULL)) {
		e->error = errno;
		return;
	}
	cwd = p.cwd != NULL ? p.cwd : rn->config.workspace;
	if (cwd != NULL && chdir(cwd) < 0) {
		e->stage = STAGE_CWD;
		e->error = errno;
		return;
	}
	if (child_filter(&rn->config) < 0) {
		e->error = errno;
		return;
	}
	e->stage = STAGE_EXEC;
	e->error = child_exec_program(&p);
}
