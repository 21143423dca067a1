#include "base/nearest.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#define WORD_MAX 64

static size_t
min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

static int
same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

size_t
nearest_distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *now = rows[2];
	size_t na = strlen(a), nb = strlen(b);

	if (na > WORD_MAX || nb > WORD_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= nb; j++)
		before[j] = last[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t *free_row = before;

		now[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			now[j] = min3(last[j] + 1, now[j - 1] + 1,
			    last[j - 1] + !same(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) &&
			    same(a[i - 2], b[j - 1]) &&
			    before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
		before = last;
		last = now;
		now = free_row;
	}
	return last[nb];
}

static size_t
most_edits(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);
	size_t longer = na > nb ? na : nb;
	size_t most = longer > 1 ? (longer + 2) / 3 : 0;

	return most > 3 ? 3 : most;
}

int
nearest_is_slip(const char *a, const char *b)
{
	size_t d = nearest_distance(a, b);

	return d > 0 && d <= most_edits(a, b);
}

void
nearest_try(struct nearest *n, const char *candidate)
{
	size_t d = nearest_distance(n->word, candidate);

	if (d > most_edits(n->word, candidate))
		return;
	if (!n->best || d < n->distance) {
		n->best = candidate;
		n->distance = d;
	}
}
