/*
 * Output as lines of a session file that expect it: with the names of masks for
 * what changes, and with a `\` in front where a line would be read as something
 * else.  What is written is read back and compared at once, so it matches.
 */
#ifndef ADDESH_REPLAY_EXPECT_WRITE_H
#define ADDESH_REPLAY_EXPECT_WRITE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"
#include "replay/match.h"

/*
 * Appends the line for a, which is one of stdout or, if err is set, stderr;
 * then "! " comes first.  last: no line of stdout follows it, and empty ones
 * need a `\` to count.  No newline is appended.
 */
void expect_write_line(struct strbuf *out, const struct masks *m,
    const struct actual_line *a, bool err, bool last);
/* The same without masks. */
void expect_write_literal(struct strbuf *out, const struct masks *m,
    const struct actual_line *a, bool err, bool last);
/* The same with this text, if it is read as output and matches a; false: it is
   not, and nothing is appended. */
bool expect_write_text(struct strbuf *out, const struct masks *m,
    const struct actual_line *a, bool err, const struct strbuf *text);
/* Is a line of n bytes read as one of stdout, wherever it stands? */
bool expect_write_is_output(const char *s, size_t n);
/*
 * Appends lines for n bytes of output, each with its newline; what comes behind
 * the first max bytes is one "...".
 */
void expect_write(struct strbuf *out, const struct masks *m, const char *output,
    size_t n, bool err, size_t max);

#endif
