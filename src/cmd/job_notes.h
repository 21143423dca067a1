/*
 * What a person at the prompt is told of jobs in the background without having
 * asked.
 */
#ifndef ADDESH_CMD_JOB_NOTES_H
#define ADDESH_CMD_JOB_NOTES_H

#include "base/err.h"
#include "base/strbuf.h"

struct host;
struct output;

/*
 * A line for each job that has ended since it was seen to run: before a prompt.
 * An environment that another process works in is not taken from it: its jobs
 * are told of after the next command there.
 */
void job_notes_tell(struct host *h, struct output *o);
/* Appends ", jobs in dev: 1 running, 2 ended" for each environment of a session
   that is resumed, if it has some. */
void job_notes_resumed(struct host *h, struct strbuf *line);
/*
 * The shell is about to end.  -1, the first time, if jobs would end with it;
 * which ones go on without it is told.
 */
int job_notes_leave(struct host *h, struct output *o, struct err *err);

#endif
