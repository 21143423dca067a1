/*
 * .gitignore (gitignore(5)) in the words of .dockerignore (pack/ignore.h).
 */
#ifndef ADDESH_PROJECT_GITIGNORE_H
#define ADDESH_PROJECT_GITIGNORE_H

#include <stddef.h>

#include "base/strbuf.h"

/*
 * Appends a line for each pattern.  One without a slash inside counts in every
 * directory; "DIR/", which git means of directories only, here means a file of
 * that name too.
 */
void gitignore_translate(const char *text, size_t n, struct strbuf *out);

#endif
