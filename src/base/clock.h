/* Time: a monotonic clock in milliseconds and microseconds, wall-clock text. */
#ifndef ADDESH_BASE_CLOCK_H
#define ADDESH_BASE_CLOCK_H

#include <stdint.h>

int64_t clock_ms(void); /* monotonic */
int64_t clock_us(void);
int64_t clock_wall_ms(void); /* since the epoch */
int64_t clock_wall_us(void);
/* What does not fit becomes the nearest that does. */
int64_t clock_s_to_ms(int64_t s);
/* "2026-01-31T12:00:00.123Z"; buf has room for at least 32 bytes.  A time
   before the year 0 or after 9999 becomes the nearest within (RFC 3339). */
void clock_format_utc(int64_t wall_ms, char buf[32]);
/* A time of RFC 3339 ("2026-01-31T12:00:00.1+01:00") in seconds since the
   epoch; -1 if it is none. */
int clock_parse_utc(const char *text, int64_t *seconds);

#endif
