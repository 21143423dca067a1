/* session/steps: what a step keeps, and what is left of dead sessions. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "session/steps.h"
#include "tap.h"

static bool
collect(void *arg, const struct step_record *r)
{
	strbuf_addf(arg, "[%u:%.*s]", r->flags, (int)r->n, r->p);
	return true;
}

static void
test_log(const char *parent)
{
	struct steps *s = steps_new(parent);
	autobuf struct strbuf text = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	struct step *st;
	autojson json *j = NULL;

	ok(access(parent, F_OK), "nothing is written before it is needed");
	st = step_begin(s, "run -e A_TOKEN=x main.py", NULL);
	is_int(step_number(st), 1, "steps count from 1");
	step_log(st, 0, "out", 3, 0);
	step_log(st, STEP_LOG_STDERR, "err\n", 4, 0);
	step_log(st, 0, "12345", 5, 6);
	step_log(st, 0, "more", 4, 6);
	step_log(st, 0, "and more", 8, 6);
	step_log(st, STEP_LOG_TAIL, "end", 3, 6);
	ok(!step_end(st, 1, NULL, NULL, &err), "it ends");
	ok(!steps_read_log(s, 1, collect, &text, &err), "its log is read");
	is_str(text.buf, "[0:out][1:err\n][0:123][2:][2:end]",
	    "in order, the limit for each stream, what is cut told once");
	strbuf_reset(&text);
	ok(!steps_read_stream(s, 1, false, &text, &err), "one stream");
	is_str(text.buf, "out123end", "is its own");
	j = steps_load(s, 1, &err);
	is_str(json_str(j, "command", NULL), "run -e A_TOKEN=*** main.py",
	    "the command without its secret");
	is_int(json_int(j, "status", -1), 1, "and its status are kept");
	ok(!steps_load(s, 2, &err), "a step that was not is an error");
	is_str(err.msg.buf, "there is no step @2", "which names it");
	is_int(steps_last_log(s), 1, "the last with a log");
	steps_free(s);
	is_int(rmdir(parent), 0, "a session that ends leaves nothing");
}

static void
test_sweep(const char *parent)
{
	struct steps *mine = steps_new(parent);
	autoerr struct err err = ERR_INIT;
	autovec struct strvec names = STRVEC_INIT;
	pid_t pid;

	step_end(step_begin(mine, "x", NULL), 0, NULL, NULL, &err);
	pid = fork();
	if (!pid) {
		struct steps *s = steps_new(parent);

		step_end(step_begin(s, "y", NULL), 0, NULL, NULL, &err);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	is_int(steps_sweep(parent, true, &names), 1, "a dead session is found");
	ok(!access(names.v[0], F_OK), "a dry run leaves it");
	is_int(steps_sweep(parent, false, NULL), 1, "then it is removed");
	ok(access(names.v[0], F_OK), "and gone");
	ok(!step_end(step_begin(mine, "z", NULL), 0, NULL, NULL, &err),
	    "a living one is not touched");
	steps_free(mine);
	is_int(rmdir(parent), 0, "nothing is left");
}

static bool full;

/* In place of the C library's: a disk with room for the lock alone. */
int
mkdir(const char *path, mode_t mode)
{
	if (!full)
		return mkdirat(AT_FDCWD, path, mode);
	errno = access(path, F_OK) ? ENOSPC : EEXIST;
	return -1;
}

static int
count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

static void
test_full_disk(const char *parent)
{
	struct steps *s = steps_new(parent);
	autoerr struct err err = ERR_INIT;
	int before;

	mkdir(parent, 0700);
	full = true;
	ok(step_end(step_begin(s, "a", NULL), 0, NULL, NULL, &err), "no room for a step");
	is_int(err.code, ENOSPC, "is said");
	before = count_fds();
	step_end(step_begin(s, "b", NULL), 0, NULL, NULL, &err);
	is_int(count_fds(), before, "and leaves no descriptor open");
	is_int(steps_sweep(parent, true, NULL), 0, "nor a lock behind");
	full = false;
	ok(!step_end(step_begin(s, "c", NULL), 0, NULL, NULL, &err), "until there is room");
	steps_free(s);
	is_int(rmdir(parent), 0, "nothing is left");
}

int
main(void)
{
	char top[] = "/tmp/addesh-steps-XXXXXX";

	if (!mkdtemp(top))
		abort();
	autofree char *parent = io_join(top, "sessions");

	test_log(parent);
	test_sweep(parent);
	test_full_disk(parent);
	rmdir(top);
	return done();
}
