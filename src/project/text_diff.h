/*
 * A unified diff of edits, as git writes it, so that `apply`, git and patch(1)
 * can read it: the one writer of such diffs.  Lines are paired by the shortest
 * way from one text to the other (E. Myers, An O(ND) Difference Algorithm,
 * 1986); where that is far, what differs is shown as a whole.
 */
#ifndef ADDESH_PROJECT_TEXT_DIFF_H
#define ADDESH_PROJECT_TEXT_DIFF_H

#include "project/changeset.h"

/* How many lines are added and removed. */
struct diff_count {
	size_t added, removed;
	bool binary;
};

/*
 * Appends the diff of one edit, without colour.  Of a file that has NULs, and
 * of one beyond 4 MB, it says only that it differs.
 */
void text_diff(struct strbuf *out, const struct edit *e,
    struct diff_count *count);
/* The same text with colours by its lines, its controls made visible: for a
   terminal. */
void text_diff_show(struct strbuf *out, const char *diff, size_t n, bool color);

#endif
