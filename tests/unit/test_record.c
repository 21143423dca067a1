/* Recording: what is written, that it matches the next run too, and that the
   file is a right one whatever happens.  fuzz_record has the hostile rest. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "replay/match.h"
#include "replay/record.h"
#include "replay/transcript.h"
#include "tap.h"

static struct masks *masks;
static char dir[] = "/tmp/addesh-record.XXXXXX";

static struct record_step
step(const char *text, const char *out, const char *err, int code)
{
	struct record_step s = {.text = text,
	    .n = strlen(text),
	    .out = out,
	    .n_out = strlen(out),
	    .err = err,
	    .n_err = strlen(err)};

	s.status.number = code;
	return s;
}

static void
written(struct record_step s, const char *want, const char *what)
{
	autobuf struct strbuf sb = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;

	ok(!record_add_step(&sb, masks, &s, &err), "%s", what);
	is_str(sb.buf, want, "as it is written");
}

static void
test_written(void)
{
	written(step("run a.py <<EOF\nx\n\nEOF\n", "one\n\n\n", "two\n", 3),
	    "```addesh\n$ run a.py <<EOF\n> x\n>\n> EOF\none\n\n\\\n! two\n"
	    "[3]\n```\n\n",
	    "a heredoc, both streams, a status");
	written(step("logs", "", "", 0), "```addesh\n$ logs\n```\n\n",
	    "nothing but a command");
	written(step("env new", "env a (3f2504e04f89) ready in 1.52s\n", "", 0),
	    "```addesh\n$ env new\nenv a ([ID]) ready in [TIME]\n```\n\n",
	    "what changes has a name");
	written(step("x", "$ a\n# 1.5s\n[1]\n...\n[..]\nb (re)\n", "", 0),
	    "```addesh\n$ x\n\\$ a\n? [TIME] (glob)\n\\[1]\n\\...\n\\[..]\n"
	    "\\b (re)\n```\n\n",
	    "what looks like something else is quoted");
	written(step("x", "3 passed in 0.31s (re)\n", "last", 0),
	    "```addesh\n$ x\n3 passed in [TIME] (re) (glob)\n"
	    "! last (no-eol)\n```\n\n",
	    "a mask beside a suffix, and no newline");
	written(step("run -e TOKEN=abcdefgh x", "PASSWORD=abcdefgh\n", "", 0),
	    "```addesh\n$ run -e TOKEN=*** x\nPASSWORD=***\n```\n\n",
	    "secrets are not kept");
}

/* A value by itself, and in base64. */
static void
test_secrets(void)
{
	struct record_step s = step("run a.py\n", "tea-at-five\n",
	    "dGVhLWF0LWZpdmU=\n", 0);
	struct secrets *secrets = secrets_new();
	static const char command[] = "env new -e API_KEY=tea-at-five";

	secrets_learn(secrets, command, strlen(command));
	s.secrets = secrets;
	written(s, "```addesh\n$ run a.py\n***\n! ***=\n```\n\n",
	    "a secret that was given before");
	secrets_free(secrets);
}

static void
test_status(void)
{
	struct record_step s = step("x", "", "", 0);

	s.status.kind = WANT_TIMEOUT;
	written(s, "```addesh\n$ x\n[timeout]\n```\n\n", "a time limit");
	s.status = (struct want_status){WANT_SIGNAL, SIGKILL};
	written(s, "```addesh\n$ x\n[signal KILL]\n```\n\n", "a signal");
}

static void
refused(const char *text, size_t n, const char *message)
{
	struct record_step s = {.text = text, .n = n};
	autobuf struct strbuf sb = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;

	strbuf_adds(&sb, "before");
	ok(record_add_step(&sb, masks, &s, &err) < 0, "refused: %s", message);
	is_str(err.msg.buf, message, "its message");
	is_str(sb.buf, "before", "nothing is left of it");
}

static void
test_refused(void)
{
	refused("logs\nlogs\n", 10,
	    "the command cannot stand in a session file: step.md:3: the "
	    "command is complete before this line; a line of output that "
	    "begins with > is written \\>");
	refused("logs \xff\n", 7,
	    "the command cannot stand in a session file: step.md:2: the byte "
	    "0xff is not UTF-8; in expected output it is written \\xff (esc)");
	refused("run <<EOF\na\r\nEOF\n", 16,
	    "the command cannot stand in a session file: its lines would be "
	    "read otherwise");
	refused("\n", 1,
	    "the command cannot stand in a session file: step.md:2: no "
	    "command; a line of output that is a $ is written \\$");
}

static void
test_front(void)
{
	autovec struct strvec requires = STRVEC_INIT, env = STRVEC_INIT;
	struct record_front f = {"A \"title\": {x}\n# y", &requires, &env};
	autobuf struct strbuf sb = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	struct transcript *t;

	strvec_push(&requires, "engine");
	strvec_push(&requires, "image:python:3.11-slim");
	strvec_push(&env, "A=x: 'y' #");
	strvec_push(&env, "B=");
	record_add_front(&sb, &f);
	t = transcript_read("a.md", sb.buf, sb.len, &err);
	is_str(err.msg.buf, "", "the front matter is read");
	is_str(t->front.title, f.title, "the title");
	is_int(t->front.n_requires, 2, "what it requires");
	is_str(t->front.requires[1].arg, "python:3.11-slim", "the image");
	is_str(t->front.env.v[0], "A=x: 'y' #", "a variable");
	is_str(t->front.env.v[1], "B=", "an empty one");
	ok(t->n_headings == 1 && t->headings[0].level == 1, "one heading");
	transcript_free(t);
}

/* What runs print: text, and values that change, by their kind. */
static void
add_value(struct strbuf *sb, unsigned kind)
{
	unsigned r = (unsigned)rand();

	switch (kind) {
	case 0:
		strbuf_addf(sb, "%u.%02us", r % 90, r % 100);
		return;
	case 1:
		strbuf_addf(
		    sb, "%04x%04xa7c%u", r & 0xffff, r >> 7 & 0xffff, r % 10);
		return;
	case 2:
		strbuf_addf(sb, "%u.%u MB", r % 900, r % 10);
		return;
	case 3:
		strbuf_addf(sb, "127.0.0.1:%u", 40000 + r % 9999);
		return;
	case 4:
		strbuf_addf(sb, "20%02u-%02u-%02uT%02u:%02u:%02uZ", r % 100,
		    r % 12 + 1, r % 28 + 1, r % 24, r % 60, r % 59);
		return;
	default:
		strbuf_adds(sb, "/tmp/run-1");
	}
}

/* Two runs of the same program: the same but for the values. */
static void
add_runs(struct strbuf runs[2], unsigned seed)
{
	static const char *const pieces[] = {"ready in ", "$ ", "> ", "% ",
	    "! ", "# ", "\\", " (re)", " (glob)", "*", "?", "\n", "\n", "\n",
	    "...", "[..]", "\t", "id=", "(", "```", "  ", "caf\xc3\xa9 ", "[",
	    "\x1b[1m", "\r\n", "\x01"};

	for (unsigned n = 3 + seed % 20; n--;
	     seed = seed * 1103515245 + 12345) {
		unsigned pick = seed >> 8;

		for (int k = 0; k < 2; k++)
			if (pick % 3)
				strbuf_adds(&runs[k],
				    pieces[pick / 3 % ARRAY_SIZE(pieces)]);
			else {
				strbuf_addc(&runs[k], ' ');
				add_value(&runs[k], pick / 3 % 5);
				strbuf_addc(&runs[k], ' ');
			}
	}
}

/* Is that what the step expects of stdout? */
static bool
expects(const struct transcript_step *s, const struct strbuf *output)
{
	autofree struct expected_text *texts =
	    xcalloc(s->out.n + 1, sizeof(*texts));
	autoerr struct err err = ERR_INIT;
	struct expectation x;
	struct actual a;
	bool matches;

	for (size_t i = 0; i < s->out.n; i++)
		texts[i] = (struct expected_text){
		    s->out.v[i].text, s->out.v[i].n, s->out.v[i].line};
	actual_read(&a, output->buf, output->len);
	matches = !expectation_init(&x, texts, s->out.n, masks, &err) &&
		  expectation_matches(&x, &a);
	expectation_release(&x);
	actual_release(&a);
	return matches;
}

/* 1: as both runs, 0: as the first only, -1: not even that. */
static int
record_runs(unsigned seed)
{
	struct strbuf runs[2] = {STRBUF_INIT, STRBUF_INIT};
	autobuf struct strbuf file = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	struct record_step s = {.text = "x", .n = 1};
	struct transcript *t;
	int r = -1;

	add_runs(runs, seed);
	s.out = runs[0].buf;
	s.n_out = runs[0].len;
	if (record_add_step(&file, masks, &s, &err))
		return -1;
	t = transcript_read("a.md", file.buf, file.len, &err);
	if (t && t->n_steps == 1 && expects(t->steps, &runs[0]))
		r = expects(t->steps, &runs[1]);
	if (r != 1)
		printf("# seed %u:\n%s\n", seed, file.buf);
	transcript_free(t);
	strbuf_release(&runs[0]);
	strbuf_release(&runs[1]);
	return r;
}

static void
test_runs(void)
{
	unsigned wrong = 0, red = 0, n = 3000;

	for (unsigned seed = 1; seed <= n; seed++) {
		int r = record_runs(seed * 2654435761u);

		wrong += r < 0;
		red += r == 0;
	}
	is_int(wrong, 0, "%u recordings match what they are from", n);
	is_int(red, 0, "and the next run, whose values are others");
}

static struct transcript *
read_file(const char *path, struct err *err)
{
	return transcript_read_file(path, err);
}

static void
test_file(void)
{
	autofree char *path = xasprintf("%s/a.md", dir);
	struct record_front f = {.title = "A file"};
	struct record_step s = step("logs 3\n", "one\n", "", 0);
	autoerr struct err err = ERR_INIT, twice = ERR_INIT, shut = ERR_INIT;
	struct record *r = record_open(path, false, &f, masks, &err);
	struct transcript *t = read_file(path, &err);

	ok(r && t && t->n_steps == 0, "a right file before the first step");
	transcript_free(t);
	for (int i = 1; i <= 3; i++) {
		ok(!record_append(r, &s, &err), "step %d", i);
		t = read_file(path, &err);
		ok(t && t->n_steps == (size_t)i, "is there");
		transcript_free(t);
	}
	ok(!record_close(r, &err), "closed");
	ok(!record_open(path, false, &f, masks, &twice) && twice.code == EEXIST,
	    "a file that is there is not replaced");
	r = record_open(path, true, &f, masks, &err);
	ok(r && !record_close(r, &err), "unless it shall be");
	t = read_file(path, &err);
	ok(t && t->n_steps == 0, "then it is new");
	transcript_free(t);
	ok(!record_open("/nowhere/a.md", true, &f, masks, &shut),
	    "no such directory");
}

/* The disk is full: the file ends with the step before. */
static void
test_full(void)
{
	autofree char *path = xasprintf("%s/full.md", dir);
	autofree char *long_line = xcalloc(1, 10001);
	struct record_front f = {0};
	struct rlimit old, small;
	autoerr struct err err = ERR_INIT, full = ERR_INIT;
	struct record *r = record_open(path, false, &f, masks, &err);
	struct record_step s = step("logs", "out\n", "", 0);
	struct transcript *t;

	ok(!record_append(r, &s, &err), "a step");
	memset(long_line, 'x', 10000);
	s = step("logs", long_line, "", 0);
	getrlimit(RLIMIT_FSIZE, &old);
	small = old;
	small.rlim_cur = 5000;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	ok(record_append(r, &s, &full) < 0 && full.code == EFBIG,
	    "there is no room for the next one");
	setrlimit(RLIMIT_FSIZE, &old);
	t = read_file(path, &err);
	ok(t && t->n_steps == 1, "the first one is whole");
	transcript_free(t);
	ok(!record_append(r, &s, &err), "and recording goes on");
	t = read_file(path, &err);
	ok(t && t->n_steps == 2, "behind it");
	transcript_free(t);
	record_close(r, &err);
}

/* Steps without end, until it is killed. */
static void
record_for_ever(const char *path)
{
	struct record_front f = {0};
	struct err err = ERR_INIT;
	struct record *r = record_open(path, true, &f, masks, &err);
	struct record_step s = step("run a.py <<EOF\nx\nEOF\n",
	    "a line of output\nand one more\n", "! err\n", 1);

	while (!record_append(r, &s, &err))
		;
	_exit(1);
}

/* Waits until the file has that many bytes, and some time more: half a minute
   at most. */
static void
wait_for_size(const char *path, off_t size, unsigned more_us)
{
	struct stat st;

	for (int i = 0; i < 30000; i++) {
		if (!stat(path, &st) && st.st_size >= size)
			break;
		usleep(1000);
	}
	usleep(more_us);
}

static void
test_killed(void)
{
	autofree char *path = xasprintf("%s/killed.md", dir);
	size_t right = 0, steps = 0;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (int i = 0; i < 60; i++) {
		autoerr struct err err = ERR_INIT;
		struct transcript *t;
		pid_t pid = fork();

		if (!pid)
			record_for_ever(path);
		wait_for_size(path, i * 40, (unsigned)(i % 7) * 300);
		kill(pid, SIGKILL);
		while (waitpid(-1, NULL, 0) > 0) /* who writes for it, too */
			;
		t = read_file(path, &err);
		unlink(path); /* the next one is waited for */
		if (t)
			right++;
		else
			printf("# %s\n", err.msg.buf);
		steps += t ? t->n_steps : 0;
		transcript_free(t);
	}
	is_int(right, 60, "a recording that was killed is a right file");
	ok(steps > 20, "with its steps: %zu", steps);
}

static void
test_long(void)
{
	autobuf struct strbuf out = STRBUF_INIT, file = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	struct record_step s = {.text = "x", .n = 1};
	clock_t began;
	double seconds;
	struct transcript *t;

	while (out.len < 3 * RECORD_OUTPUT_MAX)
		strbuf_addf(&out, "line %zu took 1.%zu s\n", out.len, out.len);
	s.out = s.err = out.buf;
	s.n_out = s.n_err = out.len;
	began = clock();
	ok(!record_add_step(&file, masks, &s, &err), "3 MiB of each stream");
	seconds = (double)(clock() - began) / CLOCKS_PER_SEC;
	printf("# %.2f s\n", seconds);
	ok(file.len < 3 * RECORD_OUTPUT_MAX, "are cut");
	t = transcript_read("a.md", file.buf, file.len, &err);
	ok(t && expects(t->steps, &out), "and match");
	transcript_free(t);
}

int
main(void)
{
	struct err err = ERR_INIT;

	masks = masks_new();
	if (!mkdtemp(dir))
		return 1;
	test_written();
	test_secrets();
	test_status();
	test_refused();
	test_front();
	test_runs();
	test_file();
	test_full();
	test_killed();
	test_long();
	masks_free(masks);
	io_remove_tree(dir, &err);
	return done();
}
