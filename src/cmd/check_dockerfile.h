/* Dockerfiles among what is checked. */
#ifndef ADDESH_CMD_CHECK_DOCKERFILE_H
#define ADDESH_CMD_CHECK_DOCKERFILE_H

#include "cmd/call.h"
#include "session/check.h"

/* Has a file of this path the name of one? */
bool check_is_dockerfile_name(const char *path);
/* Adds what the settings dockerfile.* deny or warn of, and to notes what only
   some builders take.  The options build-arg and target of the call count. */
int check_dockerfile(struct call *c, const char *path,
    const struct strbuf *text, struct check_findings *findings, json *notes);

#endif
