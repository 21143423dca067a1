/* Edits of files, as commands show them. */
#ifndef ADDESH_CMD_EDITS_VIEW_H
#define ADDESH_CMD_EDITS_VIEW_H

#include "cmd/call.h"
#include "project/changeset.h"

/* The diff as the text of the result; in the data `files`, `added`, `removed`
   and `diff`.  Appends "2 changed, 1 new (+3 -1 lines)" to summary. */
void edits_show(struct call *c, const struct edits *edits,
    struct strbuf *summary);
/* The text so far is seen before anything else happens: a question, or what
   programs write. */
void edits_show_now(struct call *c);
/* For `apply --undo`, once they were made: whatever becomes of the memory of
   them, they stay made, and what is in its way is a warning. */
void edits_remember(struct call *c, const struct edits *edits);
/* The data's `failed`, if a hunk did not apply. */
void edits_show_miss(struct call *c, const struct patch_miss *miss);

#endif
