#include "replay/update.h"

#include <string.h>

#include "replay/expect_write.h"
#include "replay/match_impl.h"

/* One stream that gets new expectations. */
struct updater {
	struct updated *u;
	struct expectation *x;
	const struct actual *a;
	const struct masks *masks;
	bool err;
};

static void
add(struct updated *u, ptrdiff_t kept, char *text)
{
	GROW(u->v, u->n, &u->cap);
	u->v[u->n++] = (struct updated_line){kept, text};
}

/* A line that comes more than once is kept once. */
static void
keep(struct updater *w, ptrdiff_t expected)
{
	const struct updated *u = w->u;

	if (!u->n || u->v[u->n - 1].kept != expected)
		add(w->u, expected, NULL);
}

/* Is it text with placeholders, without a suffix that says what it is? */
static bool
is_words(const struct expect_line *e)
{
	return e->kind == EXPECT_PATTERN && !e->times &&
	       e->n + (e->no_eol ? strlen(MATCH_NO_EOL) : 0) == e->raw.n;
}

/* Has what is put together no suffix by chance? */
static bool
reads_as_words(const struct updater *w, const struct strbuf *text)
{
	const struct expected_text raw = {text->buf, text->len, 1};
	autoerr struct err err = ERR_INIT;
	struct expectation x;
	bool words;

	if (expectation_init(&x, &raw, 1, w->masks, &err))
		return false;
	words = is_words(&x.v[0]);
	expectation_release(&x);
	return words;
}

/* With the masks of a recording, or (text) as it is.  So is output that holds
   the characters of "[..]", which beside a mask would be any text. */
static void
write_new(struct updater *w, size_t actual, bool text)
{
	const struct actual_line *a = &w->a->v[actual];
	bool last = actual + 1 == w->a->n;
	struct strbuf line = STRBUF_INIT;

	if (text || memmem(a->text, a->n, MATCH_ANY, strlen(MATCH_ANY)))
		expect_write_literal(&line, w->masks, a, w->err, last);
	else
		expect_write_line(&line, w->masks, a, w->err, last);
	add(w->u, -1, strbuf_detach(&line));
}

static void
write_changed(struct updater *w, const struct align_row *r)
{
	const struct expect_line *e = &w->x->v[r->expected];
	const struct actual_line *a = &w->a->v[r->actual];
	autobuf struct strbuf text = STRBUF_INIT;
	struct strbuf line = STRBUF_INIT;

	if (is_words(e) && update_put_back(&text, e, a, w->masks) &&
	    reads_as_words(w, &text) &&
	    expect_write_text(&line, w->masks, a, w->err, &text))
		add(w->u, -1, strbuf_detach(&line));
	else
		write_new(w, (size_t)r->actual, e->kind != EXPECT_PATTERN);
}

static void
write_row(struct updater *w, const struct align_row *r)
{
	switch (r->op) {
	case ALIGN_EQUAL:
	case ALIGN_PATTERN:
		keep(w, r->expected);
		break;
	case ALIGN_ELIDED:
		if (r->actual < 0)
			keep(w, r->expected);
		break;
	case ALIGN_CHANGED:
		write_changed(w, r);
		break;
	case ALIGN_EXTRA:
		write_new(w, (size_t)r->actual, false);
		break;
	case ALIGN_MISSING:
		break;
	}
}

/* Those of a hunk that is not taken leave what was expected. */
static void
write_rows(struct updater *w, const struct alignment *al, size_t begin,
    size_t end, bool taken)
{
	for (size_t i = begin; i < end; i++) {
		if (taken)
			write_row(w, &al->v[i]);
		else if (al->v[i].expected >= 0)
			keep(w, al->v[i].expected);
	}
}

/* A line that stood between others and is the last one now can look like a
   status there, or like nothing. */
static void
quote_last(struct updater *w)
{
	struct updated_line *l = w->u->n ? &w->u->v[w->u->n - 1] : NULL;
	struct strbuf line = STRBUF_INIT;
	const struct expect_line *e;

	if (!l || l->kept < 0 || w->err)
		return;
	e = &w->x->v[l->kept];
	if (e->kind != EXPECT_TEXT || e->n != e->raw.n ||
	    expect_write_is_output(e->raw.s, e->raw.n))
		return;
	strbuf_addc(&line, '\\');
	strbuf_add(&line, e->raw.s, e->raw.n);
	l->text = strbuf_detach(&line);
	l->kept = -1;
}

/* The new line as it is compared. */
static struct expected_text
text_of(const struct updater *w, size_t i)
{
	const struct updated_line *l = &w->u->v[i];
	const char *s = l->text;

	if (l->kept >= 0)
		return w->x->v[l->kept].raw;
	if (w->err)
		s += s[1] ? 2 : 1;
	return (struct expected_text){s, strlen(s), (unsigned)i + 1};
}

static bool
is_right(const struct updater *w)
{
	autofree struct expected_text *v = xcalloc(w->u->n + 1, sizeof(*v));
	autoerr struct err err = ERR_INIT;
	struct expectation x;
	bool matches;

	for (size_t i = 0; i < w->u->n; i++)
		v[i] = text_of(w, i);
	if (expectation_init(&x, v, w->u->n, w->masks, &err))
		return false;
	matches = expectation_matches(&x, w->a);
	expectation_release(&x);
	return matches;
}

int
update_lines(struct updated *u, const struct alignment *al,
    struct expectation *x, const struct actual *a, const struct masks *m,
    bool err_stream, const bool *accept, struct err *err)
{
	struct updater w = {u, x, a, m, err_stream};
	size_t row = 0, begin = 0, end;

	*u = (struct updated){0};
	if (expectation_exhausted(x))
		return err_set(err, ERR_CONFIG,
		    "the patterns of %s take too long to be compared",
		    err_stream ? "stderr" : "stdout");
	for (size_t hunk = 0; alignment_hunk(al, &begin, &end); hunk++) {
		bool taken = !accept || accept[hunk];

		write_rows(&w, al, row, begin, true);
		write_rows(&w, al, begin, end, taken);
		row = begin = end;
	}
	write_rows(&w, al, row, al->n, true);
	quote_last(&w);
	if (accept || is_right(&w))
		return 0;
	updated_release(u);
	return err_set(err, ERR_INTERNAL,
	    "no expectation could be written that matches %s",
	    err_stream ? "stderr" : "stdout");
}

void
updated_release(struct updated *u)
{
	for (size_t i = 0; i < u->n; i++)
		free(u->v[i].text);
	free(u->v);
	*u = (struct updated){0};
}
