/* Globs and placeholders as regular expressions. */
#include <string.h>

#include "replay/match_impl.h"

/* Appends what the place holder or wildcard at s means; 0: it is text. */
static size_t
special(struct strbuf *re, const char *s, size_t n, bool glob,
    const struct masks *masks)
{
	size_t len;
	int mask;

	if (n >= strlen(MATCH_ANY) &&
	    !memcmp(s, MATCH_ANY, strlen(MATCH_ANY))) {
		strbuf_adds(re, ".*");
		return strlen(MATCH_ANY);
	}
	mask = masks_at(masks, s, n, &len);
	if (mask >= 0) {
		strbuf_addf(re, "(%s)", masks_pattern(masks, mask));
		return len;
	}
	if (!glob || !*s || !strchr("*?\\", *s))
		return 0;
	if (*s == '\\' && n > 1) {
		regexp_quote(re, s + 1, 1);
		return 2;
	}
	if (*s == '\\')
		return 0;
	strbuf_adds(re, *s == '*' ? ".*" : ".");
	return 1;
}

bool
match_translate(struct expect_line *e, bool glob, const struct masks *masks,
    struct strbuf *re)
{
	size_t text = 0, len; /* text: where what is literal began */
	bool found = false;

	for (size_t i = 0; i < e->n; i += len) {
		autobuf struct strbuf part = STRBUF_INIT;

		len = special(&part, e->text + i, e->n - i, glob, masks);
		if (!len) {
			len = 1;
			continue;
		}
		if (found)
			regexp_quote(re, e->text + text, i - text);
		else
			e->head = i;
		strbuf_add(re, part.buf, part.len);
		text = i + len;
		found = true;
	}
	e->tail = e->n - text;
	return found;
}
