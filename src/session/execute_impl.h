/* One execution: what execute.c and execute_explain.c share. */
#ifndef ADDESH_SESSION_EXECUTE_IMPL_H
#define ADDESH_SESSION_EXECUTE_IMPL_H

#include "session/execute.h"

/* What the callbacks of one execution need. */
struct execution {
	struct session *s;
	struct env *env;
	const struct program *p;
	const struct box_sink *sink;
	struct result *r;
	struct language_places places;
	size_t before[2]; /* of the step's streams: another program's */
};

/* The program is not there, or none of its language's. */
void explain_missing(struct execution *x);
/* Why it failed, as x->r says that it ended, and what to do: a sentence, a hint
   and a diagnosis in x->r. */
void explain_end(struct execution *x);

#endif
