/* What the commands that open or name a project share. */
#ifndef ADDESH_CMD_PROJECT_CALL_H
#define ADDESH_CMD_PROJECT_CALL_H

#include <stdbool.h>

#include "base/strvec.h"
#include "cmd/table.h"

struct call;
struct env;

/* Rows of struct opt, which project_call_options() reads. */
#define PROJECT_OPEN_OPTS                                                      \
	OPT_STR(0, "name", "NAME", "call it NAME, else as the directory",      \
	    COMP_NONE),                                                        \
	    OPT_STR(0, "lang", "LANGUAGE", "what it is written in",            \
		COMP_LANGUAGE),                                                \
	    OPT_STR(0, "image", "IMAGE",                                       \
		"instead of its Dockerfile's or its language's", COMP_IMAGE),  \
	    OPT_FLAG(0, "no-deps", "do not install what its lists name"),      \
	    OPT_FLAG(0, "net", "programs reach the network")

struct project_options {
	const char *dir;   /* of this host */
	const char *name;  /* NULL: the directory's, made a free one */
	const char *lang;  /* or NULL */
	const char *image; /* or NULL */
	bool no_deps;	   /* the project's lists of packages do not count */
	bool keep;	   /* it outlives the session, for keep_time of being */
	const char *keep_time; /* idle; NULL: as the policy says */
	bool network;
	bool for_once; /* without a name: one that no other session has, whose
			  images are of this name, too */
};

/* Of DIR, the first operand; borrowed from the call, without keep. */
struct project_options project_call_options(const struct call *c);

/*
 * Opens a project, shows how its image is made, and puts what it came to into
 * the result.  NULL with c->err, and c->status where its image was not built.
 * Nothing is left then.
 */
struct env *project_call_open(struct call *c, const struct project_options *o);

/* That of this name, NULL: the current one.  ERR_USAGE if it is no project. */
struct env *project_call_find(struct call *c, const char *name);

/* What was built for projects, and the name that each of these images has. */
struct project_images {
	struct strvec ids, names;
};

#define PROJECT_IMAGES_INIT {STRVEC_INIT, STRVEC_INIT}
void project_images_release(struct project_images *made);

/* Removes an environment and all that was kept of its project; what was built
   for it stays, and is appended to made.  -1 with c->err. */
int project_call_remove(
    struct call *c, struct env *env, struct project_images *made);
/* Once all projects are closed that may share them: removes them, unless
   somebody else uses one, which is said.  The ids of those that are gone are in
   the result.  -1 with c->err. */
int project_call_remove_images(
    struct call *c, const struct project_images *made);

#endif
