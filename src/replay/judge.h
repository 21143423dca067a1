/* Is what a step came to what its file expects? */
#ifndef ADDESH_REPLAY_JUDGE_H
#define ADDESH_REPLAY_JUDGE_H

#include <stdbool.h>

#include "replay/align.h"
#include "replay/answer.h"
#include "replay/mask.h"
#include "replay/transcript.h"

struct judge_scope {
	const struct transcript *t;
	const struct masks *masks;
	double scale;  /* of time limits */
	bool live;     /* its time was measured now */
	const struct secrets *secrets; /* that are known, or NULL */
	bool taken_up; /* the next step says what its status shall be */
	int width;     /* of what is shown; 0: as wide as it takes */
	bool color;
};

/* Those that the file defines, and the names that it records. */
int judge_masks(struct masks *m, const struct transcript_front *front,
    struct err *err);

/* One stream of a step: what is expected, what is there, and how the two
   belong together where they differ. */
struct judge_stream {
	struct expected_text *texts;
	struct expectation x;
	struct actual a;
	struct alignment al;
	struct strbuf hidden; /* the output, where it has no secrets in a */
};

struct judgement {
	bool met;
	bool output_met; /* both streams */
	bool status_met;
	bool rest_met;	 /* time, JSON, captures */
	struct strbuf why; /* for people, in lines, if it is not met */
	struct judge_stream stream[3]; /* of fd 1 and 2 */
};

/*
 * Step and answer must stay until the judgement is released, which is also done
 * after an error.  -1: what is expected is wrong in itself (ERR_CONFIG).
 */
int judge_step(struct judgement *j, const struct judge_scope *scope,
    const struct transcript_step *s, const struct answer *a, struct err *err);
void judgement_release(struct judgement *j);

/* Does a part of some line match? */
bool judge_finds(const char *re, const struct strbuf *text);
/* Group 1 of the first line that matches, the caller's; NULL: none does. */
char *judge_capture(const char *re, const struct strbuf *text);

#endif
