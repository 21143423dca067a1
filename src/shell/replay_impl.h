/* Inside of a replay: replay.c, replay_ask.c, replay_break.c, replay_update.c. */
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
	struct strbuf written; /* the file as we wrote it; empty: we did not */
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
	bool take_all; /* a person has agreed to all that follows */
	bool ended;    /* and has ended it */
};

/* What a step came to, and whether it should have. */
struct attempt {
	struct answer answer;
	struct judgement judgement;
	bool skipped, accepted; /* by a person */
	bool partly; /* accepted */
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

/* Which changes of a step are taken: of each stream those hunks (align.h) that
   are set, in their order; NULL: it has none. */
struct replay_choice {
	bool *out, *err;
	bool status;
	size_t taken, left; /* how many */
};

/* Can what is not as expected be written?  -1: not (ERR_USAGE). */
int replay_may_accept(struct replay *r, size_t i, const struct attempt *at,
    struct err *err);
/* What came out is what the file is to expect, or (choice) what a person has
   taken of it: kept until replay_write().  -1: it cannot be written. */
int replay_accept(struct replay *r, size_t i, struct attempt *at,
    const struct replay_choice *choice, struct err *err);
/* Finds out again which lines belong together. */
void replay_align(struct judge_stream *st);
/* Replaces the file by what is to be there. */
int replay_write(struct replay *r, struct err *err);
void replay_forget(struct replay *r);

/* replay_ask.c: shows each change to a person, who chooses. */
void replay_ask(struct replay *r, size_t i, struct attempt *at,
    struct replay_choice *choice);
void replay_choice_release(struct replay_choice *choice);

#endif
