/* The lines of a stream with their marks. */
#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "replay/match_impl.h"
#include "replay/show_impl.h"

#define FOLD 6        /* more lines in a row that match fold */
#define CONTEXT 3     /* of them stay at each end */
#define ROWS_MAX 400  /* lines of a table */
#define TEXT_MAX 2000 /* bytes of a line that are shown */

struct table {
	struct strbuf *sb;
	const struct show *s;
	const struct show_stream *st;
	int digits; /* of a number */
	size_t rows;
};

static bool
is_alike(const struct align_row *r)
{
	return r->op <= ALIGN_ELIDED;
}

/* "..." takes nothing there, or a line is absent as it may be. */
static bool
is_hidden(const struct align_row *r)
{
	return r->op == ALIGN_ELIDED && r->actual < 0;
}

static void
add_number(struct table *t, ptrdiff_t index)
{
	if (index < 0)
		strbuf_addf(t->sb, "%*s", t->digits, "");
	else
		strbuf_addf(t->sb, "%*zu", t->digits, (size_t)index + 1);
}

static const char *
color_of(char mark)
{
	switch (mark) {
	case '-':
		return "\033[31m";
	case '+':
		return "\033[32m";
	case '~':
		return "\033[36m";
	case '.':
		return "\033[2m";
	}
	return NULL;
}

/* Columns in front of a line's text. */
static int
margin(const struct table *t)
{
	return 2 * t->digits + 6;
}

/* Appends as much of a text as there is room for; all: more than a line of the
   terminal. */
static void
add_cut(struct table *t, const char *text, size_t n, int columns, bool all)
{
	size_t fits = text_fit(text, n, all ? TEXT_MAX : columns);

	if (!all && t->s->width == 0)
		fits = text_fit(text, n, TEXT_MAX);
	if (fits < n && !all && columns > 3)
		fits = text_fit(text, n, columns - 3);
	strbuf_add(t->sb, text, fits);
	if (fits < n)
		strbuf_adds(t->sb, "...");
	if (fits < n && all)
		strbuf_addf(t->sb, " (%zu bytes more)", n - fits);
}

/* One line of the table, without what may stand beside it. */
static void
add_line(struct table *t, ptrdiff_t expected, ptrdiff_t actual, char mark,
    const struct strbuf *text)
{
	const char *color = t->s->color ? color_of(mark) : NULL;
	bool differs = mark == '-' || mark == '+';

	add_number(t, expected);
	strbuf_addc(t->sb, ' ');
	add_number(t, actual);
	strbuf_adds(t->sb, " | ");
	strbuf_adds(t->sb, color ? color : "");
	strbuf_addc(t->sb, mark);
	if (text->len)
		strbuf_addc(t->sb, ' ');
	add_cut(t, text->buf, text->len, t->s->width - margin(t), differs);
	strbuf_adds(t->sb, color ? "\033[0m" : "");
	t->rows++;
}

/* The pattern, beside the text or beneath it. */
static void
add_pattern(
    struct table *t, const struct strbuf *text, const struct strbuf *pattern)
{
	static const char beside[] = "    <- ";
	int used = margin(t) + text_width(text->buf) + (int)strlen(beside);

	if (t->s->width && used + text_width(pattern->buf) > t->s->width) {
		strbuf_addf(t->sb, "\n%*s |", 2 * t->digits + 1, "");
		used = margin(t) - 2 + (int)strlen(beside);
	}
	strbuf_adds(t->sb, beside);
	add_cut(t, pattern->buf, pattern->len, t->s->width - used, false);
}

/* The text of an expected line, or of one of output with what this run calls
   things under their names. */
static void
expected_text(const struct table *t, ptrdiff_t i, struct strbuf *out)
{
	const struct expected_text *raw = &t->st->x->v[i].raw;

	match_add_normal(out, raw->s, raw->n, false);
}

static void
actual_text(const struct table *t, ptrdiff_t i, struct strbuf *out)
{
	const struct actual_line *a = &t->st->a->v[i];

	if (t->s->masks)
		mask_line_known(t->s->masks, out, a->text, a->full);
	else
		strbuf_add(out, a->text, a->full);
}

/* Makes blanks and tabs visible. */
static void
mark_blanks(struct strbuf *text)
{
	struct strbuf marked = STRBUF_INIT;

	for (size_t i = 0; i < text->len; i++) {
		if (text->buf[i] == ' ')
			strbuf_adds(&marked, "·");
		else if (text->buf[i] == '\t')
			strbuf_adds(&marked, "\\t");
		else
			strbuf_addc(&marked, text->buf[i]);
	}
	strbuf_release(text);
	*text = marked;
}

static void
add_alike(struct table *t, const struct align_row *r)
{
	static const char marks[] = {
	    [ALIGN_EQUAL] = ' ', [ALIGN_PATTERN] = '~', [ALIGN_ELIDED] = '.'};
	autobuf struct strbuf text = STRBUF_INIT, pattern = STRBUF_INIT;
	bool elided = r->op == ALIGN_ELIDED;

	actual_text(t, r->actual, &text);
	add_line(t, elided ? -1 : r->expected, r->actual, marks[r->op], &text);
	if (r->op == ALIGN_PATTERN) {
		expected_text(t, r->expected, &pattern);
		add_pattern(t, &text, &pattern);
	}
	strbuf_addc(t->sb, '\n');
}

static void
add_different(struct table *t, const struct align_row *r)
{
	autobuf struct strbuf expected = STRBUF_INIT, actual = STRBUF_INIT;

	if (r->expected >= 0)
		expected_text(t, r->expected, &expected);
	if (r->actual >= 0)
		actual_text(t, r->actual, &actual);
	if (r->op == ALIGN_CHANGED &&
	    show_differs_in_blanks(
		expected.buf, expected.len, actual.buf, actual.len)) {
		mark_blanks(&expected);
		mark_blanks(&actual);
	}
	if (r->expected >= 0) {
		add_line(t, r->expected, -1, '-', &expected);
		strbuf_addc(t->sb, '\n');
	}
	if (r->actual >= 0) {
		add_line(t, -1, r->actual, '+', &actual);
		strbuf_addc(t->sb, '\n');
	}
}

static void
add_fold(struct table *t, size_t n)
{
	strbuf_addf(t->sb, "%*s |   (%zu lines that match)\n",
	    2 * t->digits + 1, "", n);
	t->rows++;
}

/* Rows from i to before end, all alike and shown. */
static void
add_run(struct table *t, const struct align_row *const *rows, size_t i,
    size_t end, size_t n)
{
	size_t before = i ? CONTEXT : 0, after = end < n ? CONTEXT : 0;

	if (end - i <= FOLD) {
		before = end - i;
		after = 0;
	}
	for (size_t k = i; k < i + before; k++)
		add_alike(t, rows[k]);
	if (before + after < end - i)
		add_fold(t, end - i - before - after);
	for (size_t k = end - after; k < end; k++)
		add_alike(t, rows[k]);
}

static void
add_rows(struct table *t, const struct align_row *const *rows, size_t n)
{
	size_t i = 0, end;

	while (i < n && t->rows < ROWS_MAX) {
		for (end = i; end < n && is_alike(rows[end]);)
			end++;
		add_run(t, rows, i, end, n);
		for (i = end; i < n && !is_alike(rows[i]) && t->rows < ROWS_MAX;
		     i++)
			add_different(t, rows[i]);
	}
	if (i < n)
		strbuf_addf(t->sb, "%*s | (%zu more lines)\n",
		    2 * t->digits + 1, "", n - i);
}

static int
digits_for(size_t n)
{
	char number[32];

	return snprintf(number, sizeof(number), "%zu", n);
}

/* The rows from begin to before end. */
static void
show_rows(struct strbuf *sb, const struct show *s, const struct show_stream *st,
    size_t begin, size_t end)
{
	const char *names[] = {st->names[0] ? st->names[0] : "exp",
	    st->names[1] ? st->names[1] : "act"};
	struct table t = {.sb = sb, .s = s, .st = st, .digits = 4};
	size_t most = st->x->n > st->a->n ? st->x->n : st->a->n, n = 0;
	autofree const struct align_row **rows =
	    xcalloc(end - begin + 1, sizeof(struct align_row *));

	if (digits_for(most) > t.digits)
		t.digits = digits_for(most);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i]) > (size_t)t.digits)
			t.digits = (int)strlen(names[i]);
	for (size_t i = begin; i < end; i++)
		if (!is_hidden(&st->al->v[i]))
			rows[n++] = &st->al->v[i];
	strbuf_addf(sb, "%*s %*s |\n", t.digits, names[0], t.digits, names[1]);
	add_rows(&t, rows, n);
}

void
show_table(struct strbuf *sb, const struct show *s,
    const struct show_stream *st)
{
	show_rows(sb, s, st, 0, st->al->n);
}

void
show_hunk(struct strbuf *sb, const struct show *s, const struct show_stream *st,
    size_t begin, size_t end)
{
	size_t from = begin < CONTEXT ? 0 : begin - CONTEXT;
	size_t left = st->al->n - end;

	show_rows(sb, s, st, from, end + (left < CONTEXT ? left : CONTEXT));
}
