#include "lexer/heredoc.h"

#include <string.h>

static size_t
blank_prefix(const char *s, size_t n, char strip)
{
	size_t i = 0;

	while (strip && i < n &&
	       (s[i] == '\t' || (strip == '~' && s[i] == ' ')))
		i++;
	return i;
}

bool
heredoc_is_end(const struct lex_need *need, const char *s, size_t n)
{
	size_t skip = blank_prefix(s, n, need->strip);
	size_t len = strlen(need->tag);

	s += skip;
	n -= skip;
	if (n && s[n - 1] == '\r')
		n--;
	return n == len && !memcmp(s, need->tag, len);
}

/* What lines that are not blank have in common at their beginning. */
static size_t
common_indent(const char *s, size_t n)
{
	const char *end = s + n, *first = NULL, *eol;
	size_t common = 0;

	for (const char *p = s; p < end; p = eol + 1) {
		size_t len, i;

		eol = memchr(p, '\n', end - p);
		eol = eol ? eol : end;
		len = blank_prefix(p, eol - p, '~');
		if (p + len == eol || p[len] == '\r')
			continue;
		if (!first) {
			first = p;
			common = len;
		}
		for (i = 0; i < common && i < len && p[i] == first[i];)
			i++;
		common = i;
	}
	return common;
}

static void
add_stripped(struct strbuf *body, const char *s, size_t n, char strip)
{
	const char *end = s + n, *eol;
	size_t indent = strip == '~' ? common_indent(s, n) : n;

	for (const char *p = s; p < end; p = eol) {
		size_t skip;

		eol = memchr(p, '\n', end - p);
		eol = eol ? eol + 1 : end;
		skip = blank_prefix(p, eol - p, strip);
		skip = skip < indent ? skip : indent;
		strbuf_add(body, p + skip, eol - p - skip);
	}
}

size_t
heredoc_read(struct strbuf *body, const char *s, size_t n,
    const struct lex_need *need, bool eof)
{
	const char *end = s + n;

	for (const char *p = s; p < end;) {
		const char *eol = memchr(p, '\n', end - p);

		if (!eol && !eof)
			return 0;
		if (heredoc_is_end(need, p, (eol ? eol : end) - p)) {
			if (need->strip)
				add_stripped(body, s, p - s, need->strip);
			else
				strbuf_add(body, s, p - s);
			return (eol ? eol + 1 : end) - s;
		}
		p = eol ? eol + 1 : end;
	}
	return 0;
}
