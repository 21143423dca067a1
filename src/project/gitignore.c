#include "project/gitignore.h"

#include <string.h>

#include "pack/ignore.h"

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

/* What git does not understand matches nothing there, and would be an error
   here. */
static bool
is_understood(const struct strbuf *line)
{
	autoerr struct err ignored = ERR_INIT;
	struct ignore *ig = ignore_parse("", line->buf, line->len, &ignored);

	ignore_free(ig);
	return ig != NULL;
}

static void
translate_line(const char *line, size_t n, struct strbuf *out)
{
	autobuf struct strbuf own = STRBUF_INIT;

	n = line_end(line, n);
	if (!n || *line == '#' || memchr(line, '\0', n))
		return;
	if (*line == '!') {
		strbuf_addc(&own, '!');
		line++;
		n--;
	}
	while (n && line[n - 1] == '/')
		n--;
	if (!n)
		return;
	if (!memchr(line, '/', n))
		strbuf_adds(&own, "**/");
	strbuf_add(&own, line, n);
	strbuf_addc(&own, '\n');
	if (is_understood(&own))
		strbuf_add(out, own.buf, own.len);
}

void
gitignore_translate(const char *text, size_t n, struct strbuf *out)
{
	size_t bom = n >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0;

	text += bom;
	n -= bom;
	while (n) {
		const char *end = memchr(text, '\n', n);
		size_t len = end ? (size_t)(end - text) : n;

		translate_line(text, len, out);
		len += end != NULL;
		text += len;
		n -= len;
	}
}
