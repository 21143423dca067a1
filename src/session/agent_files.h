/*
 * What the tools of ADDE keep on this host, below STATE/adde:
 *
 *	context/ID	a prepared context; ID.image beside it holds the id of
 *			the image that was built from it last
 *	env/NAME/workspace
 *			the directory that the kept environment of this name
 *			sees as /workspace
 *
 * A context goes with the first environment of its image that is cleaned up, and
 * what nobody has used for a day and belongs to no environment goes when
 * something new is made, or with `gc`.
 */
#ifndef ADDESH_SESSION_AGENT_FILES_H
#define ADDESH_SESSION_AGENT_FILES_H

#include "base/err.h"
#include "base/strvec.h"
#include "sandbox/runtime.h"

/* A new, empty directory for a context, mode 0700; the caller's, NULL with
   err. */
char *agent_context_new(const struct runtime *rt, struct err *err);
/* Nothing if dir, which has no links, is no context of ours. */
void agent_context_built(const struct runtime *rt, const char *dir,
    const char *image);
/* Removes the contexts of an image. */
void agent_context_remove(const struct runtime *rt, const char *image);

/* A new workspace, mode 0700; name is that of the environment.  The caller's,
   NULL with err. */
char *agent_workspace_new(const struct runtime *rt, const char *name,
    struct err *err);
/* What belongs to the environment; that there is nothing is fine. */
int agent_env_remove(const struct runtime *rt, const char *name,
    struct err *err);

/* Removes what nobody has used for a day, and adds the paths (paths may be
   NULL); with dry_run they are only told. */
void agent_files_sweep(const struct runtime *rt, bool dry_run,
    struct strvec *paths);

#endif
