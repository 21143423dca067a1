/* A text in the user's editor: VISUAL, EDITOR, vi. */
#ifndef ADDESH_SHELL_EDITOR_H
#define ADDESH_SHELL_EDITOR_H

#include <stdbool.h>

#include "base/strbuf.h"

struct loop;

/* False if there was no editor or it failed; then text is as it was. */
bool editor_edit(struct loop *l, struct strbuf *text);

#endif
