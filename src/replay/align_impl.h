/* What the files of the alignment share. */
#ifndef ADDESH_REPLAY_ALIGN_IMPL_H
#define ADDESH_REPLAY_ALIGN_IMPL_H

#include "replay/align.h"

/* Expected lines from `begin` to before `end` against lines of output. */
struct region {
	size_t begin, end;
	size_t from, to;
};

struct aligner {
	struct alignment *al;
	struct expectation *x;
	const struct actual *a;
	uint64_t likes; /* comparisons by likeness that are left */
	size_t again; /* the expected line in which the last window ended, which
			 may take more, or SIZE_MAX */
};

void align_add(
    struct aligner *w, enum align_op op, ptrdiff_t expected, ptrdiff_t actual);
/* Of a line that matches: ALIGN_EQUAL or ALIGN_PATTERN. */
void align_add_match(struct aligner *w, size_t expected, size_t actual);

/* Does a table of it fit? */
bool align_table_fits(const struct region *r);
/* Aligns all of the region, which fits. */
void align_table(struct aligner *w, const struct region *r);
/* Aligns the beginning of the region, of which a window is looked at; what is
   left remains in r. */
void align_window(struct aligner *w, struct region *r);

/* A region of any size: in one table, if that fits. */
void align_large(struct aligner *w, struct region r);

/*
 * How like two lines are: the share of their characters and pairs of
 * neighbouring characters that they have in common (the coefficient of Dice),
 * counted by a hash in the first LIKE_BYTES.  Placeholders do not count.
 */
#define LIKE_BYTES 512
struct likeness {
	unsigned char count[256];
	unsigned total;
};
void likeness_of_expected(struct likeness *l, const struct expect_line *e);
void likeness_of_actual(struct likeness *l, const struct actual_line *a);
/* At least 0.6. */
bool likeness_is_near(const struct likeness *a, const struct likeness *b);

#endif
