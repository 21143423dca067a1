#include "session/test_run_impl.h"

#include <errno.h>
#include <string.h>

#include "base/io.h"
#include "base/regexp.h"
#include "sandbox/runtime.h"
#include "session/project.h"

#define HELPER_MAX (256u << 10)
#define ASK_MS 60000	    /* what is asked beside the tests */
#define ASK_BYTES (1u << 20)
#define RANDOM_BYTES 16
#define LINE_MAX_KEPT 4096 /* bytes of a line of TAP */

void
tests_result_init(struct tests_result *t)
{
	*t = (struct tests_result){.command = STRVEC_INIT};
	test_report_init(&t->report);
	coverage_init(&t->coverage);
	result_init(&t->run);
}

void
tests_result_release(struct tests_result *t)
{
	free(t->why);
	free(t->hint);
	free(t->framework);
	free(t->language);
	free(t->found_by);
	free(t->not_measured);
	strvec_release(&t->command);
	test_report_release(&t->report);
	coverage_release(&t->coverage);
	result_release(&t->run);
}

/* ---- small things beside the run ---- */

static void
on_answer(void *arg, int fd, const void *p, size_t n, bool tail)
{
	struct strbuf *out = arg;

	(void)tail;
	if (fd == 1 && out)
		strbuf_add(out, p, n);
}

int
test_ask(struct testing *x, const struct strvec *argv, struct strbuf *out,
    struct err *err)
{
	struct box_sink sink = {.out = on_answer, .arg = out};
	struct run_spec run = RUN_SPEC_INIT;
	struct verdict v = VERDICT_INIT;
	int rc;

	strvec_pushv(&run.argv, argv->v, argv->n);
	strvec_pushv(&run.env, x->env->spec.env.v, x->env->spec.env.n);
	env_add_path(x->env, true, &run.env);
	run.timeout_ms = ASK_MS;
	run.output_max = ASK_BYTES;
	rc = box_run(x->env->box, &run, &sink, &v, err);
	if (!rc)
		rc = v.exited && !v.exit_code && !v.lost && !v.timed_out;
	run_spec_release(&run);
	verdict_release(&v);
	return rc;
}

/* ---- beside its report ---- */

/* Its own program goes there with the report, under its name. */
static int
put_helper(struct testing *x, struct err *err)
{
	autofree char *name = NULL, *path = NULL;
	autobuf struct strbuf text = STRBUF_INIT;

	if (!x->f || !x->f->helper) {
		path = xasprintf("%s/.keep", x->dir);
		return box_put_bytes(x->env->box, path, "", 0, 0600, err);
	}
	name = xasprintf("tests/%s", x->f->helper);
	path = runtime_data_path(name, err);
	if (!path || io_read_file(path, &text, HELPER_MAX, err))
		return -1;
	return box_put_bytes(
	    x->env->box, x->helper, text.buf, text.len, 0644, err);
}

static void
find_module(struct testing *x)
{
	autobuf struct strbuf text = STRBUF_INIT;
	autoerr struct err ignored = ERR_INIT;
	struct regexp_run run = REGEXP_RUN_INIT;
	const struct framework *f = x->f;
	struct regexp *re;
	const char *line;
	size_t at[2];

	if (!f || !f->module_file || !f->module_text ||
	    env_read(x->env, f->module_file, DETECT_TEXT_MAX, &text, &ignored))
		return;
	re = regexp_new(f->module_text, strlen(f->module_text), &ignored);
	line = re ? regexp_search_lines(re, &run, text.buf, text.len, at)
		  : NULL;
	if (line && at[0] != SIZE_MAX)
		x->module = xstrndup(line + at[0], at[1] - at[0]);
	regexp_free(re);
	regexp_run_release(&run);
}

/* ---- coverage ---- */

/* Both are taken over; hint may be NULL. */
static void
cannot_measure(struct testing *x, char *why, char *hint)
{
	free(x->t->not_measured);
	x->t->not_measured = why;
	free(x->cover_hint);
	x->cover_hint = hint;
}

/* Where nothing measures it, only no minimum can be met. */
static char *
no_minimum(const struct testing *x)
{
	const struct policy *p = x->s->policy;

	if (!x->o->min_coverage)
		return NULL;
	return xstrdup(policy_num(p, SET_PROJECT_MIN_COVERAGE)
		? "set project.min_coverage 0"
		: "test --coverage");
}

static void
tool_is_missing(struct testing *x, const struct coverage_kind *c)
{
	char *hint = test_package_hint(x, c->package);

	/* Where projects must have something, the remedy is about that. */
	if (!hint && !c->found_by.n && c->remedy)
		hint = xstrdup(c->remedy);
	cannot_measure(x, c->package
		? xasprintf("%s is not installed here", c->package)
		: xstrdup("what is installed here does not measure it"), hint);
}

/* What was found to be there is not asked again in this environment. */
static int
can_measure(struct testing *x, const struct coverage_kind *c, struct err *err)
{
	autofree char *key = xasprintf("coverage of %s", x->f->name);
	autofree char *known = xasprintf("%s=1", key);
	int rc;

	if (!c->needs.n || strvec_env_get(&x->env->tools, key))
		return 1;
	rc = test_ask(x, &c->needs, NULL, err);
	if (rc == 1)
		strvec_env_set(&x->env->tools, known);
	else if (!rc)
		tool_is_missing(x, c);
	return rc;
}

static int
prepare_coverage(struct testing *x, struct err *err)
{
	const struct coverage_kind *c = x->f ? &x->f->coverage : NULL;
	int rc;

	if (!x->o->coverage && !x->o->min_coverage)
		return 0;
	if (!c || !c->format || !x->found.tests[0].coverage) {
		cannot_measure(x, xasprintf("the tests of this project do not "
		    "measure it (%s)", x->t->framework),
		    c && c->remedy ? xstrdup(c->remedy) : no_minimum(x));
		return 0;
	}
	rc = can_measure(x, c, err);
	if (rc != 1)
		return rc;
	x->covers = true;
	if (c->path && *c->path != '{')
		return test_clear_place(x, c->path, err);
	return 0;
}

static int
finish_coverage(struct testing *x, struct err *err)
{
	const struct coverage_kind *c = x->f ? &x->f->coverage : NULL;
	autovec struct strvec after = STRVEC_INIT;

	if (!x->covers || !c->after.n)
		return 0;
	framework_expand(&c->after, &(struct framework_places){
	    .dir = x->places.dir, .coverage = x->coverage, .tmp = x->dir},
	    &after);
	return test_ask(x, &after, NULL, err) < 0 ? -1 : 0;
}

/* ---- the run ---- */

/*
 * What may be TAP: of a flood of anything else nothing is kept.  Indented are
 * subtests, and what is said of a test that failed.  "ok  \tacme/sum\t0.002s"
 * is what go test says of a package.
 */
static bool
may_be_tap(const char *line)
{
	if (str_starts(line, "ok  \t"))
		return false;
	return strchr(" #}.", *line) || str_starts(line, "ok") ||
	       str_starts(line, "not ok") || str_starts(line, "1..") ||
	       str_starts(line, "Bail out!");
}

static void
end_line(struct testing *x)
{
	if (!may_be_tap(x->line.buf))
		strbuf_reset(&x->line);
	if (x->out.len + x->line.len > TEST_REPORT_BYTES_MAX)
		x->out_cut = true;
	else if (x->line.len) {
		strbuf_add(&x->out, x->line.buf, x->line.len);
		strbuf_addc(&x->out, '\n');
	}
	strbuf_reset(&x->line);
}

static void
keep_lines(struct testing *x, const char *p, size_t n)
{
	while (n) {
		const char *nl = memchr(p, '\n', n);
		size_t len = nl ? (size_t)(nl - p) : n;

		if (x->line.len < LINE_MAX_KEPT)
			strbuf_add(&x->line, p, len < LINE_MAX_KEPT
				? len : LINE_MAX_KEPT);
		if (nl)
			end_line(x);
		len += nl != NULL;
		p += len;
		n -= len;
	}
}

/* Of what is a report all comes, and people get no more than of anything
   else. */
static void
on_out(void *arg, int fd, const void *p, size_t n, bool tail)
{
	struct testing *x = arg;
	uint64_t *shown = &x->shown[fd == 2];

	if (x->from_out && fd == 1)
		keep_lines(x, p, n);
	if (x->from_out && x->o->output_max &&
	    *shown + n > x->o->output_max) {
		n = *shown < x->o->output_max ? x->o->output_max - *shown : 0;
		tail = true;
	}
	*shown += n;
	if (x->sink && x->sink->out)
		x->sink->out(x->sink->arg, fd, p, n, tail);
}

static void
build_command(struct testing *x, struct program *p)
{
	const struct framework *f = x->f;
	bool own = x->covers && f->coverage.command.n;

	x->places.cover = x->covers ? &f->coverage.args : NULL;
	x->places.args = &x->o->args;
	env_add_path(x->env, true, &p->env);
	if (f) {
		framework_expand(own ? &f->coverage.command : &f->command,
		    &x->places, &p->args);
		env_use_bin(x->env, f->bin, &p->args);
		framework_expand(&f->env, &(struct framework_places){
		    .dir = x->places.dir, .report = x->report, .tmp = x->dir,
		    .coverage = x->coverage}, &p->env);
	} else {
		strvec_push(&p->args, "sh");
		strvec_push(&p->args, "-c");
		strvec_push_owned(&p->args,
		    framework_text(x->o->command, &x->places));
		strvec_push(&p->args, "sh");
		strvec_pushv(&p->args, x->o->args.v, x->o->args.n);
	}
	strvec_pushv(&x->t->command, p->args.v, p->args.n);
}

static int
run_tests(struct testing *x, struct err *err)
{
	struct box_sink sink = {.out = on_out, .arg = x};
	struct program p = PROGRAM_INIT;
	int rc;

	build_command(x, &p);
	p.timeout_ms = x->o->timeout_ms;
	p.timeout_where = x->o->timeout_where;
	p.timeout_setting = "project.timeout";
	p.command = "test";
	p.log_max = x->o->log_max;
	p.output_max = x->from_out ? 0 : x->o->output_max;
	rc = execute_program(x->s, x->env, &p, &sink, &x->t->run, err);
	program_release(&p);
	end_line(x);
	return rc;
}

/* ---- all of it ---- */

/* What is run; 0: nothing is, and x->t says why. */
static int
choose(struct testing *x, struct err *err)
{
	const struct languages *ls = session_languages(x->s, err);
	const struct detected_test *first;
	struct tests_result *t = x->t;

	if (!ls || env_files_list(&x->files, x->env, ls, err))
		return -1;
	if (x->o->command) {
		t->framework = xstrdup("command");
		return 1;
	}
	if (project_detect(ls, &x->files.source,
		x->o->lang ? x->o->lang : session_project_told(x->env),
		&x->found, err))
		return -1;
	if (!x->found.ntests) {
		t->state = TESTS_NONE;
		t->why = xstrdup(x->files.paths.n
			? "no file of the project says what tests it"
			: "there are no files in the environment");
		t->hint = xstrdup("test --command CMD");
		return 0;
	}
	first = &x->found.tests[0];
	x->f = first->framework;
	x->language = first->language;
	t->framework = xstrdup(x->f->name);
	t->language = xstrdup(first->language->name);
	t->found_by = xstrdup(first->why);
	return policy_may_use_language(x->s->policy,
		   (const char *const *)first->language->names.v, err)
		   ? -1
		   : 1;
}

static void
name_places(struct testing *x)
{
	autofree char *random = io_random_hex(RANDOM_BYTES);

	x->dir = xasprintf("/tmp/.addesh-%s", random);
	x->report = xasprintf("%s/report", x->dir);
	x->coverage = xasprintf("%s/coverage", x->dir);
	x->helper = xasprintf("%s/%s", x->dir,
	    x->f && x->f->helper ? x->f->helper : "helper");
	x->places = (struct framework_places){
	    .dir = env_spec_workspace(&x->env->spec), .report = x->report,
	    .coverage = x->coverage, .helper = x->helper, .tmp = x->dir};
}

/* Between its directory's first file and its removal. */
static int
test_there(struct testing *x, struct err *err)
{
	int rc;

	find_module(x);
	if (put_helper(x, err))
		return -1;
	rc = test_place_report(x, err) || prepare_coverage(x, err) ||
	     run_tests(x, err) ? -1 : 0;
	if (!rc && !x->t->run.lost && !x->t->run.cancelled)
		rc = finish_coverage(x, err);
	if (!rc)
		rc = test_judge(x, err);
	return rc;
}

static int
do_test(struct testing *x, struct err *err)
{
	autovec struct strvec all = STRVEC_INIT;
	autoerr struct err ignored = ERR_INIT;
	int rc = choose(x, err);

	if (rc != 1)
		return rc;
	name_places(x);
	rc = test_there(x, err);
	strvec_push(&all, x->dir);
	if (box_alive(x->env->box) &&
	    test_remove(x, &all, rc ? &ignored : err))
		rc = -1;
	return rc;
}

int
session_test(struct session *s, struct env *env, const struct test_options *o,
    const struct box_sink *sink, struct tests_result *t, struct err *err)
{
	struct testing x = {.s = s,
	    .env = env,
	    .o = o,
	    .sink = sink,
	    .t = t,
	    .reports = STRVEC_INIT,
	    .out = STRBUF_INIT,
	    .line = STRBUF_INIT,
	    .files = {.paths = STRVEC_INIT}};
	int rc;

	t->min_coverage = o->min_coverage;
	rc = do_test(&x, err);
	env_files_release(&x.files);
	detection_release(&x.found);
	strvec_release(&x.reports);
	strbuf_release(&x.out);
	strbuf_release(&x.line);
	free(x.dir);
	free(x.report);
	free(x.coverage);
	free(x.cover_hint);
	free(x.helper);
	free(x.module);
	return rc;
}
