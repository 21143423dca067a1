/* What an environment shares with this host: -v and -p of env new. */
#ifndef ADDESH_CMD_ENV_SHARE_H
#define ADDESH_CMD_ENV_SHARE_H

#include "cmd/call.h"
#include "sandbox/spec.h"

/* The options, as they were written.  spec's limits are known. */
int env_share_parse(struct call *c, struct env_spec *spec);
/* What they name on this host, and whether the policy allows it; the engine is
   connected. */
int env_share_resolve(struct call *c, struct env_spec *spec);
/* The lists `volumes` and `ports`, where there are any. */
void env_share_put(json *j, const struct env *env);
/* The same in words: "DIR at /data, read-only"; empty: there are none. */
void env_share_volumes(const struct env *env, struct strbuf *sb);
void env_share_ports(const struct env *env, struct strbuf *sb);

#endif
