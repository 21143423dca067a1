/* Session files as scripts: their steps are executed, and only what they end
   with is compared. */
#ifndef ADDESH_SHELL_SESSION_FILE_H
#define ADDESH_SHELL_SESSION_FILE_H

#include <stdbool.h>

#include "base/err.h"

struct interp;

/* Is it one with "$ " lines, and not a script of commands only?  A file that
   cannot be read is none. */
bool session_file_is(const char *path);
/*
 * Ends at the first step whose status is not what the file says (keep_going:
 * never), which is then the status of ip.  -1: it is not a session file, or
 * wrong.
 */
int session_file_run(struct interp *ip, const char *path, struct err *err);

#endif
