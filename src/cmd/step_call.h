/* Commands that are about earlier steps. */
#ifndef ADDESH_CMD_STEP_CALL_H
#define ADDESH_CMD_STEP_CALL_H

#include <stdbool.h>

#include "base/err.h"
#include "base/json.h"
#include "base/strbuf.h"

struct call;

/* "@7" is 7; ERR_USAGE for anything else. */
int step_parse(const char *word, unsigned *n, struct err *err);
/*
 * The record of the step that word names (addesh-json(5)), the caller's; NULL
 * if there is none, or if it has not ended.
 */
json *step_call_load(struct call *c, const char *word, unsigned *n);
/* What stood in its heredoc, whatever its bytes; false: it had none. */
bool step_call_input(const json *record, struct strbuf *input);
/* The command of a record and its heredoc, as lines of the language; -1: not
   all of it was kept. */
int step_call_text(const json *record, struct strbuf *text, struct err *err);

#endif
