/* A step of the session as a session file has it: its command, and what it came
   to, put together from its record and its log (session/steps.h). */
#ifndef ADDESH_CMD_SAVED_STEP_H
#define ADDESH_CMD_SAVED_STEP_H

#include "replay/answer.h"
#include "session/steps.h"

struct saved_step {
	unsigned n;
	json *record;
	struct strbuf text;   /* lines of the language, heredoc and all */
	struct answer answer; /* without secrets */
	/* Of the streams of fd 1 and 2: what is there may be a part of what
	   people would have been shown; and all of them together. */
	bool open[3];
	bool guessed;
};

/* -1: it cannot be saved, and why (ERR_USAGE).  Released in every case. */
int saved_step_read(
    struct saved_step *s, struct steps *steps, unsigned n, struct err *err);
void saved_step_release(struct saved_step *s);

/* "env new" of a record, or of one by an older addesh; "": not known. */
const char *saved_step_name(const json *record);

struct call;
/* Tells that a session file is complete, and how it is used. */
void saved_steps_note(struct call *c, const char *path, unsigned steps);

#endif
