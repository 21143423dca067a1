/* What `stats` and `ps` have in common. */
#ifndef ADDESH_CMD_ENV_LOOK_H
#define ADDESH_CMD_ENV_LOOK_H

struct call;

/* Sets c->env to that of the first operand, else the current one, which is only
   looked at: session_env_look().  -1 with c->err. */
int env_look(struct call *c);

#endif
