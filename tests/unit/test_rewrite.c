/* Session files with new expectations: what is rewritten, and what stays.
   fuzz_rewrite has the hostile rest. */
#include "replay/rewrite.h"
#include "tap.h"

static struct masks *masks;

static void
update(struct updated *u, const struct transcript_lines *lines,
    const char *output, bool err_stream)
{
	autofree struct expected_text *texts =
	    xcalloc(lines->n + 1, sizeof(*texts));
	autoerr struct err err = ERR_INIT;
	struct expectation x;
	struct alignment al;
	struct actual a;

	for (size_t i = 0; i < lines->n; i++)
		texts[i] = (struct expected_text){
		    lines->v[i].text, lines->v[i].n, lines->v[i].line};
	actual_read(&a, output, strlen(output));
	ok(!expectation_init(&x, texts, lines->n, masks, &err), "compiled");
	align(&al, &x, &a);
	*u = (struct updated){0};
	ok(!update_lines(u, &al, &x, &a, masks, err_stream, NULL, &err),
	    "updated");
	alignment_release(&al);
	expectation_release(&x);
	actual_release(&a);
}

/* The file after its first step came to this. */
static void
becomes(const char *name, const char *file, const char *out, const char *errs,
    int code, const char *want, const char *what)
{
	autobuf struct strbuf got = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	struct transcript *t = transcript_read(name, file, strlen(file), &err);
	const struct want_status status = {WANT_CODE, code};
	struct updated u[2];
	struct rewrite_step r = {0, &u[0], &u[1], &status};

	if (!ok(t && t->n_steps, "%s", what))
		return;
	update(&u[0], &t->steps[0].out, out, false);
	update(&u[1], &t->steps[0].err, errs, true);
	ok(!rewrite(&got, t, &r, 1, &err), "rewritten%s", err.msg.buf);
	is_str(got.buf, want, "as it should be");
	updated_release(&u[0]);
	updated_release(&u[1]);
	transcript_free(t);
}

static void
test_lines(void)
{
	becomes("a.md",
	    "# A\n\n```addesh {id: a}\n% timeout: 1s\n$ x\none\n...\n"
	    "two files in [TIME]\n! err\nthree\n[1]\n# next\n\n$ "
	    "y\nz\n```\nend",
	    "one\nx\ny\n2 files in 1.5s\nthree\nfour\n", "err\nmore\n", 2,
	    "# A\n\n```addesh {id: a}\n% timeout: 1s\n$ x\none\n...\n"
	    "2 files in [TIME]\n! err\n! more\nthree\nfour\n[2]\n# next\n\n"
	    "$ y\nz\n```\nend",
	    "changed, added, kept");
	becomes("a.addesh", "$ x\none\n! two\n[1]\n", "", "", 0, "$ x\n",
	    "nothing is left");
	becomes("a.addesh", "$ x", "one\n", "two\n", 1,
	    "$ x\none\n! two\n[1]\n", "all is new, at a line without its end");
	becomes("a.addesh", "$ x\n\n! e\n\n[1]\n\n$ y\n", "one\n", "f\n", 1,
	    "$ x\none\n\n! f\n\n[1]\n\n$ y\n", "empty lines stay");
}

static void
test_form(void)
{
	becomes("a.md", "```addesh\r\n$ x\r\none\r\n```\r\n", "two\n", "e\n", 1,
	    "```addesh\r\n$ x\r\ntwo\r\n! e\r\n[1]\r\n```\r\n",
	    "lines end as the file's do");
	becomes("a.md", "- a\n  ```addesh\n  $ x\n  one\n  ```\n",
	    "two\n  three\n", "", 1,
	    "- a\n  ```addesh\n  $ x\n  two\n    three\n  [1]\n  ```\n",
	    "a fence in a list");
	becomes("a.md", "```addesh\n$ x\none\n[1]\n# comment\n```\n", "one\n",
	    "", 0, "```addesh\n$ x\none\n[0]\n# comment\n```\n",
	    "a comment stays one");
	becomes("a.md", "```addesh\n$ x\n[1]\n! e\n```\n", "[1]\n", "", 0,
	    "```addesh\n$ x\n\\[1]\n```\n", "a line does not become a status");
	becomes("a.md", "```addesh\n$ x\na\n\n\nb\n```\n", "a\n\n\n", "", 0,
	    "```addesh\n$ x\na\n\n\\\n```\n",
	    "nor do empty lines become nothing");
}

int
main(void)
{
	masks = masks_new();
	test_lines();
	test_form();
	masks_free(masks);
	return done();
}
