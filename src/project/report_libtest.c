/*
 * What Rust's libtest prints: the events of `--format json`, an object a line,
 * or its text.  One for each program of tests that cargo runs.  Output of tests
 * is captured, so that lines in it are no lines of these.
 */
#include "project/report_impl.h"

#include <stdio.h>
#include <string.h>

#define ACTIVE_MAX 1000     /* tests that go on at a time */
#define SEARCH_MAX 50000000 /* names that are compared, in all */

/* A test of the text, whose output comes behind all of them. */
struct listed {
	char *name, *message;
	enum test_state state;
	struct strbuf output;
};

struct libtest {
	struct reading *rd;
	bool seen, open;                     /* a suite; one that did not end */
	int64_t test_count;                  /* claimed at its beginning */
	uint64_t total, counts[TEST_STATES]; /* of the report when it began */
	struct strvec active; /* tests of JSON that did not end */
	struct listed *listed;
	size_t n, cap;
	uint64_t searched;
	struct listed *section; /* whose output it is */
};

static void
begin_suite(struct libtest *l, int64_t test_count)
{
	l->seen = l->open = true;
	l->test_count = test_count;
	l->total = test_report_total(l->rd->r);
	memcpy(l->counts, l->rd->r->counts, sizeof(l->counts));
}

static uint64_t
suite_count(const struct libtest *l, enum test_state state)
{
	return l->rd->r->counts[state] - l->counts[state];
}

static void
end_suite(struct libtest *l, int64_t passed, int64_t failed, int64_t ignored,
    int64_t us)
{
	if (!l->open)
		report_disagrees(
		    l->rd->r, "a result of tests without a beginning");
	l->open = false;
	report_hold(l->rd, "tests", l->test_count,
	    test_report_total(l->rd->r) - l->total);
	report_hold(
	    l->rd, "tests that passed", passed, suite_count(l, TEST_PASSED));
	report_hold(l->rd, "tests that failed", failed,
	    suite_count(l, TEST_FAILED) + suite_count(l, TEST_ERROR));
	report_hold(l->rd, "tests that are ignored", ignored,
	    suite_count(l, TEST_SKIPPED));
	if (us > 0)
		report_add_time(&l->rd->claimed_us, us);
}

/* Behind "panicked at PLACE:", or between quotes in front of the place until
   Rust 1.72; else the first line. */
static void
find_message(const char *output, struct strbuf *message)
{
	static const char mark[] = "panicked at ";
	const char *at = strstr(output, mark), *end;

	if (!at)
		return;
	at += strlen(mark);
	if (*at == '\'') {
		at++;
		end = strstr(at, "', ");
	} else {
		at += strcspn(at, "\n");
		at += *at == '\n';
		end = strstr(at, "\nstack backtrace:");
		end = end ? end : strstr(at, "\nnote: ");
	}
	strbuf_add(message, at, end ? (size_t)(end - at) : strlen(at));
}

/* "src/lib.rs - add (line 9)" is where an example in the documentation stands.
   Lines in its own output are those of a file that was made of it. */
static char *
doc_place(const char *name, unsigned *line)
{
	const char *end = strstr(name, " - ");
	const char *mark = strstr(name, "(line ");

	if (!end || !mark)
		return NULL;
	*line = report_line(strtol(mark + strlen("(line "), NULL, 10));
	return xstrndup(name, (size_t)(end - name));
}

static void
add_test(struct libtest *l, const char *name, enum test_state state,
    const char *message, const char *output, double seconds)
{
	autobuf struct strbuf text = STRBUF_INIT;
	struct found_case found = FOUND_CASE_INIT;
	autofree char *file = doc_place(name, &found.line);

	if (!message && output) {
		find_message(output, &text);
		message = text.buf;
	}
	found.state = state;
	found.name = name;
	found.file = file;
	found.message = message;
	found.details = output;
	found.trace = file ? NULL : output && *output ? output : message;
	found.duration_us = report_duration_of(seconds, 1e6);
	report_add(l->rd, &found);
}

/* The program of tests exited or was killed: what went on did not end. */
static void
abandon(struct libtest *l)
{
	if (!l->open)
		return;
	if (!l->active.n &&
	    l->test_count != (int64_t)(test_report_total(l->rd->r) - l->total))
		add_test(l, "the program of tests", TEST_ERROR,
		    "ended before all of its tests did", NULL, -1);
	for (size_t i = 0; i < l->active.n; i++)
		add_test(
		    l, l->active.v[i], TEST_ERROR, "did not end", NULL, -1);
	strvec_release(&l->active);
	l->open = false;
}

static void
end_active(struct libtest *l, const char *name)
{
	for (size_t i = 0; i < l->active.n; i++) {
		if (strcmp(l->active.v[i], name))
			continue;
		strvec_remove(&l->active, i);
		return;
	}
	report_disagrees(
	    l->rd->r, "a test ends that did not begin: %.100s", name);
}

static void
test_event(struct libtest *l, const json *event)
{
	const char *name = json_str(event, "name", "");
	const char *what = json_str(event, "event", "");
	bool ok = !strcmp(what, "ok"), ignored = !strcmp(what, "ignored");

	if (!strcmp(what, "started")) {
		if (l->active.n < ACTIVE_MAX)
			strvec_push(&l->active, name);
		return;
	}
	if (!ok && !ignored && strcmp(what, "failed"))
		return; /* "timeout": it takes long */
	end_active(l, name);
	add_test(l, name,
	    ok        ? TEST_PASSED
	    : ignored ? TEST_SKIPPED
		      : TEST_FAILED,
	    json_str(event, "message", NULL),
	    ok ? NULL : json_str(event, "stdout", NULL),
	    json_num(event, "exec_time", -1));
}

static void
suite_event(struct libtest *l, const json *event)
{
	if (!strcmp(json_str(event, "event", ""), "started")) {
		abandon(l);
		begin_suite(l, json_int(event, "test_count", -1));
		return;
	}
	end_suite(l, json_int(event, "passed", -1),
	    json_int(event, "failed", -1), json_int(event, "ignored", -1),
	    report_duration_of(json_num(event, "exec_time", -1), 1e6));
}

/* What a program wrote past the capture may stand in front of an event. */
static void
read_event(struct libtest *l, const struct slice *line)
{
	static const char head[] = "{ \"type\":";
	const char *start = memmem(line->p, line->n, head, strlen(head));
	autoerr struct err err = ERR_INIT;
	autojson json *event = NULL;
	const char *type;

	if (!start)
		return;
	event = json_parse_bounded(
	    start, line->n - (size_t)(start - line->p), 1000, &err);
	type = json_str(event, "type", "");
	if (!strcmp(type, "suite"))
		suite_event(l, event);
	else if (!strcmp(type, "test"))
		test_event(l, event);
}

static void
flush_listed(struct libtest *l)
{
	for (size_t i = 0; i < l->n; i++) {
		struct listed *t = &l->listed[i];

		add_test(l, t->name, t->state, t->message, t->output.buf, -1);
		free(t->name);
		free(t->message);
		strbuf_release(&t->output);
	}
	l->n = 0;
	l->section = NULL;
}

/* "test NAME ... STATUS" */
static void
read_listed(struct libtest *l, char *line)
{
	char *status = strstr(line, " ... "), *kind;
	enum test_state state;

	if (!status)
		return;
	*status = '\0';
	status += strlen(" ... ");
	if (str_starts(status, "ok"))
		state = TEST_PASSED;
	else if (str_starts(status, "FAILED"))
		state = TEST_FAILED;
	else if (str_starts(status, "ignored"))
		state = TEST_SKIPPED;
	else
		return;
	kind = strstr(line, " - should panic");
	if (kind)
		*kind = '\0';
	GROW(l->listed, l->n, &l->cap);
	l->listed[l->n] = (struct listed){
	    .name = xstrdup(line), .state = state, .output = STRBUF_INIT};
	if (str_starts(status, "ignored, "))
		l->listed[l->n].message = xstrdup(status + strlen("ignored, "));
	l->n++;
}

/* "---- NAME stdout ----" begins what it printed. */
static bool
read_section(struct libtest *l, const char *line)
{
	size_t n = strlen(line);
	autofree char *name = NULL;

	if (!str_starts(line, "---- ") || !str_ends(line, " stdout ----") ||
	    n < strlen("----  stdout ----"))
		return false;
	name = xstrndup(line + 5, n - strlen("----  stdout ----"));
	for (size_t i = 0; i < l->n && l->searched++ < SEARCH_MAX; i++) {
		if (strcmp(l->listed[i].name, name))
			continue;
		l->section = &l->listed[i];
		return true;
	}
	return false;
}

/* "test result: FAILED. 2 passed; 4 failed; 1 ignored; 0 measured; 0 filtered
   out; finished in 0.10s" */
static void
read_result(struct libtest *l, const char *line)
{
	long long passed, failed, ignored;
	const char *took = strstr(line, "finished in ");
	autofree char *seconds = NULL;

	line = strchr(line, '.');
	if (!line ||
	    sscanf(line, ". %9lld passed; %9lld failed; %9lld ignored;",
		&passed, &failed, &ignored) != 3)
		return;
	if (took) {
		took += strlen("finished in ");
		seconds = xstrndup(took, strspn(took, "0123456789."));
	}
	flush_listed(l);
	end_suite(l, passed, failed, ignored, report_duration(seconds, 1e6));
}

/* "running 2 tests" */
static bool
is_beginning(const char *line, long long *count)
{
	return sscanf(line, "running %9lld test", count) == 1;
}

static void
read_text(struct libtest *l, const struct slice *slice)
{
	autofree char *line = xstrndup(slice->p, slice->n);
	long long count;

	if (is_beginning(line, &count) && !l->section) {
		flush_listed(l);
		abandon(l);
		begin_suite(l, count);
	} else if (str_starts(line, "test result: ")) {
		read_result(l, line);
	} else if (!strcmp(line, "failures:")) {
		l->section = NULL;
	} else if (l->open && !l->section && str_starts(line, "test ")) {
		read_listed(l, line + strlen("test "));
	} else if (l->open && !read_section(l, line) && l->section) {
		strbuf_add(&l->section->output, slice->p, slice->n);
		strbuf_addc(&l->section->output, '\n');
	}
}

/* A suite of JSON comes before one of text, which may print any. */
static bool
is_json(const char *text, size_t n)
{
	static const char head[] = "{ \"type\": \"suite\"";
	const char *suite = memmem(text, n, head, strlen(head));
	struct slice rest = {text, suite ? (size_t)(suite - text) : 0}, line;
	long long count;

	while (slice_line(&rest, &line)) {
		autofree char *copy = xstrndup(line.p, line.n);

		if (is_beginning(copy, &count))
			return false;
	}
	return suite;
}

int
report_read_libtest(
    struct reading *rd, const char *text, size_t n, struct err *err)
{
	struct libtest l = {.rd = rd, .active = STRVEC_INIT};
	struct slice rest = {text, n}, line;
	bool events = is_json(text, n);

	while (slice_line(&rest, &line)) {
		if (events)
			read_event(&l, &line);
		else
			read_text(&l, &line);
	}
	flush_listed(&l);
	abandon(&l);
	free(l.listed);
	strvec_release(&l.active);
	return l.seen ? 0 : err_set(err, ERR_IO, "no report of Rust's tests");
}
