/* What differs in a line that changed, where a few words say it. */
#include <string.h>

#include "replay/match_impl.h"
#include "replay/show_impl.h"

#define WORDS_MAX 64
#define WORD_SHOWN 60 /* bytes of a word that is named */

struct word {
	const char *s;
	size_t n;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Up to WORDS_MAX + 1 words of the line. */
static size_t
words_of(struct word *v, const char *s, size_t n)
{
	size_t count = 0, begin;

	for (size_t i = 0; i < n && count <= WORDS_MAX;) {
		while (i < n && is_blank(s[i]))
			i++;
		begin = i;
		while (i < n && !is_blank(s[i]))
			i++;
		if (i > begin)
			v[count++] = (struct word){s + begin, i - begin};
	}
	return count;
}

bool
show_differs_in_blanks(const char *s, size_t n, const char *t, size_t m)
{
	size_t i = 0, j = 0;

	if (n == m && !memcmp(s, t, n))
		return false;
	for (;; i++, j++) {
		while (i < n && is_blank(s[i]))
			i++;
		while (j < m && is_blank(t[j]))
			j++;
		if (i == n || j == m)
			return i == n && j == m;
		if (s[i] != t[j])
			return false;
	}
}

/* Bytes without the blanks at the end. */
static size_t
trimmed(const char *s, size_t n)
{
	while (n && is_blank(s[n - 1]))
		n--;
	return n;
}

static bool
how_blanks_differ(
    struct strbuf *sb, const char *s, size_t n, const char *t, size_t m)
{
	size_t ns = trimmed(s, n), nt = trimmed(t, m);

	if (!show_differs_in_blanks(s, n, t, m))
		return false;
	if (ns == nt && !memcmp(s, t, ns))
		strbuf_adds(sb, "in blanks at its end");
	else if (!memchr(s, '\t', n) != !memchr(t, '\t', m))
		strbuf_adds(sb, "in tabs and blanks only");
	else
		strbuf_adds(sb, "in blanks only");
	return true;
}

static bool
word_matches(const struct show *s, const struct word *e, const struct word *a)
{
	struct expected_text text = {e->s, e->n, 1};
	autoerr struct err err = ERR_INIT;
	struct expectation x;
	struct actual out;
	bool matches;

	if (e->n == a->n && !memcmp(e->s, a->s, a->n))
		return true;
	if (expectation_init(&x, &text, 1, s->masks, &err))
		return false;
	actual_read(&out, a->s, a->n);
	out.v[0].no_eol = false;
	matches = x.v[0].kind == EXPECT_PATTERN &&
		  expect_line_matches(&x, 0, &out.v[0]);
	actual_release(&out);
	expectation_release(&x);
	return matches;
}

static void
add_word(struct strbuf *sb, const struct word *w)
{
	match_add_normal(
	    sb, w->s, w->n < WORD_SHOWN ? w->n : WORD_SHOWN, false);
	if (w->n > WORD_SHOWN)
		strbuf_adds(sb, "...");
}

static bool
one_word_differs(struct strbuf *sb, const struct show *s,
    const struct expect_line *e, const struct actual_line *a)
{
	struct word expected[WORDS_MAX + 1], actual[WORDS_MAX + 1];
	size_t n = words_of(expected, e->text, e->n), which = 0, count = 0;

	if (n > WORDS_MAX || words_of(actual, a->text, a->full) != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!word_matches(s, &expected[i], &actual[i])) {
			which = i;
			count++;
		}
	if (count != 1)
		return false;
	strbuf_adds(sb, "in one word: ");
	add_word(sb, &expected[which]);
	strbuf_adds(sb, " -> ");
	add_word(sb, &actual[which]);
	return true;
}

bool
show_how_changed(struct strbuf *sb, const struct show *s,
    const struct expect_line *e, const struct actual_line *a)
{
	if (e->kind == EXPECT_BYTES || e->times)
		return false;
	return how_blanks_differ(sb, e->text, e->n, a->text, a->n) ||
	       one_word_differs(sb, s, e, a);
}
