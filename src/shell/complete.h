/*
 * Completion: which kind of word stands at the cursor is asked of the command
 * table, what there is of that kind of its provider.
 */
#ifndef ADDESH_SHELL_COMPLETE_H
#define ADDESH_SHELL_COMPLETE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strvec.h"

struct cmd;
struct host;

struct completion {
	size_t start; /* where the text to be replaced begins */
	char open;    /* inside this quote, or 0 */
	struct strvec items; /* sorted, "TEXT" or "TEXT\tDESCRIPTION" */
	bool no_space; /* of items that others continue: "dir/", "--name=" */
};

/* Completes the line at byte `point`.  out is released by the caller. */
void complete_line(struct host *h, const char *line, size_t point,
    struct completion *out);
void completion_release(struct completion *c);
/* The text that all items begin with, the caller's. */
char *completion_common(const struct completion *c);

/*
 * addesh --complete LINE: candidates on stdout, one a line, for at most 200 ms,
 * silent whatever happens.  LINE is what stands behind "addesh" in another
 * shell: a command, or options of `row` (addesh itself) and then a command or a
 * file.
 */
void complete_print(struct host *h, const struct cmd *row, const char *line,
    size_t point);

#endif
