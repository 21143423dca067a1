#include "replay/mask_table.h"

#include <ctype.h>
#include <string.h>

#include "base/xalloc.h"

#define DIGITS "0123456789"
#define FRACTION "(\\.[0-9]+)?"
#define CLOCK "[0-9]{2}:[0-9]{2}:[0-9]{2}"
#define MONTH "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
#define WEEKDAY "(Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
#define ZONE "(Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})"

/* Durations, as people and programs write them. */
#define LONG_UNIT                                                              \
	"(seconds?|minutes?|hours?|days?|weeks?|months?|years?)"
#define UNIT "(ns|us|µs|ms|s|secs?|m|mins?|h|d|" LONG_UNIT ")"
#define SPAN "[0-9]+" FRACTION " ?" UNIT
#define MEASURED                                                               \
	"[0-9]+\\.[0-9]+ ?(ns|us|µs|ms|s|secs?|seconds?)|"                     \
	"[0-9]+ ?(ns|us|µs|ms)|[0-9]+m[0-9]+" FRACTION "s|[0-9]+h[0-9]+m|"     \
	"[0-9]+ " LONG_UNIT " ago"

/* Points in time: RFC 3339 and near it; what tags of images have; date(1),
   ctime(3); RFC 2822 and HTTP; logs of web servers; ls -l; seconds or
   milliseconds since the epoch, from 2020 to 2033. */
#define ISO_DATE                                                               \
	"[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}([T ][0-9]{2}:[0-9]{2}"               \
	"(:[0-9]{2}([.,][0-9]+)?)?( ?" ZONE ")?)?"
#define TAG_DATE "[0-9]{8}[-T][0-9]{6}(-[0-9]{6}|Z)?"
#define TEXT_DATE                                                              \
	WEEKDAY " " MONTH " [ 0-9][0-9] " CLOCK "( [A-Z]{3,4})? [0-9]{4}"
#define MAIL_DATE                                                              \
	WEEKDAY ", [0-9]{1,2} " MONTH " [0-9]{4} " CLOCK "( " ZONE ")?"
#define LOG_DATE "[0-9]{2}/" MONTH "/[0-9]{4}[ :]" CLOCK "( " ZONE ")?"
#define LIST_DATE MONTH " [ 0-9][0-9] [0-9]{2}:[0-9]{2}"
#define EPOCH "1[6-9][0-9]{8}([0-9]{3})?" FRACTION
#define DATE                                                                   \
	ISO_DATE "|" TAG_DATE "|" TEXT_DATE "|" MAIL_DATE "|" LOG_DATE         \
	"|" LIST_DATE "|" EPOCH

#define UUID "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
#define BYTE "[0-9]{1,3}"
#define PATH "/[^[:space:]'\":]*"

/* An id that a machine made up has both; a large number and "facade" do not. */
static bool
is_random(const char *s, size_t at, size_t n)
{
	bool digit = false, letter = false;

	for (size_t i = at; i < at + n; i++) {
		digit = digit || isdigit((unsigned char)s[i]);
		letter = letter || isalpha((unsigned char)s[i]);
	}
	return digit && letter;
}

/* "127.0.0.1:", "[::1]:" or "localhost:" ends at `at`. */
static bool
behind_host(const char *s, size_t at, size_t n)
{
	size_t begin, dots = 0;

	(void)n;
	if (at < 2 || s[at - 1] != ':')
		return false;
	for (begin = at - 1; begin; begin--) {
		if (s[begin - 1] == '.')
			dots++;
		else if (!isdigit((unsigned char)s[begin - 1]))
			break;
	}
	return dots == 3 || s[at - 2] == ']' ||
	       (at >= 10 && !memcmp(s + at - 10, "localhost:", 10));
}

/* What a build says of a step that it did not carry out again, where else the
   time is: "[2/5] WORKDIR /app  cached". */
static bool
is_time(const char *s, size_t at, size_t n)
{
	const char *p = s + 1;

	(void)n;
	if (s[at] != 'c')
		return true;
	if (at < 2 || *s != '[' || memcmp(s + at - 2, "  ", 2) != 0)
		return false;
	p += strspn(p, DIGITS);
	return *p == '/' && p[1 + strspn(p + 1, DIGITS)] == ']';
}

/* Alone behind what `env info` calls it: an environment without a user of its
   image's has ones of its own. */
static bool
is_user_id(const char *s, size_t at, size_t n)
{
	while (at && s[at - 1] == ' ')
		at--;
	(void)n;
	return (at == 7 && !memcmp(s, "user id", at)) ||
	       (at == 8 && !memcmp(s, "group id", at));
}

const struct mask_builtin mask_builtins[] = {
    {"SHA256", "[0-9a-f]{64}", "[0-9a-f]{64}", DIGITS "abcdef", NULL},
    /* a container's or image's, a commit's; an address in memory; a UUID */
    {"ID", "(0x)?[0-9a-f]{6,64}|" UUID,
	"[0-9a-f]{8,64}|0x[0-9a-f]{11,16}|" UUID, DIGITS "abcdefABCDEF",
	is_random},
    {"DATE", DATE, DATE, DIGITS "MTWFSJAOND", NULL},
    {"TIME",
	SPAN "( ?" SPAN ")*( ago)?|[0-9]{1,2}:[0-9]{2}(:[0-9]{2}" FRACTION
	     ")?|cached",
	MEASURED "|" CLOCK FRACTION "|cached", DIGITS "c", is_time},
    {"SIZE", "[0-9]+" FRACTION " ?([KMGTkmgt]i?)?[Bb]|[0-9]+ bytes?",
	"[0-9]+" FRACTION " ?[KMGTkmgt]i?B", DIGITS, NULL},
    {"UID", "[0-9]{1,10}", "[0-9]{5,10}", DIGITS, is_user_id},
    /* those that are given away (ip_local_port_range), behind a host */
    {"PORT", "[0-9]{1,5}",
	"3276[89]|327[7-9][0-9]|32[89][0-9]{2}|3[3-9][0-9]{3}|[45][0-9]{4}|"
	"60[0-9]{3}",
	"3456", behind_host},
    /* private ones (RFC 1918) are given away, others belong to somebody */
    {"IP", BYTE "(\\." BYTE "){3}|[0-9A-Fa-f]*(:[0-9A-Fa-f]*){2,7}",
	"10(\\." BYTE "){3}|192\\.168(\\." BYTE "){2}|"
	"172\\.(1[6-9]|2[0-9]|3[01])(\\." BYTE "){2}",
	"1", NULL},
    {"CWD", PATH, NULL, NULL, NULL},
    /* as Python's tempfile and coreutils name temporary files */
    {"TMP", PATH, "/tmp/tmp([a-z0-9_]{8}|\\.[A-Za-z0-9]{10})", "/", NULL},
    {"ENV", "[A-Za-z0-9][A-Za-z0-9_.-]*", NULL, NULL, NULL},
    {"VERSION", "v?[0-9]+(\\.[0-9]+)+([-+~.]?[0-9A-Za-z]+)*",
	"v?[0-9]+(\\.[0-9]+)+", DIGITS "v", NULL},
};

const size_t mask_builtins_n = ARRAY_SIZE(mask_builtins);
