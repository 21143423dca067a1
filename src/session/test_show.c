/* A run of tests, as a line for people and as JSON. */
#include "session/test_run.h"

#include "base/units.h"

#define MISSING_RANGES 100 /* of lines of a file that were not covered */

static const struct {
	const char *name, *title;
} states[TESTS_STATES] = {
    [TESTS_PASSED] = {"passed", "passed"},
    [TESTS_FAILED] = {"failed", "failed"},
    [TESTS_NONE] = {"no_tests", "no tests found"},
    [TESTS_COLLECTION] = {"collection_error",
	"the tests could not be loaded"},
    [TESTS_TIMEOUT] = {"timed_out", "stopped at the time limit"},
    [TESTS_OOM] = {"out_of_memory", "out of memory"},
    [TESTS_MISSING] = {"framework_missing", "the framework is missing"},
    [TESTS_INCONSISTENT] = {"inconsistent",
	"the result is not to be believed"},
    [TESTS_STOPPED] = {"stopped", "stopped"},
};

const char *
tests_state_name(enum tests_state state)
{
	return states[state].name;
}

int
tests_status(const struct tests_result *t)
{
	switch (t->state) {
	case TESTS_PASSED:
		return 0;
	case TESTS_MISSING:
		return 127;
	case TESTS_TIMEOUT:
	case TESTS_OOM:
	case TESTS_STOPPED:
		return t->run.exit_code ? t->run.exit_code : 1;
	default:
		return 1;
	}
}

/* "3 failed, 5 passed, 1 skipped" */
static void
add_counts(const struct test_report *r, struct strbuf *out)
{
	static const struct {
		enum test_state state;
		const char *title;
	} order[] = {{TEST_FAILED, "failed"}, {TEST_ERROR, "errors"},
	    {TEST_PASSED, "passed"}, {TEST_SKIPPED, "skipped"},
	    {TEST_XFAILED, "failed as expected"},
	    {TEST_XPASSED, "passed unexpectedly"}};
	const char *comma = "";

	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		uint64_t n = r->counts[order[i].state];

		if (!n)
			continue;
		strbuf_addf(out, "%s%llu %s", comma, (unsigned long long)n,
		    n == 1 && order[i].state == TEST_ERROR ? "error"
							   : order[i].title);
		comma = ", ";
	}
}

static void
add_coverage(const struct tests_result *t, struct strbuf *out)
{
	int p = coverage_percent(t->coverage.covered, t->coverage.total);

	if (t->measured && p >= 0)
		strbuf_addf(out, ", coverage %d.%02d%%", p / 100, p % 100);
	else if (t->not_measured)
		strbuf_addf(out, ", coverage unknown: %s", t->not_measured);
}

void
tests_summary(const struct tests_result *t, struct strbuf *out)
{
	bool counts = t->has_report && t->state != TESTS_INCONSISTENT;
	bool plain = t->state == TESTS_PASSED || t->state == TESTS_FAILED;

	if (!plain || !counts)
		strbuf_adds(out, states[t->state].title);
	if (!plain && t->why)
		strbuf_addf(out, ": %s", t->why);
	if (counts) {
		strbuf_adds(out, plain ? "" : "; ");
		add_counts(&t->report, out);
	}
	if (t->command.n && t->state != TESTS_MISSING) {
		strbuf_adds(out, " in ");
		units_add_duration(out, t->run.wall_us / 1000);
		strbuf_addf(out, " (%s)", t->framework);
	}
	/* What is not known of it may be why they failed. */
	if (t->measured || !plain || !t->why)
		add_coverage(t, out);
	if (plain && t->why)
		strbuf_addf(out, "\n%s", t->why);
}

bool
tests_need_note(const struct tests_result *t)
{
	if (t->run.note.kind == ERR_NONE || t->state == TESTS_PASSED)
		return false;
	/* That there is no framework has been said. */
	if (t->state == TESTS_MISSING && !t->run.note.hint.len)
		return false;
	return t->state != TESTS_FAILED || !t->has_report || t->run.disk_used;
}

/* ---- JSON ---- */

static json *
case_json(const struct test_case *c)
{
	json *j = json_object();

	json_put_str(j, "name", c->name);
	json_put_str(j, "suite", c->suite);
	json_put_str(j, "state", test_state_name(c->state));
	json_put_str(j, "file", c->file);
	if (c->line)
		json_put_int(j, "line", c->line);
	else
		json_put_str(j, "line", NULL);
	json_put_str(j, "message", c->message);
	if (c->details)
		json_put_str(j, "details", c->details);
	if (c->duration_us >= 0)
		json_put_num(j, "duration_ms", (double)c->duration_us / 1000);
	return j;
}

static json *
cases_json(const struct test_report *r)
{
	json *all = json_array();

	for (size_t i = 0; i < r->n; i++)
		json_push(all, case_json(&r->cases[i]));
	return all;
}

static void
put_percent(json *j, uint64_t covered, uint64_t total)
{
	int percent = coverage_percent(covered, total);

	json_put_int(j, "covered", (int64_t)covered);
	json_put_int(j, "total", (int64_t)total);
	if (percent >= 0)
		json_put_num(j, "percent", percent / 100.0);
	else
		json_put_str(j, "percent", NULL);
}

static json *
coverage_json(const struct tests_result *t)
{
	const struct coverage *c = &t->coverage;
	json *j = json_object(), *files = json_array();

	json_put_num(j, "minimum", t->min_coverage / 1000.0);
	if (!t->measured) {
		json_put_str(j, "percent", NULL);
		json_put_str(j, "why", t->not_measured);
		json_free(files);
		return j;
	}
	put_percent(j, c->covered, c->total);
	for (size_t i = 0; i < c->n; i++) {
		autobuf struct strbuf missing = STRBUF_INIT;
		json *one = json_object();

		json_put_str(one, "file", c->files[i].path);
		put_percent(one, c->files[i].covered, c->files[i].total);
		coverage_add_missing(&c->files[i], MISSING_RANGES, &missing);
		json_put_str(one, "missing", missing.buf);
		json_push(files, one);
	}
	json_put(j, "files", files);
	return j;
}

static void
put_counts(json *j, const struct test_report *r)
{
	json_put_int(j, "total", (int64_t)test_report_total(r));
	json_put_int(j, "passed", (int64_t)r->counts[TEST_PASSED]);
	json_put_int(j, "failed", (int64_t)r->counts[TEST_FAILED]);
	json_put_int(j, "errors", (int64_t)r->counts[TEST_ERROR]);
	json_put_int(j, "skipped", (int64_t)r->counts[TEST_SKIPPED]);
	json_put_int(j, "xfailed", (int64_t)r->counts[TEST_XFAILED]);
	json_put_int(j, "xpassed", (int64_t)r->counts[TEST_XPASSED]);
	json_put_int(j, "collection_errors", (int64_t)r->collection_errors);
	json_put(j, "cases", cases_json(r));
	json_put_int(j, "cases_left_out", (int64_t)r->dropped);
}

json *
tests_json(const struct tests_result *t)
{
	json *j = json_object();

	json_put_str(j, "state", tests_state_name(t->state));
	json_put_str(j, "why", t->why);
	json_put_str(j, "hint", t->hint);
	json_put_str(j, "framework", t->framework);
	json_put_str(j, "language", t->language);
	json_put_str(j, "found_by", t->found_by);
	json_put(j, "command", json_from_strings(&t->command));
	if (t->has_report)
		put_counts(j, &t->report);
	if (t->measured || t->not_measured)
		json_put(j, "coverage", coverage_json(t));
	return j;
}
