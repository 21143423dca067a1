/*
 * Readers of test reports: files that real frameworks wrote, and hostile ones,
 * in tests/unit/reports (see wanted.h).  Of each is written
 *
 *	error: WHY
 *	STATE SUITE > NAME [FILE:LINE]: first line of the message
 *	...
 *	total N passed N ...	those that are not 0
 *	inconsistent: WHY
 */
#include <time.h>

#include "project/report.h"
#include "wanted.h"

static void
add_case(struct strbuf *out, const struct test_case *c)
{
	strbuf_addf(out, "%s%s %s > %s", test_state_name(c->state),
	    c->collection ? " (collection)" : "", c->suite ? c->suite : "-",
	    c->name);
	if (c->file)
		strbuf_addf(out, " [%s:%u]", c->file, c->line);
	if (c->message)
		strbuf_addf(
		    out, ": %.*s", (int)strcspn(c->message, "\n"), c->message);
	strbuf_addc(out, '\n');
}

static void
add_report(struct strbuf *out, const struct test_report *r)
{
	for (size_t i = 0; i < r->n; i++)
		add_case(out, &r->cases[i]);
	strbuf_addf(out, "total %d", (int)test_report_total(r));
	for (int i = 0; i < TEST_STATES; i++)
		if (r->counts[i])
			strbuf_addf(out, " %s %d", test_state_name(i),
			    (int)r->counts[i]);
	strbuf_addc(out, '\n');
	if (r->inconsistent)
		strbuf_addf(out, "inconsistent: %s\n", r->inconsistent);
}

static void
write_report(
    const struct wanted *w, const char *text, size_t n, struct strbuf *out)
{
	autoerr struct err err = ERR_INIT;
	struct test_report r;

	test_report_init(&r);
	if (test_report_read(
		&r, w->format ? w->format : "", text, n, &w->root, &err))
		strbuf_addf(out, "error: %s\n", err.msg.buf);
	if (w->status >= 0)
		test_report_judge(&r, w->status);
	add_report(out, &r);
	test_report_release(&r);
}

static int
read_text(struct test_report *r, const char *format, const struct strbuf *text)
{
	const struct source_root root = {.dir = "/ws"};
	autoerr struct err err = ERR_INIT;

	return test_report_read(r, format, text->buf, text->len, &root, &err);
}

/* What is kept is bounded, and what is counted is not. */
static void
test_many_cases(void)
{
	autobuf struct strbuf text = STRBUF_INIT;
	struct test_report r;

	strbuf_adds(&text, "<testsuite tests='60000' failures='30000'>");
	for (int i = 0; i < 30000; i++)
		strbuf_addf(&text,
		    "<testcase name='a%d' time='0.001'/>"
		    "<testcase name='b%d'><failure>no</failure></testcase>",
		    i, i);
	strbuf_adds(&text, "</testsuite>");
	test_report_init(&r);
	is_int(read_text(&r, "junit", &text), 0, "60000 cases");
	is_int(r.counts[TEST_PASSED], 30000, "each that passed counts");
	is_int(r.counts[TEST_FAILED], 30000, "and each that failed");
	is_int(r.failing, TEST_REPORT_FAILING_MAX, "of those the first stay");
	is_int(r.n, TEST_REPORT_FAILING_MAX + TEST_REPORT_OTHERS_MAX,
	    "and of the others");
	is_int(r.dropped, 60000 - r.n, "it says how many did not");
	is_int(r.duration_us, 30000000, "the time is the cases'");
	ok(!r.inconsistent, "nothing disagrees");
	test_report_release(&r);
}

/* Each of a year, and all of them of more than a number can say. */
static void
test_much_time(void)
{
	static const char *const ends[] = {
	    "<testcase time='3.1e7'/>", "<testsuite time='3.1e7'/>"};

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		autobuf struct strbuf text = STRBUF_INIT;
		struct test_report r;

		strbuf_adds(&text, "<testsuites>");
		for (int k = 0; k < 300000; k++)
			strbuf_adds(&text, ends[i]);
		strbuf_adds(&text, "</testsuites>");
		test_report_init(&r);
		is_int(read_text(&r, "junit", &text), 0, "300000 years");
		ok(r.duration_us == INT64_MAX, "are as long as there can be");
		strbuf_reset(&text);
		strbuf_adds(&text, "<testsuite time='1'/>");
		is_int(read_text(&r, "junit", &text), 0, "and one more");
		ok(r.duration_us == INT64_MAX, "is not longer");
		test_report_release(&r);
	}
}

static void
test_long_message(void)
{
	autobuf struct strbuf text = STRBUF_INIT;
	struct test_report r;
	const char *details;

	strbuf_adds(&text, "<testsuite><testcase name='a'><failure>begin ");
	for (int i = 0; i < 300000; i++)
		strbuf_adds(&text, "\xc3\xa9\x1b[31m");
	strbuf_adds(&text, " end</failure></testcase></testsuite>");
	test_report_init(&r);
	is_int(read_text(&r, "junit", &text), 0, "a message of 2 MB");
	details = r.n ? r.cases[0].details : "";
	ok(strlen(details) < TEST_REPORT_DETAILS_MAX + 40, "is cut");
	ok(str_starts(details, "begin \xc3\xa9") && str_ends(details, " end"),
	    "in its middle");
	test_report_release(&r);
}

/* What stands for a message is bounded as one. */
static void
test_long_line(void)
{
	autobuf struct strbuf text = STRBUF_INIT;
	struct test_report r;

	strbuf_adds(&text, "1..1\nnot ok 1 - a\n  ---\n  ");
	for (int i = 0; i < TEST_REPORT_DETAILS_MAX; i++)
		strbuf_addc(&text, 'x');
	strbuf_adds(&text, "\n  ...\n");
	test_report_init(&r);
	is_int(read_text(&r, "tap", &text), 0, "a line of 16 KB");
	ok(r.n && strlen(r.cases[0].message) < TEST_REPORT_MESSAGE_MAX + 40,
	    "is a message of 4 KB");
	test_report_release(&r);
}

/* Why a report is not believed is said in short, however long names are. */
static void
test_long_why(const char *action, const char *test)
{
	static const struct source_root root = {0};
	autobuf struct strbuf text = STRBUF_INIT, name = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	struct test_report r;
	const char *why;

	for (int i = 0; i < 100000; i++)
		strbuf_addc(&name, 'n');
	strbuf_addf(&text,
	    "{\"Action\": \"%s\", \"Package\": \"%s\", \"Test\": "
	    "\"%s%s\"}\n",
	    action, name.buf, test, *test ? name.buf : "");
	test_report_init(&r);
	test_report_read(&r, "go", text.buf, text.len, &root, &err);
	why = r.inconsistent ? r.inconsistent : err.msg.buf;
	ok(*why && strlen(why) < 400, "%s %s: the reason has %zu bytes", action,
	    test, strlen(why));
	test_report_release(&r);
}

/* Neither depth nor bytes make it slow or large. */
static void
test_deep(const char *format, const char *open, const char *head)
{
	autobuf struct strbuf text = STRBUF_INIT;
	struct test_report r;

	strbuf_adds(&text, head);
	for (int i = 0; i < 100000; i++)
		strbuf_adds(&text, open);
	test_report_init(&r);
	is_int(read_text(&r, format, &text), -1, "%s: 100000 times %s", format,
	    open);
	test_report_release(&r);
}

static void
test_huge(void)
{
	autobuf struct strbuf text = STRBUF_INIT;
	struct test_report r;

	strbuf_grow(&text, TEST_REPORT_BYTES_MAX + 1);
	memset(text.buf, ' ', TEST_REPORT_BYTES_MAX + 1);
	text.len = TEST_REPORT_BYTES_MAX + 1;
	text.buf[text.len] = '\0';
	test_report_init(&r);
	is_int(read_text(&r, "junit", &text), -1, "a report of too many bytes");
	/* A tree of JSON would take a hundred times as much. */
	strbuf_truncate(&text, 0);
	for (int i = 0; i < 3000000; i++)
		strbuf_adds(&text, "[,");
	is_int(read_text(&r, "jest", &text), -1, "JSON of too many values");
	test_report_release(&r);
}

/* A name that many cases share is not gone through for each of them. */
static void
test_shared_name(
    const char *format, const char *head, const char *each, const char *end)
{
	autobuf struct strbuf text = STRBUF_INIT;
	struct test_report r;
	clock_t began = clock();

	strbuf_adds(&text, head);
	for (int i = 0; i < 400000; i++)
		strbuf_addc(&text, 'n');
	strbuf_adds(&text, end);
	for (int i = 0; i < 20000; i++)
		strbuf_adds(&text, each);
	strbuf_adds(&text, *head == '<' ? "</testsuite>" : "");
	test_report_init(&r);
	is_int(read_text(&r, format, &text), 0, "%s: a suite with a long name",
	    format);
	is_int(r.n, 20000, "has all of its cases");
	ok(r.n && r.cases[0].suite &&
		strlen(r.cases[0].suite) <= TEST_REPORT_NAME_MAX,
	    "which keep some of it");
	ok(clock() - began < 10 * CLOCKS_PER_SEC, "soon");
	test_report_release(&r);
}

/* Each may be a source in many directories, in each of several languages. */
static void
test_many_classes(void)
{
	autobuf struct strbuf text = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	size_t lookups = 0;
	const struct source_root root = {
	    .dir = "/ws", .exists = wanted_count_lookup, .arg = &lookups};
	struct test_report r;

	strbuf_adds(&text, "<testsuite>");
	for (int i = 0; i < 2000; i++)
		strbuf_addf(&text,
		    "<testcase name='a' "
		    "classname='a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.A%d'/>",
		    i);
	strbuf_adds(&text, "</testsuite>");
	test_report_init(&r);
	is_int(test_report_read(&r, "junit", text.buf, text.len, &root, &err),
	    0, "2000 classes");
	is_int(r.n, 2000, "are read");
	ok(lookups > 1000 && lookups < 300000,
	    "and their sources looked for, for a time: %zu", lookups);
	test_report_release(&r);
}

/* Surefire writes a file for each class. */
static void
test_several(void)
{
	autobuf struct strbuf one = STRBUF_INIT, two = STRBUF_INIT;
	struct test_report r;

	strbuf_adds(&one,
	    "<testsuite tests='1' time='1.5'><testcase name='a' time='9'/>"
	    "</testsuite>");
	strbuf_adds(&two, "<testsuite tests='1' failures='1' time='0.25'>"
			  "<testcase name='b'><failure/></testcase>"
			  "</testsuite>");
	test_report_init(&r);
	is_int(read_text(&r, "junit", &one) | read_text(&r, "junit", &two), 0,
	    "two files of one run");
	is_int(test_report_total(&r), 2, "with the tests of both");
	is_int(test_report_bad(&r), 1, "of which one failed");
	is_int(r.duration_us, 1750000, "the time is what they claim");
	ok(!r.inconsistent, "each agrees with its own cases");
	test_report_judge(&r, 1);
	ok(!r.inconsistent, "and with the exit status");
	test_report_release(&r);
}

/* Those that are offered, and no others. */
static void
test_formats(void)
{
	static const struct source_root root = {.dir = "/workspace"};
	char names[] = TEST_REPORT_FORMATS "|sums", *rest = names, *name;

	while ((name = strsep(&rest, "|"))) {
		struct test_report r;
		autoerr struct err err = ERR_INIT;

		test_report_init(&r);
		test_report_read(&r, name, "", 0, &root, &err);
		ok((err.kind == ERR_CONFIG) == !rest, "a reader of %s: %s",
		    name, rest ? "there" : "not there");
		ok(test_report_has_format(name) == !!rest,
		    "%s: known by name or not", name);
		test_report_release(&r);
	}
}

int
main(void)
{
	wanted_test_all("tests/unit/reports", write_report);
	test_many_cases();
	test_much_time();
	test_long_message();
	test_long_line();
	test_long_why("pass", "Test");
	test_long_why("start", "");
	test_deep("junit", "<testsuite>", "");
	test_deep("junit", "<a>", "<testsuite>");
	test_deep("jest", "[", "{\"testResults\": [");
	test_huge();
	test_shared_name(
	    "junit", "<testsuite name='", "<testcase name='a'/>", "'>");
	test_shared_name("tap", "# Subtest: ", "    ok\n", "\n");
	test_many_classes();
	test_several();
	test_formats();
	return done();
}
