/* Expectations and outputs of the tests: texts whose lines all end in \n. */
#ifndef ADDESH_TESTS_EXPECTATIONS_H
#define ADDESH_TESTS_EXPECTATIONS_H

#include <string.h>

#include "replay/align.h"

/* The lines of s, the caller's; numbered from 1. */
static inline struct expected_text *
lines_of(const char *s, size_t *n)
{
	struct expected_text *v = NULL;
	size_t cap = 0;

	*n = 0;
	for (const char *nl; (nl = strchr(s, '\n')); s = nl + 1) {
		GROW(v, *n, &cap);
		v[*n] = (struct expected_text){
		    s, (size_t)(nl - s), (unsigned)*n + 1};
		++*n;
	}
	return v;
}

static inline int
expect_text(struct expectation *x, const char *s, const struct masks *masks)
{
	size_t n;
	autofree struct expected_text *v = lines_of(s, &n);
	autoerr struct err err = ERR_INIT;

	return expectation_init(x, v, n, masks, &err);
}

static inline void
output_text(struct actual *a, const char *s)
{
	actual_read(a, s, strlen(s));
}

/* Both, and how they belong together. */
struct comparison {
	struct expectation x;
	struct actual a;
	struct alignment al;
};

static inline void
compare(struct comparison *c, const char *expected, const char *output,
    const struct masks *masks)
{
	expect_text(&c->x, expected, masks);
	output_text(&c->a, output);
	align(&c->al, &c->x, &c->a);
}

static inline void
comparison_release(struct comparison *c)
{
	alignment_release(&c->al);
	actual_release(&c->a);
	expectation_release(&c->x);
}

#endif
