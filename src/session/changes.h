/*
 * What differs in a project's environment from what was opened: every file's
 * content is compared with the snapshot's, whatever its times say, so that no
 * program hides a change.  What the project's rules leave out is no change, if
 * it was not opened.
 */
#ifndef ADDESH_SESSION_CHANGES_H
#define ADDESH_SESSION_CHANGES_H

#include "project/changeset.h"
#include "session/project.h"

struct changes {
	struct edits edits;
	/* "PATH: WHY" of what is no change of a file's content: links, and what
	   is neither; what cannot be read, or is too large; directories of
	   version control in which something differs. */
	struct strvec others;
	uint64_t ignored; /* paths that the rules leave out */
};

#define CHANGES_INIT {.others = STRVEC_INIT}
void changes_release(struct changes *c);

/* Modes differ only by who may execute a file: the others are the
   environment's own. */
int session_changes(struct env *env, struct changes *c, struct err *err);

/*
 * From now on these edits are what was opened: they were written to the host.
 */
int session_changes_accept(struct env *env, const struct edits *edits,
    struct err *err);

#endif
