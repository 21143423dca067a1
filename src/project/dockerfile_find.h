/* What the files of the rules share. */
#ifndef ADDESH_PROJECT_DOCKERFILE_FIND_H
#define ADDESH_PROJECT_DOCKERFILE_FIND_H

#include "project/dockerfile_impl.h"
#include "project/dockerfile_rules.h"

struct finder {
	const struct dockerfile_checks *checks;
	struct dockerfile_findings *findings;
	size_t budget; /* of shell_visit */
};

/* Adds a finding unless the rule is off or has one on this line. */
void dockerfile_report(struct finder *f, enum dockerfile_rule rule,
    unsigned line, const char *remedy, const char *fmt, ...)
    PRINTF_LIKE(5, 6);

/* Does text name the socket of an engine?  where is for the message. */
void dockerfile_find_socket(
    struct finder *f, unsigned line, const char *where, const char *text);
/* Is it a variable by which clients find an engine? */
void dockerfile_find_host(struct finder *f, unsigned line, const char *name,
    const char *value);
/* The commands of RUN, CMD, ENTRYPOINT and HEALTHCHECK, and heredocs. */
void dockerfile_find_in_commands(
    struct finder *f, const struct dockerfile_instruction *in);

#endif
