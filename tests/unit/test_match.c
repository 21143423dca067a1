/* Which lines of output an expected line matches, and whole outputs. */
#include <time.h>

#include "replay/match.h"
#include "tap.h"

static struct masks *masks;

/* Of this process: the machine may have others. */
static long
used_ms(clock_t begin)
{
	return (long)((clock() - begin) * 1000 / CLOCKS_PER_SEC);
}

/* One line of output, with its newline. */
static const struct {
	const char *expected, *output;
	int matches;
} lines[] = {
    /* itself */
    {"abc", "abc\n", 1},
    {"abc", "abcd\n", 0},
    {"", "\n", 1},
    {"Hello (re)", "Hello (re)\n", 1},
    {"a[TIME]b", "a[TIME]b\n", 1},
    {"x (?)", "x (?)\n", 1},
    {"\\abc", "\\abc\n", 1},
    {"abc", "abc\r\n", 1},
    {"é中", "é中\n", 1},
    /* literal */
    {"\\abc", "abc\n", 1},
    {"\\a.c (re)", "a.c (re)\n", 1},
    {"\\a.c (re)", "abc\n", 0},
    {"\\...", "...\n", 1},
    {"\\...", "x\n", 0},
    {"\\\\x", "\\x\n", 1},
    {"a.c (eq)", "a.c\n", 1},
    {"[TIME] (eq)", "[TIME]\n", 1},
    {"[TIME] (eq)", "1.5s\n", 0},
    /* regular expressions */
    {"a.c (re)", "abc\n", 1},
    {"a.c (re)", "abcd\n", 0},
    {"a (re)", "ba\n", 0},
    {".*Error: No module named '[a-z]+' (re)",
	"ModuleNotFoundError: No module named 'requests'\n", 1},
    {"\\d+ (re)", "d+ (re)\n", 1},
    {"(\\d+) (re)", "12\n", 1},
    {"a|b (re)", "b\n", 1},
    {" (re)", "\n", 1},
    {"(re)", "\n", 0},
    /* globs */
    {"a*c (glob)", "abbc\n", 1},
    {"a*c (glob)", "abb\n", 0},
    {"a?c (glob)", "aéc\n", 1},
    {"a\\*c (glob)", "a*c\n", 1},
    {"a\\*c (glob)", "abc\n", 0},
    {"*.py: [TIME] (glob)", "x.py: 1.5s\n", 1},
    {"*a*b*c* (glob)", "xxaxxbxxcxx\n", 1},
    {"[ab] (glob)", "a\n", 0},
    {"a\\ (glob)", "a\\\n", 1},
    /* placeholders */
    {"env py311 ([..]) ready in [TIME]",
	"env py311 (python:3.11-slim) ready in 1.52s\n", 1},
    {"env py311 ([..]) ready in [TIME]", "env py311 (x) ready in 1.52\n", 0},
    {"[..]", "anything\n", 1},
    {"[..]", "\n", 1},
    {"a[..]a", "a\n", 0},
    {"a[..]b[..]a", "axbxa\n", 1},
    {"[TIME]", "1.52s\n", 1},
    {"pid [PID]", "pid 1234\n", 1},
    {"pid [PID]", "pid 12\n", 0},
    {"[INFO] up", "[INFO] up\n", 1},
    {"[INFO] up", "x up\n", 0},
    {"[ID][..].[ID]", "3c80770a6278x.3c80770a6278\n", 1},
    {"a.[..]", "abx\n", 0},
    /* colours and bytes */
    {"red", "\033[31mred\033[0m\n", 1},
    {"title", "\033]0;x\007title\n", 1},
    {"title", "\033]8;;http://x\033\\title\033]8;;\033\\\n", 1},
    {"\\e[31mred\\x1b[0m (esc)", "\033[31mred\033[0m\n", 1},
    {"\\e[32mred\\x1b[0m (esc)", "\033[31mred\033[0m\n", 0},
    {"\\foo (esc)", "foo (esc)\n", 1},
    {"\\foo (esc)", "foo\n", 0},
    {"a\\tb\\\\ (esc)", "a\tb\\\n", 1},
    {"a\\xffb (esc)",
	"a\xff"
	"b\n",
	1},
    {"a\\xffb (esc)",
	"a\xfe"
	"b\n",
	0},
    {"a\\x01\\\\b (esc)", "a\1\\b\n", 1},
    {"a.* (re)", "a\xff\n", 1},
    {"10%\\x0d20% (esc)", "10%\r20%\n", 1},
    {"\\x1b[2Jx (esc)", "\033[2Jx\n", 1},
    {"x\\r (esc)", "x\r\n", 1},
    {"\\xe2\\x80\\xae (esc)", "\u202e\n", 1},
    /* the last newline */
    {"abc (no-eol)", "abc", 1},
    {"abc", "abc", 0},
    {"abc (no-eol)", "abc\n", 0},
    {"a.c (re) (no-eol)", "abc", 1},
    {"a.c (re)", "abc", 0},
    {"\\xff (esc) (no-eol)", "\xff", 1},
    {"[TIME] (no-eol)", "1.5s", 1},
    {"...", "abc", 1},
    {"\\a.c (re) (no-eol)", "a.c (re)", 1},
    {"\\a.c (re) (no-eol)", "abc", 0},
    {"\\a (no-eol)", "a\n", 0},
    /* how often */
    {"a (?)", "a\n", 1},
    {"a (?)", "b\n", 0},
    {"a.* (re+)", "abc\n", 1},
    {"[TIME] (+)", "1.5s\n", 1},
    {"a+ (eq*)", "a+\n", 1},
};

static void
test_lines(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		const char *s = lines[i].expected;
		struct expected_text text = {s, strlen(s), 7};
		struct expectation x;
		struct actual a;
		struct err err = ERR_INIT;

		actual_read(&a, lines[i].output, strlen(lines[i].output));
		if (ok(!expectation_init(&x, &text, 1, masks, &err),
			"'%s' is understood", s))
			is_int(expectation_matches(&x, &a), lines[i].matches,
			    "and compared with line %zu of the table", i);
		expectation_release(&x);
		actual_release(&a);
		err_clear(&err);
	}
}

/* Texts of many lines, each ended by a newline. */
static const struct {
	const char *expected, *output;
	int matches;
} texts[] = {
    {"", "", 1},
    {"", "a\n", 0},
    {"a\n", "", 0},
    {"...\n", "", 1},
    {"...\n", "a\nb\n", 1},
    {"a\n...\nz\n", "a\nz\n", 1},
    {"a\n...\nz\n", "a\nb\nc\nz\n", 1},
    {"a\n...\nz\n", "a\nb\nc\n", 0},
    {"a\n...\na\n", "a\n", 0},
    {"...\nb\n...\nd\n...\n", "a\nb\nc\nd\ne\n", 1},
    {"...\nb\n...\nd\n...\n", "a\nd\nc\nb\ne\n", 0},
    {"...\na\nb\n...\n", "a\na\nb\n", 1},
    {"a (?)\nb\n", "b\n", 1},
    {"a (?)\nb\n", "a\nb\n", 1},
    {"a (?)\nb\n", "a\na\nb\n", 0},
    {"a (*)\nb\n", "a\na\na\nb\n", 1},
    {"a (*)\nb\n", "b\n", 1},
    {"a (+)\nb\n", "b\n", 0},
    {"a (+)\nb\n", "a\na\nb\n", 1},
    {"a (+)\na\n", "a\n", 0},
    {"a (+)\na\n", "a\na\n", 1},
    {"a (*)\na (*)\na\n", "a\n", 1},
    {". (re+)\nb\n...\nc (?)\nd\n", "a\na\nb\nx\nd\n", 1},
    {". (re+)\nb\n...\nc (?)\nd\n", "a\na\nb\nx\nc\nd\n", 1},
    {". (re+)\nb\n...\nc (?)\nd\n", "a\na\nb\nx\nc\nx\n", 0},
    {"...\n...\na\n", "b\na\n", 1},
    {"...\nx (?)\n...\n", "a\nb\n", 1},
    {"\\...\n", "a\n", 0},
};

static size_t
split(const char *s, struct expected_text *lines_of, size_t max)
{
	size_t n = 0;

	for (const char *nl; (nl = strchr(s, '\n')) && n < max; s = nl + 1) {
		lines_of[n] = (struct expected_text){s, (size_t)(nl - s),
		    (unsigned)n + 1};
		n++;
	}
	return n;
}

static void
test_texts(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct expected_text text[16];
		size_t n = split(texts[i].expected, text, 16);
		struct expectation x;
		struct actual a;
		struct err err = ERR_INIT;

		actual_read(&a, texts[i].output, strlen(texts[i].output));
		ok(!expectation_init(&x, text, n, masks, &err), "text %zu", i);
		is_int(expectation_matches(&x, &a), texts[i].matches,
		    "is compared with its output");
		expectation_release(&x);
		actual_release(&a);
	}
}

static void
test_wrong(void)
{
	static const struct {
		const char *line, *message;
	} wrong[] = {
	    {"a( (re)", "line 12: a ( without its )"},
	    {"(a)\\1 (re)", "line 12: back-references are not supported"},
	    {"((a{255}){255}) (re)",
		"line 12: the pattern is too large when its repetitions are "
		"written out"},
	};
	autofree char *large = xmalloc(2000);

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct expected_text text[2] = {
		    {"ok", 2, 11}, {wrong[i].line, strlen(wrong[i].line), 12}};
		autoerr struct err err = ERR_INIT;
		struct expectation x;

		is_int(expectation_init(&x, text, 2, masks, &err), -1,
		    "a wrong pattern %s", wrong[i].line);
		is_str(err.msg.buf, wrong[i].message, "is named with its line");
	}
	memset(large, 'a', 2000);
	memcpy(large + 1995, " (re)", 5);
	for (int once = 0; once < 1; once++) {
		struct expected_text text = {large, 2000, 1};
		autoerr struct err err = ERR_INIT;
		struct expectation x;

		is_int(expectation_init(&x, &text, 1, masks, &err), -1,
		    "a pattern of 1995 bytes");
		is_str(err.msg.buf,
		    "line 1: a regular expression has at most 1024 bytes",
		    "is too large");
	}
}

/* A stranger's patterns and output: bounded, and said. */
static void
test_hostile(void)
{
	static const char re[] = "(.*.*.*.*.*.*.*.*(a?){200})*x (re)";
	enum { LINES = 2000 };
	struct expected_text *text = xcalloc(2 * LINES + 1, sizeof(*text));
	autobuf struct strbuf output = STRBUF_INIT;
	struct err err = ERR_INIT;
	struct expectation x;
	struct actual a;
	clock_t begin = clock();

	for (int i = 0; i < LINES; i++) {
		text[2 * i] = (struct expected_text){"...", 3, 1};
		text[2 * i + 1] = (struct expected_text){re, strlen(re), 1};
		for (int j = 0; j < 300; j++)
			strbuf_adds(&output, "aaaaaaaaaa");
		strbuf_addc(&output, '\n');
	}
	text[2 * LINES] = text[0];
	actual_read(&a, output.buf, output.len);
	ok(!expectation_init(&x, text, 2 * LINES + 1, masks, &err),
	    "many hostile patterns");
	ok(!expectation_matches(&x, &a), "against long lines do not match");
	ok(expectation_exhausted(&x), "and that is known to be no answer");
	ok(used_ms(begin) < 20000, "soon");
	expectation_release(&x);
	actual_release(&a);
	free(text);
}

/* 50,000 lines against 50,000, an elision every 100. */
static void
test_many(void)
{
	enum { LINES = 50000 };
	struct expected_text *text = xcalloc(LINES, sizeof(*text));
	autobuf struct strbuf output = STRBUF_INIT, lines_of = STRBUF_INIT;
	struct err err = ERR_INIT;
	struct expectation x;
	struct actual a;
	clock_t begin;
	const char *s;

	strbuf_grow(&lines_of, LINES * 32);
	for (int i = 0; i < LINES; i++) {
		size_t at = lines_of.len;

		if (i % 100 == 50)
			strbuf_adds(&lines_of, "...");
		else if (i % 2)
			strbuf_addf(&lines_of, "line %d", i % 7);
		else
			strbuf_addf(&lines_of, "test %d in [TIME]", i);
		text[i] = (struct expected_text){
		    lines_of.buf + at, lines_of.len - at, (unsigned)i};
		if (i % 2)
			strbuf_addf(&output, "line %d\n", i % 7);
		else
			strbuf_addf(&output, "test %d in %d.52s\n", i, i % 9);
	}
	begin = clock();
	s = output.buf;
	actual_read(&a, s, output.len);
	ok(!expectation_init(&x, text, LINES, masks, &err), "%d lines", LINES);
	ok(expectation_matches(&x, &a), "match as many");
	ok(used_ms(begin) < 2000, "in at most 2 s");
	printf("# %ld ms\n", used_ms(begin));
	expectation_release(&x);
	actual_release(&a);
	free(text);
}

/* A NUL is a byte like others. */
static void
test_nul(void)
{
	struct actual a;

	actual_read(&a, "a\0\\b\nc", 6);
	is_int(a.n, 2, "two lines");
	is_str(a.v[0].text, "a\\x00\\\\b (esc)", "one with a NUL");
	is_str(a.v[1].text, "c (no-eol)", "one without a newline");
	actual_release(&a);
}

/* Very many lines are held up to a limit. */
static void
test_rest(void)
{
	autobuf struct strbuf output = STRBUF_INIT;
	static const struct {
		const char *last;
		int matches;
	} cases[] = {{"...", 1}, {"[..]", 0}, {".* (re)", 0},
	    {"(2002 bytes more)", 0}, {"y", 0}};
	struct actual a;

	for (size_t i = 0; i < MATCH_LINES_MAX + 1000; i++)
		strbuf_adds(&output, "y\n");
	actual_read(&a, output.buf, output.len);
	is_int(a.n, MATCH_LINES_MAX, "more lines than are held");
	is_str(a.v[a.n - 1].text, "(2002 bytes more)", "the rest is counted");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct expected_text text[2] = {{"y (*)", 5, 1},
		    {cases[i].last, strlen(cases[i].last), 2}};
		autoerr struct err err = ERR_INIT;
		struct expectation x;

		expectation_init(&x, text, 2, masks, &err);
		is_int(expectation_matches(&x, &a), cases[i].matches,
		    "and compared with %s", cases[i].last);
		expectation_release(&x);
	}
	actual_release(&a);
}

int
main(void)
{
	autoerr struct err err = ERR_INIT;

	masks = masks_new();
	ok(!masks_add(masks, "PID", "[0-9]{3,7}", &err), "a mask of the file");
	test_lines();
	test_texts();
	test_wrong();
	test_nul();
	test_hostile();
	test_many();
	test_rest();
	masks_free(masks);
	return done();
}
