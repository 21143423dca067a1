#include "project/check_text_impl.h"

#include <string.h>

void
check_text_blank(const struct check_lexis *x, const char *s, size_t n,
    bool strings, struct strbuf *out)
{
	struct scan sc = SCAN_INIT(x, s, n);
	struct token t;

	strbuf_add(out, s, n);
	for (scan_token(&sc, &t); t.kind != TOKEN_END; scan_token(&sc, &t)) {
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
	struct scan sc = SCAN_INIT(x, s, n);
	struct token t;
	size_t at = 0;

	do {
		scan_token(&sc, &t);
		if (t.start > at)
			fn(arg, CHECK_PART_OTHER, s + at, t.start - at);
		if (t.end > t.start)
			fn(arg, part_of(t.kind), s + t.start, t.end - t.start);
		at = t.end;
	} while (t.kind != TOKEN_END);
}

/* Is it # or %: at the begin of a line, and one of these words or a number
   behind it?  sc is behind t then. */
static bool
is_directive(struct scan sc, const struct token *t, const struct strvec *words)
{
	struct token word;

	if (t->kind != TOKEN_OTHER ||
	    (sc.s[t->start] != '#' && sc.s[t->start] != '%'))
		return false;
	scan_code(&sc, &word);
	if (sc.s[t->start] == '%' && word.kind == TOKEN_OTHER &&
	    sc.s[word.start] == ':')
		scan_code(&sc, &word);
	if (word.kind == TOKEN_NUMBER)
		return true;
	for (size_t i = 0; word.kind == TOKEN_NAME && i < words->n; i++)
		if (strlen(words->v[i]) == word.end - word.start &&
		    !memcmp(
			sc.s + word.start, words->v[i], word.end - word.start))
			return true;
	return false;
}

bool
check_text_without(const struct check_lexis *x, const char *s, size_t n,
    const struct strvec *words, struct strbuf *out)
{
	struct scan sc;
	struct token t;
	unsigned line = 0;
	bool any = false;

	scan_join_lines(s, n, out);
	sc = (struct scan)SCAN_INIT(x, out->buf, out->len);
	for (scan_code(&sc, &t); t.kind != TOKEN_END; scan_code(&sc, &t)) {
		bool first = t.line != line;

		line = sc.line;
		if (!first || !is_directive(sc, &t, words))
			continue;
		any = true;
		for (size_t i = t.start; i < out->len && out->buf[i] != '\n';)
			out->buf[i++] = ' ';
	}
	return any;
}
