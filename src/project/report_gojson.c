/*
 * `go test -json`: events, one object a line (go doc test2json).  Until Go 1.19
 * test2json took any line that looks like one of the framework's for one, so
 * tests could print events; what ends without having begun shows it.
 */
#include "project/report_impl.h"

#include <search.h>
#include <string.h>

#define LINE_MAX_BYTES (1u << 20)
#define OUTPUT_MAX (64u << 10) /* kept of a test while it goes on */
#define PARENTS_MAX 20         /* that are told of a subtest */

/* What builds something (since Go 1.24): a package that is tested, its tests,
   or what they need.  Nothing says that it ends. */
struct build {
	char *path; /* "PACKAGE [PACKAGE.test]" */
	struct strbuf output;
};

/* A test, or (name empty) a package. */
struct go_test {
	char *key;        /* package, newline, name */
	const char *name; /* in key */
	size_t package_size;
	struct strbuf output;
	bool began, ended;
	bool has_children, child_failed;
	/* Of a package: it was not built, and what failed, or NULL. */
	bool not_built;
	const struct build *failed_build;
	enum test_state state;
};

struct go {
	struct reading *rd;
	void *tree;             /* of tests, by key */
	struct go_test **tests; /* in the order in which they came */
	size_t n, cap;
	void *builds; /* by path */
	bool seen;    /* anything of go's */
};

static int
compare(const void *a, const void *b)
{
	return strcmp(
	    ((const struct go_test *)a)->key, ((const struct go_test *)b)->key);
}

static int
compare_builds(const void *a, const void *b)
{
	return strcmp(
	    ((const struct build *)a)->path, ((const struct build *)b)->path);
}

static struct build *
find_build(struct go *g, const char *path, bool add)
{
	struct build query = {.path = (char *)path}, *b;
	void *node = tfind(&query, &g->builds, compare_builds);

	if (node || !add)
		return node ? *(struct build **)node : NULL;
	b = xcalloc(1, sizeof(*b));
	b->path = xstrdup(path);
	strbuf_init(&b->output);
	if (!tsearch(b, &g->builds, compare_builds))
		abort();
	return b;
}

static void
release_builds(struct go *g)
{
	while (g->builds) {
		struct build *b = *(struct build **)g->builds;

		tdelete(b, &g->builds, compare_builds);
		free(b->path);
		strbuf_release(&b->output);
		free(b);
	}
}

static struct go_test *
find(struct go *g, const char *package, const char *name, bool add)
{
	autofree char *key = xasprintf("%s\n%s", package, name);
	struct go_test query = {.key = key}, *t;
	void *node = tfind(&query, &g->tree, compare);

	if (node || !add)
		return node ? *(struct go_test **)node : NULL;
	t = xcalloc(1, sizeof(*t));
	t->package_size = strcspn(key, "\n");
	t->key = steal(&key);
	t->name = t->key + t->package_size + 1;
	strbuf_init(&t->output);
	if (!tsearch(t, &g->tree, compare))
		abort();
	GROW(g->tests, g->n, &g->cap);
	g->tests[g->n++] = t;
	return t;
}

static void
release(struct go *g)
{
	for (size_t i = 0; i < g->n; i++) {
		tdelete(g->tests[i], &g->tree, compare);
		free(g->tests[i]->key);
		strbuf_release(&g->tests[i]->output);
		free(g->tests[i]);
	}
	free(g->tests);
	release_builds(g);
}

static char *
package_of(const struct go_test *t)
{
	return xstrndup(t->key, t->package_size);
}

/* Bytes of the package that are named where something is wrong. */
static int
why_size(const struct go_test *t)
{
	return t->package_size < 200 ? (int)t->package_size : 200;
}

/* What the framework itself prints of a test is no output of it. */
static void
add_output(struct go_test *t, const char *text)
{
	const char *mark = text + strspn(text, " ");

	if (*t->name && (str_starts(mark, "=== ") || str_starts(mark, "--- ")))
		return;
	if (t->output.len < OUTPUT_MAX)
		strbuf_adds(&t->output, text);
}

/* "calc_test.go:12: " in front of what a test logs; its length, or 0. */
static size_t
log_mark(const struct slice *slice)
{
	autofree char *line = xstrndup(slice->p, slice->n);
	const char *name = line + strspn(line, " \t"), *go;
	size_t digits;

	go = strstr(name, ".go:");
	if (!go || strcspn(name, " \t") < (size_t)(go - name))
		return 0;
	go += strlen(".go:");
	digits = strspn(go, "0123456789");
	return digits && !strncmp(go + digits, ": ", 2)
		   ? (size_t)(go + digits + 2 - line)
		   : 0;
}

/* The line of a panic, not what mentions one; or NULL. */
static const char *
find_panic(const char *output)
{
	static const char mark[] = "\npanic: ";
	const char *found;

	if (str_starts(output, mark + 1))
		return output;
	found = strstr(output, mark);
	return found ? found + 1 : NULL;
}

/* The last that was logged, which is more likely the failure than what was
   logged before it; or a panic. */
static void
find_message(const char *output, struct strbuf *message)
{
	struct slice rest = {output, strlen(output)}, line;
	const char *panic = find_panic(output);

	if (panic) {
		strbuf_add(message, panic, strcspn(panic, "\n"));
		return;
	}
	while (slice_line(&rest, &line)) {
		size_t mark = log_mark(&line);

		if (mark) {
			strbuf_reset(message);
			strbuf_add(message, line.p + mark, line.n - mark);
		} else if (message->len && str_starts(line.p, "        ")) {
			strbuf_addc(message, '\n');
			strbuf_add(message, line.p + 8, line.n - 8);
		}
	}
}

/* Of a panic the stack begins with the innermost call.  Else the last line is
   looked at first, which is to be where the test logged its failure, and not a
   place that stands in what it logged. */
static void
find_trace(const struct go_test *t, struct strbuf *trace, bool *last)
{
	const char *panic = find_panic(t->output.buf);
	struct slice rest = {t->output.buf, t->output.len}, line;
	struct slice logged = {NULL, 0};

	strbuf_adds(trace, panic ? panic : t->output.buf);
	*last = !panic;
	while (!panic && slice_line(&rest, &line)) {
		size_t mark = log_mark(&line);

		if (mark)
			logged = (struct slice){line.p, mark};
	}
	if (logged.n) {
		strbuf_addc(trace, '\n');
		strbuf_add(trace, logged.p, logged.n);
	}
}

static void
add_case(struct go *g, struct go_test *t, enum test_state state,
    const char *message, double seconds)
{
	autofree char *package = package_of(t);
	autobuf struct strbuf text = STRBUF_INIT, trace = STRBUF_INIT;
	struct found_case found = FOUND_CASE_INIT;

	if (!message && state != TEST_PASSED) {
		find_message(t->output.buf, &text);
		message = text.buf;
	}
	found.state = state;
	found.collection = t->not_built;
	found.name = *t->name ? t->name : package;
	found.suite = *t->name ? package : NULL;
	found.message = message;
	found.details = state == TEST_PASSED ? NULL : t->output.buf;
	find_trace(t, &trace, &found.last);
	found.trace = trace.buf;
	/* Tests name files of their package; the compiler, of the module. */
	found.dir = g->rd->root->module && !t->not_built ? package : NULL;
	found.duration_us = report_duration_of(seconds, 1e6);
	report_add(g->rd, &found);
}

/* Tests around it, and its package, know of it: "TestSum/a/b" may be below
   "TestSum/a" or below "TestSum". */
static void
tell_parents(struct go *g, const struct go_test *t, bool failed)
{
	autofree char *package = package_of(t), *name = xstrdup(t->name);
	struct go_test *parent;
	char *slash;

	for (int i = 0; *name; i++) {
		slash = i < PARENTS_MAX ? strrchr(name, '/') : NULL;
		*(slash ? slash : name) = '\0';
		parent = find(g, package, name, !*name);
		if (!parent)
			continue;
		parent->has_children = true;
		parent->child_failed = parent->child_failed || failed;
	}
}

/* One that has subtests is none itself, unless it fails of itself. */
static void
end_test(struct go *g, struct go_test *t, enum test_state state, double seconds)
{
	bool failed = state == TEST_FAILED;

	if (!t->began || t->ended)
		report_disagrees(g->rd->r,
		    "%.200s ends without having begun, as if a test had printed "
		    "that it does",
		    t->name);
	if (!t->began)
		return;
	t->ended = true;
	t->state = state;
	if (!t->has_children || (failed && !t->child_failed))
		add_case(g, t, state, NULL, seconds);
	tell_parents(g, t, failed);
	strbuf_release(&t->output);
}

static void
end_package(
    struct go *g, struct go_test *p, enum test_state state, double seconds)
{
	p->ended = true;
	p->state = state;
	if (state == TEST_PASSED && p->child_failed)
		report_disagrees(g->rd->r,
		    "%.*s passed and has tests that failed",
		    why_size(p), p->key);
	if (seconds > 0)
		report_add_time(
		    &g->rd->claimed_us, report_duration_of(seconds, 1e6));
}

static void
begin_test(struct go_test *t)
{
	if (t->ended) { /* -count: once more */
		t->has_children = t->child_failed = false;
		strbuf_release(&t->output);
	}
	t->began = true;
	t->ended = false;
}

static int
state_of(const char *action)
{
	if (!strcmp(action, "pass"))
		return TEST_PASSED;
	if (!strcmp(action, "fail"))
		return TEST_FAILED;
	return strcmp(action, "skip") ? -1 : TEST_SKIPPED;
}

static void
add_build_output(struct go *g, const json *event)
{
	struct build *b =
	    find_build(g, json_str(event, "ImportPath", ""), true);

	if (b->output.len < OUTPUT_MAX)
		strbuf_adds(&b->output, json_str(event, "Output", ""));
}

static void
note_not_built(struct go *g, struct go_test *p, const json *event)
{
	const char *output = json_str(event, "Output", "");
	const char *failed = json_str(event, "FailedBuild", NULL);

	if (failed)
		p->failed_build = find_build(g, failed, false);
	if (failed || strstr(output, "[build failed]") ||
	    strstr(output, "[setup failed]"))
		p->not_built = true;
}

static void
read_event(struct go *g, const json *event)
{
	const char *action = json_str(event, "Action", "");
	const char *package = json_str(event, "Package", "");
	double seconds = json_num(event, "Elapsed", -1);
	int state = state_of(action);
	struct go_test *t;

	if (str_starts(action, "build-")) {
		add_build_output(g, event);
		return;
	}
	t = find(g, package, json_str(event, "Test", ""), true);
	if (!strcmp(action, "run"))
		begin_test(t);
	else if (!strcmp(action, "output"))
		add_output(t, json_str(event, "Output", ""));
	else if (state >= 0 && *t->name)
		end_test(g, t, state, seconds);
	else if (state >= 0)
		end_package(g, t, state, seconds);
	if (!*t->name)
		note_not_built(g, t, event);
}

/* "FAIL\tPACKAGE [build failed]", which is text until Go 1.23. */
static void
read_text(struct go *g, const struct slice *line)
{
	static const char head[] = "FAIL\t";
	autofree char *text = xstrndup(line->p, line->n);
	char *package, *why;
	struct go_test *p;

	if (!str_starts(text, head))
		return;
	package = text + strlen(head);
	why = package + strcspn(package, " ");
	if (strcmp(why, " [build failed]") && strcmp(why, " [setup failed]"))
		return;
	*why++ = '\0';
	p = find(g, package, "", true);
	p->not_built = p->ended = true;
	p->state = TEST_FAILED;
	if (!p->output.len)
		strbuf_adds(&p->output, why);
	g->seen = true;
}

static void
read_line(struct go *g, const struct slice *line)
{
	autoerr struct err err = ERR_INIT;
	autojson json *event = NULL;

	if (line->n && *line->p == '{' && line->n <= LINE_MAX_BYTES)
		event = json_parse_bounded(line->p, line->n, 1000, &err);
	if (!event || !json_get(event, "Action")) {
		read_text(g, line);
		return;
	}
	g->seen = true;
	read_event(g, event);
}

/* "build failed" says less than what the compiler says, where that is there:
   one build may be what many packages need, of which not all are kept. */
static void
add_failed_package(struct go *g, struct go_test *p)
{
	autobuf struct strbuf message = STRBUF_INIT;
	struct slice rest, line;

	if (p->failed_build && g->rd->r->failing < TEST_REPORT_FAILING_MAX)
		strbuf_prepend(&p->output, p->failed_build->output.buf);
	rest = (struct slice){p->output.buf, p->output.len};
	while (slice_line(&rest, &line) && !message.len)
		if (line.n && *line.p != '#' && !str_starts(line.p, "FAIL"))
			strbuf_add(&message, line.p, line.n);
	add_case(g, p, TEST_ERROR, message.buf, -1);
}

/* Tests that did not end: the program exited, or was killed.  Then packages
   that failed though no test of theirs did. */
static bool
is_unended(const struct go_test *t)
{
	return *t->name && t->began && !t->ended && !t->child_failed;
}

static int
finish(struct go *g, struct err *err)
{
	for (size_t i = g->n; i--;) /* those around others began earlier */
		if (is_unended(g->tests[i]))
			tell_parents(g, g->tests[i], true);
	for (size_t i = 0; i < g->n; i++) {
		struct go_test *t = g->tests[i];

		if (is_unended(t))
			add_case(g, t, TEST_ERROR,
			    find_panic(t->output.buf) ? NULL : "did not end",
			    -1);
	}
	for (size_t i = 0; i < g->n; i++) {
		struct go_test *t = g->tests[i];

		if (!*t->name && t->state == TEST_FAILED && t->ended &&
		    !t->child_failed)
			add_failed_package(g, t);
		if (!*t->name && *t->key != '\n' && !t->ended)
			err_set(err, ERR_IO, "it ends before %.*s does",
			    why_size(t), t->key);
	}
	if (!g->n && g->builds)
		err_set(err, ERR_IO, "it ends before any package does");
	return err->kind ? -1 : 0;
}

int
report_read_gojson(
    struct reading *rd, const char *text, size_t n, struct err *err)
{
	struct go g = {.rd = rd};
	struct slice rest = {text, n}, line;
	int rc;

	while (slice_line(&rest, &line))
		read_line(&g, &line);
	rc = finish(&g, err);
	if (!g.seen)
		rc = err_set(err, ERR_IO, "no report of go test's");
	release(&g);
	return rc;
}
