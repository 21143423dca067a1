/* The files of an environment's workspace, as project/detect.h wants them. */
#ifndef ADDESH_SESSION_ENV_SOURCE_H
#define ADDESH_SESSION_ENV_SOURCE_H

#include "project/detect.h"
#include "session/session.h"

#define ENV_SOURCE_LEVELS 12 /* of directories that are looked into */

/* What an environment has. */
struct env_files {
	struct box *box;
	struct strvec paths; /* sorted; relative to the workspace */
	bool whole; /* all are there: DETECT_FILES_MAX was enough, and no
		       directory was closed */
	struct project_source source; /* of these */
};

/* box_list() where programs may have removed or closed what is listed: then 1,
   and nothing is said. */
int env_list_below(struct env *env, const char *dir, unsigned levels,
    box_entry_fn *fn, void *arg, struct err *err);
/* Lists the regular files, without what detect_skips().  Released by the
   caller, whatever is returned. */
int env_files_list(struct env_files *f, struct env *env,
    const struct languages *ls, struct err *err);
void env_files_release(struct env_files *f);
/* Is there one of this path?  For struct source_root. */
bool env_files_have(void *arg, const char *path);

/* Appends a file of at most max bytes; err->code is EFBIG beyond that. */
int env_read(struct env *env, const char *path, size_t max,
    struct strbuf *out, struct err *err);
/* 'f', 'd' and so on; 0: there is nothing of that path. */
char env_path_type(struct env *env, const char *path);
/* argv's program is that in a directory of the workspace, if it is there.  bin
   may be NULL. */
void env_use_bin(struct env *env, const char *bin, struct strvec *argv);
/*
 * Appends a PATH for programs whose answer counts: one that ran before must not
 * have put another in their place.  own: where programs of the environment can
 * put theirs comes last; else it does not come at all.  Nothing where who made
 * the environment gave it a PATH: it has that.
 */
void env_add_path(const struct env *env, bool own, struct strvec *out);

#endif
