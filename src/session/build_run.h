/*
 * Building a project in its environment, or checking that it compiles, and what
 * files that added or changed.
 */
#ifndef ADDESH_SESSION_BUILD_RUN_H
#define ADDESH_SESSION_BUILD_RUN_H

#include "project/detect.h"
#include "session/execute.h"

#define ARTIFACTS_MAX 10000 /* that are kept; all are counted */

struct build_options {
	struct strvec args;  /* the user's words for the tool */
	const char *command; /* for sh -c, in place of a tool; or NULL */
	const char *lang;    /* or NULL */
	uint64_t timeout_ms, log_max, output_max; /* as of struct program */
	const char *timeout_where;
};

struct artifact {
	char *path; /* in the workspace, hostile */
	uint64_t bytes;
	bool changed; /* there was one of that name */
};

struct project_built {
	char *name;	 /* of what built it, or "command" */
	char *language;	 /* or NULL */
	char *found_by;	 /* why it was chosen, or NULL */
	struct strvec command; /* none: nothing builds this project */
	/* What it is made for, by path; without patterns all that was added. */
	struct artifact *artifacts;
	size_t n;
	uint64_t others; /* files that were added or changed beside them */
	struct result run;
};

void project_built_init(struct project_built *b);
void project_built_release(struct project_built *b);

/* Output as of session_test().  -1: nothing could be run. */
int session_project_build(struct session *s, struct env *env,
    const struct build_options *o, const struct box_sink *sink,
    struct project_built *b, struct err *err);
/* The object `build` of addesh-json(5). */
json *project_built_json(const struct project_built *b);

#endif
