/* The text that a command is given: a file of this host, or standard input. */
#ifndef ADDESH_CMD_TEXT_INPUT_H
#define ADDESH_CMD_TEXT_INPUT_H

#include "cmd/call.h"

/* Appends the file, if the policy allows that, or for "-" all of standard input,
   unless the commands themselves come from there.  At most max bytes. */
int text_input(struct call *c, const char *file, size_t max,
    struct strbuf *out);

#endif
