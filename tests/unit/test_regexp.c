/*
 * Regular expressions: by a table, against regexec(3) on patterns small enough
 * for that, and hostile ones against the clock.
 */
#include <regex.h>

#include "base/clock.h"
#include "base/regexp.h"
#include "draw.h"
#include "tap.h"

static const struct {
	const char *re, *yes, *no;
} table[] = {
    {"", "", "a"},
    {"a.c", "aéc", "ac"},
    {"\\d+ \\w+ \\s", "12 a_1 \t", "x a "},
    {"\\D\\W\\S", "a b", "1 b"},
    {"[\\d.]+", "1.5", "\\d"},
    {"[^\\d]", "é", "5"},
    {"[]a]+[^]a]", "]ab", "]aa"},
    {"[a-c-]+", "a-c", "d"},
    {"[é-ü]", "ö", "z"},
    {"[^é]", "e", "é"},
    {"[[:alpha:][:digit:]_]+", "aZ_9", "-"},
    {"\\.\\*\\[\\\\", ".*[\\", ".*["},
    {"a\\tb", "a\tb", "atb"},
    {"x{2}y{1,}z{,2}", "xxyyz", "xyz"},
    {"{\"a\": [0-9]+}", "{\"a\": 12}", "{}"},
    {"a{,}b{x", "aab{x", "ab"},
    {"(ab|a)(c|bcd)", "abcd", "abc d"},
    {"^a$|^b$", "b", "ab"},
    {"(|a)+b", "aab", "c"},
    {"(a*)*", "aaa", "b"},
    {"a|b|", "", "c"},
    {"x*?y", "xxy", "x"},
    {".", "\xff", "ab"},
    {"[^a]", "\xc3", ""},
};

static const struct {
	const char *re, *message;
} wrong[] = {
    {"(a)\\1", "back-references are not supported"},
    {"(a", "a ( without its )"},
    {"a)", "a ) without its ("},
    {"[a", "a [ without its ]"},
    {"[a\\", "a [ without its ]"},
    {"[[:foo:]]", "no such class of characters after '[:'"},
    {"[[.a.]]", "[. and [= in brackets are not supported"},
    {"[z-a]", "a range in brackets ends before it begins"},
    {"*a", "nothing in front to repeat"},
    {"(+)", "nothing in front to repeat"},
    {"a|?", "nothing in front to repeat"},
    {"a{3,2}", "a repetition {m,n} has m <= n <= 255"},
    {"a{256}", "a repetition {m,n} has m <= n <= 255"},
    {"a\\", "a \\ at the end"},
    {"\\bword", "\\b is not supported"},
};

static struct regexp *
compile(const char *text)
{
	autoerr struct err err = ERR_INIT;

	return regexp_new(text, strlen(text), &err);
}

static void
test_table(struct regexp_run *run)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const char *yes = table[i].yes, *no = table[i].no;
		struct regexp *re = compile(table[i].re);

		if (!ok(re, "%s is understood", table[i].re))
			continue;
		ok(regexp_full(re, run, yes, strlen(yes)), "it matches '%s'",
		    yes);
		ok(!regexp_full(re, run, no, strlen(no)), "and not '%s'", no);
		regexp_free(re);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		autoerr struct err err = ERR_INIT;

		ok(!regexp_new(wrong[i].re, strlen(wrong[i].re), &err),
		    "%s is refused", wrong[i].re);
		is_str(err.msg.buf, wrong[i].message, "and said why");
	}
}

static void
draw_text(char *s, unsigned max, const char *common, const char *all)
{
	unsigned n = draw(max);

	for (unsigned i = 0; i < n; i++) {
		const char *from = draw(3) ? all : common;

		s[i] = from[draw((unsigned)strlen(from))];
	}
	s[n] = 0;
}

/* How many of six subjects the two see differently. */
static int
differences(const struct regexp *re, const regex_t *other,
    struct regexp_run *run, const char *pattern)
{
	int found = 0;
	char s[16];

	for (int i = 0; i < 6; i++) {
		draw_text(s, 8, "ab", "ab.1*|");
		if (regexp_full(re, run, s, strlen(s)) !=
		    !regexec(other, s, 0, NULL, 0)) {
			printf("# '%s' on '%s'\n", pattern, s);
			found++;
		}
	}
	return found;
}

static void
test_against_regexec(struct regexp_run *run)
{
	int compared = 0, found = 0;

	for (int i = 0; i < 50000; i++) {
		char text[12], whole[32];
		struct regexp *re;
		regex_t other;

		draw_text(text, 11, "ab", "ab.*+?()|[]^${}1,");
		snprintf(whole, sizeof(whole), "^(%s)$", text);
		re = compile(text);
		if (re && !regcomp(&other, whole, REG_EXTENDED | REG_NOSUB)) {
			run->steps = REGEXP_STEPS;
			found += differences(re, &other, run, text);
			regfree(&other);
			compared++;
		}
		regexp_free(re);
	}
	ok(compared > 10000, "%d patterns compared with regexec()", compared);
	is_int(found, 0, "which sees the same");
}

static void
test_hostile(struct regexp_run *run)
{
	static const char *const patterns[] = {"(a|aa)*(a|aa)*b",
	    "((a{1,9}){1,9}){1,9}", "(.*.*.*.*.*)*x", "((a?){120}){250}b",
	    "((((a?){30}){30}){30}){30}", "(((){255}){255}){255}"};
	autofree char *subject = xmalloc(65536), *deep = xmalloc(65536);
	autoerr struct err err = ERR_INIT;

	memset(subject, 'a', 65536);
	memset(deep, '(', 65536);
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		int64_t begin = clock_ms();
		struct regexp *re = compile(patterns[i]);

		run->steps = REGEXP_STEPS;
		ok(!re || !regexp_full(re, run, subject, 65536),
		    "%s does not match", patterns[i]);
		ok(clock_ms() - begin < 10000, "and ends soon");
		regexp_free(re);
	}
	ok(!regexp_new(deep, 65536, &err), "65536 parentheses");
	is_str(err.msg.buf, "nested too deeply", "are refused");
}

static void
search_is(
    struct regexp_run *run, const char *text, const char *s, const char *want)
{
	struct regexp *re = compile(text);
	size_t group[2] = {0, 0};
	bool found = regexp_search(re, run, s, strlen(s), group);
	autofree char *got = found && group[1] != SIZE_MAX
				 ? xstrndup(s + group[0], group[1] - group[0])
				 : NULL;

	is_str(got, want, "%s in '%s'", text, s);
	regexp_free(re);
}

static void
test_search(struct regexp_run *run)
{
	struct regexp *re = compile("[0-9]+s|[0-9]");

	run->steps = REGEXP_STEPS;
	search_is(run, "port ([0-9]+)", "on port 8080.", "8080");
	search_is(run, "b+", "abbbc", "bbb");
	search_is(run, "(a)|(b)", "cb", NULL);
	search_is(run, "x", "abc", NULL);
	search_is(run, "^b", "ab", NULL);
	search_is(run, "(a|ab)(c|bcd)$", "abcd", "a");
	search_is(run, "(.*)", "abc", "abc");
	search_is(run, "c$", "cc", "c");
	is_int(regexp_longest(re, run, "12s3", 4), 3, "the longest match");
	is_int(regexp_longest(re, run, "x1", 2), -1, "none at the beginning");
	run->steps = 2;
	ok(!regexp_full(re, run, "12s", 3) && !run->steps,
	    "without steps nothing matches");
	regexp_free(re);
}

static void
test_lines(struct regexp_run *run)
{
	static const char text[] = "one\ntwo 2\n\nthree 3";
	struct regexp *re = compile("^t.* ([0-9])$"), *empty = compile("^$");
	size_t group[2];
	const char *line;

	run->steps = REGEXP_STEPS;
	line = regexp_search_lines(re, run, text, strlen(text), group);
	ok(line == text + 4 && group[0] == 4, "the first line that matches");
	line = regexp_search_lines(re, run, text + 10, strlen(text + 10), NULL);
	ok(line == text + 11, "one without a newline");
	ok(!regexp_search_lines(re, run, text, 4, NULL), "none of them");
	ok(regexp_search_lines(empty, run, text, strlen(text), NULL) ==
		text + 10, "an empty line");
	ok(!regexp_search_lines(empty, run, text, 4, NULL),
	    "there is no line behind the last newline");
	ok(regexp_search_lines(empty, run, "", 0, NULL),
	    "no text is an empty line");
	regexp_free(re);
	regexp_free(empty);
}

static void
test_quote(struct regexp_run *run)
{
	static const char all[] = "a.b*c[d]e{f}g(h)i|j\\k^l$m+n?\xff";
	autobuf struct strbuf text = STRBUF_INIT;
	struct regexp *re;

	run->steps = REGEXP_STEPS;
	regexp_quote(&text, all, sizeof(all) - 1);
	re = compile(text.buf);
	ok(re && regexp_full(re, run, all, sizeof(all) - 1),
	    "a quoted text matches itself");
	regexp_free(re);
}

int
main(void)
{
	struct regexp_run run = REGEXP_RUN_INIT;

	test_table(&run);
	test_against_regexec(&run);
	test_hostile(&run);
	test_search(&run);
	test_lines(&run);
	test_quote(&run);
	regexp_run_release(&run);
	return done();
}
