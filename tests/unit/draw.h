/* Numbers for tests that try many things: the same ones each time. */
#ifndef ADDESH_TESTS_DRAW_H
#define ADDESH_TESTS_DRAW_H

#include <stdint.h>

/* xorshift64*, from a fixed start. */
static inline unsigned
draw(unsigned below)
{
	static uint64_t state = 88172645463325252u;

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (unsigned)((state * 2685821657736338717u) >> 33) % below;
}

#endif
