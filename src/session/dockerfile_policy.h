/* Dockerfiles under the policy: dockerfile.* and images. */
#ifndef ADDESH_SESSION_DOCKERFILE_POLICY_H
#define ADDESH_SESSION_DOCKERFILE_POLICY_H

#include "project/dockerfile_rules.h"
#include "session/policy.h"

/*
 * What a Dockerfile asks for, as severe as the policy has it.  secrets: ids
 * that are offered to the build, or NULL.  findings is the caller's, for
 * dockerfile_findings_release().
 */
void policy_find(const struct policy *p, const struct dockerfile *d,
    const struct strvec *secrets, struct dockerfile_findings *findings);
/*
 * 0, or -1 with ERR_POLICY if something is denied: the first of them with
 * NAME:LINE and where it was denied; the remedy and the others as hints.
 */
int policy_may_build(const struct policy *p,
    const struct dockerfile_findings *findings, const char *name,
    struct err *err);
/* Both, for a build that is offered no secrets.  What is warned of is added to
   warnings: "NAME:LINE: MESSAGE (RULE)". */
int policy_review(const struct policy *p, const struct dockerfile *d,
    const char *name, struct strvec *warnings, struct err *err);

#endif
