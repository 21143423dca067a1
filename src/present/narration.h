/*
 * What a session file says, as text for a screen.  With colours `code` and
 * **strong** words are shown in them instead of by their marks.  Whatever a
 * terminal could take for a command is shown as ?.
 */
#ifndef ADDESH_PRESENT_NARRATION_H
#define ADDESH_PRESENT_NARRATION_H

#include <stdbool.h>

#include "base/strbuf.h"

/* Appends n bytes of Markdown, see replay/fold.h, as lines; no empty ones at
   the beginning or end. */
void narration_add(struct strbuf *out, const char *md, size_t n, int columns,
    bool color);
/* Appends n bytes of one line, with ? for what is no plain text. */
void narration_plain(struct strbuf *out, const char *s, size_t n);

#endif
