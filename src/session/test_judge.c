/* What a run of tests came to: its report, its exit status, what it lacks. */
#include "session/test_run_impl.h"

#include <errno.h>
#include <string.h>

#include "base/glob.h"

#define REPORTS_MAX 10000 /* files of one run */

static int
decide(struct testing *x, enum tests_state state, char *why)
{
	x->t->state = state;
	free(x->t->why);
	x->t->why = why;
	return 0;
}

/* ---- the report ---- */

struct reading {
	struct testing *x;
	struct strvec names;
	struct source_root root;
	size_t files; /* that there are */
	size_t left;  /* bytes that may still be read */
	char *broken; /* why one cannot be read, or NULL */
	bool any;     /* there was one */
};

/* Nothing is believed of a run of which not everything can be read. */
static void
cannot_read(struct reading *r, const char *why)
{
	r->any = true;
	if (!r->broken)
		r->broken = xstrdup(why);
}

static void
on_name(void *arg, const struct box_entry *e)
{
	struct reading *r = arg;
	const char *pattern = r->x->f ? r->x->f->report_files : NULL;

	if (e->type != 'f' || !*e->path ||
	    (pattern && !glob_match(pattern, e->path)))
		return;
	if (r->files++ < REPORTS_MAX)
		strvec_push(&r->names, e->path);
}

static void
add_report(struct reading *r, const char *text, size_t n)
{
	autoerr struct err why = ERR_INIT;

	r->any = true;
	if (test_report_read(
		&r->x->t->report, r->x->format, text, n, &r->root, &why))
		cannot_read(r, why.msg.buf);
}

static void
read_report(struct reading *r, const char *path)
{
	autobuf struct strbuf text = STRBUF_INIT;
	autoerr struct err why = ERR_INIT;

	if (!r->left || env_read(r->x->env, path, r->left, &text, &why)) {
		cannot_read(r, !r->left || why.code == EFBIG
			? "it is too large"
			: why.msg.buf);
		return;
	}
	/* A shell makes it before the framework, which may not even start. */
	if (!text.len)
		return;
	r->left -= text.len;
	add_report(r, text.buf, text.len);
}

static void
read_place(struct reading *r, const char *path)
{
	autoerr struct err why = ERR_INIT;
	char type = env_path_type(r->x->env, path);

	if (type == 'f')
		read_report(r, path);
	if (type != 'd')
		return;
	if (box_list(r->x->env->box, path, 1, on_name, r, &why))
		cannot_read(r, why.msg.buf);
	if (r->files > REPORTS_MAX)
		cannot_read(r, "it has too many files");
	strvec_sort(&r->names);
	for (size_t i = 0; i < r->names.n && !r->broken; i++) {
		autofree char *file =
		    xasprintf("%s/%s", path, r->names.v[i]);

		read_report(r, file);
	}
	strvec_release(&r->names);
}

static struct source_root
root_of(struct testing *x)
{
	return (struct source_root){.dir = env_spec_workspace(&x->env->spec),
	    .module = x->module,
	    .exists = env_files_have,
	    .arg = &x->files};
}

static void
find_reports(struct reading *r)
{
	struct testing *x = r->x;
	autoerr struct err why = ERR_INIT;

	if (x->anywhere &&
	    test_find_places(x, x->anywhere, &x->reports, &why))
		cannot_read(r, why.msg.buf);
	strvec_sort(&x->reports);
}

/* A text that is none is no report where the program may print anything; one
   that plans tests, or stops, and has none of them is, and so is one that plans
   none and ends well. */
static void
read_reports(struct testing *x, struct reading *r)
{
	const struct test_report *report = &x->t->report;

	*r = (struct reading){.x = x,
	    .names = STRVEC_INIT,
	    .root = root_of(x),
	    .left = TEST_REPORT_BYTES_MAX};
	find_reports(r);
	if (x->places_cut)
		cannot_read(r, "the project has too many modules");
	for (size_t i = 0; i < x->reports.n; i++)
		read_place(r, x->reports.v[i]);
	if (!x->from_out)
		return;
	if (x->out_cut)
		cannot_read(r, "not all of the output was kept");
	add_report(r, x->out.buf, x->out.len);
	if (x->out_cut || test_report_total(report) || report->inconsistent ||
	    (report->planned_none && !x->t->run.exit_code))
		return;
	free(r->broken);
	r->broken = NULL;
	r->any = false;
}

/* ---- coverage ---- */

static void
read_coverage(struct testing *x)
{
	const struct coverage_kind *c = x->f ? &x->f->coverage : NULL;
	autoerr struct err why = ERR_INIT;
	autobuf struct strbuf text = STRBUF_INIT;
	struct source_root root = root_of(x);
	autofree char *path = NULL;
	struct tests_result *t = x->t;

	if (!x->covers)
		return;
	path = framework_text(c->path ? c->path : "{coverage}", &x->places);
	if (env_path_type(x->env, path) != 'f')
		t->not_measured = xstrdup("the tests wrote none");
	else if (env_read(x->env, path, COVERAGE_BYTES_MAX, &text, &why) ||
		 coverage_read(&t->coverage, c->format, text.buf, text.len,
		     &root, &why))
		t->not_measured = xstrdup(why.msg.buf);
	else if (t->coverage.inconsistent)
		t->not_measured = xstrdup(t->coverage.inconsistent);
	else
		t->measured = true;
}

static int
judge_coverage(struct testing *x)
{
	struct tests_result *t = x->t;
	int percent =
	    coverage_percent(t->coverage.covered, t->coverage.total);

	if (t->state != TESTS_PASSED)
		return 0;
	if (!t->hint)
		t->hint = steal(&x->cover_hint);
	if (!t->min_coverage)
		return 0;
	if (!t->measured)
		return decide(x, TESTS_FAILED,
		    xasprintf("the coverage is not known: %s",
			t->not_measured));
	if (percent < 0)
		return decide(x, TESTS_FAILED,
		    xstrdup("there is nothing to be covered"));
	if ((uint64_t)percent * 10 >= t->min_coverage)
		return 0;
	return decide(x, TESTS_FAILED,
	    xasprintf("the coverage of %d.%02d%% is below the minimum of %g%%",
		percent / 100, percent % 100, t->min_coverage / 1000.0));
}

/* ---- without a report ---- */

static bool
exits_with(const struct strvec *statuses, int status)
{
	autofree char *text = xasprintf("%d", status);

	return strvec_has(statuses, text);
}

/* Asked afterwards, so that those who have it do not wait for the answer. */
static int
is_missing(struct testing *x, struct err *err)
{
	int rc;

	if (x->t->run.exec_errno == ENOENT)
		return 1;
	if (!x->f || !x->f->needs.n)
		return x->t->run.exit_code == 127;
	rc = test_ask(x, &x->f->needs, NULL, err);
	return rc < 0 ? -1 : !rc;
}

static int
has_none(struct testing *x, struct err *err)
{
	autovec struct strvec argv = STRVEC_INIT;
	autobuf struct strbuf out = STRBUF_INIT;
	int rc;

	if (!x->f || !x->f->list.n)
		return 0;
	framework_expand(&x->f->list, &(struct framework_places){
	    .dir = x->places.dir}, &argv);
	env_use_bin(x->env, x->f->bin, &argv);
	rc = test_ask(x, &argv, &out, err);
	if (rc < 0)
		return -1;
	for (size_t i = 0; i < out.len; i++)
		if (!strchr(" \r\n", out.buf[i]))
			return 0;
	return rc;
}

char *
test_package_hint(const struct testing *x, const char *package)
{
	return package && x->language->dependencies.packages.n &&
		       x->env->spec.kind == BOX_ENGINE
		   ? xasprintf("dep add %s", package)
		   : NULL;
}

static int
note_missing(struct testing *x)
{
	char *hint = test_package_hint(x, x->f ? x->f->package : NULL);
	bool unnamed = x->t->run.exec_errno != ENOENT &&
		       !(x->f && x->f->needs.n);

	/* Where packages cannot be added, what the run's own note says helps. */
	if (hint) {
		free(x->t->hint);
		x->t->hint = hint;
	}
	/* A shell did not find it, and says which. */
	return decide(x, TESTS_MISSING,
	    xasprintf("%s is not in this environment",
		unnamed ? "a program that the command names"
		: x->f	? x->f->name
			: x->t->command.v[0]));
}

static int
judge_without(struct testing *x, struct err *err)
{
	const struct result *run = &x->t->run;
	int rc = is_missing(x, err);

	if (rc)
		return rc < 0 ? -1 : note_missing(x);
	if (!x->format || x->from_out)
		return decide(x, run->exit_code ? TESTS_FAILED : TESTS_PASSED,
		    NULL);
	if (x->f && exits_with(&x->f->exits_no_tests, run->exit_code))
		return decide(x, TESTS_NONE, NULL);
	if (!run->exit_code)
		return decide(x, TESTS_INCONSISTENT,
		    xstrdup("it says that all passed, and wrote no report"));
	rc = has_none(x, err);
	if (rc)
		return rc < 0 ? -1 : decide(x, TESTS_NONE, NULL);
	if (x->f && exits_with(&x->f->exits_collection, run->exit_code))
		return decide(x, TESTS_COLLECTION, NULL);
	return decide(x, TESTS_FAILED, xstrdup("it wrote no report"));
}

/* ---- with one ---- */

static int
judge_empty(struct testing *x, struct err *err)
{
	int status = x->t->run.exit_code, rc = !status;

	if (!rc && x->f)
		rc = exits_with(&x->f->exits_no_tests, status)
			 ? 1
			 : has_none(x, err);
	if (rc)
		return rc < 0 ? -1 : decide(x, TESTS_NONE, NULL);
	if (x->f && exits_with(&x->f->exits_collection, status))
		return decide(x, TESTS_COLLECTION, NULL);
	return decide(x, TESTS_INCONSISTENT,
	    xasprintf("exit %d, and a report of no tests", status));
}

static int
judge_report(struct testing *x, const struct reading *r, struct err *err)
{
	struct test_report *report = &x->t->report;

	if (r->broken)
		return decide(x, TESTS_INCONSISTENT,
		    xasprintf("the report cannot be read: %s", r->broken));
	if (!test_report_total(report) && !report->inconsistent)
		return judge_empty(x, err);
	test_report_judge(report, x->t->run.exit_code);
	if (report->inconsistent)
		return decide(x, TESTS_INCONSISTENT,
		    xstrdup(report->inconsistent));
	if (report->collection_errors)
		return decide(x, TESTS_COLLECTION, NULL);
	return decide(x,
	    test_report_bad(report) ? TESTS_FAILED : TESTS_PASSED, NULL);
}

/* What ended it before it was done; its note says more.  1: nothing did. */
static int
judge_end(struct testing *x)
{
	const struct result *run = &x->t->run;

	if (run->lost || run->cancelled)
		return decide(x, TESTS_STOPPED, NULL);
	if (run->timed_out)
		return decide(x, TESTS_TIMEOUT, NULL);
	if (run->status == RUN_OOM || run->files)
		return decide(x, TESTS_OOM, NULL);
	if (run->disk_used)
		return decide(x, TESTS_FAILED,
		    xstrdup("the disk was full"));
	return 1;
}

int
test_judge(struct testing *x, struct err *err)
{
	struct reading r = {.names = STRVEC_INIT};
	int rc = judge_end(x);

	if (x->t->run.lost)
		return 0;
	/* What was done until then is told, too. */
	read_reports(x, &r);
	x->t->has_report = r.any && test_report_total(&x->t->report);
	if (rc == 1)
		rc = r.any ? judge_report(x, &r, err) : judge_without(x, err);
	free(r.broken);
	if (rc || x->t->state > TESTS_FAILED)
		return rc;
	read_coverage(x);
	return judge_coverage(x);
}
