/*
 * The second terminal of who presents, or a FIFO that something shows: where we
 * are, how late it is, the notes of the step, what is typed next, and whether
 * the room saw what was planned.
 *
 * Whoever reads there may be slow, not yet there, or gone: nothing is waited
 * for.  Only the newest state counts, so what could not be written in time is
 * not written at all.
 */
#ifndef ADDESH_PRESENT_NOTES_H
#define ADDESH_PRESENT_NOTES_H

#include "base/err.h"

struct notes;
struct present;

/* A terminal that is not the room's, or a FIFO; else ERR_USAGE. */
struct notes *notes_open(struct present *p, const char *path, struct err *err);
void notes_close(struct notes *n); /* NULL is fine */
/* What they say has changed; NULL is fine. */
void notes_refresh(struct notes *n);
/* What is to be known of the step that is due, in lines. */
void notes_text(const struct present *p, int columns, struct strbuf *out);

#endif
