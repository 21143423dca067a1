/* SPDX-License-Identifier: MIT */
/* What the compiler of regular expressions hands to their matcher. */
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

/* Length of the character at s; n is not 0. */
size_t regexp_char(const char *s, size_t n, uint32_t *c);

#endif
