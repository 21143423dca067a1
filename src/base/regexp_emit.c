/* From the tree of a regular expression to its automaton. */
#include "base/regexp_impl.h"

uint32_t
regexp_put(struct parser *p, enum op op, uint32_t x, uint32_t y)
{
	struct regexp *re = p->re;

	if (re->n == REGEXP_STATES_MAX) {
		p->emitted = SIZE_MAX / 2;
		return 0;
	}
	GROW(re->states, re->n, &re->cap);
	re->states[re->n] = (struct state){op, x, y};
	return re->n++;
}

static void
emit_alternatives(struct parser *p, uint32_t child)
{
	uint32_t split, jump, chain = REGEXP_NONE;

	for (; p->nodes[child].next != REGEXP_NONE;
	     child = p->nodes[child].next) {
		split = regexp_put(p, OP_SPLIT, 0, 0);
		p->re->states[split].x = p->re->n;
		regexp_emit(p, child);
		jump = regexp_put(p, OP_JUMP, chain, 0);
		chain = jump;
		p->re->states[split].y = p->re->n;
	}
	regexp_emit(p, child);
	for (; chain != REGEXP_NONE && p->emitted <= REGEXP_STATES_MAX;
	     chain = jump) {
		jump = p->re->states[chain].x;
		p->re->states[chain].x = p->re->n;
	}
}

/* What may be there once more, up to `times`: each leads to the end. */
static void
emit_optional(struct parser *p, uint32_t child, uint32_t times)
{
	uint32_t split, chain = REGEXP_NONE;

	for (; times && p->emitted <= REGEXP_STATES_MAX; times--) {
		split = regexp_put(p, OP_SPLIT, 0, chain);
		p->re->states[split].x = p->re->n;
		chain = split;
		regexp_emit(p, child);
	}
	for (; chain != REGEXP_NONE && p->emitted <= REGEXP_STATES_MAX;
	     chain = split) {
		split = p->re->states[chain].y;
		p->re->states[chain].y = p->re->n;
	}
}

static void
emit_repeat(struct parser *p, const struct node *n)
{
	uint32_t begin, split;

	for (uint32_t i = 0; i + (n->max == REGEXP_ENDLESS) < n->min &&
			     p->emitted <= REGEXP_STATES_MAX;
	     i++)
		regexp_emit(p, n->child);
	if (n->max != REGEXP_ENDLESS) {
		emit_optional(p, n->child, n->max - n->min);
		return;
	}
	if (n->min) {
		begin = p->re->n;
		regexp_emit(p, n->child);
		regexp_put(p, OP_SPLIT, begin, p->re->n + 1);
		return;
	}
	split = regexp_put(p, OP_SPLIT, 0, 0);
	p->re->states[split].x = p->re->n;
	regexp_emit(p, n->child);
	regexp_put(p, OP_JUMP, split, 0);
	p->re->states[split].y = p->re->n;
}

static void
emit_group(struct parser *p, const struct node *n)
{
	if (n->x)
		regexp_put(p, OP_SAVE, 0, 0);
	regexp_emit(p, n->child);
	if (n->x)
		regexp_put(p, OP_SAVE, 1, 0);
}

void
regexp_emit(struct parser *p, uint32_t node)
{
	const struct node *n = &p->nodes[node];

	if (++p->emitted > REGEXP_STATES_MAX)
		return;
	switch (n->type) {
	case NODE_STATE:
		regexp_put(p, n->op, n->x, 0);
		break;
	case NODE_CAT:
		for (uint32_t i = n->child; i != REGEXP_NONE;
		     i = p->nodes[i].next)
			regexp_emit(p, i);
		break;
	case NODE_ALT:
		emit_alternatives(p, n->child);
		break;
	case NODE_REPEAT:
		emit_repeat(p, n);
		break;
	case NODE_GROUP:
		emit_group(p, n);
	}
}
