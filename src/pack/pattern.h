/*
 * One pattern of a .dockerignore file, as Docker reads it.
 *
 * Docker checks a pattern with Go's path/filepath.Match, and then makes a
 * regular expression of it (github.com/moby/patternmatcher, compile()).  The
 * two do not agree on everything: in "[*]" the star is replaced too, and "\d"
 * is a digit.  Here the same expression is made and read by the rules of Go's
 * regexp/syntax, so that the answers are the same.  An expression without a
 * special character is compared as bytes; "DIR/" + two stars is a prefix, two
 * stars + "NAME" a suffix, as there.
 *
 * Refused, though Go would take them: escapes of a regular expression that no
 * pattern means (\b \A \z \Q \p \x, octal ones), what is longer than 4096
 * elements, and what is malformed behind a part that Go stops at.
 *
 * Matching is by sets of states: at most pattern times path steps.
 */
#ifndef ADDESH_PACK_PATTERN_H
#define ADDESH_PACK_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct pattern;

/* text is clean (no "." or double slashes); ERR_CONFIG says what is wrong. */
struct pattern *pattern_compile(const char *text, struct err *err);
void pattern_free(struct pattern *p); /* NULL is fine */
/* How many elements and ranges of characters a byte of a path may be compared
   with; 0 where bytes are. */
size_t pattern_size(const struct pattern *p);

bool pattern_match(const struct pattern *p, const char *path, size_t len);
/* Does it match the path or a directory above it? */
bool pattern_match_above(const struct pattern *p, const char *path);
/* Can it match a path below this directory?  True may be too much. */
bool pattern_below(const struct pattern *p, const char *dir, size_t len);

#endif
