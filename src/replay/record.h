/*
 * Steps as a session file in Markdown, in the form that transcript.h reads.
 *
 * Each step is a fence of its own and is appended in one piece, which is taken
 * back if it was not whole: so the file is a right one after each step, also if
 * the program is killed meanwhile.
 * Secrets (base/secrets.h) are replaced in commands and output; who compares
 * output with such a file does the same with it before.
 */
#ifndef ADDESH_REPLAY_RECORD_H
#define ADDESH_REPLAY_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/secrets.h"
#include "base/strvec.h"
#include "replay/answer.h"
#include "replay/mask.h"
#include "replay/status.h"

#define RECORD_OUTPUT_MAX (1u << 20) /* bytes of a stream; the rest is "..." \
				      */

struct record_front {
	const char *title;             /* or NULL */
	const struct strvec *requires; /* words of requirement.h, or NULL */
	const struct strvec *env;      /* NAME=VALUE, or NULL */
};

struct record_step {
	const char *heading; /* in front of it, or NULL */
	const char *text;    /* whole lines of the language, as executed */
	size_t n;
	const char *out, *err; /* what came of it; NULL: nothing */
	size_t n_out, n_err;
	bool open_out, open_err; /* there may be more of it: "..." */
	struct want_status status;
	const struct secrets *secrets; /* those that are known, or NULL */
};

/* With what an answer has; both are borrowed. */
struct record_step record_step_of(const char *text, const struct answer *a);

/* Appends front matter and title. */
void record_add_front(struct strbuf *sb, const struct record_front *f);
/* Appends a step.  -1: its text cannot stand in such a file (ERR_CONFIG), as
   when it is not UTF-8; sb is as it was. */
int record_add_step(struct strbuf *sb, const struct masks *m,
    const struct record_step *s, struct err *err);

struct record;

/* Creates the file, or replaces it; m is borrowed, and may get values later. */
struct record *record_open(const char *path, bool replace,
    const struct record_front *f, const struct masks *m, struct err *err);
int record_append(
    struct record *r, const struct record_step *s, struct err *err);
/* Frees r in every case.  NULL is fine. */
int record_close(struct record *r, struct err *err);

#endif
