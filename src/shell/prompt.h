/* What stands before a line that is typed. */
#ifndef ADDESH_SHELL_PROMPT_H
#define ADDESH_SHELL_PROMPT_H

#include "base/strbuf.h"

struct host;
struct lex_need;

/* Makes the prompt by the template of the setting shell.prompt, or of what an
   unfinished line waits for: see session/prompt_text.h.  mark is put before the
   last blank. */
void prompt_make(struct strbuf *sb, struct host *h, const struct lex_need *need,
    const char *template, const char *mark);

#endif
