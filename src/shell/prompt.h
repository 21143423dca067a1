/* What stands before a line that is typed. */
#ifndef ADDESH_SHELL_PROMPT_H
#define ADDESH_SHELL_PROMPT_H

#include "base/strbuf.h"

struct host;
struct lex_need;

/*
 * Makes the prompt by the template of the setting shell.prompt, or of what an
 * unfinished line waits for: "EOF> ", "'> ", "\\> ".  In a template
 *
 *	%e  the environment	%i  its image
 *	%E  the engine, if it is not the default
 *	%n  the number of steps	%s  the last status, if not 0
 *	%%  a percent sign
 *	%N  nothing, but it counts as empty unless programs reach the network
 *
 * and a part in braces vanishes when one of its values is empty.  mark is put
 * before the last blank.
 */
void prompt_make(struct strbuf *sb, struct host *h, const struct lex_need *need,
    const char *template, const char *mark);

#endif
