/* test: the tests of a project. */
#include <string.h>

#include "base/sanitise.h"
#include "cmd/call.h"
#include "cmd/host.h"
#include "cmd/output.h"
#include "cmd/run_result.h"
#include "cmd/test_call.h"

#define SHOWN_MAX 20	/* failing tests that people get */
#define MESSAGE_LINES 3 /* of each */

static const struct opt test_opts[] = {
    OPT_STR(0, "command", "CMD", "run this, by sh, in place of a framework",
	COMP_NONE),
    OPT_CHOICE(0, "format", TEST_REPORT_FORMATS,
	"what CMD writes to {report}"),
    OPT_FLAG(0, "coverage", "measure which lines the tests carry out"),
    OPT_NUM(0, "min-coverage", "PCT",
	"fail where they are fewer than PCT percent of all"),
    OPT_STR(0, "lang", "LANGUAGE", "only what tests this language",
	COMP_LANGUAGE),
    OPT_TIME('t', "timeout", "stop them after this long"),
    OPT_END,
};

/* ---- what people see ---- */

void
call_add_clean(struct strbuf *out, const char *p, size_t n)
{
	while (n) {
		size_t style = sanitise_style(p, n);
		size_t plain = style ? 0 : sanitise_plain(p, n);
		size_t used = style ? style : plain ? plain : 1;

		if (plain)
			strbuf_add(out, p, plain);
		else if (!style)
			strbuf_addc(out, '?');
		p += used;
		n -= used;
	}
}

static void
add_name(struct strbuf *out, const char *name)
{
	call_add_clean(out, name, strlen(name));
}

/* The first lines of it, each under the test's name. */
static void
show_message(struct call *c, const char *text)
{
	for (int i = 0; text && *text && i < MESSAGE_LINES; i++) {
		autobuf struct strbuf line = STRBUF_INIT;
		size_t n = strcspn(text, "\n");

		call_add_clean(&line, text, n);
		call_text(c, "    %s\n", line.buf);
		text += n + (text[n] == '\n');
	}
}

/* Do both fail at the same place for the same reason? */
static bool
is_same_failure(const struct test_case *a, const struct test_case *b)
{
	return a->line == b->line && a->file && b->file && a->message &&
	       b->message && !strcmp(a->file, b->file) &&
	       !strcmp(a->message, b->message);
}

/* What was said of the one before is not said again. */
static void
show_case(struct call *c, const struct test_case *k,
    const struct test_case *before)
{
	autobuf struct strbuf line = STRBUF_INIT;
	bool suite = k->suite && strcmp(k->suite, k->name) != 0;
	/* A file that could not be loaded is the test. */
	bool name = suite || !k->file || strcmp(k->file, k->name) != 0;

	strbuf_addf(&line, "%s ",
	    k->state == TEST_ERROR ? "ERROR " : "FAILED");
	if (k->file) {
		add_name(&line, k->file);
		if (k->line)
			strbuf_addf(&line, ":%u", k->line);
		strbuf_adds(&line, name ? "  " : "");
	}
	if (suite) {
		add_name(&line, k->suite);
		strbuf_addc(&line, ' ');
	}
	if (name)
		add_name(&line, k->name);
	call_text(c, "%s\n", line.buf);
	if (!before || !is_same_failure(before, k))
		show_message(c, k->message);
}

static void
show_failing(struct call *c, const struct test_report *r)
{
	const struct test_case *before = NULL;
	size_t shown = 0, left = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct test_case *k = &r->cases[i];

		if (k->state != TEST_FAILED && k->state != TEST_ERROR)
			continue;
		if (shown++ < SHOWN_MAX)
			show_case(c, k, before);
		else
			left++;
		before = k;
	}
	if (left)
		call_text(c, "... and %zu more:  set output json && show @%u\n",
		    left, c->step);
}

static void
show_coverage(struct call *c, const struct tests_result *t)
{
	for (size_t i = 0; t->measured && i < t->coverage.n; i++) {
		const struct coverage_file *f = &t->coverage.files[i];
		int p = coverage_percent(f->covered, f->total);
		autobuf struct strbuf line = STRBUF_INIT;

		if (p < 0 || f->covered == f->total)
			continue;
		add_name(&line, f->path);
		strbuf_addf(&line, "  %d.%02d%%  not covered: ", p / 100,
		    p % 100);
		coverage_add_missing(f, 8, &line);
		call_text(c, "%s\n", line.buf);
	}
}

static void
show(struct call *c, const struct tests_result *t)
{
	autobuf struct strbuf sum = STRBUF_INIT, clean = STRBUF_INIT;

	show_failing(c, &t->report);
	show_coverage(c, t);
	tests_summary(t, &sum);
	for (const char *s = sum.buf; *s;) {
		size_t n = strcspn(s, "\n");

		call_add_clean(&clean, s, n);
		strbuf_addc(&clean, '\n');
		s += n + (s[n] == '\n');
	}
	call_bytes(c, clean.buf, clean.len);
	if (tests_need_note(t))
		run_result_show(c, &t->run);
	if (t->hint && !t->run.note.hint.len)
		call_text(c, "  try:  %s\n", t->hint);
}

/* ---- the run ---- */

static void
on_out(void *arg, int fd, const void *p, size_t n, bool tail)
{
	struct call_output *o = arg;

	if (tail && !o->cut[fd == 2])
		run_result_cut(o->c);
	o->cut[fd == 2] |= tail;
	call_stream(o->c, fd, p, n);
}

void
call_output_init(struct call_output *o, struct call *c, struct box_sink *sink)
{
	*o = (struct call_output){.c = c};
	*sink = (struct box_sink){.out = on_out, .arg = o};
	/* unittest and cargo say there what is no mistake. */
	output_same_streams(c->out);
}

void
test_options_default(struct call *c, struct test_options *o)
{
	const struct policy *p = c->session->policy;

	*o = (struct test_options){.args = STRVEC_INIT};
	o->timeout_ms = policy_num(p, SET_PROJECT_TIMEOUT);
	o->timeout_where = policy_where(p, SET_PROJECT_TIMEOUT);
	o->min_coverage = (unsigned)policy_num(p, SET_PROJECT_MIN_COVERAGE);
	o->log_max = policy_num(p, SET_OUTPUT_LIMIT);
	o->output_max = o->log_max;
}

int
test_call_run(struct call *c, const struct test_options *o,
    struct tests_result *t)
{
	struct box_sink sink;
	struct call_output out;

	call_output_init(&out, c, &sink);
	t->run.step = c->step;
	if (c->session->step)
		step_log_begin(c->session->step);
	if (session_test(c->session, c->env, o, &sink, t, &c->err))
		return -1;
	show(c, t);
	return 0;
}

/* ---- the command ---- */

int
call_project_limit(struct call *c, enum setting_id id, uint64_t *ms,
    const char **where)
{
	autofree char *text = NULL;
	struct policy *p;
	int rc;

	if (!call_has(c, "timeout"))
		return 0;
	text = xasprintf("%llums",
	    (unsigned long long)call_ms(c, "timeout", 0));
	p = policy_copy(c->session->policy);
	rc = policy_override(p, settings_table[id].path, text, "-t", &c->err);
	*ms = policy_num(p, id);
	*where = "-t";
	policy_free(p);
	return rc;
}

/* Only more than the policy's. */
static int
set_min_coverage(struct call *c, struct test_options *o)
{
	double percent = call_num(c, "min-coverage", 0);
	unsigned min = (unsigned)(percent * 1000 + 0.5);

	if (!call_has(c, "min-coverage"))
		return 0;
	if (percent > 100)
		return err_set(&c->err, ERR_USAGE,
		    "--min-coverage is a percentage, at most 100");
	if (min < o->min_coverage)
		return err_set(&c->err, ERR_POLICY, "the minimum is %g%% (%s)",
		    o->min_coverage / 1000.0,
		    policy_where(
			c->session->policy, SET_PROJECT_MIN_COVERAGE));
	o->min_coverage = min;
	return 0;
}

static int
set_options(struct call *c, struct test_options *o)
{
	test_options_default(c, o);
	o->command = call_str(c, "command");
	o->format = call_str(c, "format");
	o->lang = call_str(c, "lang");
	o->coverage = call_has(c, "coverage");
	if (c->redirected)
		o->output_max = 0;
	strvec_pushv(&o->args, c->argv, c->argc);
	if (o->format && !o->command)
		return err_set(&c->err, ERR_USAGE,
		    "--format says what --command writes");
	return set_min_coverage(c, o) ||
		       call_project_limit(c, SET_PROJECT_TIMEOUT,
			   &o->timeout_ms, &o->timeout_where)
		   ? -1
		   : 0;
}

static int
test_exec(struct call *c)
{
	struct test_options o;
	struct tests_result t;
	int rc;

	tests_result_init(&t);
	rc = set_options(c, &o) || test_call_run(c, &o, &t) ? -1 : 0;
	if (!rc && t.command.n)
		run_result_keep(c, &t.run);
	if (!rc) {
		json_put(call_data(c), "tests", tests_json(&t));
		c->status = tests_status(&t);
	}
	strvec_release(&o.args);
	tests_result_release(&t);
	return rc;
}

const struct cmd cmd_test = {
    .name = "test",
    .summary = "run the tests of the project in the environment",
    .help =
	"Finds what tests it (pytest, jest, go test ...), runs that in the "
	"workspace and reads the report that it writes, which counts only if "
	"it agrees with itself and with the exit status.  What is printed is "
	"shown and not believed.\n"
	"ARGs are the framework's own, and a file among them stands for its "
	"tests.  CMD is run by sh; it may write a report of FORMAT to "
	"{report}, or print TAP.\n"
	"The status is 0 if all passed, 124 at the time limit, 127 if the "
	"framework is missing, 130 after Ctrl-C, 137 if there was too little "
	"memory, else 1: tests failed, could not be loaded, are not there, "
	"cover too little, or the report is not to be believed.",
    .examples = "test\n"
		"test --min-coverage 80\n"
		"test -- -k parser -x\n"
		"test --command 'make check'",
    .opts = test_opts,
    .args = {ARG_REST("ARG", COMP_ENV_FILE)},
    .flags = CMD_NEEDS_ENV | CMD_OPTS_FIRST | CMD_RUNS_CODE,
    .exec = test_exec,
};
