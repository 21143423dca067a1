/* JUnit XML. */
#include "project/report_impl.h"

#include <string.h>

#include "base/xml.h"

#define SUITES_MAX 32     /* of elements within each other */
#define PARTS_MAX 16      /* of a class's name, that are left out */
#define LOOKUPS_MAX 40000 /* of names of sources, in all */

/* A testsuite, or testsuites, that is open. */
struct suite {
	char *name;
	/* Claimed; -1: not. */
	int64_t tests, failures, errors, skipped, disabled;
	bool timed; /* it or one around it says how long it took */
	/* Counts of the report when it began. */
	uint64_t total, bad, not_run, marks, late;
};

struct junit {
	struct reading *rd;
	struct suite suites[SUITES_MAX];
	size_t n;
	bool in_case;
	bool skipped, xfailed, failed, error, collection;
	char *name, *classname, *file;
	char *class_name, *class_file; /* the last that was looked for */
	unsigned lookups;              /* of names for them */
	unsigned line;
	int64_t duration_us;
	struct strbuf message, details;
	bool in_details; /* text is what failed */
	/* Elements of failures and errors, which some count instead of the
	   cases that have them, and those of them that are of teardowns. */
	uint64_t marks, late; /* late: in teardowns */
};

static char *
copy_attr(const char *const *attrs, const char *name)
{
	const char *value = xml_attr(attrs, name);

	return value ? xstrdup(value) : NULL;
}

static uint64_t
bad_so_far(const struct junit *j)
{
	return test_report_bad(j->rd->r);
}

static uint64_t
not_run_so_far(const struct junit *j)
{
	return j->rd->r->counts[TEST_SKIPPED] + j->rd->r->counts[TEST_XFAILED];
}

static int
begin_suite(struct junit *j, const char *const *attrs, struct err *err)
{
	int64_t us = report_duration(xml_attr(attrs, "time"), 1e6);
	bool timed = j->n && j->suites[j->n - 1].timed;

	if (j->n == SUITES_MAX)
		return err_set(err, ERR_IO, "test suites nested too deeply");
	if (us >= 0 && !timed) {
		timed = true;
		report_add_time(&j->rd->claimed_us, us);
	}
	j->suites[j->n++] = (struct suite){
	    .name = report_name(xml_attr(attrs, "name")),
	    .tests = report_number(xml_attr(attrs, "tests")),
	    .failures = report_number(xml_attr(attrs, "failures")),
	    .errors = report_number(xml_attr(attrs, "errors")),
	    .skipped = report_number(xml_attr(attrs, "skipped")),
	    .disabled = report_number(xml_attr(attrs, "disabled")),
	    .timed = timed,
	    .total = test_report_total(j->rd->r),
	    .bad = bad_so_far(j),
	    .not_run = not_run_so_far(j),
	    .marks = j->marks,
	    .late = j->late,
	};
	return 0;
}

/* Failures and errors are held together, as tools tell them apart in their own
   ways, and where a case has several it is one or all of them. */
static void
end_suite(struct junit *j)
{
	struct suite *s = &j->suites[--j->n];
	uint64_t bad = bad_so_far(j) - s->bad, marks = j->marks - s->marks;
	uint64_t total = test_report_total(j->rd->r) - s->total;
	uint64_t late = j->late - s->late;
	uint64_t not_run = not_run_so_far(j) - s->not_run;
	int64_t claimed = s->failures < 0 ? s->errors : s->failures;

	if (s->failures >= 0 && s->errors >= 0)
		claimed = s->failures > INT64_MAX - s->errors
			      ? INT64_MAX
			      : s->failures + s->errors;
	if (claimed < 0 || (uint64_t)claimed != marks)
		report_hold(j->rd, "failures", claimed, bad);
	/* Where a test passes or fails and then its teardown fails, pytest
	   claims one more or one less than it has cases. */
	if (s->tests < 0 || (uint64_t)s->tests + late < total ||
	    (uint64_t)s->tests > total + late)
		report_hold(j->rd, "tests", s->tests, total);
	/* Those that are disabled some count beside the others. */
	if (s->skipped >= 0 &&
	    (s->disabled < 0 || not_run < (uint64_t)s->disabled ||
		not_run - (uint64_t)s->disabled != (uint64_t)s->skipped))
		report_hold(j->rd, "skipped tests", s->skipped, not_run);
	free(s->name);
}

static void
begin_case(struct junit *j, const char *const *attrs)
{
	const char *status = xml_attr(attrs, "status");
	const char *result = xml_attr(attrs, "result");
	int64_t line = report_number(xml_attr(attrs, "line"));
	const char *suite = j->n ? j->suites[j->n - 1].name : NULL;

	j->in_case = true;
	j->name = copy_attr(attrs, "name");
	j->classname = copy_attr(attrs, "classname");
	j->file = copy_attr(attrs, "file");
	/* pytest, where it says lines, counts them from 0. */
	line += line >= 0 && suite && !strcmp(suite, "pytest");
	j->line = report_line(line);
	j->duration_us = report_duration(xml_attr(attrs, "time"), 1e6);
	/* GoogleTest's and CTest's word for it. */
	j->skipped = (status && (!strcmp(status, "notrun") ||
				    !strcmp(status, "disabled"))) ||
		     (result && !strcmp(result, "skipped"));
	j->xfailed = j->failed = j->error = j->collection = false;
}

static enum test_state
state_of(const struct junit *j)
{
	if (j->failed)
		return TEST_FAILED;
	if (j->error)
		return TEST_ERROR;
	if (j->xfailed)
		return TEST_XFAILED;
	return j->skipped ? TEST_SKIPPED : TEST_PASSED;
}

/* The source of a class "tests.unit.test_sum.TestSum" or "com.acme.SumTest", or
   of a path; only of those that are there.  The caller's, or NULL. */
static char *
find_class(struct junit *j, const char *classname)
{
	static const char *const extensions[] = {
	    ".py", ".java", ".kt", ".groovy", ".scala"};
	const struct source_root *root = j->rd->root;
	autofree char *path = xstrdup(classname);
	char *dot, *found = source_path(root, path);

	path[strcspn(path, "$")] = '\0';
	for (char *p = path; *p; p++)
		*p = *p == '.' ? '/' : *p;
	for (int parts = 0; !found && parts < PARTS_MAX; parts++) {
		for (size_t i = 0; i < ARRAY_SIZE(extensions) && !found &&
				   j->lookups++ < LOOKUPS_MAX;
		     i++) {
			autofree char *name =
			    xasprintf("%s%s", path, extensions[i]);

			found = i ? source_path_java(root, name)
				  : source_path(root, name);
		}
		dot = strrchr(path, '/');
		if (!dot)
			break;
		*dot = '\0';
	}
	return found;
}

static char *
file_of_class(struct junit *j)
{
	const char *name = j->classname;

	if (!j->rd->root->exists)
		return NULL;
	if (!name || !*name)
		name = j->collection ? j->name : NULL;
	if (!name || !*name || strlen(name) > TEST_REPORT_NAME_MAX)
		return NULL;
	if (!j->class_name || strcmp(j->class_name, name)) {
		if (j->lookups >= LOOKUPS_MAX)
			return NULL;
		free(j->class_name);
		free(j->class_file);
		j->class_name = xstrdup(name);
		j->class_file = find_class(j, name);
	}
	return j->class_file ? xstrdup(j->class_file) : NULL;
}

static void
reset_case(struct junit *j)
{
	free(j->name);
	free(j->classname);
	free(j->file);
	j->name = j->classname = j->file = NULL;
	strbuf_reset(&j->message);
	strbuf_reset(&j->details);
	j->in_case = j->in_details = false;
}

/* pytest says only that it failed to load; what did stands behind the last of
   its marks. */
static const char *
collection_message(struct junit *j)
{
	struct slice rest = {j->details.buf, j->details.len}, line, best = {0};

	while (slice_line(&rest, &line))
		if (line.n > 4 && !memcmp(line.p, "E   ", 4) &&
		    line.p[4] != ' ')
			best = line;
	if (best.n) {
		strbuf_reset(&j->message);
		strbuf_add(&j->message, best.p + 4, best.n - 4);
	}
	return j->message.buf;
}

/* Python's traces end with the innermost call, those of others begin with
   it. */
static bool
innermost_is_last(const char *details)
{
	static const char *const marks[] = {
	    "\tat ", "   at ", " \xe2\x9d\xaf "};

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (strstr(details, marks[i]))
			return false;
	return true;
}

static void
end_case(struct junit *j)
{
	struct found_case found = FOUND_CASE_INIT;
	autofree char *file = NULL;

	if (!j->file)
		file = file_of_class(j);
	/* vitest's files and JUnit's classes that could not be loaded or set
	   up have their own name, and no place. */
	if ((j->failed || j->error) && j->name && j->classname && !j->file &&
	    !strcmp(j->name, j->classname))
		found.state = TEST_ERROR, found.collection = true;
	else
		found.state = state_of(j), found.collection = j->collection;
	found.name = j->name;
	found.suite = j->classname && *j->classname ? j->classname
		      : j->n                        ? j->suites[j->n - 1].name
						    : NULL;
	found.file = j->file ? j->file : file;
	found.line = j->line;
	found.message = j->collection ? collection_message(j) : j->message.buf;
	found.details = found.trace = j->details.buf;
	found.last = innermost_is_last(j->details.buf);
	found.duration_us = j->duration_us;
	report_add(j->rd, &found);
	reset_case(j);
}

/* The first of several says what went wrong. */
static void
note_outcome(struct junit *j, const char *const *attrs)
{
	const char *message = xml_attr(attrs, "message");

	if (j->message.len || j->details.len)
		return;
	if (message)
		strbuf_adds(&j->message, message);
	j->in_details = true;
}

static void
begin_outcome(struct junit *j, const char *name, const char *const *attrs)
{
	const char *type = xml_attr(attrs, "type");
	const char *message = xml_attr(attrs, "message");

	if (!strcmp(name, "failure")) {
		j->failed = true;
	} else if (!strcmp(name, "error")) {
		j->error = true;
		if (message && !strcmp(message, "collection failure"))
			j->collection = true;
		else if (message && str_starts(message, "failed on teardown"))
			j->late++;
	} else if (!strcmp(name, "skipped")) {
		j->skipped = true;
		j->xfailed = type && !strcmp(type, "pytest.xfail");
	} else {
		return;
	}
	j->marks += *name != 's';
	note_outcome(j, attrs);
}

static int
on_start(void *arg, const char *name, const char *const *attrs, struct err *err)
{
	struct junit *j = arg;
	bool suite = !strcmp(name, "testsuite") || !strcmp(name, "testsuites");

	if (!j->n && !suite)
		return err_set(err, ERR_IO,
		    "no report in JUnit's XML: its root is <%.40s>", name);
	if (suite)
		return begin_suite(j, attrs, err);
	if (j->in_case)
		begin_outcome(j, name, attrs);
	else if (!strcmp(name, "testcase"))
		begin_case(j, attrs);
	return 0;
}

static int
on_end(void *arg, const char *name, struct err *err)
{
	struct junit *j = arg;

	if (!strcmp(name, "testsuite") || !strcmp(name, "testsuites"))
		end_suite(j);
	else if (j->in_case && !strcmp(name, "testcase"))
		end_case(j);
	else
		j->in_details = false;
	return 0;
}

static void
on_text(void *arg, const char *s, size_t n)
{
	struct junit *j = arg;

	if (j->in_details)
		strbuf_add(&j->details, s, n);
}

int
report_read_junit(
    struct reading *rd, const char *text, size_t n, struct err *err)
{
	static const struct xml_handlers handlers = {on_start, on_end, on_text};
	struct junit j = {
	    .rd = rd, .message = STRBUF_INIT, .details = STRBUF_INIT};
	int rc = xml_parse(text, n, &handlers, &j, err);

	reset_case(&j);
	while (j.n)
		free(j.suites[--j.n].name);
	free(j.class_name);
	free(j.class_file);
	strbuf_release(&j.message);
	strbuf_release(&j.details);
	return rc;
}
