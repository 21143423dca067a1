/*
 * A session file with new expectations in some of its steps, all else staying
 * as it is, byte for byte: narration, options, comments, empty lines, the order
 * of both streams' lines that stay, and how its lines end.
 */
#ifndef ADDESH_REPLAY_REWRITE_H
#define ADDESH_REPLAY_REWRITE_H

#include "replay/transcript.h"
#include "replay/update.h"

struct rewrite_step {
	size_t step;                      /* its index in the transcript */
	const struct updated *out, *err;  /* or NULL: it stays */
	const struct want_status *status; /* or NULL: it stays */
};

/*
 * Appends the file with n steps rewritten, which are in its order.  What is
 * written is read again: -1 (ERR_INTERNAL) if it is not what was meant; nothing
 * is appended then.
 */
int rewrite(struct strbuf *out, const struct transcript *t,
    const struct rewrite_step *steps, size_t n, struct err *err);

#endif
