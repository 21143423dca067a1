/*
 * One step of a session file: its commands are executed as if they stood in a
 * script, and what people would be shown of them is caught.
 */
#ifndef ADDESH_SHELL_PERFORM_H
#define ADDESH_SHELL_PERFORM_H

#include <stdbool.h>
#include <stdint.h>

#include "replay/answer.h"

struct interp;

/*
 * Executes text, which is line `line` of a file.  limit_ms: it is interrupted
 * after that time, as by Ctrl-C, and then abandoned; 0: no limit.  shown: on
 * the terminal, too.
 */
void perform(struct interp *ip, const char *text, unsigned line,
    uint64_t limit_ms, bool shown, struct answer *a);

#endif
