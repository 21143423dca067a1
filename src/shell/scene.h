/*
 * Where the steps of a session file are carried out: what must be there, which
 * values have names, and what is put away behind the last of them.
 */
#ifndef ADDESH_SHELL_SCENE_H
#define ADDESH_SHELL_SCENE_H

#include <stdbool.h>

#include "base/err.h"
#include "replay/mask.h"
#include "replay/transcript.h"

struct host;

/* Is it there? */
bool scene_has(struct host *h, const struct requirement *q);
/* "needs WHAT" of the front matter that is not there, the caller's; NULL:
   nothing. */
char *scene_lacks(struct host *h, const struct transcript_front *front);
/* The masks of a file with this front matter, the caller's. */
struct masks *scene_masks(const struct transcript_front *front,
    struct err *err);
/* Values of this run that have a name, as far as they are known by now. */
void scene_learn(struct host *h, struct masks *m);
/* Nothing of a file stays, what it kept neither; or (keep) all of it, for an
   hour, to be looked at. */
void scene_put_away(struct host *h, bool keep);

#endif
