/* New expectations from old ones and what came out. */
#include "expectations.h"
#include "replay/update.h"
#include "tap.h"

static struct masks *masks;

/* Lines with no \n at their end were kept. */
static const struct {
	const char *expected, *output, *updated;
} table[] = {
    {"", "", ""},
    {"a\n", "a\n", "a|"},
    {"a\nb\n", "a\nc\n", "a|c\n"},
    {"a\nb\nc\n", "c\n", "c|"},
    {"a\n", "a\nb\n", "a|b\n"},
    /* what still matches, and elisions */
    {"a.* (re)\n...\nz\n", "abc\n1\n2\ny\n", "a.* (re)|...|"},
    {"[..]\n...\nlast line\n", "x\ny\nlast lines\n",
	"[..]|...|last lines\n"},
    {"x (?)\ny (*)\nz (+)\nend\n", "z\nz\nend!\n",
	"x (?)|y (*)|z (+)|end!\n"},
    /* placeholders return where what is around them is still there */
    {"3 passed in [TIME]\n", "4 passed in 0.31s\n", "4 passed in [TIME]\n"},
    {"env py311 ([..]) ready in [TIME]\n",
	"env py312 (python:3.12) ready in 1.2s\n",
	"env py312 ([..]) ready in [TIME]\n"},
    {"pid [PID] of a\n", "pid 1234 of b\n", "pid [PID] of b\n"},
    {"on port [PORT] now\n", "on port 8080 then\n",
	"on port [PORT] then\n"},
    {"[TIME] started the server\n", "1.5s started a server\n",
	"[TIME] started a server\n"},
    {"took [TIME], limit 30.5s\n", "took 0.4s, limit 40.5s\n",
	"took [TIME], limit 40.5s\n"},
    {"value [..] of all\n", "value of all those\n", "value of all those\n"},
    {"one [..] line\n", "one [..] [..] lines\n",
	"one [..] lines\n"},
    {"one [TIME] line\n", "one 1.5s [..] lines\n",
	"\\one 1.5s [..] lines\n"},
    {"done in [TIME] (eq)\n", "done in 0.5s\n", "done in 0.5s\n"},
    /* text does not become looser, patterns become text with masks */
    {"3 passed in 0.31s\n", "4 passed in 0.32s\n", "4 passed in 0.32s\n"},
    {"[0-9] tests passed in .*s (re)\n", "8 tests passed in 1.1s, 1 not\n",
	"8 tests passed in [TIME], 1 not\n"},
    {"a\n", "a\nready in 1.5s\n", "a|ready in [TIME]\n"},
    /* what would be read as something else */
    {"a\n", "a\n$ x\n> y\n%\n# z\n! e\n[1]\n...\n```\nx (re)\n",
	"a|\\$ x\n\\> y\n\\%\n\\# z\n\\! e\n\\[1]\n\\...\n\\```\n"
	"\\x (re)\n"},
    {"a\n\nb\n", "a\n\n", "a|\\\n"},
    {"[1]\nb\n", "[1]\n", "\\[1]\n"},
    {"a\n", "a\n\xff\n", "a|\\xff (esc)\n"},
    {"a\n", "a\nb", "a|b (no-eol)\n"},
    {"a\n", "a", "a (no-eol)\n"},
    {"a\n", "a\n$ b", "a|\\$ b (no-eol)\n"},
    {"a\n", "a\nx.y (re)", "a|\\x.y (re) (no-eol)\n"},
    {"a (no-eol)\n", "a\n", "a\n"},
};

static void
joined(struct strbuf *sb, const struct updated *u, const struct expectation *x)
{
	for (size_t i = 0; i < u->n; i++) {
		const struct updated_line *l = &u->v[i];

		if (l->kept >= 0)
			strbuf_addf(sb, "%.*s|", (int)x->v[l->kept].raw.n,
			    x->v[l->kept].raw.s);
		else
			strbuf_addf(sb, "%s\n", l->text);
	}
}

static void
check(const char *expected, const char *output, bool err_stream,
    const char *want)
{
	autobuf struct strbuf got = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	struct comparison c;
	struct updated u;

	compare(&c, expected, output, masks);
	if (!ok(!update_lines(&u, &c.al, &c.x, &c.a, masks, err_stream, NULL, &err),
		"an update"))
		printf("# %s\n", err.msg.buf);
	joined(&got, &u, &c.x);
	is_str(got.buf, want, "has the lines");
	updated_release(&u);
	comparison_release(&c);
}

static void
test_exhausted(void)
{
	static const char long_time[] = "(.*.*.*.*.*(a?){250})*x (re)\n";
	autobuf struct strbuf text = STRBUF_INIT, out = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	struct comparison c;
	struct updated u;

	for (int i = 0; i < 300; i++) {
		strbuf_adds(&text, long_time);
		for (int j = 0; j < 3000; j++)
			strbuf_addc(&out, 'a');
		strbuf_addc(&out, '\n');
	}
	compare(&c, text.buf, out.buf, masks);
	is_int(update_lines(&u, &c.al, &c.x, &c.a, masks, true, NULL, &err), -1,
	    "what was not compared");
	is_str(err.msg.buf,
	    "the patterns of stderr take too long to be compared",
	    "is not updated");
	updated_release(&u);
	comparison_release(&c);
}

/* Some of the changes. */
static void
test_partly(void)
{
	static const bool second[] = {false, true, false};
	static const char expected[] = "a\n1 x\nb\nold\nc\n";
	static const char output[] = "a\n2 x\nb\nc\nnew\n";
	autobuf struct strbuf got = STRBUF_INIT, hunks = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	struct comparison c;
	struct updated u;

	compare(&c, expected, output, masks);
	for (size_t i = 0, end; alignment_hunk(&c.al, &i, &end); i = end)
		strbuf_addf(&hunks, "%zu-%zu ", i, end);
	is_str(hunks.buf, "1-2 3-4 5-6 ", "three hunks");
	is_int(update_lines(&u, &c.al, &c.x, &c.a, masks, false, second, &err), 0,
	    "of which the second is taken");
	joined(&got, &u, &c.x);
	is_str(got.buf, "a|1 x|b|c|", "and changes what it is about");
	updated_release(&u);
	comparison_release(&c);
}

int
main(void)
{
	autoerr struct err err = ERR_INIT;

	masks = masks_new();
	masks_add(masks, "PID", "[0-9]{3,7}", &err);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		check(table[i].expected, table[i].output, false,
		    table[i].updated);
	check("a\n\nb\n", "a\n\n$ x\n\nin 1.5s\n", true,
	    "a||! $ x\n!\n! in [TIME]\n");
	check("3 passed in [TIME]\n", "4 passed in 0.31s\n", true,
	    "! 4 passed in [TIME]\n");
	check("a\n\n", "a\n", true, "a|");
	test_partly();
	test_exhausted();
	masks_free(masks);
	return done();
}
