/* Which lines belong together where output differs from what was expected. */
#include <time.h>

#include "replay/align.h"
#include "draw.h"
#include "expectations.h"
#include "tap.h"

static struct masks *masks;

#ifdef __SANITIZE_ADDRESS__
#define LIMIT_MS 20000
#else
#define LIMIT_MS 4000
#endif

/* Of this process: the machine may have others. */
static long
used_ms(clock_t begin)
{
	return (long)((clock() - begin) * 1000 / CLOCKS_PER_SEC);
}

/* rows: a letter for each, see ops[]; an elision is ':' where it stands. */
static const struct {
	const char *expected, *output, *rows;
} table[] = {
    {"", "", ""},
    {"a\n", "a\n", "="},
    {"a\nb\n", "a\n", "=-"},
    {"a\n", "a\nb\n", "=+"},
    {"a\nb\nc\n", "a\nc\n", "=-="},
    {"a\nc\n", "a\nb\nc\n", "=+="},
    {"a\n", "b\n", "-+"},
    {"a\nb\n", "c\nd\n", "--++"},
    {"a.* (re)\n", "abc\n", "~"},
    /* a changed line is one, and no elision swallows it */
    {"collected 3 items\n...\n3 passed in [TIME]\n",
	"collected 4 items\nplatform linux\nrootdir /workspace\n"
	"4 passed in 0.31s\n",
	"%:..%"},
    {"...\n3 passed\n", "x\ny\n4 passed\n", ":..%"},
    {"3 passed\n...\n", "4 passed\nx\ny\n", "%:.."},
    {"...\n3 passed\n", "x\ny\n", ":..-"},
    {"first line\n...\nlast line\n", "first line\nthe last line\n", "=:%"},
    {"...\n3 passed in [TIME]\nred bytes\n",
	"x\n4 passed in 0.31s\nred bytes \1", ":.%%"},
    {"a\n...\nc\n", "a\nc\n", "=:="},
    {"...\na\n...\nb\n...\n", "1\na\n2\n3\nb\n", ":.=:..=:"},
    /* what may be absent, and come more than once */
    {"a (?)\nb\n", "b\n", ":="},
    {"a (?)\nb\n", "a\nb\n", "~="},
    {"a (*)\nb\n", "a\na\nb\nx\n", "~~=+"},
    {"a (+)\nb\n", "b\nx\n", "-=+"},
    {"a (+)\nb\n", "a\na\na\n", "~~~-"},
    {"a (+)\nb\n", "a\na\nx\nb\n", "~~+="},
    /* equal ends */
    {"a\na\na\n", "a\na\n", "==-"},
    {"x\ny\nz\n", "x\n1\n2\nz\n", "=-++="},
    {"int a;\nint b;\n}\n", "int a;\n}\n", "=-="},
};

static char
letter(const struct align_row *r)
{
	static const char ops[] = {[ALIGN_EQUAL] = '=',
	    [ALIGN_PATTERN] = '~',
	    [ALIGN_ELIDED] = '.',
	    [ALIGN_MISSING] = '-',
	    [ALIGN_EXTRA] = '+',
	    [ALIGN_CHANGED] = '%'};

	return r->op == ALIGN_ELIDED && r->actual < 0 ? ':' : ops[r->op];
}

static void
test_table(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		autobuf struct strbuf rows = STRBUF_INIT;
		struct comparison c;

		compare(&c, table[i].expected, table[i].output, masks);
		for (size_t r = 0; r < c.al.n; r++)
			strbuf_addc(&rows, letter(&c.al.v[r]));
		is_str(rows.buf, table[i].rows, "text %zu", i);
		ok(alignment_matches(&c.al) == expectation_matches(&c.x, &c.a),
		    "as it matches");
		comparison_release(&c);
	}
}

/* Each line once and in order, but what may come again; pairs that match. */
static bool
is_sound(struct comparison *c)
{
	ptrdiff_t i = 0, j = 0;

	for (size_t r = 0; r < c->al.n; r++) {
		const struct align_row *row = &c->al.v[r];
		bool again = row->expected >= 0 && row->expected == i - 1 &&
			     row->actual >= 0 &&
			     !expect_line_is_once(&c->x.v[row->expected]);

		if ((row->expected >= 0 && row->expected != i && !again) ||
		    (row->actual >= 0 && row->actual != j))
			return false;
		if (row->op <= ALIGN_PATTERN &&
		    !expect_line_matches(
			&c->x, (size_t)row->expected, &c->a.v[row->actual]))
			return false;
		i += row->expected >= 0 && !again;
		j += row->actual >= 0;
	}
	return i == (ptrdiff_t)c->x.n && j == (ptrdiff_t)c->a.n;
}

/* Small texts of a few kinds of line, of which many match. */
static void
test_random(void)
{
	static const char *const kinds[] = {
	    "a", "b", "a (?)", "b (*)", "a (+)", "[ab] (re+)", "...", "[..]"};
	int matched = 0, wrong = 0;

	for (int round = 0; round < 20000; round++) {
		autobuf struct strbuf text = STRBUF_INIT, out = STRBUF_INIT;
		struct comparison c;
		bool matches;

		for (unsigned n = draw(6); n; n--)
			strbuf_addf(&text, "%s\n", kinds[draw(8)]);
		for (unsigned n = draw(6); n; n--)
			strbuf_addf(&out, "%c\n", "abc"[draw(draw(2) ? 2 : 3)]);
		compare(&c, text.buf, out.buf, masks);
		matches = expectation_matches(&c.x, &c.a);
		matched += matches;
		if (!is_sound(&c) || alignment_matches(&c.al) != matches) {
			wrong++;
			printf(
			    "# expected:\n%s# output:\n%s", text.buf, out.buf);
		}
		comparison_release(&c);
	}
	ok(matched > 1000 && matched < 19000, "%d random texts match", matched);
	is_int(wrong, 0, "and align without a difference; no others do");
}

/* Of 50,000 lines with an elision every 100, of which some differ. */
enum large {
	LARGE_FEW,       /* lines of their own, few changed */
	LARGE_SAME,      /* lines of seven texts, few changed */
	LARGE_UNRELATED, /* nothing in common */
	LARGE_MOVED,     /* 5,000 lines more in front */
};

static void
large_text(enum large kind, int lines, struct strbuf *text, struct strbuf *out)
{
	for (int i = 0; kind == LARGE_MOVED && i < 5000; i++)
		strbuf_addf(out, "new line %d\n", i);
	for (int i = 0; i < lines; i++) {
		int number = kind == LARGE_SAME ? i % 7 : i;
		bool changed = i % 5000 == 77;

		if (i % 100 == 50)
			strbuf_adds(text, "...\n");
		else if (i % 2)
			strbuf_addf(text, "test %d in [TIME]\n", number);
		else
			strbuf_addf(text, "line number %d\n", number);
		if (kind == LARGE_UNRELATED)
			strbuf_addf(out, "%08x\n", draw(1u << 30));
		else if (i % 2)
			strbuf_addf(out, "%s %d in 0.%ds\n",
			    changed ? "tests" : "test", number, i);
		else
			strbuf_addf(out, "line number %d\n", number);
	}
}

static void
test_large(enum large kind, const char *name, size_t most)
{
	autobuf struct strbuf text = STRBUF_INIT, out = STRBUF_INIT;
	struct comparison c;
	clock_t begin;

	large_text(kind, 50000, &text, &out);
	begin = clock();
	compare(&c, text.buf, out.buf, masks);
	ok(used_ms(begin) < LIMIT_MS, "50000 lines, %s, are aligned", name);
	printf("# %ld ms; %zu missing, %zu extra, %zu changed\n",
	    used_ms(begin), c.al.missing, c.al.extra, c.al.changed);
	ok(is_sound(&c), "soundly");
	ok(c.al.missing + c.al.extra + c.al.changed <= most,
	    "with at most %zu differences", most);
	comparison_release(&c);
}

/* Three lines against very many. */
static void
test_narrow(void)
{
	autobuf struct strbuf out = STRBUF_INIT;
	struct comparison c;

	strbuf_adds(&out, "the first of all\n");
	for (int i = 0; i < 300000; i++)
		strbuf_addf(&out, "%d\n", i);
	strbuf_adds(&out, "4 passed\n");
	compare(&c, "the first line\n...\n3 passed\n", out.buf, masks);
	ok(is_sound(&c), "3 lines against 300002");
	is_int(c.al.changed, 2, "changed are the two at the ends");
	is_int(c.al.missing + c.al.extra, 0, "the others elided");
	comparison_release(&c);
}

int
main(void)
{
	masks = masks_new();
	test_table();
	test_random();
	test_large(LARGE_FEW, "few of them changed", 10);
	test_large(LARGE_SAME, "of seven texts", 10);
	test_large(LARGE_UNRELATED, "unrelated", 100000);
	test_large(LARGE_MOVED, "moved by 5000", 5010);
	test_narrow();
	masks_free(masks);
	return done();
}
