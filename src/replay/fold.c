#include "replay/fold.h"

#include <ctype.h>
#include <string.h>

#include "base/encode.h"

/* What belongs together until the next empty line or item. */
struct paragraph {
	struct strbuf text; /* words with one blank between them */
	size_t indent;      /* of all its lines but the first */
	int columns;
	struct strbuf *out;
	char fence;  /* the mark of the one that is open, or 0 */
	size_t mark; /* how many of it opened it */
};

static void
end_paragraph(struct paragraph *p)
{
	if (p->text.len)
		text_wrap(p->out, p->text.buf, (int)p->indent, p->columns);
	else if (p->indent) /* an item without words */
		strbuf_addc(p->out, '\n');
	strbuf_reset(&p->text);
	p->indent = 0;
}

/* Bytes of "  - " or " 12. " in front of an item; 0: the line is none. */
static size_t
item_mark(const char *s, size_t n)
{
	size_t i = 0, digits;

	while (i < n && s[i] == ' ')
		i++;
	if (i < n && strchr("-*+", s[i]))
		i++;
	else {
		for (digits = 0;
		     i < n && digits < 9 && isdigit((unsigned char)s[i]);)
			i++, digits++;
		if (!digits || i == n || (s[i] != '.' && s[i] != ')'))
			return 0;
		i++;
	}
	return i < n && s[i] == ' ' ? i + 1 : 0;
}

static void
add_words(struct paragraph *p, const char *s, size_t n)
{
	const char *end = s + n;

	while (s < end) {
		size_t len = 0;

		while (s < end && (*s == ' ' || *s == '\t'))
			s++;
		while (s + len < end && s[len] != ' ' && s[len] != '\t')
			len++;
		if (len && p->text.len)
			strbuf_addc(&p->text, ' ');
		strbuf_add(&p->text, s, len);
		s += len;
	}
}

static void
begin_item(struct paragraph *p, const char *s, size_t mark)
{
	end_paragraph(p);
	strbuf_add(p->out, s, mark);
	p->indent = mark;
}

/* Two blanks or a backslash at its end break a line (CommonMark 6.7). */
static bool
breaks(const char *s, size_t n)
{
	return n > 2 &&
	       ((s[n - 1] == ' ' && s[n - 2] == ' ') || s[n - 1] == '\\');
}

/* A line that opens a fence, or closes the one that is open (CommonMark 4.5):
   it is not shown. */
static bool
is_fence(struct paragraph *p, const char *s, size_t n)
{
	size_t blank = 0, mark = 0;
	char c;

	while (blank < n && s[blank] == ' ')
		blank++;
	c = p->fence ? p->fence : blank < n ? s[blank] : 0;
	while (blank + mark < n && s[blank + mark] == c)
		mark++;
	if (blank > 3 || mark < (p->fence ? p->mark : 3))
		return false;
	if (p->fence) {
		while (blank + mark < n && s[blank + mark] == ' ')
			blank++;
		p->fence = blank + mark < n ? c : 0;
		return !p->fence;
	}
	if (c != '~' && (c != '`' || memchr(s + blank + mark, '`',
					 n - blank - mark)))
		return false;
	end_paragraph(p);
	p->fence = c;
	p->mark = mark;
	return true;
}

static void
add_line(struct paragraph *p, const char *s, size_t n)
{
	size_t mark = item_mark(s, n), blank = 0;
	bool alone;

	if (is_fence(p, s, n))
		return;
	if (p->fence) {
		strbuf_addf(p->out, "%s%.*s\n", n ? "    " : "", (int)n, s);
		return;
	}
	while (blank < n && (s[blank] == ' ' || s[blank] == '\t'))
		blank++;
	alone = blank < n && (strchr("|>", s[blank]) ||
				 (blank >= 4 && !mark && !p->text.len));
	if (mark) {
		begin_item(p, s, mark);
		add_words(p, s + mark, n - mark);
	} else if (alone || blank == n) {
		end_paragraph(p);
		strbuf_add(p->out, s, blank == n ? 0 : n);
		strbuf_addc(p->out, '\n');
	} else {
		add_words(p, s, n);
	}
	if (breaks(s, n))
		end_paragraph(p);
}

void
fold_prose(struct strbuf *out, const char *text, int columns)
{
	struct paragraph p = {
	    .text = STRBUF_INIT, .columns = columns, .out = out};

	while (*text) {
		size_t n = strcspn(text, "\n");

		add_line(&p, text, n);
		text += n + (text[n] == '\n');
	}
	end_paragraph(&p);
	strbuf_release(&p.text);
}
