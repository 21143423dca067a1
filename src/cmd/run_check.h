/* run --check: looking at a program before it runs. */
#ifndef ADDESH_CMD_RUN_CHECK_H
#define ADDESH_CMD_RUN_CHECK_H

#include "cmd/call.h"

/*
 * Checks a program of this name.  0: it may run, and *checks is the record for
 * that of the run.  1: it is refused: the call has its record, and nothing is
 * to run.  -1: it could not be checked.  What was found is told.
 */
int run_check(struct call *c, const char *name, const struct strbuf *text,
    const char *language, json **checks);

#endif
