/* What the files of the checks share: check.c, check_parse.c. */
#ifndef ADDESH_SESSION_CHECK_IMPL_H
#define ADDESH_SESSION_CHECK_IMPL_H

#include "project/check_lines.h"
#include "project/check_text.h"
#include "session/check.h"

/* A text, or a program in one, with what is known of it. */
struct check_text {
	const struct check_input *in;
	const char *text;
	size_t n;
	const struct check_language *language;
	bool told; /* its parser took it, and has told what stands in it */
	bool more; /* it has programs that are no texts of their own */
};

struct checking {
	struct session *s;
	struct env *env;
	const struct check_rules *rules;
	unsigned layers;
	struct check_outcome *out;
	uint64_t failed_ms; /* that parsers took which then told nothing */
	struct err *err;
};

static inline bool
check_wants(const struct checking *c, enum check_layer layer)
{
	return c->layers & 1u << layer;
}

/* Something was not checked: a finding, and the layer's state. */
void check_not_done(struct checking *c, enum check_layer layer,
    const char *file, const char *why);
/* A layer was looked at: it is done unless something in it was not. */
void check_done(struct checking *c, enum check_layer layer);
/* Has a parser of their language, which they share, look at the texts: 0, or
   -1. */
int check_parse(struct checking *c, struct check_text **texts, size_t n);
/* The same with all linters that are there. */
int check_lint(struct checking *c, struct check_text **texts, size_t n);

#endif
