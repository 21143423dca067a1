/*
 * `record`: what is typed, and what it comes to, becomes a session file
 * (replay/record.h) with its recording beside it (replay/recording.h).  Both
 * are right ones after each line, however the shell ends.
 */
#ifndef ADDESH_SHELL_RECORDER_H
#define ADDESH_SHELL_RECORDER_H

#include <stdbool.h>

struct call;
struct interp;
struct recorder;

/* host->record: begins with this file, or (path NULL) ends; what stands in the
   file is an error unless replace. */
int recorder_command(struct call *c, const char *path, bool replace);
void recorder_free(struct recorder *r); /* NULL is fine */

/* Before and after a line of the language: nothing if nothing is recorded. */
void recorder_line_begins(struct interp *ip);
void recorder_line_ended(struct interp *ip, const char *text, int status);

#endif
