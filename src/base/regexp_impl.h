/* What the parts of the compiler of regular expressions, and their matcher,
   share. */
#ifndef ADDESH_BASE_REGEXP_IMPL_H
#define ADDESH_BASE_REGEXP_IMPL_H

#include "base/regexp.h"

/* Characters: code points, and above them the bytes that are no UTF-8. */
#define CHAR_BYTE 0x110000u
#define CHAR_LAST (CHAR_BYTE + 0xff)

enum op {
	OP_CHAR, /* x: the character */
	OP_ANY,
	OP_SET,   /* x: which of the sets */
	OP_JUMP,  /* x: where to */
	OP_SPLIT, /* x: where to first, y: where to else */
	OP_SAVE,  /* x: which end of the group */
	OP_BEGIN,
	OP_END,
	OP_MATCH,
};

struct state {
	enum op op;
	uint32_t x, y;
};

struct range {
	uint32_t from, to;
};

struct set {
	uint32_t ascii[4]; /* bits of what is below 0x80, negated already */
	bool negated;
	uint32_t first, n; /* its ranges above that */
};

struct regexp {
	struct state *states;
	size_t n, cap;
	struct set *sets;
	size_t nsets, sets_cap;
	struct range *ranges;
	size_t nranges, ranges_cap;
};

/* No node; a repetition without an end. */
#define REGEXP_NONE UINT32_MAX
#define REGEXP_ENDLESS UINT32_MAX

/* The tree of a pattern: repeated parts are emitted more than once. */
enum node_type {
	NODE_STATE,  /* one state: op and x */
	NODE_CAT,    /* its children, one behind the other */
	NODE_ALT,    /* one of its children */
	NODE_REPEAT, /* its child, min to max times */
	NODE_GROUP,  /* its child; x: it is the first */
};

struct node {
	enum node_type type;
	enum op op;
	uint32_t x;
	uint32_t min, max;
	uint32_t child, last, next; /* indexes, or REGEXP_NONE */
};

struct parser {
	struct regexp *re;
	const char *s, *end;
	struct node *nodes;
	size_t n, cap;
	unsigned depth, groups;
	size_t emitted; /* nodes, also those without a state */
	struct err *err;
};

/* Adds the states of a node and of all beneath it.  Beyond the limit nothing is
   added, and emitted is more than REGEXP_STATES_MAX. */
void regexp_emit(struct parser *p, uint32_t node);
/* Adds one state; returns its index. */
uint32_t regexp_put(struct parser *p, enum op op, uint32_t x, uint32_t y);

/* Length of the character at s; n is not 0. */
size_t regexp_char(const char *s, size_t n, uint32_t *c);

#endif
