/*
 * Readers of coverage: files that real tools wrote, and hostile ones, in
 * tests/unit/coverage (see wanted.h).  Of each is written
 *
 *	error: WHY
 *	FILE COVERED/TOTAL missing RANGES
 *	...
 *	total COVERED/TOTAL PERCENT elsewhere N
 *	inconsistent: WHY
 */
#include "project/coverage.h"
#include "wanted.h"

static void
add_numbers(
    struct strbuf *out, const char *name, uint64_t covered, uint64_t total)
{
	strbuf_addf(out, "%s %llu/%llu", name, (unsigned long long)covered,
	    (unsigned long long)total);
}

static void
add_coverage(struct strbuf *out, const struct coverage *c)
{
	for (size_t i = 0; i < c->n; i++) {
		add_numbers(out, c->files[i].path, c->files[i].covered,
		    c->files[i].total);
		strbuf_adds(out, " missing ");
		coverage_add_missing(&c->files[i], 3, out);
		strbuf_addc(out, '\n');
	}
	add_numbers(out, "total", c->covered, c->total);
	strbuf_addf(out, " %d elsewhere %d\n",
	    coverage_percent(c->covered, c->total), (int)c->elsewhere);
	if (c->inconsistent)
		strbuf_addf(out, "inconsistent: %s\n", c->inconsistent);
}

static void
write_coverage(
    const struct wanted *w, const char *text, size_t n, struct strbuf *out)
{
	autoerr struct err err = ERR_INIT;
	struct coverage c;

	coverage_init(&c);
	if (coverage_read(
		&c, w->format ? w->format : "", text, n, &w->root, &err))
		strbuf_addf(out, "error: %s\n", err.msg.buf);
	add_coverage(out, &c);
	coverage_release(&c);
}

static int
read_lcov(struct coverage *c, const char *text)
{
	const struct source_root root = {.dir = "/ws"};
	autoerr struct err err = ERR_INIT;

	return coverage_read(c, "lcov", text, strlen(text), &root, &err);
}

static void
test_several(void)
{
	struct coverage c;

	coverage_init(&c);
	is_int(read_lcov(&c, "SF:/ws/b.c\nDA:1,1\nDA:2,0\nend_of_record\n"
			     "SF:/ws/a.c\nDA:1,0\nend_of_record\n"),
	    0, "a file of two sources");
	is_int(read_lcov(&c, "SF:/ws/b.c\nDA:2,5\nDA:900,0\nend_of_record\n"),
	    0, "and one more of the first");
	is_int(c.n, 2, "are two sources");
	is_str(c.files[0].path, "a.c", "in order");
	is_int(c.files[1].covered, 2, "what either covers is covered");
	is_int(c.files[1].total, 3, "of the lines of both");
	is_int(c.total, 4, "and all counts once");
	coverage_release(&c);
}

/* Blocks of a million lines each would be a trillion of lines. */
static void
test_large_blocks(void)
{
	autobuf struct strbuf text = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	const struct source_root root = {0};
	struct coverage c;

	strbuf_adds(&text, "mode: set\n");
	for (int i = 0; i < 100000; i++)
		strbuf_addf(&text, "a.go:%d.1,1000000.1 1 0\n", i + 1);
	coverage_init(&c);
	is_int(coverage_read(&c, "go", text.buf, text.len, &root, &err), -1,
	    "lines are bounded");
	coverage_release(&c);
	strbuf_reset(&text);
	for (int i = 0; i < 300; i++)
		strbuf_addf(
		    &text, "SF:/%d.c\nDA:1000000,1\nend_of_record\n", i);
	coverage_init(&c);
	is_int(read_lcov(&c, text.buf), 0, "lines of files elsewhere");
	is_int(c.lines, 0, "take no memory");
	coverage_release(&c);
}

static size_t
lookups_of(int sources, int classes, int *rc)
{
	autobuf struct strbuf text = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	size_t lookups = 0;
	const struct source_root root = {
	    .dir = "/ws", .exists = wanted_count_lookup, .arg = &lookups};
	struct coverage c;

	strbuf_adds(&text, "<coverage><sources>");
	for (int i = 0; i < sources; i++)
		strbuf_addf(&text, "<source>/ws/%d</source>", i);
	strbuf_adds(&text, "</sources>");
	for (int i = 0; i < classes; i++)
		strbuf_adds(&text, "<class filename='a'/>");
	strbuf_adds(&text, "</coverage>");
	coverage_init(&c);
	*rc = coverage_read(&c, "cobertura", text.buf, text.len, &root, &err);
	coverage_release(&c);
	return lookups;
}

/* Each class may be in each of the directories. */
static void
test_many_directories(void)
{
	size_t lookups;
	int rc;

	lookups = lookups_of(10000, 1000, &rc);
	is_int(rc, 0, "10000 directories");
	is_int(lookups, 100000, "of which the first are looked into");
	lookups = lookups_of(100, 10000, &rc);
	is_int(rc, -1, "10000 classes in none of 100 of them");
	ok(lookups < 600000, "end the reading: %zu", lookups);
	lookups_of(0, 210000, &rc);
	is_int(rc, -1, "files elsewhere are bounded");
}

/* The number that is told is the one that holds. */
static void
test_many_files(int n, int rc)
{
	autobuf struct strbuf text = STRBUF_INIT;
	struct coverage c;

	for (int i = 0; i < n; i++)
		strbuf_addf(&text, "SF:/ws/%d.c\nend_of_record\n", i);
	coverage_init(&c);
	is_int(read_lcov(&c, text.buf), rc, "coverage of %d files", n);
	coverage_release(&c);
}

static void
test_percent(void)
{
	is_int(coverage_percent(0, 0), -1, "nothing to be covered");
	is_int(coverage_percent(161, 200), 8050, "80.5 percent");
	is_int(coverage_percent(99999, 100000), 9999, "nearly all is not all");
	is_int(coverage_percent(3, 3), 10000, "all is");
	is_int(coverage_percent(UINT64_MAX, UINT64_MAX), 10000,
	    "numbers that are too large");
}

int
main(void)
{
	wanted_test_all("tests/unit/coverage", write_coverage);
	test_several();
	test_large_blocks();
	test_many_files(COVERAGE_FILES_MAX, 0);
	test_many_files(COVERAGE_FILES_MAX + 1, -1);
	test_many_directories();
	test_percent();
	ok(coverage_has_format("lcov") && !coverage_has_format("sums"),
	    "formats are known by name");
	return done();
}
