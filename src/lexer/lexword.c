#include "lexer/lexword.h"

#include <stdlib.h>
#include <string.h>

bool
lex_partial(const struct lex *x)
{
	return x->flags & LEX_PARTIAL;
}

int
lex_peek(const struct lex *x, size_t ahead)
{
	return x->i + ahead < x->n ? (unsigned char)x->s[x->i + ahead] : -1;
}

int
lex_next(struct lex *x)
{
	int c = lex_peek(x, 0);

	if (c >= 0)
		x->i++;
	if (c == '\n')
		x->line++;
	return c;
}

enum lex_status
lex_fail(struct lex *x, unsigned line, const char *fmt, ...)
{
	autofree char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	x->out->err_line = line;
	err_set(x->err, ERR_USAGE, "%s", text);
	return LEX_ERROR;
}

/* More bytes are needed; at the end of the source that is an error at the
   line where it began. */
static enum lex_status
need_quote(struct lex *x, char quote)
{
	if (lex_partial(x))
		return LEX_OK;
	if (x->flags & LEX_EOF)
		return lex_fail(x, x->opened, "the quote %c is not closed",
		    quote);
	x->out->need.what = LEX_NEED_QUOTE;
	x->out->need.quote = quote;
	x->out->need.line = x->opened;
	return LEX_MORE;
}

enum lex_status
lex_need_backslash(struct lex *x)
{
	if (lex_partial(x))
		return LEX_OK;
	if (x->flags & LEX_EOF)
		return lex_fail(x, x->line, "a backslash ends the input");
	x->out->need.what = LEX_NEED_BACKSLASH;
	x->out->need.line = x->line;
	return LEX_MORE;
}

static struct lex_piece *
add_piece(struct lex_word *w, bool variable, const char *s, size_t n)
{
	GROW(w->pieces, w->n, &w->cap);
	w->pieces[w->n] = (struct lex_piece){variable, xstrndup(s, n)};
	return &w->pieces[w->n++];
}

static void
add_text(struct lex_word *w, struct strbuf *text)
{
	if (text->len)
		add_piece(w, false, text->buf, text->len);
	strbuf_reset(text);
}

static bool
is_name_start(int c)
{
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_name_char(int c)
{
	return is_name_start(c) || (c >= '0' && c <= '9');
}

/* Bytes of a variable's name at the lexer: a name, "last.NAME" or "?". */
static size_t
name_length(const struct lex *x, size_t at)
{
	size_t n = 0;

	if (lex_peek(x, at) == '?')
		return 1;
	if (!is_name_start(lex_peek(x, at)))
		return 0;
	while (is_name_char(lex_peek(x, at + n)))
		n++;
	if (n == 4 && !strncmp(x->s + x->i + at, "last", 4) &&
	    lex_peek(x, at + 4) == '.' && is_name_start(lex_peek(x, at + 5)))
		for (n = 5; is_name_char(lex_peek(x, at + n));)
			n++;
	return n;
}

/* After a '$' that is still to be taken. */
static enum lex_status
lex_variable(struct lex *x, struct lex_word *w, struct strbuf *text)
{
	bool brace = lex_peek(x, 1) == '{';
	size_t at = brace ? 2 : 1, n = name_length(x, at);

	if (brace && (!n || lex_peek(x, at + n) != '}')) {
		if (!lex_partial(x))
			return lex_fail(x, x->line, "${ is not followed by a "
						"variable's name and }");
		n = 0;
	}
	if (!n) {
		strbuf_addc(text, lex_next(x)); /* a dollar by itself */
		return LEX_OK;
	}
	add_text(w, text);
	add_piece(w, true, x->s + x->i + at, n);
	x->i += at + n + brace;
	return LEX_OK;
}

static enum lex_status
lex_single(struct lex *x, struct lex_word *w, struct strbuf *text)
{
	int c;

	x->opened = x->line;
	lex_next(x);
	while ((c = lex_next(x)) >= 0 && c != '\'')
		strbuf_addc(text, c);
	if (c >= 0)
		return LEX_OK;
	w->open = '\'';
	return need_quote(x, '\'');
}

/* \" \\ \$ \n \t, and a newline that joins; other backslashes stay. */
static void
lex_escape(struct lex *x, struct strbuf *text)
{
	int c = lex_next(x);

	if (c == 'n')
		strbuf_addc(text, '\n');
	else if (c == 't')
		strbuf_addc(text, '\t');
	else if (c == '"' || c == '\\' || c == '$')
		strbuf_addc(text, c);
	else if (c >= 0 && c != '\n') {
		strbuf_addc(text, '\\');
		strbuf_addc(text, c);
	}
}

static enum lex_status
lex_double(struct lex *x, struct lex_word *w, struct strbuf *text)
{
	enum lex_status r;
	int c;

	x->opened = x->line;
	lex_next(x);
	while ((c = lex_peek(x, 0)) >= 0 && c != '"') {
		if (c == '$') {
			if ((r = lex_variable(x, w, text)) != LEX_OK)
				return r;
			continue;
		}
		lex_next(x);
		if (c == '\\')
			lex_escape(x, text);
		else
			strbuf_addc(text, c);
	}
	if (lex_next(x) >= 0)
		return LEX_OK;
	w->open = '"';
	return need_quote(x, '"');
}

bool
lex_ends_word(int c)
{
	return c < 0 || strchr(" \t\r\n;&|<>", c);
}

bool
lex_join_lines(struct lex *x)
{
	size_t n = lex_peek(x, 1) == '\r' ? 2 : 1;

	if (lex_peek(x, 0) != '\\' || lex_peek(x, n) != '\n')
		return false;
	x->i += n;
	lex_next(x);
	x->joined = x->i;
	return true;
}

/* A carriage return counts as white space: scripts come with CRLF. */
enum lex_status
lex_word(struct lex *x, struct lex_word *w)
{
	autobuf struct strbuf text = STRBUF_INIT;
	enum lex_status r = LEX_OK;
	int c;

	w->start = x->i;
	while (r == LEX_OK &&
	       (c = lex_peek(x, 0), !lex_ends_word(c) || c == 0)) {
		if (c == 0)
			return lex_fail(x, x->line, "a NUL byte");
		if (c == '\'' || c == '"') {
			w->quoted = true;
			r = c == '"' ? lex_double(x, w, &text)
				     : lex_single(x, w, &text);
		} else if (c == '$') {
			r = lex_variable(x, w, &text);
		} else if (lex_join_lines(x)) {
			continue;
		} else if (c == '\\' && lex_peek(x, 1) < 0) {
			lex_next(x);
			r = lex_need_backslash(x);
		} else {
			if (c == '\\') {
				w->quoted = true;
				lex_next(x);
			}
			strbuf_addc(&text, lex_next(x));
		}
	}
	add_text(w, &text);
	w->end = x->i;
	return r;
}

void
lex_word_set(struct lex_word *w, const char *s, size_t n)
{
	autobuf struct strbuf text = STRBUF_INIT;

	strbuf_add(&text, s, n);
	add_text(w, &text);
}

void
lex_word_release(struct lex_word *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->pieces[i].text);
	free(w->pieces);
}

int
lex_expand(const struct lex_word *w, lex_lookup_fn *lookup, void *arg,
    struct strbuf *out, struct err *err)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct lex_piece *p = &w->pieces[i];
		autofree char *value = NULL;

		if (!p->variable) {
			strbuf_adds(out, p->text);
			continue;
		}
		value = lookup(arg, p->text);
		if (!value) {
			err_set(err, ERR_USAGE, "$%s is not defined", p->text);
			return err_hint(err, "define it:  var %s=VALUE      or "
					     "quote it:  '$%s'",
			    p->text, p->text);
		}
		strbuf_adds(out, value);
	}
	return 0;
}

void
lex_quote(struct strbuf *out, const char *s, char open)
{
	static const char special[] = " \t\r\n'\"\\$;&|<>#";

	for (; *s; s++) {
		if (open == '\'' && *s == '\'') {
			strbuf_adds(out, "'\\''");
			continue;
		}
		if (open == '"' ? strchr("\"\\$", *s) != NULL
				: !open && strchr(special, *s))
			strbuf_addc(out, '\\');
		strbuf_addc(out, *s);
	}
}
