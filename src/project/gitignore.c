#include "project/gitignore.h"

#include <string.h>

/* Without what git does not count: a CR, blanks that are not escaped. */
static size_t
line_end(const char *line, size_t n)
{
	if (n && line[n - 1] == '\r')
		n--;
	while (n && line[n - 1] == ' ' && !(n > 1 && line[n - 2] == '\\'))
		n--;
	return n;
}

static void
translate_line(const char *line, size_t n, struct strbuf *out)
{
	n = line_end(line, n);
	if (!n || *line == '#' || memchr(line, '\0', n))
		return;
	if (*line == '!') {
		strbuf_addc(out, '!');
		line++;
		n--;
	}
	while (n && line[n - 1] == '/')
		n--;
	if (!n) {
		/* "!" or "/" alone: nothing. */
		if (out->len && out->buf[out->len - 1] == '!')
			strbuf_truncate(out, out->len - 1);
		return;
	}
	if (!memchr(line, '/', n))
		strbuf_adds(out, "**/");
	strbuf_add(out, line, n);
	strbuf_addc(out, '\n');
}

void
gitignore_translate(const char *text, size_t n, struct strbuf *out)
{
	while (n) {
		const char *end = memchr(text, '\n', n);
		size_t len = end ? (size_t)(end - text) : n;

		translate_line(text, len, out);
		len += end != NULL;
		text += len;
		n -= len;
	}
}
