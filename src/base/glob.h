/*
 * Patterns with `*` (any bytes), `?` (one byte) and `\` (the next byte as it
 * is).  Matching takes at most pattern times text steps, whatever both hold;
 * fnmatch(3) can take exponential time on a pattern from a stranger.
 */
#ifndef ADDESH_BASE_GLOB_H
#define ADDESH_BASE_GLOB_H

#include <stdbool.h>

#include "base/strvec.h"

bool glob_match(const char *pattern, const char *text);
/* Does one of them match? */
bool glob_match_any(const struct strvec *patterns, const char *text);

#endif
