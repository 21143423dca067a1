/* What the files of the checks share: check.c, check_parse.c, check_call.c,
   check_built.c. */
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
	const struct session_events *ev;
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


/* ---- check_call.c ---- */

/* One call of a command, and what it wrote. */
struct check_saying {
	struct strbuf out, both; /* to fd 1; to fd 1 and 2 */
	struct verdict v;
};

#define CHECK_SAYING_INIT {STRBUF_INIT, STRBUF_INIT, VERDICT_INIT}
void check_saying_release(struct check_saying *say);

/*
 * Runs a command with this, which may be that file of the environment, on its
 * standard input.  1: it is not there, or a program of ours could not be
 * compiled for it; -1: it was interrupted, or the environment is gone.
 */
int check_call(struct checking *c, const struct check_language *l,
    const struct check_command *command, const char *file,
    const struct strbuf *input, struct check_saying *say);

/* ---- check_built.c ---- */

/* What this source of a program of ours became in the environment; an empty
   result: it could not be compiled there.  False: nobody has tried. */
bool check_built_find(struct checking *c, const char *name,
    const struct strbuf *source, struct strbuf *result);
void check_built_keep(struct checking *c, const char *name,
    const struct strbuf *source, const struct strbuf *result);

#endif
