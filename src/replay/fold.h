/* The prose of a session file in lines of a width. */
#ifndef ADDESH_REPLAY_FOLD_H
#define ADDESH_REPLAY_FOLD_H

#include "base/strbuf.h"

/*
 * Appends Markdown with its paragraphs and items of lists folded into lines of
 * at most so many columns, unless a word is longer.  Tables, quotations and
 * what is indented stay as they are; the code of a fence is indented instead.
 */
void fold_prose(struct strbuf *out, const char *text, int columns);

#endif
