/*
 * Which expected line belongs to which line of output, where they differ: the
 * cheapest way through the table of both, where a line that matches costs
 * nothing, one that is missing, too much or changed costs 1, and one that an
 * elision takes next to nothing.  A changed line is one that is like the
 * expected one; that it costs 1, and not the 2 of a missing and an unexpected
 * one, and that elisions are not free, keeps "..." from swallowing the
 * neighbour that changed.
 *
 * Equal ends are paired first, which costs nothing more.  What is left is one
 * table of up to ALIGN_CELLS, and above that is divided where a line that is
 * the only one of its text on both sides stands in the same order (as patience
 * sorting finds it: B. Cohen), then taken in windows, of each the first half.
 */
#ifndef ADDESH_REPLAY_ALIGN_H
#define ADDESH_REPLAY_ALIGN_H

#include "replay/match.h"

#define ALIGN_CELLS (4000u * 4000u) /* a byte each */

enum align_op {
	ALIGN_EQUAL,
	ALIGN_PATTERN,
	ALIGN_ELIDED,  /* actual -1: what may be absent, "..." in front of what
			  it takes among that */
	ALIGN_MISSING, /* actual -1 */
	ALIGN_EXTRA,   /* expected -1 */
	ALIGN_CHANGED,
};

struct align_row {
	enum align_op op;
	ptrdiff_t expected, actual;
};

/* In the order of both; every line is in a row.  An expected one can be in
   several: an elision, and what may come more than once. */
struct alignment {
	struct align_row *v;
	size_t n, cap;
	size_t missing, extra, changed; /* all 0: the output matches */
};

void align(struct alignment *al, struct expectation *x, const struct actual *a);
void alignment_release(struct alignment *al);
bool alignment_matches(const struct alignment *al);
/* Of the rows from *begin on, the first ones in a row that differ: *begin to
   before *end.  false: no more do. */
bool alignment_hunk(const struct alignment *al, size_t *begin, size_t *end);

#endif
