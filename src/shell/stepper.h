/* The steps of a session file, one by one, with their options: for replays and
   for who only runs the file. */
#ifndef ADDESH_SHELL_STEPPER_H
#define ADDESH_SHELL_STEPPER_H

#include <stdbool.h>

#include "replay/answer.h"
#include "replay/transcript.h"

struct interp;

struct stepper {
	struct interp *ip;
	const struct transcript *t;
	double scale; /* of time limits: ADDESH_TIMEOUT_SCALE */
	bool shown;   /* on the terminal, too */
};

/* Until the release its variables are those of every program that is run. */
void stepper_init(struct stepper *st, struct interp *ip,
    const struct transcript *t, bool shown);
void stepper_release(struct stepper *st);
/* The file was read again. */
void stepper_use(struct stepper *st, const struct transcript *t);
/* Binds what the file does if it is somebody else's: by the owner of what was
   read, who is neither we nor root, or because it says where it is from.  In a replay
   (host->replaying) $TMPDIR is its own. */
void stepper_bind(struct stepper *st, const char *path);
/* Does the step behind it say what its status shall be? */
bool stepper_is_taken_up(const struct stepper *st,
    const struct transcript_step *s);
/* Executes it: with `% wait` until its stdout matches or the time is up. */
void stepper_perform(struct stepper *st, const struct transcript_step *s,
    struct answer *a);
/* Waits, or until Ctrl-C. */
void stepper_pause(struct stepper *st, uint64_t ms);
/* `% capture`; false: nothing matches, and why has the reason. */
bool stepper_capture(struct stepper *st, const struct transcript_step *s,
    const struct answer *a, struct strbuf *why);

#endif
