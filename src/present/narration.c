#include "present/narration.h"

#include <string.h>

#include "base/sanitise.h"
#include "replay/fold.h"

void
narration_plain(struct strbuf *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n;) {
		size_t len = sanitise_plain(s + i, n - i);

		if (len)
			strbuf_add(out, s + i, len);
		else
			strbuf_addc(out, '?');
		i += len ? len : 1;
	}
}

static void
add_plain_lines(struct strbuf *out, const char *md, size_t n)
{
	for (size_t i = 0; i < n;) {
		const char *nl = memchr(md + i, '\n', n - i);
		size_t length = nl ? (size_t)(nl - md) - i : n - i;
		size_t cr = length && md[i + length - 1] == '\r';

		narration_plain(out, md + i, length - cr);
		strbuf_addc(out, '\n');
		i += length + 1;
	}
}

/* Marks that come in pairs within a paragraph, and what stands for them. */
static const struct pair {
	const char *mark, *begin, *end;
} pairs[] = {{"`", "\033[36m", "\033[39m"}, {"**", "\033[1m", "\033[22m"}};

static const struct pair *
pair_at(const char *s, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		size_t len = strlen(pairs[i].mark);

		if (len <= n && !memcmp(s, pairs[i].mark, len))
			return &pairs[i];
	}
	return NULL;
}

/* The next one of that mark, NULL: none. */
static const char *
closing(const char *s, size_t n, const struct pair *p)
{
	return memmem(s, n, p->mark, strlen(p->mark));
}

/* Within `code` nothing else is a mark. */
static void
add_colored(struct strbuf *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n;) {
		const struct pair *p = pair_at(s + i, n - i);
		size_t len = p ? strlen(p->mark) : 0;
		const char *end =
		    p ? closing(s + i + len, n - i - len, p) : NULL;
		size_t inside = end ? (size_t)(end - s) - i - len : 0;

		if (!inside) {
			strbuf_addc(out, s[i++]);
			continue;
		}
		strbuf_adds(out, p->begin);
		strbuf_add(out, s + i + len, inside);
		strbuf_adds(out, p->end);
		i += inside + 2 * len;
	}
}

/* Up to an empty line. */
static size_t
paragraph_length(const char *s)
{
	const char *end = strstr(s, "\n\n");

	return end ? (size_t)(end - s) + 1 : strlen(s);
}

static void
add_paragraph(struct strbuf *out, const char *s, size_t n, bool color)
{
	if (color && strncmp(s, "    ", 4) != 0)
		add_colored(out, s, n);
	else
		strbuf_add(out, s, n);
}

void
narration_add(struct strbuf *out, const char *md, size_t n, int columns,
    bool color)
{
	autobuf struct strbuf plain = STRBUF_INIT, folded = STRBUF_INIT;
	bool first = true;

	add_plain_lines(&plain, md, n);
	fold_prose(&folded, plain.buf, columns);
	for (const char *s = folded.buf; *(s += strspn(s, "\n"));) {
		size_t length = paragraph_length(s);

		strbuf_adds(out, first ? "" : "\n");
		add_paragraph(out, s, length, color);
		s += length;
		first = false;
	}
}
