/*
 * A step that did not come to what was expected, for people:
 *
 *	lesson.md:27  Run the tests
 *	  $ test -v
 *	status: 0, as expected
 *
 *	 exp  act |
 *	   1    1 | ~ env e1 (python) ready in 1.52s    <- env e1 ([..]) ready
 *... 2      | - collected 3 items 2 | + collected 4 items 3 | . platform linux
 *
 * A mark says what became of each line: a blank that it is equal, ~ that it
 * matches the pattern beside it, . that an elision took it, - that it is
 * missing, + that it was not expected; colours only repeat that.  Runs of lines
 * that match fold, and a difference in blanks alone is made visible.  Nothing
 * of the file or the output reaches the terminal as anything but text.
 */
#ifndef ADDESH_REPLAY_SHOW_H
#define ADDESH_REPLAY_SHOW_H

#include "replay/align.h"

/* One stream; all borrowed. */
struct show_stream {
	struct expectation *x;
	const struct actual *a;
	const struct alignment *al;
	const char *names[2]; /* of the columns of numbers; NULL: exp, act */
};

struct show {
	const char *file;
	unsigned line;            /* of its command */
	const char *heading;      /* or NULL */
	const char *command;      /* all lines of it */
	const char *wanted, *got; /* status: "0", "[signal KILL]" */
	bool status_met;
	bool cut_short;   /* it did not end: what it was to say next is said */
	const char *note; /* a line more, or NULL */
	struct show_stream out, err;
	const struct masks *masks;
	int width; /* columns to use; 0: as many as it takes */
	bool color;
	bool advice; /* the line that names --update and --break */
};

/* Appends lines of text. */
void show_failure(struct strbuf *sb, const struct show *s);

/* The table of one stream, as `diff` shows it. */
void show_table(struct strbuf *sb, const struct show *s,
    const struct show_stream *st);
/* Of it, the rows of a hunk (align.h) and a few around them. */
void show_hunk(struct strbuf *sb, const struct show *s,
    const struct show_stream *st, size_t begin, size_t end);

#endif
