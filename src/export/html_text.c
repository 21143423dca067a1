/* Text in the page, and long texts that fold. */
#include <string.h>

#include "base/encode.h"
#include "base/sanitise.h"
#include "base/units.h"
#include "export/html_impl.h"

static const char *
entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	}
	return NULL;
}

static bool
is_simple(char c)
{
	return c == '\n' || c == '\t' || (c >= ' ' && c < 0x7f);
}

/* Bytes from p on that stand for themselves. */
static size_t
simple_run(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && is_simple(p[i]) && !entity(p[i]))
		i++;
	return i;
}

/* U+FFFE and its like are in no text, and XML does not have them. */
static bool
is_character(unsigned cp)
{
	return (cp & 0xfffe) != 0xfffe && (cp < 0xfdd0 || cp > 0xfdef);
}

/* The form that a terminal is given of what it must not see. */
static void
add_visible(struct strbuf *out, const char *p, size_t n)
{
	autobuf struct strbuf shown = STRBUF_INIT;
	struct sanitiser s = {0};

	sanitise_add(&s, &shown, p, n);
	sanitise_end(&s, &shown);
	if (strpbrk(shown.buf, "\r\b"))
		strbuf_addf(out, "^%c", *p ^ 0x40);
	else
		html_text(out, shown.buf, shown.len);
}

/* One character that is not simple; its bytes. */
static size_t
add_char(struct strbuf *out, const char *p, size_t n)
{
	const char *escaped = entity(*p);
	unsigned cp = 0;
	int len = utf8_next(p, n, &cp);

	if (escaped) {
		strbuf_adds(out, escaped);
		return 1;
	}
	if (len > 0 && !is_character(cp))
		strbuf_addf(out, "&lt;U+%04X&gt;", cp);
	else if (sanitise_plain(p, n))
		strbuf_add(out, p, (size_t)len);
	else
		add_visible(out, p, len > 0 ? (size_t)len : 1);
	return len > 0 ? (size_t)len : 1;
}

void
html_text(struct strbuf *out, const char *p, size_t n)
{
	for (size_t i = 0, run; i < n;) {
		run = simple_run(p + i, n - i);
		strbuf_add(out, p + i, run);
		i += run;
		if (i < n)
			i += add_char(out, p + i, n - i);
	}
}

void
html_texts(struct strbuf *out, const char *s)
{
	html_text(out, s, strlen(s));
}

void
html_count(struct strbuf *out, size_t n, const char *what)
{
	strbuf_addf(out, "%zu %s%s", n, what, n == 1 ? "" : "s");
}

/* What more lines, or bytes of a few lines, than these fold. */
enum { FOLD_LINES = 48, FOLD_HEAD = 12, FOLD_TAIL = 20, FOLD_BYTES = 12000 };

/* HTML takes a newline behind the tag for none of the text. */
static void
open_pre(struct html_fold *f)
{
	strbuf_addf(f->out, "<pre class=\"%s\">\n", f->class);
}

static void
open_fold(struct html_fold *f)
{
	strbuf_adds(f->out, "<details class=\"fold\"><summary>");
	html_count(f->out, f->n - f->head - f->tail,
	    f->head ? "more line" : "long line");
	strbuf_adds(f->out, "</summary>");
	open_pre(f);
}

void
html_fold_begin(struct html_fold *f, struct strbuf *out, const char *class,
    size_t lines, size_t bytes)
{
	*f = (struct html_fold){.out = out, .class = class, .n = lines};
	f->head = lines;
	if (lines > FOLD_LINES && bytes / lines * FOLD_TAIL < FOLD_BYTES) {
		f->head = FOLD_HEAD;
		f->tail = FOLD_TAIL;
	} else if (bytes > FOLD_BYTES) {
		f->head = 0;
	}
	if (f->head)
		open_pre(f);
	else
		open_fold(f);
}

void
html_fold_line(struct html_fold *f)
{
	f->at++;
	if (f->head == f->n)
		return;
	if (f->at == f->head) {
		strbuf_adds(f->out, "</pre>");
		open_fold(f);
	} else if (f->tail && f->at == f->n - f->tail) {
		strbuf_adds(f->out, "</pre></details>");
		open_pre(f);
	}
}

void
html_fold_end(struct html_fold *f)
{
	strbuf_adds(f->out, "</pre>");
	if (!f->head)
		strbuf_adds(f->out, "</details>");
}
