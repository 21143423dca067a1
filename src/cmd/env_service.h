/* The image's own command of an environment: env new --image-cmd. */
#ifndef ADDESH_CMD_ENV_SERVICE_H
#define ADDESH_CMD_ENV_SERVICE_H

#include "cmd/call.h"

/* Whether it runs, "running" or "ended STATUS", as `service` and in words.
   Nothing where there is none, or where that cannot be said. */
void env_service_show(struct call *c, const struct env *env);
/* The same of one that was started just now.  Should it end before it can have
   served anybody, then with what it wrote last. */
void env_service_began(struct call *c, const struct env *env);

#endif
