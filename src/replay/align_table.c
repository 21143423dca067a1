/*
 * The table of an alignment.  A row belongs to a line of output, since there
 * can be many more of these, and holds the least cost of aligning all up to
 * there with the expected lines up to each column; of the table only the step
 * that led to each cell is kept.
 */
#include <string.h>

#include "replay/align_impl.h"

#define UNIT (UINT64_C(1) << 24)
#define ELIDED 1
/* Fewer lines than UNIT / ELIDED, and whose rows are held. */
#define OUTPUT_MAX (1u << 20)
#define EXPECTED_MAX (1u << 16)
#define WINDOW_CELLS (1000u * 1000u)
#define WINDOW_LINES 1000u

enum step {
	STEP_MATCH,   /* to the next line on both sides */
	STEP_CHANGED, /* the same */
	STEP_REPEAT,  /* another line for one that comes more than once */
	STEP_ELIDED,  /* another line for an elision */
	STEP_EXTRA,   /* to the next line of output */
	STEP_MISSING, /* to the next expected line */
	STEP_ABSENT,  /* the same, of one that may be */
};

/* What is known of an expected line before the loop. */
struct column {
	uint64_t hash;
	bool literal; /* it matches by its first rule or not at all */
	bool elision, absent, repeats;
};

struct table {
	struct aligner *w;
	struct region r;
	size_t n, m; /* expected lines, lines of output */
	struct column *columns;
	struct likeness *likes;   /* of the expected lines */
	uint64_t *costs, *before; /* n + 1 each: of this row, of the last one */
	uint64_t *last_column; /* m + 1: where all that is expected is used */
	unsigned char *steps;  /* (m + 1) rows of n + 1 */
};

static struct column
column_of(const struct expect_line *e)
{
	return (struct column){.hash = e->hash,
	    .literal = e->kind == EXPECT_TEXT && e->n == e->raw.n,
	    .elision = e->kind == EXPECT_ELISION,
	    .absent =
		e->kind == EXPECT_ELISION || e->times == '?' || e->times == '*',
	    .repeats = e->times == '*' || e->times == '+'};
}

static void
table_init(struct table *t, struct aligner *w, const struct region *r)
{
	*t = (struct table){
	    .w = w, .r = *r, .n = r->end - r->begin, .m = r->to - r->from};
	t->columns = xcalloc(t->n + 1, sizeof(*t->columns));
	t->likes = xcalloc(t->n + 1, sizeof(*t->likes));
	t->costs = xcalloc(t->n + 1, sizeof(*t->costs));
	t->before = xcalloc(t->n + 1, sizeof(*t->before));
	t->last_column = xcalloc(t->m + 1, sizeof(*t->last_column));
	t->steps = xmalloc((t->n + 1) * (t->m + 1));
	for (size_t i = 0; i < t->n; i++) {
		const struct expect_line *e = &w->x->v[r->begin + i];

		t->columns[i] = column_of(e);
		t->columns[i].absent |= r->begin + i == w->again;
		likeness_of_expected(&t->likes[i], e);
	}
}

static void
table_release(struct table *t)
{
	free(t->columns);
	free(t->likes);
	free(t->costs);
	free(t->before);
	free(t->last_column);
	free(t->steps);
}

static unsigned char *
step_at(const struct table *t, size_t row, size_t column)
{
	return &t->steps[row * (t->n + 1) + column];
}

static bool
is_match(struct table *t, size_t column, const struct actual_line *a)
{
	const struct column *c = &t->columns[column];
	size_t i = t->r.begin + column;

	if (c->elision)
		return false;
	return c->literal
		   ? c->hash == a->hash && expect_line_equals(&t->w->x->v[i], a)
		   : expect_line_matches(t->w->x, i, a);
}

static bool
is_near(struct table *t, size_t column, const struct likeness *like)
{
	if (t->columns[column].elision || !t->w->likes)
		return false;
	t->w->likes--;
	return likeness_is_near(&t->likes[column], like);
}

static void
offer(uint64_t *best, unsigned char *step, uint64_t cost, enum step by)
{
	if (cost < *best) {
		*best = cost;
		*step = (unsigned char)by;
	}
}

/* A step over a line on both sides, or another line for the same; looked at
   only where it would be cheaper, since it compares texts. */
static void
offer_pair(struct table *t, size_t i, const struct actual_line *a,
    const struct likeness *like, uint64_t *best, unsigned char *step)
{
	uint64_t pair = t->before[i], again = t->before[i + 1];
	bool repeats = t->columns[i].repeats;

	if ((pair < *best || (repeats && again < *best)) && is_match(t, i, a)) {
		offer(best, step, pair, STEP_MATCH);
		if (repeats)
			offer(best, step, again, STEP_REPEAT);
	}
	if (pair + UNIT < *best && is_near(t, i, like))
		offer(best, step, pair + UNIT, STEP_CHANGED);
}

/* The cell behind expected line `i` of the row of line a.  Of steps that cost
   the same the first one offered is taken. */
static void
fill_cell(struct table *t, size_t i, const struct actual_line *a,
    const struct likeness *like, unsigned char *step)
{
	const struct column *c = &t->columns[i];
	uint64_t best = UINT64_MAX;

	if (c->elision)
		offer(&best, step, t->before[i + 1] + ELIDED, STEP_ELIDED);
	else
		offer(&best, step, t->before[i + 1] + UNIT, STEP_EXTRA);
	offer(&best, step, t->costs[i] + (c->absent ? 0 : UNIT),
	    c->absent ? STEP_ABSENT : STEP_MISSING);
	offer_pair(t, i, a, like, &best, step);
	t->costs[i + 1] = best;
}

static void
fill_first_row(struct table *t)
{
	t->costs[0] = 0;
	for (size_t i = 0; i < t->n; i++) {
		bool absent = t->columns[i].absent;

		t->costs[i + 1] = t->costs[i] + (absent ? 0 : UNIT);
		*step_at(t, 0, i + 1) = absent ? STEP_ABSENT : STEP_MISSING;
	}
	t->last_column[0] = t->costs[t->n];
}

static void
fill(struct table *t)
{
	struct likeness like;

	fill_first_row(t);
	for (size_t j = 0; j < t->m; j++) {
		const struct actual_line *a = &t->w->a->v[t->r.from + j];
		unsigned char *steps = step_at(t, j + 1, 0);
		uint64_t *swap = t->before;

		t->before = t->costs;
		t->costs = swap;
		t->costs[0] = t->before[0] + UNIT;
		steps[0] = STEP_EXTRA;
		likeness_of_actual(&like, a);
		for (size_t i = 0; i < t->n; i++)
			fill_cell(t, i, a, &like, &steps[i + 1]);
		t->last_column[j + 1] = t->costs[t->n];
	}
}

static bool
takes_output(enum step s)
{
	return s != STEP_MISSING && s != STEP_ABSENT;
}

static bool
takes_expected(enum step s)
{
	return s != STEP_REPEAT && s != STEP_ELIDED && s != STEP_EXTRA;
}

/* The steps to a cell, the first one first: the caller's; *n of them. */
static unsigned char *
way_to(const struct table *t, size_t row, size_t column, size_t *n)
{
	unsigned char *way = xmalloc(row + column + 1);
	size_t at = row + column;

	*n = 0;
	while (row || column) {
		unsigned char s = *step_at(t, row, column);

		way[--at] = s;
		row -= takes_output(s);
		column -= takes_expected(s);
		++*n;
	}
	memmove(way, way + at, *n);
	return way;
}

static void
add_row(struct aligner *w, enum step s, size_t expected, size_t actual)
{
	ptrdiff_t e = (ptrdiff_t)expected, a = (ptrdiff_t)actual;

	switch (s) {
	case STEP_MATCH:
		align_add_match(w, expected, actual);
		break;
	case STEP_REPEAT:
		align_add_match(w, expected - 1, actual);
		break;
	case STEP_CHANGED:
		align_add(w, ALIGN_CHANGED, e, a);
		break;
	case STEP_ELIDED:
		align_add(w, ALIGN_ELIDED, e - 1, a);
		break;
	case STEP_EXTRA:
		align_add(w, ALIGN_EXTRA, -1, a);
		break;
	case STEP_MISSING:
		align_add(w, ALIGN_MISSING, e, -1);
		break;
	case STEP_ABSENT:
		if (expected != w->again)
			align_add(w, ALIGN_ELIDED, e, -1);
	}
}

/* Adds the rows of a way until it has used so many lines of one side. */
static void
take_way(struct table *t, const unsigned char *way, size_t n,
    size_t max_expected, size_t max_output)
{
	struct region *r = &t->r;
	size_t begin = r->begin, from = r->from;

	for (size_t i = 0; i < n && r->begin - begin < max_expected &&
			   r->from - from < max_output;
	     i++) {
		add_row(t->w, way[i], r->begin, r->from);
		r->begin += takes_expected(way[i]);
		r->from += takes_output(way[i]);
	}
}

bool
align_table_fits(const struct region *r)
{
	size_t n = r->end - r->begin + 1, m = r->to - r->from + 1;

	return n <= EXPECTED_MAX && m <= OUTPUT_MAX && n * m <= ALIGN_CELLS;
}

void
align_table(struct aligner *w, const struct region *r)
{
	autofree unsigned char *way = NULL;
	struct table t;
	size_t n;

	table_init(&t, w, r);
	fill(&t);
	way = way_to(&t, t.m, t.n, &n);
	take_way(&t, way, n, SIZE_MAX, SIZE_MAX);
	table_release(&t);
}

static size_t
lesser(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* As much of r as a window holds: about as many lines of both, more of one
   where there are few of the other. */
static struct region
window_of(const struct region *r)
{
	size_t n = lesser(r->end - r->begin, WINDOW_LINES);
	size_t m = lesser(
	    r->to - r->from, lesser(WINDOW_CELLS / (n + 1), OUTPUT_MAX - 1));

	n = lesser(r->end - r->begin,
	    lesser(WINDOW_CELLS / (m + 1), EXPECTED_MAX - 1));
	return (struct region){r->begin, r->begin + n, r->from, r->from + m};
}

/* What it costs to end a window there: a line that is left over half of what
   it would as missing or unexpected, so that an elision takes all that is left
   only where less than half of it matches. */
static uint64_t
end_cost(const struct table *t, size_t row, size_t column)
{
	uint64_t cost = row == t->m ? t->costs[column] : t->last_column[row];

	return cost + (t->m - row + t->n - column) * (UNIT / 2);
}

/* The cheapest cell where a window can end: where it uses up one side that
   goes on behind it. */
static void
window_end(const struct table *t, bool expected_goes_on, bool output_goes_on,
    size_t *row, size_t *column)
{
	uint64_t best = end_cost(t, t->m, t->n);

	*row = t->m;
	*column = t->n;
	for (size_t i = t->n; output_goes_on && i-- > 0;)
		if (end_cost(t, t->m, i) < best) {
			best = end_cost(t, t->m, i);
			*column = i;
		}
	for (size_t j = t->m; expected_goes_on && j-- > 0;)
		if (end_cost(t, j, t->n) < best) {
			best = end_cost(t, j, t->n);
			*row = j;
			*column = t->n;
		}
}

static bool
takes_more(const struct expect_line *e)
{
	return e->kind == EXPECT_ELISION || e->times == '*' || e->times == '+';
}

void
align_window(struct aligner *w, struct region *r)
{
	autofree unsigned char *way = NULL;
	struct region part = window_of(r);
	struct table t;
	size_t row, column, n;

	table_init(&t, w, &part);
	fill(&t);
	window_end(&t, part.end < r->end, part.to < r->to, &row, &column);
	way = way_to(&t, row, column, &n);
	take_way(&t, way, n, part.end < r->end ? (t.n + 1) / 2 : SIZE_MAX,
	    part.to < r->to ? (t.m + 1) / 2 : SIZE_MAX);
	*r = (struct region){t.r.begin, r->end, t.r.from, r->to};
	if (r->begin > part.begin && takes_more(&w->x->v[r->begin - 1]))
		w->again = --r->begin;
	table_release(&t);
}
