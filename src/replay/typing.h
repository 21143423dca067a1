/*
 * How a person types, for those who show a command as if somebody did: not
 * evenly, but the same text always in the same way, so that what is made of it
 * can be made again.
 */
#ifndef ADDESH_REPLAY_TYPING_H
#define ADDESH_REPLAY_TYPING_H

#include <stddef.h>
#include <stdint.h>

struct typing {
	uint64_t state;
};

void typing_begin(struct typing *t, const char *text, size_t n);
/* Microseconds behind the next character, which is c: half to one and a half
   times the mean, and longer behind a line. */
uint64_t typing_pause(struct typing *t, uint64_t mean_us, char c);

#endif
