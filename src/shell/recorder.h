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
struct output;
struct recorder;

/* host->record: begins with this file, or (path NULL) ends; what stands in the
   file is an error unless replace.  cast: of the whole a cast is made at the
   end. */
int recorder_command(struct call *c, const char *path, bool replace, bool cast);
/* The shell ends, and with it what is recorded.  NULL is fine. */
void recorder_end(struct recorder *r, struct output *out);

/* Before and after a line of the language: nothing if nothing is recorded. */
void recorder_line_begins(struct interp *ip);
void recorder_line_ended(struct interp *ip, const char *text, int status);

#endif
