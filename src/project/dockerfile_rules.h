/*
 * What a Dockerfile asks for that a build from a stranger should not have, or
 * that its author may regret: findings on parsed instructions, with variables
 * and quotes of their commands replaced; comments are never looked at.
 *
 * Commands are read as sh(1) splits them, not run: what a build downloads or
 * decodes is not seen.  The limits of the build hold whatever is found here.
 */
#ifndef ADDESH_PROJECT_DOCKERFILE_RULES_H
#define ADDESH_PROJECT_DOCKERFILE_RULES_H

#include "project/dockerfile.h"

/* In the order of the settings dockerfile.* (session/settings.h). */
enum dockerfile_rule {
	RULE_ENGINE_SOCKET, /* the socket of an engine, in any form */
	RULE_PRIVILEGED,    /* more rights than a build has */
	RULE_HOST_NETWORK,
	RULE_HOST_MOUNT,   /* a directory of the host in a container */
	RULE_SECRET_MOUNT, /* of a secret or agent that was not offered */
	RULE_ADD_URL,	   /* ADD from the network */
	RULE_BASE_IMAGE,   /* one that the caller does not allow */
	RULE_FRONTEND,	   /* # syntax= of another's program */
	RULE_NO_USER,	   /* the image runs as root */
	RULE_SECRET_ENV,   /* a secret that stays in the image */
	RULE_LATEST_TAG,
	RULE_COUNT
};

/* In the order of the words of the settings. */
enum dockerfile_severity { SEVERITY_DENY, SEVERITY_WARN, SEVERITY_OFF };

extern const char *const dockerfile_rule_names[RULE_COUNT]; /* "no-user" */
extern const char *const dockerfile_severity_names[]; /* "deny" */

struct dockerfile_finding {
	enum dockerfile_rule rule;
	enum dockerfile_severity severity;
	unsigned line;
	char *message; /* without the line; as an error's */
	char *remedy;  /* lines */
};

struct dockerfile_findings {
	struct dockerfile_finding *v; /* by line */
	size_t n, cap;
	size_t denied; /* how many of them */
};

struct dockerfile_checks {
	enum dockerfile_severity severity[RULE_COUNT];
	/* Is the image allowed?  -1 with the reason. */
	int (*image)(void *arg, const char *image, struct err *err);
	void *arg;
	const struct strvec *secrets; /* ids that are offered; may be NULL */
};

/* Of the stages that are used or before the target.  findings is empty before
   and the caller's. */
void dockerfile_find(const struct dockerfile *d,
    const struct dockerfile_checks *checks,
    struct dockerfile_findings *findings);
void dockerfile_findings_release(struct dockerfile_findings *findings);

#endif
