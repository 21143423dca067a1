/*
 * Whether a project still holds after changes: its build, then its tests, as
 * `project build` and `test` do them with what the policy says.
 */
#ifndef ADDESH_CMD_VERIFY_H
#define ADDESH_CMD_VERIFY_H

#include "cmd/call.h"
#include "project/changeset.h"

enum { VERIFY_BUILD = 1 << 0, VERIFY_TESTS = 1 << 1 };

struct verification {
	const char *stage; /* "check", "build" or "test": the last one */
	bool built, tested; /* there was something to do it with */
	bool passed;
	int status;	   /* as the commands would have it */
	struct strbuf why; /* it has not passed: one line */
	struct strbuf hint; /* what helps, perhaps several; "": nobody knows */
};

#define VERIFICATION_INIT {.why = STRBUF_INIT, .hint = STRBUF_INIT}
void verification_release(struct verification *v);

/* Do the policy's checks allow what the files become?  They are shown, and in the
   result as `checks`. */
int verify_texts(struct call *c, const struct edits *edits,
    struct verification *v);

/*
 * Does what is asked for in c->env, up to the first failure, shows it and puts
 * `build`, `tests`, `stdout` and `stderr` into the result.  -1: it could not be
 * done, which says nothing about the project: Ctrl-C, an environment that was
 * lost, a framework that is not there.
 */
int verify(struct call *c, unsigned what, struct verification *v);

#endif
