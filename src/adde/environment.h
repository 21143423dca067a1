/* The environment that a request names. */
#ifndef ADDESH_ADDE_ENVIRONMENT_H
#define ADDESH_ADDE_ENVIRONMENT_H

#include "adde/tool.h"

/*
 * The record (sandbox/kept.h) of the kept environment that `container_id` names:
 * its container's id or a beginning of it that no other has, its name, or its
 * own id.  The caller's; NULL with c->err.
 */
json *environment_find(struct tool_call *c);
/* The id of the image that it was opened on, the caller's; or NULL. */
char *environment_image(const json *record);
/* As it is said of one that is not there, or is not any more; returns -1. */
int environment_not_found(struct tool_call *c);

#endif
