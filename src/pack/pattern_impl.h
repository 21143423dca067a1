/* What the files of patterns share: pattern_compile.c and pattern.c. */
#ifndef ADDESH_PACK_PATTERN_IMPL_H
#define ADDESH_PACK_PATTERN_IMPL_H

#include <stdint.h>

#include "pack/pattern.h"

#define RUNE_BAD 0xfffdu /* what Go reads in place of an invalid byte */

enum kind { EXACT, PREFIX, SUFFIX, EXPRESSION };

enum node_kind {
	NODE_RUNE,
	NODE_CLASS,
	NODE_ANY,     /* "." is no newline */
	NODE_START,   /* "^" */
	NODE_PARENTS, /* "(.*" and "/)?": any number of bytes and a slash, */
	NODE_WITHIN,  /* or nothing */
};

struct node {
	enum node_kind kind;
	bool star, negated;
	unsigned first, n; /* its ranges; of NODE_RUNE: first is the rune */
};

struct range {
	unsigned lo, hi;
};

struct pattern {
	enum kind kind;
	char *text; /* for all but EXPRESSION: what is compared */
	size_t len;
	struct node *nodes;
	size_t n, nodes_cap;
	struct range *ranges;
	size_t nranges, ranges_cap;
	/* Two sets of states, and room for no more: bit n is the end. */
	uint64_t *set[2];
	size_t words;
};

/* Go's rune at s, where n bytes are; its length is at least 1. */
size_t pattern_rune(const char *s, size_t n, unsigned *rune);

#endif
