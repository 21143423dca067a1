/* session/steps: what a step keeps, and what is left of dead sessions. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/secrets.h"
#include "session/steps.h"
#include "tap.h"

static bool
collect(void *arg, const struct step_record *r)
{
	strbuf_addf(arg, "[%u:%.*s]", r->flags, (int)r->n, r->p);
	return true;
}

/* Ended and closed; the status of the first. */
static int
finish(struct step *st, int status, struct err *err)
{
	autoerr struct err ignored = ERR_INIT;
	int rc = step_end(st, status, NULL, NULL, err);

	step_close(st, &ignored);
	return rc;
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
	st = step_begin(s, "run -e A_TOKEN=x main.py", NULL, NULL);
	is_int(step_number(st), 1, "steps count from 1");
	step_log(st, 0, "out", 3, 0);
	step_log(st, STEP_LOG_STDERR, "err\n", 4, 0);
	step_log(st, 0, "12345", 5, 6);
	step_log(st, 0, "more", 4, 6);
	step_log(st, 0, "and more", 8, 6);
	step_log(st, STEP_LOG_TAIL, "end", 3, 6);
	ok(!finish(st, 1, &err), "it ends");
	ok(!steps_read_log(s, 1, collect, &text, &err), "its log is read");
	is_str(text.buf, "[1:err\n][0:out123][2:][0:end]",
	    "line by line, the limit for each stream, a gap told once");
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
test_secrets(const char *parent)
{
	struct secrets *known = secrets_new();
	struct steps *s = steps_new(parent);
	autobuf struct strbuf text = STRBUF_INIT, raw = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	json *about = json_object(), *result = json_object();
	autojson json *j = NULL;
	struct step *st;

	secrets_add(known, "tea-at-five", 11);
	steps_use_secrets(s, known);
	json_put_str(about, "env", "of tea-at-five");
	json_put_str(result, "file", "tea-at-five.txt");
	st = step_begin(s, "run tea-at-five", NULL, about);
	step_log_begin(st);
	step_log(st, 0, "it is tea-a", 11, 0);
	step_log(st, 0, "t-five\nMY_TO", 12, 0);
	step_log(st, 0, "KEN=x\n", 6, 0);
	step_read(st, false, &raw);
	is_str(raw.buf, "it is tea-at-five\nMY_TOKEN=x\n",
	    "who runs it gets what was written");
	step_end(st, 0, result, NULL, &err);
	step_close(st, &err);
	steps_read_log(s, 1, collect, &text, &err);
	is_str(text.buf, "[0:it is ***\n][0:MY_TOKEN=***\n]",
	    "a secret in two parts is not in the log");
	j = steps_load(s, 1, &err);
	is_str(json_str(j, "command", ""), "run ***", "nor in the record");
	is_str(json_str(json_get(j, "result"), "file", ""), "***.txt",
	    "nor in the result");
	is_str(json_str(json_get(j, "about"), "env", ""), "of ***",
	    "nor in what else is known");
	json_free(result);
	steps_free(s);
	secrets_free(known);
	rmdir(parent);
}

static char *
shown_of(struct steps *s, unsigned n)
{
	autoerr struct err err = ERR_INIT;
	autojson json *j = steps_load(s, n, &err);

	return json_get(j, "shown") ? json_print(json_get(j, "shown"))
				    : xstrdup("none");
}

static void
test_shown(const char *parent)
{
	struct steps *s = steps_new(parent);
	autoerr struct err err = ERR_INIT;
	autofree char *text = NULL, *none = NULL;
	struct step *st = step_begin(s, "a", NULL, NULL);
	const char *out = "out\n", *end;

	step_shows(st);
	step_log(st, 0, out, 4, 0);
	step_shown(st, 1, out, 4);
	step_shown(st, 1, "own ", 4);
	step_shown(st, 1, "API_KEY=x\n", 10);
	step_end(st, 0, NULL, NULL, &err);
	step_shown(st, 2, "the end\n", 8);
	ok(!step_close(st, &err), "it is kept");
	text = shown_of(s, 1);
	end = strstr(text, "\"own\"");
	ok(str_starts(text, "{\"log\":[4,0],\"cut\":[false,false],"),
	    "the log was shown: %s", text);
	ok(end && strstr(end, ",\"o\",4,\"own API_KEY=***\\n\"],["),
	    "and then a line, without its secret");
	ok(end && strstr(end, ",\"e\",0,\"the end\\n\"]]"),
	    "and what came after its end");
	st = step_begin(s, "b", NULL, NULL);
	step_shows(st);
	step_shown(st, 1, "x", 1);
	step_shows_otherwise(st);
	finish(st, 0, &err);
	none = shown_of(s, 2);
	is_str(none, "none", "what depends on the terminal is not known");
	steps_free(s);
	rmdir(parent);
}

static void
test_sweep(const char *parent)
{
	struct steps *mine = steps_new(parent);
	autoerr struct err err = ERR_INIT;
	autovec struct strvec names = STRVEC_INIT;
	pid_t pid;

	finish(step_begin(mine, "x", NULL, NULL), 0, &err);
	pid = fork();
	if (!pid) {
		struct steps *s = steps_new(parent);

		finish(step_begin(s, "y", NULL, NULL), 0, &err);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	is_int(steps_sweep(parent, true, &names), 1, "a dead session is found");
	ok(!access(names.v[0], F_OK), "a dry run leaves it");
	is_int(steps_sweep(parent, false, NULL), 1, "then it is removed");
	ok(access(names.v[0], F_OK), "and gone");
	ok(!finish(step_begin(mine, "z", NULL, NULL), 0, &err),
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
	ok(finish(step_begin(s, "a", NULL, NULL), 0, &err), "no room for a step");
	is_int(err.code, ENOSPC, "is said");
	before = count_fds();
	finish(step_begin(s, "b", NULL, NULL), 0, &err);
	is_int(count_fds(), before, "and leaves no descriptor open");
	is_int(steps_sweep(parent, true, NULL), 0, "nor a lock behind");
	full = false;
	ok(!finish(step_begin(s, "c", NULL, NULL), 0, &err), "until there is room");
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
	test_secrets(parent);
	test_shown(parent);
	test_sweep(parent);
	test_full_disk(parent);
	rmdir(top);
	return done();
}
