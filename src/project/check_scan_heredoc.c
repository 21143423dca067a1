/*
 * Texts that lines of a program hold: `<<EOF` of shells and Perl (POSIX.1-2017,
 * XCU 2.7.4; perlop(1), "Quote-Like Operators").  What is in them is scanned
 * like code, as much of it is run by somebody; but no string or comment in one
 * goes on behind it.
 */
#include <string.h>

#include "project/check_text_impl.h"

#define WORD_MAX 255
/* Bytes in which words were looked for that are not there, in all: more than
   any program needs, and less than a second. */
#define MISSED_MAX ((size_t)512 << 20)

/* Behind the word at i, which is set; 0: there is none. */
static size_t
read_word(const struct scan *sc, size_t i, struct scan_heredoc *h)
{
	char quote = i < sc->n && strchr("'\"", sc->s[i]) ? sc->s[i] : 0;
	size_t from = i + (quote != 0), end = from;

	if (i < sc->n && sc->s[i] == '\\') /* as if it were quoted */
		end = ++from;
	if (!quote && (from == sc->n || !scan_begins_name(sc->s[from])))
		return 0;
	while (end < sc->n && end - from <= WORD_MAX &&
	       (quote ? sc->s[end] != quote && sc->s[end] != '\n'
		      : scan_in_name(sc->s[end])))
		end++;
	if (end == from || end - from > WORD_MAX ||
	    (quote && (end == sc->n || sc->s[end] != quote)))
		return 0;
	h->word = from;
	h->n = (unsigned char)(end - from);
	return end + (quote != 0);
}

size_t
scan_heredoc_mark(struct scan *sc)
{
	const struct check_lexis *x = sc->x;

	if (sc->after || sc->missed > MISSED_MAX ||
	    sc->pending == ARRAY_SIZE(sc->heredocs))
		return 0;
	for (size_t k = 0; k < x->heredocs.n; k++) {
		struct scan_heredoc h = {.indented = x->heredocs.v[k][2] != 0};
		size_t i = sc->i + strlen(x->heredocs.v[k]);

		if (!scan_starts(sc, x->heredocs.v[k]))
			continue;
		while (x->heredoc_blanks && i < sc->n &&
		       strchr(" \t", sc->s[i]))
			i++;
		i = read_word(sc, i, &h);
		if (i)
			sc->heredocs[sc->pending++] = h;
		return i;
	}
	return 0;
}

/* Is the line from i on the word and nothing more? */
static bool
is_end(const struct scan *sc, const struct scan_heredoc *h, size_t i,
    size_t end)
{
	while (h->indented && i < end && strchr(" \t", sc->s[i]))
		i++;
	if (end > i && sc->s[end - 1] == '\r')
		end--;
	return end - i == h->n && !memcmp(sc->s + i, sc->s + h->word, h->n);
}

/* The first that is written here has its text here. */
static struct scan_heredoc
shift(struct scan *sc)
{
	struct scan_heredoc h = sc->heredocs[0];

	sc->pending--;
	memmove(sc->heredocs, sc->heredocs + 1, sc->pending * sizeof(h));
	return h;
}

void
scan_heredoc_enter(struct scan *sc)
{
	while (sc->pending && !sc->after) {
		struct scan_heredoc h = shift(sc);
		size_t i = sc->i, end;

		for (; i < sc->n; i = end + 1) {
			const char *p = memchr(sc->s + i, '\n', sc->n - i);

			end = p ? (size_t)(p - sc->s) : sc->n;
			if (is_end(sc, &h, i, end))
				break;
		}
		if (i >= sc->n) {
			sc->missed += sc->n - sc->i;
			continue;
		}
		sc->after = sc->n;
		sc->n = i;
		sc->resume = end;
		sc->floor = sc->depth;
		sc->lost_before = sc->lost;
	}
}

bool
scan_heredoc_leave(struct scan *sc)
{
	if (!sc->after)
		return false;
	sc->n = sc->after;
	sc->after = 0;
	sc->depth = sc->floor;
	sc->floor = 0;
	sc->lost = sc->lost_before;
	scan_advance(sc, sc->resume);
	return true;
}
