#include "replay/typing.h"

enum { LINE_PAUSE = 4 }; /* keys' worth, to look at what was typed */

/* FNV-1a, 64 bits: <http://www.isthe.com/chongo/tech/comp/fnv/>. */
void
typing_begin(struct typing *t, const char *text, size_t n)
{
	t->state = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < n; i++) {
		t->state ^= (unsigned char)text[i];
		t->state *= UINT64_C(0x100000001b3);
	}
	t->state |= 1;
}

/* xorshift64*, S. Vigna, "An experimental exploration of Marsaglia's xorshift
   generators, scrambled": 10 bits of it. */
static unsigned
draw(struct typing *t)
{
	t->state ^= t->state >> 12;
	t->state ^= t->state << 25;
	t->state ^= t->state >> 27;
	return (unsigned)((t->state * UINT64_C(0x2545f4914f6cdd1d)) >> 54);
}

uint64_t
typing_pause(struct typing *t, uint64_t mean_us, char c)
{
	uint64_t us = mean_us / 2 + mean_us * draw(t) / 1023;

	return c == '\n' ? us * LINE_PAUSE : us;
}
