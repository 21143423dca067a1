/*
 * Sizes and durations as people write them: the one parser and printer for
 * policy files, options and settings.
 */
#ifndef ADDESH_BASE_UNITS_H
#define ADDESH_BASE_UNITS_H

#include <stdint.h>

#include "base/strbuf.h"

/*
 * "256m", "1.5g", "64KiB", "1024" (bytes): b k m g t and KiB MiB GiB TiB, case
 * ignored, all in steps of 1024.  0, or -1 if it is not a size or does not fit.
 */
int units_parse_size(const char *s, uint64_t *bytes);
/* "500ms", "90s", "5m", "1h", "1d", "2.5" (seconds). */
int units_parse_duration(const char *s, uint64_t *ms);

/* "80.5", and nothing behind it; no sign, no exponent. */
int units_parse_decimal(const char *s, double *value);

/* "512 KB" and "18 MB": a short form for people (steps of 1024). */
void units_add_size(struct strbuf *sb, uint64_t bytes);
/* The shortest form that units_parse_size() reads back: "256m", "1000". */
void units_add_size_exact(struct strbuf *sb, uint64_t bytes);
/* "0.21s", "4m05s", "2h03m". */
void units_add_duration(struct strbuf *sb, uint64_t ms);
/* The shortest form that is read back: "30s", "500ms", "5m". */
void units_add_duration_exact(struct strbuf *sb, uint64_t ms);
/* The same in words, for people: "7 days", "36 hours", "2 hours 5 minutes". */
void units_add_span(struct strbuf *sb, uint64_t ms);
/* How long ago something was, in one number: "3 hours ago"; "now". */
void units_add_age(struct strbuf *sb, int64_t seconds);

#endif
