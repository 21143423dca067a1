/* What the commands that open or name a project share. */
#ifndef ADDESH_CMD_PROJECT_CALL_H
#define ADDESH_CMD_PROJECT_CALL_H

#include <stdbool.h>

struct call;
struct env;

struct project_options {
	const char *dir;   /* of this host */
	const char *name;  /* NULL: the directory's, made a free one */
	const char *lang;  /* or NULL */
	const char *image; /* or NULL */
	bool no_deps;	   /* the project's lists of packages do not count */
	bool keep;	   /* it outlives the session, for keep_time of being */
	const char *keep_time; /* idle; NULL: as the policy says */
	bool network;
};

/*
 * Opens a project, shows how its image is made, and puts what it came to into
 * the result.  NULL with c->err, and c->status where its image was not built.
 * Nothing is left then.
 */
struct env *project_call_open(struct call *c, const struct project_options *o);

/* That of this name, NULL: the current one.  ERR_USAGE if it is no project. */
struct env *project_call_find(struct call *c, const char *name);

/*
 * Removes an environment and all that was kept of its project; images: and what
 * was built for it, unless somebody else uses it, which is said.  -1 with
 * c->err.
 */
int project_call_remove(struct call *c, struct env *env, bool images);

#endif
