/* Session files against transcript.txt, and what the data cannot say. */
#include <string.h>
#include <time.h>

#include "base/io.h"
#include "base/strvec.h"
#include "replay/transcript.h"
#include "tap.h"

static const struct {
	const char *name;
	const char *bytes;
	size_t n;
} names[] = {{"<CR>", "\r", 1}, {"<NUL>", "\0", 1}, {"<FF>", "\xff", 1},
    {"<BOM>", "\xef\xbb\xbf", 3}, {"<TAB>", "\t", 1}};

/* A line with its bytes by name; false at \c: no newline follows. */
static bool
add_unescaped(struct strbuf *sb, const char *s, size_t n)
{
	for (size_t i = 0, k; i < n;) {
		if (i + 2 == n && !strncmp(s + i, "\\c", 2))
			return false;
		for (k = 0; k < ARRAY_SIZE(names); k++)
			if (str_starts(s + i, names[k].name))
				break;
		if (k < ARRAY_SIZE(names)) {
			strbuf_add(sb, names[k].bytes, names[k].n);
			i += strlen(names[k].name);
		} else {
			strbuf_addc(sb, s[i++]);
		}
	}
	return true;
}

static void
add_quoted(struct strbuf *sb, const char *s, size_t n)
{
	strbuf_addc(sb, '"');
	for (size_t i = 0; i < n; i++)
		if (s[i] == '\n')
			strbuf_adds(sb, "\\n");
		else if (s[i] == '\r')
			strbuf_adds(sb, "\\r");
		else
			strbuf_addc(sb, s[i]);
	strbuf_addc(sb, '"');
}

static void
dump_front(struct strbuf *sb, const struct transcript_front *f)
{
	if (f->version)
		strbuf_addf(sb, "version %u\n", f->version);
	if (f->title)
		strbuf_addf(sb, "title %s\n", f->title);
	if (f->origin)
		strbuf_addf(sb, "origin %s\n", f->origin);
	for (size_t i = 0; i < f->n_requires; i++) {
		strbuf_adds(sb, "requires ");
		requirement_add(sb, &f->requires[i]);
		strbuf_addc(sb, '\n');
	}
	if (f->timeout_ms)
		strbuf_addf(sb, "timeout %u\n", (unsigned)f->timeout_ms);
	for (size_t i = 0; i < f->normalize.n; i++)
		strbuf_addf(sb, "normalize %s\n", f->normalize.v[i]);
	for (size_t i = 0; i < f->n_masks; i++)
		strbuf_addf(sb, "mask %s %s at %u:%u\n", f->masks[i].name,
		    f->masks[i].value, f->masks[i].line, f->masks[i].column);
	for (size_t i = 0; i < f->env.n; i++)
		strbuf_addf(sb, "env %s\n", f->env.v[i]);
}

static void
dump_times(struct strbuf *sb, const struct step_options *o)
{
	if (o->timeout_ms)
		strbuf_addf(sb, " timeout=%u", (unsigned)o->timeout_ms);
	if (o->max_ms)
		strbuf_addf(sb, " max=%u", (unsigned)o->max_ms);
	if (o->min_ms)
		strbuf_addf(sb, " min=%u", (unsigned)o->min_ms);
	if (o->retry)
		strbuf_addf(
		    sb, " retry=%u/%u", o->retry, (unsigned)o->retry_every_ms);
	if (o->wait)
		strbuf_addf(
		    sb, " wait=%s/%u", o->wait, (unsigned)o->wait_within_ms);
	if (o->has_type)
		strbuf_addf(sb, " type=%u", (unsigned)o->type_ms);
}

static void
dump_options(struct strbuf *sb, const struct step_options *o)
{
	size_t before = sb->len;
	autofree char *text = o->json ? json_print(o->json) : NULL;

	strbuf_adds(sb, " ");
	dump_times(sb, o);
	if (o->stream)
		strbuf_addf(sb, " stream=%d", o->stream);
	for (size_t i = 0; i < o->n_captures; i++)
		strbuf_addf(sb, " capture=%s/%s", o->captures[i].name,
		    o->captures[i].re);
	if (o->skip_if) {
		strbuf_adds(sb, " skip-if=");
		requirement_add(sb, o->skip_if);
	}
	if (o->expect_fail)
		strbuf_addf(sb, " expect-fail=%s", o->expect_fail);
	if (text)
		strbuf_addf(sb, " json=%s", text);
	strbuf_addf(sb, "%s%s%s%s", o->hide ? " hide" : "",
	    o->pause ? " pause" : "", o->say ? " say=" : "",
	    o->say ? o->say : "");
	if (sb->len == before + 1)
		strbuf_truncate(sb, before);
	else
		strbuf_addc(sb, '\n');
}

static void
dump_lines(
    struct strbuf *sb, const char *name, const struct transcript_lines *lines)
{
	for (size_t i = 0; i < lines->n; i++) {
		strbuf_addf(sb, "  %s %u ", name, lines->v[i].line);
		add_quoted(sb, lines->v[i].text, lines->v[i].n);
		strbuf_addc(sb, '\n');
	}
}

static void
dump_step(struct strbuf *sb, const struct transcript *t,
    const struct transcript_step *s)
{
	const char *heading = transcript_step_heading(t, s);

	strbuf_addf(
	    sb, "step %u: %u %u %u ", s->number, s->first, s->line, s->last);
	add_quoted(sb, s->text, s->n);
	if (s->id)
		strbuf_addf(sb, " id %s", s->id);
	if (heading)
		strbuf_addf(sb, " in %s", heading);
	strbuf_addc(sb, '\n');
	dump_options(sb, &s->options);
	dump_lines(sb, "out", &s->out);
	dump_lines(sb, "err", &s->err);
	if (s->at_status.start < s->at_status.end) {
		strbuf_adds(sb, "  status ");
		want_status_add(sb, &s->status);
		strbuf_addc(sb, '\n');
	}
}

static void
dump_block(struct strbuf *sb, const struct transcript *t,
    const struct transcript_block *b)
{
	static const char *const kinds[] = {"front", "prose", "code", "comment",
	    "heading", "note", "fence", "step", "layout", "fence end"};

	if (b->kind == BLOCK_STEP) {
		dump_step(sb, t, &t->steps[b->index]);
		return;
	}
	strbuf_addf(sb, "%s: %u", kinds[b->kind], b->line);
	if (b->kind == BLOCK_HEADING)
		strbuf_addf(sb, " %u %s", t->headings[b->index].level,
		    t->headings[b->index].text);
	if (b->kind == BLOCK_NOTE) {
		strbuf_addc(sb, ' ');
		add_quoted(sb, t->notes[b->index], strlen(t->notes[b->index]));
	}
	strbuf_addc(sb, '\n');
}

/* No byte is lost between the blocks, nor between the parts of a step. */
static bool
is_whole(const struct transcript *t)
{
	size_t at = 0;

	for (size_t i = 0; i < t->n_blocks; i++) {
		const struct transcript_block *b = &t->blocks[i];
		const struct transcript_step *s = &t->steps[b->index];

		if (b->at.start != at || b->at.end <= at)
			return false;
		at = b->at.end;
		if (b->kind != BLOCK_STEP)
			continue;
		if (s->at_options.start != b->at.start ||
		    s->at_options.end != s->at_command.start ||
		    s->at_command.end != s->at_output.start ||
		    s->at_output.end != s->at_status.start ||
		    s->at_status.end != at || s->block != i)
			return false;
	}
	return at == t->len;
}

static void
dump(struct strbuf *sb, const char *name, const struct strbuf *in)
{
	static const char *const kinds[] = {"", "script\n", "bare\n"};
	autoerr struct err err = ERR_INIT;
	struct transcript *t = transcript_read(name, in->buf, in->len, &err);

	if (!t) {
		strbuf_addf(sb, "%s\n", err.msg.buf);
		return;
	}
	strbuf_adds(sb, kinds[t->kind]);
	dump_front(sb, &t->front);
	for (size_t i = 0; i < t->n_blocks; i++)
		dump_block(sb, t, &t->blocks[i]);
	if (!is_whole(t))
		strbuf_adds(sb, "the blocks are not the file\n");
	transcript_free(t);
}

struct testcase {
	char *name;
	unsigned line;
	struct strbuf in, want;
};

static void
check(struct testcase *c)
{
	autobuf struct strbuf got = STRBUF_INIT;

	if (!c->name)
		return;
	dump(&got, c->name, &c->in);
	is_str(got.buf, c->want.buf, "transcript.txt:%u: %s", c->line, c->name);
	free(c->name);
	c->name = NULL;
	strbuf_reset(&c->in);
	strbuf_reset(&c->want);
}

/* "=== NAME", the file, "===>", what it is read as. */
static void
test_data(void)
{
	const char *source = getenv("ADDESH_SOURCE");
	autofree char *path =
	    io_join(source ? source : ".", "tests/unit/transcript.txt");
	struct testcase c = {.in = STRBUF_INIT, .want = STRBUF_INIT};
	autobuf struct strbuf text = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	bool wanted = true;
	unsigned line = 1;

	if (!ok(!io_read_file(path, &text, 1 << 20, &err), "the data"))
		return;
	for (char *p = text.buf, *nl; (nl = strchr(p, '\n')); p = nl + 1) {
		*nl = 0;
		if (str_starts(p, "=== ")) {
			check(&c);
			c.name = xstrdup(p + 4);
			c.line = line;
			wanted = false;
		} else if (!strcmp(p, "===>")) {
			wanted = true;
		} else if (wanted) {
			if (c.name && *p)
				strbuf_addf(&c.want, "%s\n", p);
		} else if (add_unescaped(&c.in, p, nl - p)) {
			strbuf_addc(&c.in, '\n');
		}
		line++;
	}
	check(&c);
	strbuf_release(&c.in);
	strbuf_release(&c.want);
}

/* Seconds of the processor, as others may be using the machine. */
static double
seconds_to_read(const struct strbuf *text, size_t steps)
{
	clock_t began = clock();
	autoerr struct err err = ERR_INIT;
	struct transcript *t =
	    transcript_read("big.md", text->buf, text->len, &err);

	is_str(err.msg.buf, "", "no error");
	ok(t && t->n_steps == steps && is_whole(t), "%zu steps", steps);
	transcript_free(t);
	return (double)(clock() - began) / CLOCKS_PER_SEC;
}

static void
add_steps(struct strbuf *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		strbuf_addf(text,
		    "## Step %zu\n\n```addesh {id: s%zu}\n$ run a.py <<EOF\n"
		    "> x\n> EOF\nout\n\n! err\n[1]\n```\n\n",
		    i, i);
}

static void
test_large(void)
{
	autobuf struct strbuf text = STRBUF_INIT, more = STRBUF_INIT;
	double few, many;

	add_steps(&text, 10000);
	add_steps(&more, 100000);
	few = seconds_to_read(&text, 10000);
	many = seconds_to_read(&more, 100000);
	printf("# 10000 steps in %.2f s, 100000 in %.2f s\n", few, many);
	ok(many < 40 * few + 0.5, "the time is linear");
}

static void
test_long(void)
{
	autobuf struct strbuf text = STRBUF_INIT;
	autofree char *line = xcalloc(1, (1 << 20) + 1);
	double seconds;

	memset(line, 'x', 1 << 20);
	strbuf_adds(&text, "```addesh\n$ run a.py <<EOF\n");
	for (int i = 0; i < 8; i++)
		strbuf_addf(&text, "> %s\n", line);
	strbuf_adds(&text, "> EOF\n");
	for (int i = 0; i < 8; i++)
		strbuf_addf(&text, "! %s\n%s\n", line, line);
	strbuf_adds(&text, "```\n");
	seconds = seconds_to_read(&text, 1);
	ok(seconds < 5, "lines of 1 MiB in %.2f s", seconds);
}

static void
test_limits(void)
{
	autobuf struct strbuf text = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;

	strbuf_grow(&text, TRANSCRIPT_TEXT_MAX + 1);
	memset(text.buf, '\n', TRANSCRIPT_TEXT_MAX + 1);
	ok(!transcript_read("a.md", text.buf, TRANSCRIPT_TEXT_MAX + 1, &err),
	    "too many bytes");
	is_str(err.msg.buf, "a.md: more than 64 MiB", "says so");
	ok(!transcript_read("a.md", text.buf, TRANSCRIPT_TEXT_MAX, &err),
	    "too many lines");
	is_str(err.msg.buf, "a.md: more than 4000000 lines", "says so");
}

static void
test_find(void)
{
	static const char text[] = "```addesh {id: a}\n$ x  \n$ y\n```\n"
				   "```addesh\n% timeout: 1s\n$ z\nout\n```\n";
	autoerr struct err err = ERR_INIT;
	struct transcript *t =
	    transcript_read("a.md", text, strlen(text), &err);
	const char *title;
	size_t n;

	is_int(transcript_find(t, "a"), 0, "the first of a fence");
	is_int(transcript_find(t, "a.2"), 1, "the second");
	is_int(transcript_find(t, "b"), -1, "none");
	is_int(transcript_at_line(t, 1), 0, "above a step");
	is_int(transcript_at_line(t, 3), 1, "its command");
	is_int(transcript_at_line(t, 8), 2, "its output");
	is_int(transcript_at_line(t, 9), -1, "behind all");
	is_int(transcript_step_timeout(t, &t->steps[0]), 0, "no limit said");
	is_int(transcript_step_timeout(t, &t->steps[2]), 1000, "its own");
	title = transcript_step_title(&t->steps[0], &n);
	ok(n == 1 && *title == 'x', "the title has no blanks around it");
	transcript_free(t);
}

static void
has_steps(const char *text, bool expected, const char *what)
{
	ok(transcript_has_steps(text, strlen(text)) == expected, "%s: %s", what,
	    expected ? "steps" : "commands alone");
}

static void
test_has_steps(void)
{
	has_steps("#!/usr/bin/env addesh\n# a\n\n$ x\n", true, "a command");
	has_steps("% hide\n$ x\n", true, "an option");
	has_steps("#!/usr/bin/env addesh\nenv new\n$ x\n", false, "a later $");
	has_steps("\xef\xbb\xbf#!x\n---\ntitle: x\n---\nlogs\n", true,
	    "front matter");
	has_steps("--- x\n", false, "no front matter");
	has_steps("$HOME\n", false, "a variable");
	has_steps("$", true, "a $ alone");
	has_steps("\xef", false, "a part of a mark");
}

static void
met(const char *want, struct got_status got, bool expected)
{
	struct want_status w = {0};
	struct err err = ERR_INIT;

	is_int(want_status_parse(&w, want, strlen(want), &err), 1, "%s", want);
	ok(want_status_met(&w, &got) == expected, "%s %s %d", want,
	    expected ? "is met by" : "is not met by", got.code);
}

static void
test_status(void)
{
	met("[0]", (struct got_status){0}, true);
	met("[0]", (struct got_status){.code = 1}, false);
	met("[124]", (struct got_status){.code = 124, .timed_out = true}, true);
	met("[timeout]", (struct got_status){.code = 124}, false);
	met("[timeout]", (struct got_status){.code = 124, .timed_out = true},
	    true);
	met("[137]", (struct got_status){.code = 137, .signal = 9}, true);
	met("[signal KILL]", (struct got_status){.code = 137, .signal = 9},
	    true);
	met("[signal TERM]", (struct got_status){.code = 137, .signal = 9},
	    false);
	met("[oom]", (struct got_status){.code = 137, .signal = 9}, false);
	met("[oom]", (struct got_status){.code = 137, .oom = true}, true);
	met("[*]", (struct got_status){.code = 3}, true);
}

static void
written(struct got_status got, const char *text)
{
	struct want_status w = want_status_of(&got);
	autobuf struct strbuf sb = STRBUF_INIT;

	want_status_add(&sb, &w);
	is_str(sb.buf, text, "written as %s", text);
	ok(want_status_met(&w, &got), "and met");
}

static void
test_written(void)
{
	written((struct got_status){.code = 3}, "[3]");
	written((struct got_status){.code = 137, .signal = 9}, "[signal KILL]");
	written((struct got_status){.code = 137, .signal = 9, .oom = true},
	    "[oom]");
	written(
	    (struct got_status){.code = 124, .timed_out = true}, "[timeout]");
}

/* The keys of a section of the manual: ".It Ic KEY". */
static void
keys_of(struct strvec *keys, const char *page, const char *heading)
{
	const char *p = strstr(page, heading);

	for (p = p ? strchr(p, '\n') : NULL;
	     p && !str_starts(p, "\n.Sh") && !str_starts(p, "\n.Ss");
	     p = strchr(p + 1, '\n'))
		if (str_starts(p, "\n.It Ic "))
			strvec_push_owned(
			    keys, xstrndup(p + 8, strcspn(p + 8, " \n")));
}

/* The keys that the reader has and those of addesh-session(5) are the same. */
static void
test_manual(void)
{
	const char *source = getenv("ADDESH_SOURCE");
	autofree char *path =
	    io_join(source ? source : ".", "man/addesh-session.5");
	autobuf struct strbuf page = STRBUF_INIT;
	autovec struct strvec options = STRVEC_INIT, front = STRVEC_INIT;
	autoerr struct err err = ERR_INIT;
	size_t n = 0;

	ok(!io_read_file(path, &page, 1 << 20, &err), "the manual");
	keys_of(&options, page.buf, ".Ss Options\n");
	for (const char *key; (key = step_options_key(n)); n++)
		ok(strvec_has(&options, key), "the manual has %s", key);
	is_int(options.n, n, "and no others");
	keys_of(&front, page.buf, ".Sh FRONT MATTER\n");
	ok(front.n > 8, "the manual has the front matter's keys");
	for (size_t i = 0; i < front.n; i++) {
		autofree char *text =
		    xasprintf("---\n%s: ~\n---\n", front.v[i]);
		autofree char *inner =
		    xasprintf("---\ndefaults: {%s: ~}\n---\n", front.v[i]);
		autoerr struct err one = ERR_INIT, two = ERR_INIT;

		transcript_free(
		    transcript_read("a.md", text, strlen(text), &one));
		transcript_free(
		    transcript_read("a.md", inner, strlen(inner), &two));
		ok(!strstr(one.msg.buf, "unknown key") ||
			!strstr(two.msg.buf, "unknown key"),
		    "%s is read", front.v[i]);
	}
}

int
main(void)
{
	test_manual();
	test_data();
	test_find();
	test_has_steps();
	test_status();
	test_written();
	test_large();
	test_long();
	test_limits();
	return done();
}
