/* What stands before a line that is typed. */
#ifndef ADDESH_SHELL_PROMPT_H
#define ADDESH_SHELL_PROMPT_H

#include "base/strbuf.h"

struct host;
struct lex_need;

/*
 * "addesh> ", "addesh e1 net [1]> " (facts that change what a command will do:
 * environment, network, another engine, the last status), or what an unfinished
 * line waits for: "EOF> ", "'> ", "\> ".  mark: put before the last blank.
 */
void prompt_make(struct strbuf *sb, struct host *h, const struct lex_need *need,
    const char *mark);

#endif
