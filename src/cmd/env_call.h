/* What the commands that open an environment share. */
#ifndef ADDESH_CMD_ENV_CALL_H
#define ADDESH_CMD_ENV_CALL_H

#include <stdbool.h>

struct box;
struct call;

/* May a new environment of the session be called so?  ERR_USAGE. */
int env_check_name(struct call *c, const char *name);
/* Warns of each limit that does not hold as it was asked for; weak: and of those
   that are watched and not enforced. */
void env_call_note_gaps(struct call *c, const struct box *box, bool weak);

#endif
