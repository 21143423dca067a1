#include "project/check_text_impl.h"

#include <ctype.h>
#include <string.h>

#include "base/xalloc.h"

bool
scan_starts(const struct scan *sc, const char *what)
{
	size_t n = strlen(what);

	return n && n <= sc->n - sc->i && !memcmp(sc->s + sc->i, what, n);
}

void
scan_advance(struct scan *sc, size_t to)
{
	for (; sc->i < to; sc->i++)
		if (sc->s[sc->i] == '\n') {
			sc->line++;
			sc->line_start = sc->i + 1;
		}
}

/* Behind the next mark, or the end of the text if it is empty or not there. */
static size_t
behind(const struct scan *sc, size_t from, const char *mark)
{
	const char *p = *mark
	    ? memmem(sc->s + from, sc->n - from, mark, strlen(mark)) : NULL;

	return p ? (size_t)(p - sc->s) + strlen(mark) : sc->n;
}

static size_t
line_end(const struct scan *sc, size_t from)
{
	const char *p = memchr(sc->s + from, '\n', sc->n - from);

	return p ? (size_t)(p - sc->s) : sc->n;
}

static bool
after_blank(const struct scan *sc)
{
	return !sc->i || strchr(" \t\n;(", sc->s[sc->i - 1]);
}

/* Bytes up to the end of a comment that begins here, or 0. */
static size_t
comment_end(const struct scan *sc)
{
	const struct check_lexis *x = sc->x;

	for (size_t k = 0; k + 1 < x->blocks.n; k += 2) {
		const char *open = x->blocks.v[k];

		if (!scan_starts(sc, open) ||
		    (strchr("=_", *open) && sc->i != sc->line_start))
			continue;
		return behind(sc, sc->i + strlen(open), x->blocks.v[k + 1]);
	}
	for (size_t k = 0; k < x->comments.n; k++)
		if (scan_starts(sc, x->comments.v[k]) &&
		    (!x->blank_before || after_blank(sc)))
			return line_end(sc, sc->i);
	return 0;
}

/* Of a string that begins here: sets where it and its content end. */
static bool
take_string(const struct scan *sc, struct token *t)
{
	for (size_t k = 0; k < sc->x->n_strings; k++) {
		const struct check_string *form = &sc->x->strings[k];
		size_t close = strlen(form->close), i;

		if (!scan_starts(sc, form->open))
			continue;
		t->inner = i = sc->i + strlen(form->open);
		while (i < sc->n && (form->lines || sc->s[i] != '\n')) {
			if (close <= sc->n - i &&
			    !memcmp(sc->s + i, form->close, close)) {
				t->inner_end = i;
				t->end = i + close;
				return true;
			}
			i += sc->s[i] == '\\' && !form->raw && i + 1 < sc->n
				 ? 2 : 1;
		}
		t->inner_end = t->end = i < sc->n ? i : sc->n;
		return true;
	}
	return false;
}

bool
scan_begins_name(char c)
{
	return isalpha((unsigned char)c) || c == '_' || c == '$' || (c & 0x80);
}

bool
scan_in_name(char c)
{
	return scan_begins_name(c) || isdigit((unsigned char)c);
}

size_t
scan_name_end(const struct scan *sc, size_t i)
{
	while (i < sc->n && scan_in_name(sc->s[i]))
		i++;
	return i;
}

static void
next_token(struct scan *sc, struct token *t)
{
	size_t end;

	while (sc->i < sc->n && isspace((unsigned char)sc->s[sc->i]))
		scan_advance(sc, sc->i + 1);
	*t = (struct token){.start = sc->i,
	    .line = sc->line,
	    .column = (unsigned)(sc->i - sc->line_start) + 1};
	if (sc->i == sc->n)
		return;
	end = comment_end(sc);
	if (end) {
		t->kind = TOKEN_COMMENT;
		t->end = end;
	} else if (take_string(sc, t)) {
		t->kind = TOKEN_STRING;
	} else if (scan_in_name(sc->s[sc->i])) {
		t->kind =
		    scan_begins_name(sc->s[sc->i]) ? TOKEN_NAME : TOKEN_NUMBER;
		t->end = scan_name_end(sc, sc->i);
	} else {
		t->kind = TOKEN_OTHER;
		t->end = sc->i + 1;
	}
	scan_advance(sc, t->end);
}

/* The next that is no comment. */
void
scan_code(struct scan *sc, struct token *t)
{
	do
		next_token(sc, t);
	while (t->kind == TOKEN_COMMENT);
}

void
check_text_blank(const struct check_lexis *x, const char *s, size_t n,
    bool strings, struct strbuf *out)
{
	struct scan sc = {x, s, n, 0, 1, 0};
	struct token t;

	strbuf_add(out, s, n);
	for (next_token(&sc, &t); t.kind != TOKEN_END; next_token(&sc, &t)) {
		size_t from = t.kind == TOKEN_COMMENT ? t.start : t.inner;
		size_t to = t.kind == TOKEN_COMMENT ? t.end : t.inner_end;

		if (t.kind != TOKEN_COMMENT &&
		    (strings || t.kind != TOKEN_STRING))
			continue;
		for (; from < to; from++)
			if (out->buf[from] != '\n')
				out->buf[from] = ' ';
	}
}

static enum check_part
part_of(enum token_kind kind)
{
	switch (kind) {
	case TOKEN_COMMENT:
		return CHECK_PART_COMMENT;
	case TOKEN_STRING:
		return CHECK_PART_STRING;
	case TOKEN_NAME:
		return CHECK_PART_NAME;
	case TOKEN_NUMBER:
		return CHECK_PART_NUMBER;
	case TOKEN_OTHER:
	case TOKEN_END:
		break;
	}
	return CHECK_PART_OTHER;
}

void
check_text_parts(const struct check_lexis *x, const char *s, size_t n,
    check_part_fn *fn, void *arg)
{
	struct scan sc = {x, s, n, 0, 1, 0};
	struct token t;
	size_t at = 0;

	do {
		next_token(&sc, &t);
		if (t.start > at)
			fn(arg, CHECK_PART_OTHER, s + at, t.start - at);
		if (t.end > t.start)
			fn(arg, part_of(t.kind), s + t.start, t.end - t.start);
		at = t.end;
	} while (t.kind != TOKEN_END);
}
