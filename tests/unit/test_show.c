/* What people see of a step that did not come to what was expected. */
#include "expectations.h"
#include "replay/show.h"
#include "tap.h"

static struct masks *masks;

struct sample {
	const char *expected, *output, *expected_err, *output_err;
	struct show show;
	const char *want;
};

static const struct sample samples[] = {
    {"env py311 ([..]) ready in [TIME]\ncollected 3 items\n...\n"
     "tests/test_[a-z]+\\.py \\.+ +\\[ *[0-9]+%\\] (re+)\n"
     "3 passed in [TIME]\n",
	"env py311 (python:3.11-slim) ready in 1.52s\ncollected 4 items\n"
	"platform linux\nrootdir /workspace\n"
	"tests/test_a.py ..   [ 50%]\n4 passed in 0.31s\n",
	"a\nb\n", "a\nb\n",
	{.file = "lesson.md", .line = 27, .heading = "Run the tests",
	    .command = "test -v\n", .got = "0", .status_met = true,
	    .advice = true},
	"lesson.md:27  Run the tests\n"
	"  $ test -v\n"
	"status: 0, as expected\n"
	"\n"
	" exp  act |\n"
	"   1    1 | ~ env py311 (python:3.11-slim) ready in 1.52s"
	"    <- env py311 ([..]) ready in [TIME]\n"
	"   2      | - collected 3 items\n"
	"        2 | + collected 4 items\n"
	"        3 | . platform linux\n"
	"        4 | . rootdir /workspace\n"
	"   4    5 | ~ tests/test_a.py ..   [ 50%]"
	"    <- tests/test_[a-z]+\\.py \\.+ +\\[ *[0-9]+%\\] (re+)\n"
	"   5      | - 3 passed in [TIME]\n"
	"        6 | + 4 passed in 0.31s\n"
	"stderr: matched, 2 lines\n"
	"line 2 differs in one word: 3 -> 4\n"
	"line 5 differs in one word: 3 -> 4\n"
	"accept:  addesh replay --update lesson.md:27"
	"      look:  addesh replay --break lesson.md:27\n"},
    /* the status alone: the output is shown, for people who look for why */
    {"a\nb\n", "a\nb\n", "", "",
	{.file = "my lesson.md", .line = 3, .command = "run x <<E\n\nE\n",
	    .got = "1", .wanted = "0", .advice = true},
	"my lesson.md:3\n"
	"  $ run x <<E\n"
	"  > \n"
	"  > E\n"
	"status: 1, expected was 0\n"
	"\n"
	" exp  act |\n"
	"   1    1 |   a\n"
	"   2    2 |   b\n"
	"stdout: matched\n"
	"accept:  addesh replay --update 'my lesson.md:3'"
	"      look:  addesh replay --break 'my lesson.md:3'\n"},
    /* both streams; blanks; what came without a newline */
    {"a b\nx\ty\nc\n", "a  b\nx y\nc ", "e\n", "",
	{.file = "f", .line = 1, .command = "x", .got = "0",
	    .status_met = true},
	"f:1\n"
	"  $ x\n"
	"status: 0, as expected\n"
	"\n"
	"stdout:\n"
	" exp  act |\n"
	"   1      | - a·b\n"
	"        1 | + a··b\n"
	"   2      | - x\\ty\n"
	"        2 | + x·y\n"
	"   3      | - c\n"
	"        3 | + c  (no-eol)\n"
	"stderr:\n"
	" exp  act |\n"
	"   1      | - e\n"
	"line 1 differs in blanks only\n"
	"line 2 differs in tabs and blanks only\n"},
    /* runs that match fold, at the ends and between */
    {"1\n2\n3\n4\n5\n6\n7\n8\nold\n11\n12\n13\n14\n15\n16\n17\n",
	"1\n2\n3\n4\n5\n6\n7\n8\nnew\n11\n12\n13\n14\n15\n16\n", "", "",
	{.file = "f", .line = 1, .command = "x", .got = "0",
	    .status_met = true},
	"f:1\n"
	"  $ x\n"
	"status: 0, as expected\n"
	"\n"
	" exp  act |\n"
	"          |   (5 lines that match)\n"
	"   6    6 |   6\n"
	"   7    7 |   7\n"
	"   8    8 |   8\n"
	"   9      | - old\n"
	"        9 | + new\n"
	"  10   10 |   11\n"
	"  11   11 |   12\n"
	"  12   12 |   13\n"
	"  13   13 |   14\n"
	"  14   14 |   15\n"
	"  15   15 |   16\n"
	"  16      | - 17\n"},
    /* a narrow terminal; nothing of a file or a program rules it */
    {"a[..]z\n\033[2J\033[31mexpected\rX\nend\n",
	"a23456789012345678901234567890z\nout\033[2J\nend\n", "", "",
	{.file = "f\n", .line = 1, .heading = "\033]0;x\007H",
	    .command = "x\033[H", .got = "0", .status_met = true,
	    .width = 40},
	"f?:1  H\n"
	"  $ x\\x1b[H\n"
	"status: 0, as expected\n"
	"\n"
	" exp  act |\n"
	"   1    1 | ~ a2345678901234567890123...\n"
	"          |    <- a[..]z\n"
	"   2      | - \\x1b[2Jexpected\\x0dX\n"
	"        2 | + out\\x1b[2J (esc)\n"
	"   3    3 |   end\n"},
    /* cut short */
    {"begin\nready in [TIME]\n", "begin\n", "", "",
	{.file = "f", .line = 1, .command = "x", .got = "timeout",
	    .wanted = "0", .cut_short = true, .note = "limit 30s"},
	"f:1\n"
	"  $ x\n"
	"status: timeout, expected was 0\n"
	"limit 30s\n"
	"\n"
	" exp  act |\n"
	"   1    1 |   begin\n"
	"   2      | - ready in [TIME]\n"
	"awaited was line 2: ready in [TIME]\n"},
    /* what this run calls things has its name, and colours repeat the mark */
    {"a\n", "in /tmp/r1/x\n", "", "",
	{.file = "f", .line = 1, .command = "x", .got = "0",
	    .status_met = true, .color = true},
	"f:1\n"
	"  $ x\n"
	"status: 0, as expected\n"
	"\n"
	" exp  act |\n"
	"   1      | \033[31m- a\033[0m\n"
	"        1 | \033[32m+ in [TMP]/x\033[0m\n"},
};

static void
stream_of(struct show_stream *st, struct comparison *c, const char *expected,
    const char *output)
{
	compare(c, expected, output, masks);
	*st = (struct show_stream){&c->x, &c->a, &c->al};
}

static void
test_samples(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		const struct sample *s = &samples[i];
		autobuf struct strbuf got = STRBUF_INIT;
		struct comparison c[2];
		struct show show = s->show;

		show.masks = masks;
		stream_of(&show.out, &c[0], s->expected,
		    s->output);
		stream_of(&show.err, &c[1], s->expected_err,
		    s->output_err);
		show_failure(&got, &show);
		is_str(got.buf, s->want, "sample %zu", i);
		comparison_release(&c[0]);
		comparison_release(&c[1]);
	}
}

/* Much that differs has an end. */
static void
test_much(void)
{
	autobuf struct strbuf out = STRBUF_INIT, got = STRBUF_INIT;
	struct show show = {.file = "f", .line = 1, .command = "x",
	    .got = "0", .status_met = true, .masks = masks};
	struct comparison c[2];

	for (int i = 0; i < 5000; i++)
		strbuf_addf(&out, "%d\n", i);
	for (int i = 0; i < 100000; i++)
		strbuf_adds(&out, "long");
	strbuf_addc(&out, '\n');
	stream_of(&show.out, &c[0], "", out.buf);
	stream_of(&show.err, &c[1], "", out.buf + 23890);
	show_failure(&got, &show);
	ok(strstr(got.buf, "          | (4601 more lines)\n"),
	    "the rest of many lines is counted");
	ok(strstr(got.buf, "... (398000 bytes more)\n"),
	    "and that of a long one");
	ok(got.len < 20000, "so that it is short");
	comparison_release(&c[0]);
	comparison_release(&c[1]);
}

/* A part of a table, as it is asked whether it is right. */
static void
test_hunk(void)
{
	autobuf struct strbuf got = STRBUF_INIT;
	struct show show = {.masks = masks};
	struct show_stream st;
	struct comparison c;
	size_t begin = 0, end;

	stream_of(&st, &c, "1\n2\n3\n4\nold\n6\n7\n8\n9\n",
	    "1\n2\n3\n4\nnew\n6\n7\n8\n9\n");
	ok(alignment_hunk(&c.al, &begin, &end), "a hunk");
	show_hunk(&got, &show, &st, begin, end);
	is_str(got.buf,
	    " exp  act |\n"
	    "   2    2 |   2\n"
	    "   3    3 |   3\n"
	    "   4    4 |   4\n"
	    "   5      | - old\n"
	    "        5 | + new\n"
	    "   6    6 |   6\n"
	    "   7    7 |   7\n"
	    "   8    8 |   8\n",
	    "is shown with what is around it");
	comparison_release(&c);
}

int
main(void)
{
	masks = masks_new();
	masks_add_value(masks, "TMP", "/tmp/r1");
	test_samples();
	test_much();
	test_hunk();
	masks_free(masks);
	return done();
}
