/* Inside of a replay: replay.c, replay_break.c, replay_update.c. */
#ifndef ADDESH_SHELL_REPLAY_IMPL_H
#define ADDESH_SHELL_REPLAY_IMPL_H

#include "replay/judge.h"
#include "replay/recording.h"
#include "replay/transcript.h"
#include "replay/update.h"
#include "shell/replay.h"
#include "shell/stepper.h"

/* A step whose new output and status the file is to expect. */
struct accepted {
	size_t step;
	bool has_output, has_status;
	struct updated out, err;
	struct want_status status;
};

struct replay {
	struct call *c;
	const struct replay_order *order;
	struct transcript *t;
	struct masks *masks;
	struct recording *recording;
	struct strbuf recorded; /* lines of a new one */
	size_t begin, end; /* the steps that are reported: [begin, end) */
	struct stepper stepper;
	int status;
	size_t passed, failed, skipped;
	struct transcript **old; /* before it was edited */
	size_t n_old, old_cap;
	char *not_writable; /* why the file is not, or NULL: it is, for who
			       replays it, whatever binds its steps */
	struct accepted *accepted; /* in the order of the file */
	size_t n_accepted, accepted_cap;
};

/* What a step came to, and whether it should have. */
struct attempt {
	struct answer answer;
	struct judgement judgement;
	bool skipped, accepted; /* by a person */
	bool stale; /* the file has changed since */
};

/* replay.c */

/* Executes the step, as often as it may be tried, and captures.  -1: nothing
   can be said of it; without err: it is not recorded. */
int replay_try(struct replay *r, const struct transcript_step *s,
    struct attempt *at, struct err *err);
/* Reads the file once more, at that step; -1: all is as it was. */
int replay_read_again(struct replay *r, size_t i, struct err *err);

/* replay_break.c: a person at the step that is not as expected.  What became of
   the step is in at; false: it was the last one. */
bool replay_break(struct replay *r, size_t i, struct attempt *at);

/* replay_update.c */

/* What came out is what the file is to expect: kept until replay_write().  -1:
   that cannot be written (ERR_USAGE). */
int replay_accept(struct replay *r, size_t i, struct attempt *at,
    struct err *err);
/* Replaces the file by what is to be there. */
int replay_write(struct replay *r, struct err *err);
void replay_forget(struct replay *r);

#endif
