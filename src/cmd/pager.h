/* Long results through the user's pager: ADDESH_PAGER, PAGER, less. */
#ifndef ADDESH_CMD_PAGER_H
#define ADDESH_CMD_PAGER_H

#include <stdbool.h>

#include "base/strbuf.h"

struct loop;
struct output;

/* Is the text longer than the screen, and is a pager wanted at all? */
bool pager_wanted(const struct output *o, const struct strbuf *text);
/* Shows it, made safe for a terminal.  Leaving early is no error; without a
   pager it is printed. */
void pager_show(struct loop *l, const struct strbuf *text);

#endif
