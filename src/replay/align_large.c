/* Alignments whose table would be too large: divided, or in windows. */
#include "replay/align_impl.h"

/* A line of one side, and where lines of one text stand on both. */
struct entry {
	uint64_t hash;
	size_t index;
	bool output;
};

struct anchor {
	size_t expected, actual;
	size_t before; /* the one it follows in the chain that it ends */
};

static int
by_hash(const void *pa, const void *pb)
{
	const struct entry *a = pa, *b = pb;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return (int)a->output - (int)b->output;
}

static int
by_expected(const void *pa, const void *pb)
{
	const struct anchor *a = pa, *b = pb;

	return a->expected < b->expected ? -1 : a->expected > b->expected;
}

/* All lines of the region, in order of their texts; the caller's. */
static struct entry *
sorted_lines(const struct aligner *w, const struct region *r, size_t *n)
{
	size_t expected = r->end - r->begin, output = r->to - r->from;
	struct entry *v = xcalloc(expected + output + 1, sizeof(*v));

	*n = 0;
	for (size_t i = r->begin; i < r->end; i++)
		if (expect_line_is_once(&w->x->v[i]))
			v[(*n)++] = (struct entry){w->x->v[i].hash, i, false};
	for (size_t j = r->from; j < r->to; j++)
		v[(*n)++] = (struct entry){w->a->v[j].hash, j, true};
	qsort(v, *n, sizeof(*v), by_hash);
	return v;
}

/* The pairs of lines whose text is there once on each side, in the expected
   order; the caller's. */
static struct anchor *
anchors_of(const struct aligner *w, const struct region *r, size_t *count)
{
	size_t n, run;
	autofree struct entry *v = sorted_lines(w, r, &n);
	struct anchor *anchors = xcalloc(n + 1, sizeof(*anchors));

	*count = 0;
	for (size_t i = 0; i < n; i += run) {
		for (run = 1; i + run < n && v[i + run].hash == v[i].hash;)
			run++;
		if (run == 2 && !v[i].output && v[i + 1].output &&
		    expect_line_equals(
			&w->x->v[v[i].index], &w->a->v[v[i + 1].index]))
			anchors[(*count)++] = (struct anchor){
			    .expected = v[i].index, .actual = v[i + 1].index};
	}
	qsort(anchors, *count, sizeof(*anchors), by_expected);
	return anchors;
}

/* How many of the n chains end at less than `actual`. */
static size_t
chains_below(
    const struct anchor *v, const size_t *ends, size_t n, size_t actual)
{
	size_t low = 0;

	while (low < n) {
		size_t middle = low + (n - low) / 2;

		if (v[ends[middle]].actual < actual)
			low = middle + 1;
		else
			n = middle;
	}
	return low;
}

/* Keeps, at the front of v, the most anchors that are in order on both sides;
   returns how many. */
static size_t
longest_chain(struct anchor *v, size_t n)
{
	autofree size_t *ends = xcalloc(n + 1, sizeof(*ends));
	autofree struct anchor *chain = xcalloc(n + 1, sizeof(*chain));
	size_t length = 0, at;

	for (size_t i = 0; i < n; i++) {
		at = chains_below(v, ends, length, v[i].actual);
		v[i].before = at ? ends[at - 1] : 0;
		ends[at] = i;
		length += at == length;
	}
	at = length ? ends[length - 1] : 0;
	for (size_t i = length; i-- > 0; at = v[at].before)
		chain[i] = v[at];
	for (size_t i = 0; i < length; i++)
		v[i] = chain[i];
	return length;
}

static void
align_windows(struct aligner *w, struct region r)
{
	w->again = SIZE_MAX;
	while (!align_table_fits(&r))
		align_window(w, &r);
	align_table(w, &r);
	w->again = SIZE_MAX;
}

static void
align_part(struct aligner *w, struct region r)
{
	if (r.begin < r.end || r.from < r.to)
		align_windows(w, r);
}

void
align_large(struct aligner *w, struct region r)
{
	autofree struct anchor *anchors = NULL;
	size_t n;

	w->again = SIZE_MAX;
	if (align_table_fits(&r)) {
		align_part(w, r);
		return;
	}
	anchors = anchors_of(w, &r, &n);
	n = longest_chain(anchors, n);
	for (size_t i = 0; i < n; i++) {
		struct region part = {
		    r.begin, anchors[i].expected, r.from, anchors[i].actual};

		align_part(w, part);
		align_add_match(w, anchors[i].expected, anchors[i].actual);
		r.begin = anchors[i].expected + 1;
		r.from = anchors[i].actual + 1;
	}
	align_part(w, r);
}
