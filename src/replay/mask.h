/*
 * Values that change from run to run, and the names that stand for them in the
 * expectations of a session file: [TIME], [ID], [SIZE] and so on, and those of
 * the file's own `mask:`.  One table serves three: matching (what may stand
 * where the name is), recording (what is replaced by the name at once) and
 * updating (which names of an old line return in the new one).
 *
 * Recording is stricter than matching: it takes only what certainly is
 * measured or made up by a run, so that "timeout 30s" stays as it is while
 * "ready in 1.52s" becomes "ready in [TIME]".
 */
#ifndef ADDESH_REPLAY_MASK_H
#define ADDESH_REPLAY_MASK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define MASK_LINE_MAX (64u << 10) /* longer lines are compared literally */

struct masks;

/* The built-in names: TIME DATE ID SHA256 SIZE UID PORT IP CWD TMP ENV VERSION.
 */
struct masks *masks_new(void);
void masks_free(struct masks *m);

/* A name of the file: capitals, digits and _, a capital first, none of the
   built-in ones; re is at most REGEXP_TEXT_MAX bytes (ERR_CONFIG). */
int masks_add(
    struct masks *m, const char *name, const char *re, struct err *err);
/*
 * What a name stands for in this run: from the first value on it matches only
 * its values and what recording takes for one, and recording replaces them
 * wherever they stand as whole words (a directory also in front of a '/').
 * Built-in or added names; others are ignored.  For CWD, TMP, ENV; empty values
 * are ignored.
 */
void masks_add_value(struct masks *m, const char *name, const char *value);
/* The name of an environment.  One that a person chose stands in the commands,
   and recording leaves it; it replaces those that were counted ("e1"). */
void masks_add_env(struct masks *m, const char *name);
/*
 * Which names recording uses, as in `normalize: [time, id, size]`: case is
 * ignored.  At first all built-in ones but VERSION.  -1: names is not one
 * (ERR_CONFIG).
 */
int masks_record_only(
    struct masks *m, const char *const *names, size_t n, struct err *err);

/* Appends a line of output with its changing values replaced by their names;
   lines of more than 64 KiB as they are.  What is appended is no expectation
   yet: the line may look like something else, see update.h. */
void mask_line(
    const struct masks *m, struct strbuf *out, const char *line, size_t n);

/* The same with the values of this run only: what people are shown. */
void mask_line_known(const struct masks *m, struct strbuf *out,
    const char *line, size_t n);

/* The name whose "[NAME]" stands at s: its index, *len its bytes; or -1. */
int masks_at(const struct masks *m, const char *s, size_t n, size_t *len);
/* What may stand there, as a regular expression; borrowed. */
const char *masks_pattern(const struct masks *m, int index);
/* Bytes of the longest value of that name at s[at], whole words only; or 0. */
size_t masks_value_at(
    const struct masks *m, int index, const char *s, size_t n, size_t at);

#endif
