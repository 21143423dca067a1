#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* The first and the last millisecond that have a year of four digits. */
#define YEAR_0_MS INT64_C(-62167219200000)
#define YEAR_9999_MS INT64_C(253402300799999)

static int64_t
read_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
clock_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

int64_t
clock_ms(void)
{
	return clock_us() / 1000;
}

int64_t
clock_wall_us(void)
{
	return read_us(CLOCK_REALTIME);
}

int64_t
clock_wall_ms(void)
{
	return read_us(CLOCK_REALTIME) / 1000;
}

int64_t
clock_s_to_ms(int64_t s)
{
	int64_t most = INT64_MAX / 1000;

	return (s > most ? most : s < -most ? -most : s) * 1000;
}

void
clock_format_utc(int64_t wall_ms, char buf[32])
{
	/* The files of a stranger have any time that he likes. */
	int64_t ms = wall_ms < YEAR_0_MS	? YEAR_0_MS
		     : wall_ms > YEAR_9999_MS ? YEAR_9999_MS
					      : wall_ms;
	unsigned part = (unsigned)((ms % 1000 + 1000) % 1000);
	time_t t = (ms - part) / 1000;
	char text[16];
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%m-%dT%H:%M:%S", &tm);
	snprintf(buf, 32, "%04u-%s.%03uZ",
	    (unsigned)(tm.tm_year + 1900) % 10000, text, part % 1000);
}

/* What follows the seconds: ".123456789", then "Z" or "+02:00". */
static int
parse_zone(const char *s, int64_t *seconds)
{
	unsigned h, m;
	int end = 0;

	if (*s == '.')
		s += 1 + strspn(s + 1, "0123456789");
	if (!strcmp(s, "Z"))
		return 0;
	if ((*s != '+' && *s != '-') ||
	    sscanf(s + 1, "%2u:%2u%n", &h, &m, &end) != 2 || end != 5 ||
	    s[6] || h > 23 || m > 59)
		return -1;
	*seconds -= (*s == '+' ? 1 : -1) * (int64_t)(h * 3600 + m * 60);
	return 0;
}

int
clock_parse_utc(const char *text, int64_t *seconds)
{
	struct tm tm = {0};
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	if (!rest)
		return -1;
	*seconds = (int64_t)timegm(&tm);
	return parse_zone(rest, seconds);
}
