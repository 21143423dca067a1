/*
 * Where libedit puts the characters of a prompt and a line on the screen.  It
 * has this inside, but tells nobody, and it does not know that a terminal lays
 * out anew what it shows when it gets another width.
 */
#ifndef ADDESH_SHELL_LAYOUT_H
#define ADDESH_SHELL_LAYOUT_H

#include <stddef.h>

/*
 * The cell behind the first n bytes of text (UTF-8, perhaps with newlines) on
 * a screen of that many columns, counted along the rows from the first cell
 * of the prompt.  What stands between two \001 in the prompt takes no room.
 */
size_t layout_cells(const char *prompt, const char *text, size_t n,
    size_t columns);

#endif
