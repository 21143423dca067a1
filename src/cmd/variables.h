/*
 * Variables: the read-only ones, which show the state of the session, and those
 * of `var`.  Those of a named session are kept in its session.json, but for
 * values that look like secrets (base/mask.h), which stay in this process.
 */
#ifndef ADDESH_CMD_VARIABLES_H
#define ADDESH_CMD_VARIABLES_H

struct host;

/* Fills in variable, variables and set_variable of the host. */
void variables_init(struct host *h);

#endif
