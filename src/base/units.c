#include "base/units.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	uint64_t factor;
};

#define KIB (UINT64_C(1) << 10)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define TIB (UINT64_C(1) << 40)

static const struct unit sizes[] = {
    {"", 1},	 {"b", 1},    {"k", KIB},   {"kb", KIB}, {"kib", KIB},
    {"m", MIB},	 {"mb", MIB}, {"mib", MIB}, {"g", GIB},	 {"gb", GIB},
    {"gib", GIB}, {"t", TIB}, {"tb", TIB},  {"tib", TIB}, {NULL, 0},
};

static const struct unit durations[] = {
    {"", 1000}, {"ms", 1},	{"s", 1000},	 {"m", 60000},
    {"h", 3600000}, {"d", 86400000}, {NULL, 0},
};

/*
 * A decimal number by hand: strtod() would take "inf", "0x10", blanks and the
 * locale's decimal point.
 */
static const char *
parse_number(const char *s, double *value)
{
	double v = 0, scale = 1;

	if (!isdigit((unsigned char)*s))
		return NULL;
	for (; isdigit((unsigned char)*s); s++)
		v = v * 10 + (*s - '0');
	if (*s == '.') {
		if (!isdigit((unsigned char)*++s))
			return NULL;
		for (; isdigit((unsigned char)*s); s++)
			v += (*s - '0') * (scale /= 10);
	}
	*value = v;
	return s;
}

int
units_parse_decimal(const char *s, double *value)
{
	s = parse_number(s, value);
	return s && !*s ? 0 : -1;
}

static int
parse(const char *s, const struct unit *units, uint64_t *out)
{
	double v;

	s = parse_number(s, &v);
	if (!s)
		return -1;
	while (*s == ' ')
		s++;
	for (; units->name; units++) {
		if (strcasecmp(s, units->name))
			continue;
		v *= (double)units->factor;
		if (v >= 9.2e18)
			return -1;
		*out = (uint64_t)llround(v);
		return 0;
	}
	return -1;
}

int
units_parse_size(const char *s, uint64_t *bytes)
{
	return parse(s, sizes, bytes);
}

int
units_parse_duration(const char *s, uint64_t *ms)
{
	return parse(s, durations, ms);
}

void
units_add_size(struct strbuf *sb, uint64_t bytes)
{
	static const char *const names[] = {"bytes", "KB", "MB", "GB", "TB"};
	double v = (double)bytes;
	size_t i = 0;

	while (v >= 1024 && i + 1 < ARRAY_SIZE(names)) {
		v /= 1024;
		i++;
	}
	if (bytes == 1)
		strbuf_adds(sb, "1 byte");
	else if (i && v < 9.95 && v != floor(v))
		strbuf_addf(sb, "%.1f %s", v, names[i]);
	else
		strbuf_addf(sb, "%.0f %s", v, names[i]);
}

void
units_add_size_exact(struct strbuf *sb, uint64_t bytes)
{
	static const char letters[] = "kmgt";
	char unit = '\0';

	for (size_t i = 0; bytes && bytes % 1024 == 0 && letters[i]; i++) {
		bytes /= 1024;
		unit = letters[i];
	}
	strbuf_addf(sb, "%" PRIu64, bytes);
	if (unit)
		strbuf_addc(sb, unit);
}

void
units_add_duration(struct strbuf *sb, uint64_t ms)
{
	uint64_t s = ms / 1000;

	if (ms < 60000)
		strbuf_addf(sb, "%.2fs", (double)ms / 1000);
	else if (s < 3600)
		strbuf_addf(sb, "%" PRIu64 "m%02" PRIu64 "s", s / 60, s % 60);
	else
		strbuf_addf(sb, "%" PRIu64 "h%02" PRIu64 "m", s / 3600,
		    s % 3600 / 60);
}

void
units_add_duration_exact(struct strbuf *sb, uint64_t ms)
{
	if (ms % 1000)
		strbuf_addf(sb, "%" PRIu64 "ms", ms);
	else if (ms && ms % 3600000 == 0)
		strbuf_addf(sb, "%" PRIu64 "h", ms / 3600000);
	else if (ms && ms % 60000 == 0)
		strbuf_addf(sb, "%" PRIu64 "m", ms / 60000);
	else
		strbuf_addf(sb, "%" PRIu64 "s", ms / 1000);
}

/* Each is used until there are two of the next. */
static const struct {
	int64_t seconds;
	const char *name;
} steps[] = {{1, "second"}, {60, "minute"}, {3600, "hour"}, {86400, "day"},
    {7 * 86400, "week"}, {30 * 86400, "month"}, {365 * 86400, "year"}};

#define STEP_DAY 3

static void
add_count(struct strbuf *sb, int64_t n, const char *name)
{
	strbuf_addf(sb, "%" PRId64 " %s%s", n, name, n == 1 ? "" : "s");
}

void
units_add_span(struct strbuf *sb, uint64_t ms)
{
	int64_t s = (int64_t)(ms / 1000);
	size_t i = STEP_DAY;

	if (ms % 1000) {
		units_add_duration_exact(sb, ms);
		return;
	}
	while (i && s < 2 * steps[i].seconds && s != steps[i].seconds)
		i--;
	add_count(sb, s / steps[i].seconds, steps[i].name);
	while ((s %= steps[i].seconds)) {
		while (s < steps[i].seconds)
			i--;
		strbuf_addc(sb, ' ');
		add_count(sb, s / steps[i].seconds, steps[i].name);
	}
}

void
units_add_age(struct strbuf *sb, int64_t s)
{
	size_t i = 0;

	if (s < 1) {
		strbuf_adds(sb, "now");
		return;
	}
	while (i + 1 < ARRAY_SIZE(steps) && s >= 2 * steps[i + 1].seconds)
		i++;
	add_count(sb, s / steps[i].seconds, steps[i].name);
	strbuf_adds(sb, " ago");
}
