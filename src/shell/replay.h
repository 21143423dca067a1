/* The steps of one session file, executed and compared; its process does
   nothing else. */
#ifndef ADDESH_SHELL_REPLAY_H
#define ADDESH_SHELL_REPLAY_H

#include "cmd/replay_call.h"

struct call;

/* host->replay: executes and reports all; 0, or -1 if it could not begin. */
int replay_file(struct call *c, const struct replay_order *order);

#endif
