/* How the commands that run programs tell what came of them. */
#ifndef ADDESH_CMD_RUN_RESULT_H
#define ADDESH_CMD_RUN_RESULT_H

#include "cmd/call.h"
#include "session/result.h"

/* A line for people, with the remedy if there is one. */
void run_result_show(struct call *c, const struct result *r);
/* The call's JSON, with the streams from the step's log; and $last. */
void run_result_keep(struct call *c, const struct result *r);
/* The end of a kept output does not follow its beginning: said to people. */
void run_result_cut(struct call *c);

#endif
