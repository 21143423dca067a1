/*
 * The line editor: libedit's native interface, which is included nowhere else.
 * It reads keys through the loop, so signals and leases of environments live on
 * while somebody thinks at the prompt.
 */
#ifndef ADDESH_SHELL_EDIT_H
#define ADDESH_SHELL_EDIT_H

#include <stdint.h>

#include "base/strbuf.h"
#include "shell/source.h"

struct edit;
struct host;
struct lex_need;
struct output;
struct signals;

/* Both stdin and stdout must be terminals. */
struct edit *edit_new(struct host *h, struct output *o, struct signals *sig);
void edit_free(struct edit *e);
/* This key ("^T") ends the input, too, whatever is on the line. */
void edit_end_key(struct edit *e, const char *key);

/*
 * Shows the prompt for what is needed and appends a line with its newline to
 * text (a pasted block is several).  SOURCE_CANCELLED: Ctrl-C.
 */
enum source_status edit_read(struct edit *e, const struct lex_need *need,
    struct strbuf *text);

/* Marks of OSC 133 around a command's output; the bell if it took long. */
void edit_command_begins(struct edit *e);
void edit_command_ended(struct edit *e, int status, int64_t ms);
/* Keeps what was typed for this session and in the history file. */
void edit_remember(struct edit *e, const char *text, int status);

#endif
