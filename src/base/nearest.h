/* "Did you mean": the known word that is nearest to a mistyped one. */
#ifndef ADDESH_BASE_NEAREST_H
#define ADDESH_BASE_NEAREST_H

#include <stddef.h>

/*
 * Edits that turn a into b: insertions, deletions, replacements and swaps of
 * neighbours (optimal string alignment), letter case ignored.  Words of more
 * than 64 bytes are never near anything: SIZE_MAX.
 */
size_t nearest_distance(const char *a, const char *b);

/*
 * Is b near enough to a to be offered?  Up to a third of the longer word, at
 * most 3 edits, and not 0.
 */
int nearest_is_slip(const char *a, const char *b);

/* A search over candidates that come one by one. */
struct nearest {
	const char *word; /* what was typed */
	const char *best; /* borrowed from a candidate; NULL: none is near */
	size_t distance;
};

#define NEAREST_INIT(w) {.word = (w)}
void nearest_try(struct nearest *n, const char *candidate);

#endif
