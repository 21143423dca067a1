/* What a step showed, with its colours. */
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "export/html_impl.h"

struct line {
	enum export_by by;
	size_t start, n; /* in the text */
};

struct lines {
	struct strbuf text;
	struct line *v;
	size_t n, cap;
};

struct writer {
	struct html_page *page;
	struct html_look look; /* as the line before left it */
	struct html_fold fold;
};

static void
collect(void *arg, enum export_by by, const char *p, size_t n)
{
	struct lines *l = arg;

	GROW(l->v, l->n, &l->cap);
	l->v[l->n++] = (struct line){by, l->text.len, n};
	strbuf_add(&l->text, p, n);
}

/* A run of text that looks the same. */
static void
add_run(struct writer *w, const char *p, size_t n)
{
	struct strbuf *out = &w->page->body;
	bool open = n && html_span(out, w->page->styles, &w->look);

	html_text(out, p, n);
	if (open)
		strbuf_adds(out, "</span>");
}

/* Text with SGR sequences. */
static void
add_styled(struct writer *w, const char *p, size_t n)
{
	const char *end = p + n, *esc;

	while ((esc = memchr(p, '\033', end - p))) {
		const char *m = memchr(esc, 'm', end - esc);

		add_run(w, p, esc - p);
		p = m ? m + 1 : end;
		if (m)
			html_sgr(&w->look, esc, p - esc);
	}
	add_run(w, p, end - p);
}

/* More than a page can hold of one line is left out. */
static void
add_line(struct writer *w, const struct lines *l, const struct line *line)
{
	struct strbuf *out = &w->page->body;
	size_t n = line->n, max = w->page->output_max;
	const char *p = l->text.buf + line->start;

	if (line->by == EXPORT_STDERR)
		strbuf_adds(out, "<span class=\"e\"><b>! </b>");
	else if (line->by == EXPORT_NOTE)
		strbuf_adds(out, "<span class=\"n\">");
	if (n > max)
		for (n = max; n && ((unsigned char)p[n] & 0xc0) == 0x80;)
			n--;
	add_styled(w, p, n);
	if (n < line->n)
		strbuf_addf(out, "... (%zu bytes more)", line->n - n);
	strbuf_adds(out, line->by == EXPORT_STDOUT ? "\n" : "</span>\n");
	html_fold_line(&w->fold);
}

static void
add_left_out(struct writer *w, const struct lines *l, size_t from, size_t to)
{
	struct strbuf *out = &w->page->body;
	size_t bytes = l->v[to - 1].start + l->v[to - 1].n - l->v[from].start;

	strbuf_adds(out, "<span class=\"n\">(");
	html_count(out, to - from, "line");
	strbuf_adds(out, ", ");
	units_add_size(out, bytes);
	strbuf_adds(out, ", left out of this page)</span>\n");
	html_fold_line(&w->fold);
}

/* The lines from *from to before *to are more than the page has room for. */
static void
find_left_out(const struct lines *l, size_t max, size_t *from, size_t *to)
{
	size_t used = 0;

	*from = *to = l->n;
	if (l->text.len <= max || l->n < 3)
		return;
	for (*from = 1; used < max / 2 && *from < l->n; (*from)++)
		used += l->v[*from - 1].n;
	for (used = 0; used < max / 2 && *to > *from; (*to)--)
		used += l->v[*to - 1].n;
}

static void
add_lines(struct writer *w, const struct lines *l)
{
	size_t from, to, shown;
	size_t bytes = l->text.len, max = w->page->output_max;

	find_left_out(l, max, &from, &to);
	shown = from == to ? l->n : l->n - (to - from) + 1;
	html_fold_begin(
	    &w->fold, &w->page->body, "out", shown, bytes < max ? bytes : max);
	for (size_t i = 0; i < l->n; i++) {
		if (i == from && from < to) {
			add_left_out(w, l, from, to);
			i = to;
		}
		if (i < l->n)
			add_line(w, l, &l->v[i]);
	}
	html_fold_end(&w->fold);
}

void
html_output(struct html_page *page, const struct export_step *s)
{
	struct lines l = {.text = STRBUF_INIT};
	struct writer w = {.page = page};

	export_lines(s, true, collect, &l);
	if (l.n)
		add_lines(&w, &l);
	if (s->answer.cut)
		strbuf_adds(&page->body,
		    "<p class=\"cut\">There was more output than was kept."
		    "</p>");
	free(l.v);
	strbuf_release(&l.text);
}
