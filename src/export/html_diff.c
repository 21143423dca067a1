/*
 * Two runs of a program side by side, and of them what differs: the program,
 * its output, its stderr; lines are paired as replay pairs them
 * (replay/align.h).
 */
#include <string.h>

#include "export/html_impl.h"
#include "replay/align.h"

enum {
	ROWS_MAX = 400,   /* of a table */
	FOLD = 6,         /* more lines in a row that are the same fold */
	CONTEXT = 2,      /* of them stay at each end */
	LINE_SHOWN = 500, /* bytes of a line */
	SHORT = 24        /* lines: as many are shown even if all are others */
};

/* -------- what is compared -------- */

/* What is compared of a step, in the order of the table. */
enum what { PROGRAM, OUTPUT, STDERR, N_WHAT };

struct comparison {
	struct strbuf text[2];
	struct actual lines[2];
	struct expectation x;
	struct alignment al;
	bool differs;
};

struct streams {
	struct strbuf *text[EXPORT_NOTE + 1];
};

static void
add_part(void *arg, uint64_t us, enum export_by by, const char *p, size_t n)
{
	struct streams *s = arg;

	if (s->text[by])
		strbuf_add(s->text[by], p, n);
}

/* A step that has no program runs one that is somewhere else. */
static void
read_programs(
    const struct html_page *page, const size_t pair[2], struct comparison *d)
{
	const struct html_step *v = page->steps;

	for (int i = 0; i < 2 && v[pair[0]].body && v[pair[1]].body; i++)
		strbuf_add(&d->text[i],
		    page->s->t->steps[pair[i]].text + v[pair[i]].head,
		    v[pair[i]].body);
}

static void
read_texts(const struct html_page *page, const size_t pair[2],
    struct comparison v[N_WHAT])
{
	read_programs(page, pair, &v[PROGRAM]);
	for (int i = 0; i < 2; i++) {
		struct streams streams = {
		    {&v[OUTPUT].text[i], &v[STDERR].text[i], NULL}};

		export_parts(&page->s->steps[pair[i]], add_part, &streams);
	}
}

/* Of what was not asked for, long texts that have little in common say nothing
   side by side. */
static bool
is_worth_it(const struct comparison *d)
{
	size_t differ = d->al.missing + d->al.extra + d->al.changed;

	return differ && (d->al.n <= SHORT || differ <= d->al.n / 4 * 3);
}

/* A page has room and time for so much only: differs says no then. */
static void
compare(struct html_page *page, struct comparison *d, bool asked)
{
	uint64_t work;

	for (int i = 0; i < 2; i++)
		actual_read(&d->lines[i], d->text[i].buf, d->text[i].len);
	work = (uint64_t)(d->lines[0].n + 1) * (d->lines[1].n + 1);
	if (work > page->compare_max)
		return;
	expectation_of_output(&d->x, &d->lines[0]);
	align(&d->al, &d->x, &d->lines[1]);
	page->compare_max -= work;
	d->differs = asked ? !alignment_matches(&d->al) : is_worth_it(d);
}

static void
release(struct comparison *d)
{
	alignment_release(&d->al);
	expectation_release(&d->x);
	for (int i = 0; i < 2; i++) {
		actual_release(&d->lines[i]);
		strbuf_release(&d->text[i]);
	}
}

/* -------- the table -------- */

struct side {
	const char *text; /* NULL: no line */
	size_t n, index;
};

static struct side
side_of(const struct actual *a, ptrdiff_t i)
{
	struct side s = {0};

	if (i < 0)
		return s;
	s.text = a->v[i].text;
	s.n = a->v[i].full < LINE_SHOWN ? a->v[i].full : LINE_SHOWN;
	while (
	    s.n < a->v[i].full && ((unsigned char)s.text[s.n] & 0xc0) == 0x80)
		s.n--;
	s.index = (size_t)i + 1;
	return s;
}

static bool
is_inside(const struct side *s, size_t i)
{
	return i < s->n && ((unsigned char)s->text[i] & 0xc0) == 0x80;
}

/* Bytes that both begin with, or, behind those, end with. */
static size_t
same_head(const struct side *a, const struct side *b)
{
	size_t n = 0;

	while (n < a->n && n < b->n && a->text[n] == b->text[n])
		n++;
	while (n && (is_inside(a, n) || is_inside(b, n)))
		n--;
	return n;
}

static size_t
same_tail(const struct side *a, const struct side *b, size_t head)
{
	size_t n = 0;

	while (head + n < a->n && head + n < b->n &&
	       a->text[a->n - n - 1] == b->text[b->n - n - 1])
		n++;
	while (n && (is_inside(a, a->n - n) || is_inside(b, b->n - n)))
		n--;
	return n;
}

/* Number, mark and text of one line; in it the part that changed. */
static void
add_side(struct strbuf *out, const struct side *s, char mark, size_t head,
    size_t tail)
{
	if (!s->text) {
		strbuf_adds(out, "<td class=\"num none\"></td>"
				 "<td class=\"none\"></td>");
		return;
	}
	strbuf_addf(out, "<td class=\"num\">%zu</td><td class=\"%s\">",
	    s->index,
	    mark == '-'   ? "del"
	    : mark == '+' ? "ins"
			  : "same");
	if (mark)
		strbuf_addf(out, "<b>%c </b>", mark);
	html_text(out, s->text, head);
	if (head + tail < s->n && head + tail)
		strbuf_adds(out, "<mark>");
	html_text(out, s->text + head, s->n - head - tail);
	if (head + tail < s->n && head + tail)
		strbuf_adds(out, "</mark>");
	html_text(out, s->text + s->n - tail, tail);
	strbuf_adds(out, "</td>");
}

static void
add_row(
    struct strbuf *out, const struct comparison *d, const struct align_row *r)
{
	struct side a = side_of(&d->lines[0], r->expected);
	struct side b = side_of(&d->lines[1], r->actual);
	bool changed = r->op == ALIGN_CHANGED, same = r->op == ALIGN_EQUAL;
	size_t head = changed ? same_head(&a, &b) : 0;
	size_t tail = changed ? same_tail(&a, &b, head) : 0;

	strbuf_adds(out, "<tr>");
	add_side(out, &a, same ? 0 : '-', head, tail);
	add_side(out, &b, same ? 0 : '+', head, tail);
	strbuf_adds(out, "</tr>\n");
}

static void
add_folded(struct strbuf *out, size_t n, const char *what)
{
	strbuf_adds(out, "<tr class=\"gap\"><td></td><td colspan=\"3\">");
	html_count(out, n, what);
	strbuf_adds(out, "</td></tr>\n");
}

/* Rows from i to before end, all the same. */
static void
add_same(struct strbuf *out, const struct comparison *d, size_t i, size_t end)
{
	size_t before = i ? CONTEXT : 0, after = end < d->al.n ? CONTEXT : 0;

	if (end - i <= FOLD) {
		before = end - i;
		after = 0;
	}
	for (size_t k = i; k < i + before; k++)
		add_row(out, d, &d->al.v[k]);
	if (before + after < end - i)
		add_folded(out, end - i - before - after, "equal line");
	for (size_t k = end - after; k < end; k++)
		add_row(out, d, &d->al.v[k]);
}

static void
add_rows(struct strbuf *out, const struct comparison *d)
{
	size_t rows = 0, end, i = 0;

	while (i < d->al.n && rows < ROWS_MAX) {
		for (end = i; end < d->al.n && d->al.v[end].op == ALIGN_EQUAL;)
			end++;
		if (end > i)
			add_same(out, d, i, end);
		else
			add_row(out, d, &d->al.v[end++]);
		rows++;
		i = end;
	}
	if (i < d->al.n)
		add_folded(out, d->al.n - i, "more line");
}

static void
add_part_table(struct strbuf *out, const struct comparison *d, enum what what)
{
	static const char *const names[N_WHAT] = {
	    "Program", "Output", "Standard error"};

	if (!d->differs)
		return;
	strbuf_addf(out,
	    "<tbody><tr class=\"part\"><th colspan=\"4\" scope=\"rowgroup\">"
	    "%s</th></tr>\n",
	    names[what]);
	add_rows(out, d);
	strbuf_adds(out, "</tbody>");
}

static void
add_table(struct html_page *page, const size_t pair[2], bool open,
    const struct comparison v[N_WHAT])
{
	struct strbuf *out = &page->body;

	strbuf_addf(out,
	    "<details class=\"diff\"%s><summary>Step %zu and step %zu side by "
	    "side</summary>\n<table><colgroup><col class=\"num\" /><col />"
	    "<col class=\"num\" /><col /></colgroup><thead><tr>",
	    open ? " open=\"\"" : "", pair[0] + 1, pair[1] + 1);
	for (int i = 0; i < 2; i++)
		strbuf_addf(out,
		    "<th colspan=\"2\" scope=\"colgroup\">"
		    "<a href=\"#step-%zu\">Step %zu</a></th>",
		    pair[i] + 1, pair[i] + 1);
	strbuf_adds(out, "</tr></thead>\n");
	for (int what = 0; what < N_WHAT; what++)
		add_part_table(out, &v[what], what);
	strbuf_adds(out, "</table></details>\n");
}

void
html_comparison(struct html_page *page, size_t index)
{
	struct comparison v[N_WHAT];
	size_t pair[2];
	bool differs = false;

	if (!html_find_pair(page, index, pair))
		return;
	for (int what = 0; what < N_WHAT; what++)
		v[what] =
		    (struct comparison){.text = {STRBUF_INIT, STRBUF_INIT}};
	read_texts(page, pair, v);
	for (int what = 0; what < N_WHAT; what++) {
		compare(page, &v[what], pair[1] != index);
		differs |= v[what].differs;
	}
	if (differs)
		add_table(page, pair, pair[1] != index, v);
	for (int what = 0; what < N_WHAT; what++)
		release(&v[what]);
}
