/*
 * Changes to files of an environment, all or none, and taking them back.
 *
 * What was there is read without following a link; what becomes of it is found
 * out here (project/changeset.h); then the runner changes all of the files if
 * each is still what was read, and else none (sandbox/edit.h).
 *
 * What an `apply` changed is remembered, so that the last ones can be undone:
 * with the environment, in STATE/kept/ID.undo for one that is kept, else in
 * memory.  At most UNDO_MAX of them, and UNDO_BYTES_MAX of files.
 */
#ifndef ADDESH_SESSION_APPLY_H
#define ADDESH_SESSION_APPLY_H

#include "project/changeset.h"
#include "session/session.h"

#define UNDO_MAX 20
#define UNDO_BYTES_MAX (64u << 20)

/* What the changes would make of the environment's files; nothing is changed.
   ERR_USAGE: they do not apply, and miss may say where. */
int session_apply_plan(struct session *s, struct env *env,
    const struct changeset *cs, struct edits *edits, struct patch_miss *miss,
    struct err *err);
/*
 * Makes the edits.  -1: nothing was changed (ERR_USAGE with code ESTALE: a file
 * is not what it was when the plan was made), or the environment was lost.
 */
int session_apply(struct env *env, const struct edits *edits, struct err *err);

/* Remembers edits that were made by a step.  *dropped: they are too large. */
int session_undo_push(struct session *s, struct env *env,
    const struct edits *edits, unsigned step, bool *dropped, struct err *err);
/* The environment is kept from now on, and so is what is in memory of that. */
int session_undo_keep(struct session *s, struct env *env, struct err *err);
/* The edits that undo the last ones that are remembered, and the step that made
   them; ERR_USAGE if there are none. */
int session_undo_plan(struct session *s, struct env *env, struct edits *edits,
    unsigned *step, struct err *err);
/* They were made: how many applies are left. */
int session_undo_pop(struct session *s, struct env *env, size_t *left,
    struct err *err);

#endif
