/* What checks have found, for people and with --plain. */
#ifndef ADDESH_CMD_CHECK_SHOW_H
#define ADDESH_CMD_CHECK_SHOW_H

#include "cmd/call.h"
#include "session/check.h"

/* Findings that the policy does not allow, each file's with the notes about it
   behind them. */
void check_show(
    struct call *c, const struct check_outcome *o, const json *notes);
/* "2 denied, 1 warning" */
void check_show_count(struct call *c, const struct check_outcome *o);

#endif
