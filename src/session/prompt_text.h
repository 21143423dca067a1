/* What stands before a line that is typed, of a template and of what an
   unfinished line waits for. */
#ifndef ADDESH_SESSION_PROMPT_TEXT_H
#define ADDESH_SESSION_PROMPT_TEXT_H

#include <stdbool.h>

#include "base/strbuf.h"
#include "lexer/lexer.h"

/*
 * Appends the value of %WHAT.  False: it counts as empty.  In a template
 *
 *	%e  the environment	%i  its image
 *	%E  the engine, if it is not the default
 *	%n  the number of steps	%s  the last status, if not 0
 *	%N  nothing, but it counts as empty unless programs reach the network
 */
typedef bool prompt_value_fn(struct strbuf *sb, void *arg, char what);

/* Appends the template: %% is a percent sign, and a part in braces vanishes
   when one of its values is empty. */
void prompt_fill(struct strbuf *sb, const char *template,
    prompt_value_fn *value, void *arg);

/* Appends "EOF> ", "'> ", "\\> "; nothing is needed: nothing.  */
void prompt_more(struct strbuf *sb, const struct lex_need *need);

#endif
