/* Walks the automaton of a regular expression with all its states at once. */
#include "base/regexp_impl.h"

#include <string.h>

/* A state that waits for the next character, and the group on the way to it. */
struct thread {
	uint32_t state;
	size_t group[2];
};

/* The threads in order of precedence: the first alternative is first. */
struct threads {
	struct thread *v;
	size_t n;
};

struct regexp_list {
	size_t cap; /* of states that there is room for */
	struct threads now, next;
	struct thread *stack;
	uint64_t *seen; /* the round in which a state was reached */
	uint64_t round;
};

/* One walk over one subject. */
struct walk {
	const struct regexp *re;
	struct regexp_run *run;
	struct regexp_list *l;
	size_t n;       /* bytes of the subject */
	size_t matched; /* where a match ended last, or SIZE_MAX */
	size_t group[2];
	bool first; /* it is the first match that counts, not the longest */
};

static struct threads
threads_new(size_t n)
{
	return (struct threads){.v = xcalloc(n, sizeof(struct thread))};
}

static void
list_free(struct regexp_list *l)
{
	if (!l)
		return;
	free(l->now.v);
	free(l->next.v);
	free(l->stack);
	free(l->seen);
	free(l);
}

void
regexp_run_release(struct regexp_run *run)
{
	list_free(run->lists);
	run->lists = NULL;
}

static struct regexp_list *
list_for(struct regexp_run *run, size_t states)
{
	struct regexp_list *l = run->lists;

	if (l && l->cap >= states)
		return l;
	list_free(l);
	l = xcalloc(1, sizeof(*l));
	l->cap = states < 256 ? 256 : states;
	l->now = threads_new(l->cap);
	l->next = threads_new(l->cap);
	l->stack = xcalloc(l->cap, 2 * sizeof(*l->stack));
	l->seen = xcalloc(l->cap, sizeof(*l->seen));
	run->lists = l;
	return l;
}

static bool
set_has(const struct regexp *re, const struct set *set, uint32_t c)
{
	if (c < 0x80)
		return set->ascii[c / 32] >> c % 32 & 1;
	for (uint32_t i = 0; i < set->n; i++) {
		const struct range *r = &re->ranges[set->first + i];

		if (c >= r->from && c <= r->to)
			return !set->negated;
	}
	return set->negated;
}

#define NOWHERE UINT32_MAX

/* The state behind one that takes no character. */
static uint32_t
pass(const struct walk *w, const struct state *s, uint32_t at, size_t pos)
{
	switch (s->op) {
	case OP_JUMP:
	case OP_SPLIT:
		return s->x;
	case OP_BEGIN:
		return pos == 0 ? at + 1 : NOWHERE;
	case OP_END:
		return pos == w->n ? at + 1 : NOWHERE;
	default:
		return at + 1;
	}
}

/* Adds what can be reached from t without a character. */
static void
add_thread(struct walk *w, struct threads *to, struct thread t, size_t pos)
{
	struct regexp_list *l = w->l;
	size_t depth = 0, steps = 0;

	l->stack[depth++] = t;
	while (depth) {
		const struct state *s;

		t = l->stack[--depth];
		if (l->seen[t.state] == l->round)
			continue;
		l->seen[t.state] = l->round;
		steps++;
		s = &w->re->states[t.state];
		if (s->op <= OP_SET || s->op == OP_MATCH) {
			to->v[to->n++] = t;
			continue;
		}
		if (s->op == OP_SPLIT) {
			l->stack[depth] = t;
			l->stack[depth++].state = s->y;
		}
		if (s->op == OP_SAVE)
			t.group[s->x] = pos;
		t.state = pass(w, s, t.state, pos);
		if (t.state != NOWHERE)
			l->stack[depth++] = t;
	}
	w->run->steps -= steps < w->run->steps ? steps : w->run->steps;
}

static bool
takes(const struct walk *w, const struct state *s, uint32_t c)
{
	switch (s->op) {
	case OP_CHAR:
		return s->x == c;
	case OP_ANY:
		return true;
	case OP_SET:
		return set_has(w->re, &w->re->sets[s->x], c);
	default:
		return false;
	}
}

/* The threads at pos go over the character c, which ends at `after`. */
static void
advance(struct walk *w, size_t pos, uint32_t c, size_t after)
{
	struct regexp_list *l = w->l;
	struct threads swap;

	l->round++;
	l->next.n = 0;
	for (size_t i = 0; i < l->now.n; i++) {
		struct thread t = l->now.v[i];
		const struct state *s = &w->re->states[t.state];

		if (s->op == OP_MATCH) {
			w->matched = pos;
			memcpy(w->group, t.group, sizeof(w->group));
			if (w->first)
				break;
		} else if (after != SIZE_MAX && takes(w, s, c)) {
			t.state++;
			add_thread(w, &l->next, t, after);
		}
	}
	w->run->steps -= l->now.n < w->run->steps ? l->now.n : w->run->steps;
	swap = l->now;
	l->now = l->next;
	l->next = swap;
}

static void
begin(struct walk *w, size_t pos)
{
	static const struct thread start = {0, {SIZE_MAX, SIZE_MAX}};

	add_thread(w, &w->l->now, start, pos);
}

static void
walk(struct walk *w, const char *s, bool anywhere)
{
	size_t pos = 0, len;
	uint32_t c;

	w->l = list_for(w->run, w->re->n);
	w->l->now.n = 0;
	w->l->round++;
	w->matched = SIZE_MAX;
	begin(w, 0);
	while (pos < w->n && w->run->steps &&
	       (w->l->now.n || (anywhere && w->matched == SIZE_MAX))) {
		len = regexp_char(s + pos, w->n - pos, &c);
		advance(w, pos, c, pos + len);
		pos += len;
		if (anywhere && w->matched == SIZE_MAX)
			begin(w, pos);
	}
	if (pos == w->n)
		advance(w, pos, 0, SIZE_MAX);
	if (!w->run->steps)
		w->matched = SIZE_MAX;
}

bool
regexp_full(
    const struct regexp *re, struct regexp_run *run, const char *s, size_t n)
{
	struct walk w = {.re = re, .run = run, .n = n};

	walk(&w, s, false);
	return w.matched == n;
}

ptrdiff_t
regexp_longest(
    const struct regexp *re, struct regexp_run *run, const char *s, size_t n)
{
	struct walk w = {.re = re, .run = run, .n = n};

	walk(&w, s, false);
	return w.matched == SIZE_MAX ? -1 : (ptrdiff_t)w.matched;
}

bool
regexp_search(const struct regexp *re, struct regexp_run *run, const char *s,
    size_t n, size_t group[2])
{
	struct walk w = {.re = re, .run = run, .n = n, .first = true};

	walk(&w, s, true);
	if (w.matched != SIZE_MAX && group)
		memcpy(group, w.group, sizeof(w.group));
	return w.matched != SIZE_MAX;
}

const char *
regexp_search_lines(const struct regexp *re, struct regexp_run *run,
    const char *text, size_t n, size_t group[2])
{
	const char *line = text, *end = text + n;

	do {
		const char *nl = memchr(line, '\n', end - line);

		nl = nl ? nl : end;
		if (regexp_search(re, run, line, nl - line, group))
			return line;
		line = nl + 1;
	} while (line < end);
	return NULL;
}
