/*
 * What is shown in grey behind the cursor while a command is typed: what the
 * command still takes (a hint, from the table), or the newest line of the
 * history that begins so (a suggestion, which a key accepts).  Nothing of it
 * ever asks an engine.
 */
#ifndef ADDESH_SHELL_GHOST_H
#define ADDESH_SHELL_GHOST_H

#include <stdbool.h>

#include "base/strbuf.h"
#include "base/strvec.h"

struct ghost {
	struct strbuf text;
	struct strbuf line; /* what it was made for */
	bool suggestion;
	bool drawn;
};

/*
 * For a line with the cursor at its end.  room: columns that are left on the
 * screen's row; what does not fit is not shown at all.  history: the oldest
 * first; NULL: no suggestions.
 */
void ghost_make(struct ghost *g, const char *line, int room, bool hints,
    const struct strvec *history);
void ghost_clear(struct ghost *g); /* nothing to show or to accept */
/* On the terminal, the cursor staying where it is: grey, or faint where there
   are no colours. */
void ghost_draw(struct ghost *g, bool color);
void ghost_erase(struct ghost *g);

#endif
