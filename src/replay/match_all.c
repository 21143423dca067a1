/*
 * Whether output matches as a whole.  Lines at both ends that come once are
 * compared in pairs.  What is between them is an automaton of lines, walked
 * with all its places at once; a place behind an elision makes those in front
 * of it needless, as whatever they would take the elision takes too.
 */
#include "replay/match.h"

#include <string.h>

struct places {
	size_t *v; /* indexes of expected lines; n: behind the last one */
	size_t n;
};

struct walk {
	struct expectation *x;
	const struct actual *a;
	size_t end; /* of the expected lines in question */
	struct places now, next;
	size_t *seen; /* the round in which a place was reached */
	size_t round;
	size_t elision; /* the last one that was reached in it */
};

static bool
may_be_absent(const struct expect_line *e)
{
	return e->kind == EXPECT_ELISION || e->times == '?' || e->times == '*';
}

/* Adds a place, and those behind it that can be reached without a line. */
static void
reach(struct walk *w, size_t at)
{
	for (; w->seen[at] != w->round; at++) {
		w->seen[at] = w->round;
		if (at == w->end)
			return;
		w->next.v[w->next.n++] = at;
		if (!may_be_absent(&w->x->v[at]))
			return;
		if (w->x->v[at].kind == EXPECT_ELISION &&
		    (w->elision == SIZE_MAX || at > w->elision))
			w->elision = at;
	}
}

static void
begin_round(struct walk *w)
{
	struct places swap = w->now;

	w->now = w->next;
	w->next = swap;
	w->next.n = 0;
	w->round++;
}

static void
take(struct walk *w, size_t at, const struct actual_line *l)
{
	const struct expect_line *e = &w->x->v[at];

	if (e->kind == EXPECT_ELISION) {
		reach(w, at);
		return;
	}
	if (!expect_line_matches(w->x, at, l))
		return;
	if (e->times == '*' || e->times == '+')
		reach(w, at);
	if (e->times != '*')
		reach(w, at + 1);
}

static bool
walk(struct walk *w, size_t begin, size_t from, size_t to)
{
	size_t elision;

	w->round = 1;
	w->elision = SIZE_MAX;
	reach(w, begin);
	for (; from < to && w->next.n && w->x->work; from++) {
		begin_round(w);
		elision = w->elision;
		for (size_t i = 0; i < w->now.n; i++)
			if (elision == SIZE_MAX || w->now.v[i] >= elision)
				take(w, w->now.v[i], &w->a->v[from]);
	}
	return from == to && w->seen[w->end] == w->round;
}

static bool
matches_between(struct expectation *x, const struct actual *a, size_t begin,
    size_t end, size_t from, size_t to)
{
	struct walk w = {.x = x, .a = a, .end = end};
	bool matches;

	w.now.v = xcalloc(end + 1, sizeof(*w.now.v));
	w.next.v = xcalloc(end + 1, sizeof(*w.next.v));
	w.seen = xcalloc(end + 1, sizeof(*w.seen));
	matches = walk(&w, begin, from, to);
	free(w.now.v);
	free(w.next.v);
	free(w.seen);
	return matches;
}

bool
expectation_matches(struct expectation *x, const struct actual *a)
{
	size_t end = x->n, to = a->n, i = 0;

	for (; i < end && expect_line_is_once(&x->v[i]); i++)
		if (i == to || !expect_line_matches(x, i, &a->v[i]))
			return false;
	for (; end > i && expect_line_is_once(&x->v[end - 1]); end--, to--)
		if (to == i || !expect_line_matches(x, end - 1, &a->v[to - 1]))
			return false;
	return i == end ? i == to : matches_between(x, a, i, end, i, to);
}
