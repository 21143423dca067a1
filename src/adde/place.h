/*
 * Directories that tools make on this host, below STATE/adde:
 *
 *	context/ID	a prepared context; ID.image beside it holds the id of
 *			the image that was built from it last
 *	env/NAME	of the environment of this name: workspace, and last,
 *			which says what was run there last
 *
 * A context goes with the first environment of its image that is cleaned up; one
 * that has not been used for a day goes when the next one is made.
 */
#ifndef ADDESH_ADDE_PLACE_H
#define ADDESH_ADDE_PLACE_H

#include "adde/tool.h"

/* A new, empty directory, mode 0700, after old ones were removed; the caller's,
   NULL with c->err. */
char *place_new_context(struct tool_call *c);
/* Nothing if dir is no context of ours. */
void place_note_image(struct tool_call *c, const char *dir, const char *image);
/* Removes the contexts of an image. */
void place_remove_contexts(struct tool_call *c, const char *image);

#endif
