/*
 * .dockerignore: which paths of a directory are not sent to a builder.
 *
 * The rules are those of Docker's documentation and of the code that today's
 * clients use (github.com/moby/patternmatcher and its ignorefile): one pattern
 * a line, the last that matches decides, "!" keeps, a pattern that matches a
 * directory matches all below it.  "#" begins a comment only at the start of a
 * line; a BOM, blanks around a pattern, and a slash at either end are dropped;
 * all patterns are anchored at the root.
 *
 * The classic client of Docker 20.10 differs where it is at fault: it reads
 * "+ ( ) | { }" and "^" as a regular expression, matches a directory at one
 * depth only and "**NAME" not within a component, does not look below a
 * directory for a "!" pattern that begins with a star, and sees no name with a
 * newline behind two stars.  Today's clients look a rule up once for a
 * directory and its content, and so forget the last line of "a, !a/b, a"; here
 * it decides, as their documentation says.
 */
#ifndef ADDESH_PACK_IGNORE_H
#define ADDESH_PACK_IGNORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct ignore;

/*
 * Parses the text of such a file; the error (ERR_CONFIG) is "NAME:LINE: ...".
 * At most 1 MiB, and 64 KiB a line; 20000 patterns, and 65536 elements of those
 * that are not compared as bytes.
 */
struct ignore *ignore_parse(
    const char *name, const char *text, size_t len, struct err *err);
void ignore_free(struct ignore *ig); /* NULL is fine */

/*
 * What is known of a directory: which patterns match it or one above it, so
 * that each path is compared once.  ignore_marks() bytes, of the caller's.
 */
size_t ignore_marks(const struct ignore *ig);

/* path is relative and clean; parent are the marks of the directory that
   holds it, NULL: that is the root. */
bool ignore_file(const struct ignore *ig, const bool *parent, const char *path);
/* The same of a directory, whose own marks are written to marks. */
bool ignore_directory(
    const struct ignore *ig, const bool *parent, const char *path, bool *marks);
/* Can anything below this directory, which is ignored, be kept? */
bool ignore_keeps_below(
    const struct ignore *ig, const bool *marks, const char *path);
/* Without marks: looks at the parents of path too. */
bool ignore_path(const struct ignore *ig, const char *path);

#endif
