/* What the commands that open an environment share. */
#ifndef ADDESH_CMD_ENV_CALL_H
#define ADDESH_CMD_ENV_CALL_H

struct call;

/* May a new environment of the session be called so?  ERR_USAGE. */
int env_check_name(struct call *c, const char *name);

#endif
