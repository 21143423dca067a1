#include "replay/align.h"

#include "replay/align_impl.h"
#include "replay/match_impl.h"

#define LIKES ALIGN_CELLS /* comparisons by likeness; some tenths of a second */

void
align_add(
    struct aligner *w, enum align_op op, ptrdiff_t expected, ptrdiff_t actual)
{
	struct alignment *al = w->al;

	GROW(al->v, al->n, &al->cap);
	al->v[al->n++] = (struct align_row){op, expected, actual};
	al->missing += op == ALIGN_MISSING;
	al->extra += op == ALIGN_EXTRA;
	al->changed += op == ALIGN_CHANGED;
}

void
align_add_match(struct aligner *w, size_t expected, size_t actual)
{
	bool equal = expect_line_equals(&w->x->v[expected], &w->a->v[actual]);

	align_add(w, equal ? ALIGN_EQUAL : ALIGN_PATTERN, (ptrdiff_t)expected,
	    (ptrdiff_t)actual);
}

/* Is the pair of lines at these places one that comes once and matches? */
static bool
pairs(struct aligner *w, size_t expected, size_t actual)
{
	return expect_line_is_once(&w->x->v[expected]) &&
	       expect_line_matches(w->x, expected, &w->a->v[actual]);
}

void
align(struct alignment *al, struct expectation *x, const struct actual *a)
{
	struct aligner w = {.al = al, .x = x, .a = a, .likes = LIKES};
	struct region r = {.end = x->n, .to = a->n};

	*al = (struct alignment){0};
	expectation_rewind(x);
	match_memo_begin(x);
	for (; r.begin < r.end && r.from < r.to && pairs(&w, r.begin, r.from);
	     r.begin++, r.from++)
		align_add_match(&w, r.begin, r.from);
	while (r.begin < r.end && r.from < r.to &&
	       pairs(&w, r.end - 1, r.to - 1)) {
		r.end--;
		r.to--;
	}
	align_large(&w, r);
	for (; r.end < x->n; r.end++, r.to++)
		align_add_match(&w, r.end, r.to);
	match_memo_end(x);
}

void
alignment_release(struct alignment *al)
{
	free(al->v);
	*al = (struct alignment){0};
}

bool
alignment_matches(const struct alignment *al)
{
	return !al->missing && !al->extra && !al->changed;
}

static bool
differs(const struct align_row *r)
{
	return r->op > ALIGN_ELIDED;
}

bool
alignment_hunk(const struct alignment *al, size_t *begin, size_t *end)
{
	while (*begin < al->n && !differs(&al->v[*begin]))
		++*begin;
	for (*end = *begin; *end < al->n && differs(&al->v[*end]);)
		++*end;
	return *begin < al->n;
}
