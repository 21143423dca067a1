/* What commands about kept environments share. */
#ifndef ADDESH_CMD_KEEP_CALL_H
#define ADDESH_CMD_KEEP_CALL_H

#include <stdint.h>

struct call;
struct env;
struct policy;

/* The idle time in ms: text, or (NULL) what the policy says; at most what it
   allows.  -1 with call->err. */
int keep_call_lease(struct call *c, struct policy *p, const char *text,
    uint64_t *ms);
/*
 * Whether a kept environment can be reached; one that has ended leaves the
 * session and the register, and that is the error.
 */
int keep_call_check(struct call *c, struct env *env);

#endif
