/*
 * New expectations of a stream from what came out.  Whatever matched stays as
 * it was written, elisions among that, so that accepting a change in one line
 * does not write out all that was left open.  A line that changed gets back the
 * placeholders that it had, where what stood around them is still there; a
 * regular expression or glob that does not match any more, and a line that is
 * new, become text with the masks that a recording would have.  A line that was
 * text becomes text: nothing is expected less strictly than before, and what
 * comes out is checked against the output before it is given away.
 */
#ifndef ADDESH_REPLAY_UPDATE_H
#define ADDESH_REPLAY_UPDATE_H

#include "replay/align.h"

/* A line as the file is to have it. */
struct updated_line {
	ptrdiff_t kept; /* the expected line that stays as it is, or -1 */
	char *text; /* where none does: with its "! " and without a newline */
};

struct updated {
	struct updated_line *v;
	size_t n, cap;
};

/*
 * err_stream: it is stderr.  accept: which of the alignment's hunks, in their
 * order, are taken; NULL: all of them, and then it is checked that what is new
 * matches.  -1: the patterns take too long, or nothing that matches could be
 * written (err says so); u is empty then.
 */
int update_lines(struct updated *u, const struct alignment *al,
    struct expectation *x, const struct actual *a, const struct masks *m,
    bool err_stream, const bool *accept, struct err *err);
void updated_release(struct updated *u);

/*
 * The text of a with the placeholders of e, where e has some and what stood
 * around them is found in a: appended to out.  false: nothing is.
 */
bool update_put_back(struct strbuf *out, const struct expect_line *e,
    const struct actual_line *a, const struct masks *m);

#endif
