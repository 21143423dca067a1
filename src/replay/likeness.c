#include <ctype.h>
#include <string.h>

#include "replay/align_impl.h"
#include "replay/match_impl.h"

static void
count(struct likeness *l, unsigned feature)
{
	unsigned char *c = &l->count[(feature * 2654435761u) >> 24];

	if (*c < 255) {
		++*c;
		l->total++;
	}
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Blanks in a row, and tabs, are as one. */
static void
add(struct likeness *l, const char *s, size_t n)
{
	unsigned before = 0, c;

	for (size_t i = 0; i < n; i++) {
		if (i && is_blank(s[i]) && is_blank(s[i - 1]))
			continue;
		c = is_blank(s[i]) ? ' ' : (unsigned char)s[i];
		count(l, c);
		if (before)
			count(l, before << 8 | c | 1u << 16);
		before = c;
	}
}

/* Bytes of "[..]" or "[NAME]" at s, or 0. */
static size_t
placeholder(const char *s, size_t n)
{
	size_t i = 1;

	if (n < 3 || *s != '[')
		return 0;
	if (n >= strlen(MATCH_ANY) && !memcmp(s, MATCH_ANY, strlen(MATCH_ANY)))
		return strlen(MATCH_ANY);
	while (i < n && (isupper((unsigned char)s[i]) || s[i] == '_' ||
			    isdigit((unsigned char)s[i])))
		i++;
	return i > 1 && i < n && s[i] == ']' ? i + 1 : 0;
}

void
likeness_of_expected(struct likeness *l, const struct expect_line *e)
{
	size_t n = e->n < LIKE_BYTES ? e->n : LIKE_BYTES, text = 0, len;

	memset(l, 0, sizeof(*l));
	for (size_t i = 0; e->kind == EXPECT_PATTERN && i < n; i += len) {
		len = placeholder(e->text + i, e->n - i);
		if (len) {
			add(l, e->text + text, i - text);
			text = i + len;
		} else {
			len = 1;
		}
	}
	if (text < n)
		add(l, e->text + text, n - text);
}

void
likeness_of_actual(struct likeness *l, const struct actual_line *a)
{
	size_t n = a->n - (a->escaped ? strlen(MATCH_ESC) : 0);

	memset(l, 0, sizeof(*l));
	add(l, a->text, n < LIKE_BYTES ? n : LIKE_BYTES);
}

bool
likeness_is_near(const struct likeness *a, const struct likeness *b)
{
	unsigned all = a->total + b->total, common = 0;
	unsigned less = a->total < b->total ? a->total : b->total;

	if (20 * less < 6 * all || !less)
		return false;
	for (size_t i = 0; i < sizeof(a->count); i++)
		common += a->count[i] < b->count[i] ? a->count[i] : b->count[i];
	return 20 * common >= 6 * all;
}
