#include "project/report_impl.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/encode.h"
#include "base/sanitise.h"
#include "base/units.h"

static const struct {
	const char *name;
	int (*read)(
	    struct reading *rd, const char *text, size_t n, struct err *err);
} formats[] = {
    {"go", report_read_gojson},
    {"jest", report_read_jest},
    {"junit", report_read_junit},
    {"libtest", report_read_libtest},
    {"mocha", report_read_mocha},
    {"rspec", report_read_rspec},
    {"tap", report_read_tap},
};

void
test_report_init(struct test_report *r)
{
	*r = (struct test_report){0};
}

void
test_report_release(struct test_report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->cases[i].name);
		free(r->cases[i].suite);
		free(r->cases[i].file);
		free(r->cases[i].message);
		free(r->cases[i].details);
	}
	free(r->cases);
	free(r->inconsistent);
	test_report_init(r);
}

bool
test_report_has_format(const char *format)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (!strcmp(formats[i].name, format))
			return true;
	return false;
}

static int
read_as(struct reading *rd, const char *format, const char *text, size_t n,
    struct err *err)
{
	if (n > TEST_REPORT_BYTES_MAX)
		return err_set(err, ERR_IO, "a report of more than %u MB",
		    TEST_REPORT_BYTES_MAX >> 20);
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (!strcmp(formats[i].name, format))
			return formats[i].read(rd, text, n, err);
	return err_set(err, ERR_CONFIG, "no reader of reports in '%s'", format);
}

int
test_report_read(struct test_report *r, const char *format, const char *text,
    size_t n, const struct source_root *root, struct err *err)
{
	struct reading rd = {.r = r, .root = root, .claimed_us = -1};
	int rc;

	memcpy(rd.before, r->counts, sizeof(rd.before));
	rd.collection_before = r->collection_errors;
	rc = read_as(&rd, format, text, n, err);
	report_add_time(&r->duration_us,
	    rd.claimed_us >= 0 ? rd.claimed_us : rd.cases_us);
	return rc;
}

uint64_t
reading_count(const struct reading *rd, enum test_state state)
{
	return rd->r->counts[state] - rd->before[state];
}

uint64_t
reading_total(const struct reading *rd)
{
	uint64_t sum = 0;

	for (int i = 0; i < TEST_STATES; i++)
		sum += reading_count(rd, i);
	return sum;
}

uint64_t
reading_collection(const struct reading *rd)
{
	return rd->r->collection_errors - rd->collection_before;
}

uint64_t
test_report_total(const struct test_report *r)
{
	uint64_t sum = 0;

	for (int i = 0; i < TEST_STATES; i++)
		sum += r->counts[i];
	return sum;
}

uint64_t
test_report_bad(const struct test_report *r)
{
	return r->counts[TEST_FAILED] + r->counts[TEST_ERROR];
}

const char *
test_state_name(enum test_state state)
{
	static const char *const names[] = {
	    "passed", "failed", "error", "skipped", "xfailed", "xpassed"};

	return names[state];
}

void
report_disagrees(struct test_report *r, const char *fmt, ...)
{
	va_list ap;

	if (r->inconsistent)
		return;
	va_start(ap, fmt);
	r->inconsistent = xvasprintf(fmt, ap);
	va_end(ap);
}

void
report_hold(
    struct reading *rd, const char *noun, int64_t claimed, uint64_t found)
{
	if (claimed >= 0 && (uint64_t)claimed != found)
		report_disagrees(rd->r, "it claims %lld %s and has %llu",
		    (long long)claimed, noun, (unsigned long long)found);
}

void
test_report_judge(struct test_report *r, int status)
{
	uint64_t bad = test_report_bad(r);

	if (!status && bad)
		report_disagrees(r,
		    "%llu of its tests did not pass, and the exit status is 0",
		    (unsigned long long)bad);
	else if (status && !bad)
		report_disagrees(r,
		    "all of its tests passed, and the exit status is %d",
		    status);
}

void
report_add_time(int64_t *sum, int64_t us)
{
	if (us < 0)
		return;
	if (*sum < 0)
		*sum = 0;
	*sum = us < INT64_MAX - *sum ? *sum + us : INT64_MAX;
}

int64_t
report_number(const char *s)
{
	char *end;
	long long number;

	if (!s || !isdigit((unsigned char)*s))
		return -1;
	errno = 0;
	number = strtoll(s, &end, 10);
	return errno || *end ? -1 : number;
}

unsigned
report_line(int64_t line)
{
	return line > 0 && line < 10000000 ? (unsigned)line : 0;
}

char *
report_suite(const char *full, const char *own)
{
	size_t n = strlen(full), length = strlen(own);

	if (n <= length + 1 || strcmp(full + n - length, own))
		return NULL;
	return xstrndup(full, n - length - 1);
}

int64_t
report_duration_of(double units, double unit_us)
{
	double us = units * unit_us;

	/* Of a year at most, and not one of those that are no number. */
	return us >= 0 && us < 3.2e13 ? (int64_t)(us + 0.5) : -1;
}

/* Without the separators of thousands that surefire puts in; the exponent is
   10 to that power. */
static int
split_number(const char *s, struct strbuf *digits, int64_t *exponent)
{
	for (; *s && *s != 'e' && *s != 'E'; s++)
		if (*s != ',')
			strbuf_addc(digits, *s);
	*exponent = 0;
	if (!*s)
		return 0;
	s++;
	*exponent = report_number(s + (*s == '-' || *s == '+'));
	if (*exponent < 0 || *exponent > 300)
		return -1;
	*exponent = *s == '-' ? -*exponent : *exponent;
	return 0;
}

int64_t
report_duration(const char *s, double unit_us)
{
	autobuf struct strbuf digits = STRBUF_INIT;
	int64_t exponent;
	double number;

	if (!s || split_number(s, &digits, &exponent) ||
	    units_parse_decimal(digits.buf, &number))
		return -1;
	return report_duration_of(number * pow(10, (double)exponent), unit_us);
}

/* Without colours, as UTF-8. */
static void
add_clean(struct strbuf *out, const char *s, size_t n)
{
	autobuf struct strbuf plain = STRBUF_INIT;

	for (size_t i = 0; i < n;) {
		size_t style = sanitise_style(s + i, n - i);

		if (!style)
			strbuf_addc(&plain, s[i]);
		i += style ? style : 1;
	}
	utf8_repair(out, plain.buf, plain.len);
}

/* Where a character begins, at most there. */
static size_t
char_before(const struct strbuf *text, size_t at)
{
	while (at && (text->buf[at] & 0xc0) == 0x80)
		at--;
	return at;
}

/* At most max bytes of it, of which the end is as good as the beginning. */
static char *
bounded(const char *s, size_t max)
{
	struct strbuf text = STRBUF_INIT, out = STRBUF_INIT;
	size_t head, tail;

	if (!s)
		return NULL;
	add_clean(&text, s, strlen(s));
	while (text.len && isspace((unsigned char)text.buf[text.len - 1]))
		strbuf_truncate(&text, text.len - 1);
	if (text.len <= max)
		return strbuf_detach(&text);
	head = char_before(&text, max / 2);
	tail = char_before(&text, text.len - max / 3);
	strbuf_add(&out, text.buf, head);
	strbuf_addf(&out, " [%zu bytes] ", tail - head);
	strbuf_adds(&out, text.buf + tail);
	strbuf_release(&text);
	return strbuf_detach(&out);
}

char *
report_name(const char *name)
{
	return bounded(name, TEST_REPORT_NAME_MAX);
}

/* The first line that has something. */
static char *
first_line(const char *s)
{
	s += strspn(s, " \t\r\n");
	return xstrndup(s, strcspn(s, "\r\n"));
}

static char *
bounded_or_null(const char *s, size_t max)
{
	return s && *s ? bounded(s, max) : NULL;
}

/* Where it failed, or else where it begins. */
static void
locate(struct reading *rd, const struct found_case *found, struct test_case *c)
{
	struct found_case query = *found;
	char *place = NULL;
	unsigned line;

	if (found->file)
		c->file = source_path(rd->root, found->file);
	c->line = c->file ? found->line : 0;
	query.file = c->file;
	if (found->trace &&
	    (found->state == TEST_FAILED || found->state == TEST_ERROR))
		place = report_place(rd->root, &query, &line);
	if (place) {
		free(c->file);
		c->file = place;
		c->line = line;
	}
	if (c->file && !utf8_valid(c->file, strlen(c->file))) {
		free(c->file);
		c->file = NULL;
		c->line = 0;
	}
}

/* What is said of one that passed is of no use. */
static void
keep(struct reading *rd, const struct found_case *found)
{
	struct test_report *r = rd->r;
	bool passed = found->state == TEST_PASSED;
	struct test_case *c;

	GROW(r->cases, r->n, &r->cap);
	c = &r->cases[r->n++];
	*c = (struct test_case){
	    .state = found->state,
	    .collection = found->collection,
	    .name =
		bounded(found->name ? found->name : "", TEST_REPORT_NAME_MAX),
	    .suite = bounded_or_null(found->suite, TEST_REPORT_NAME_MAX),
	    .duration_us = found->duration_us,
	};
	if (!passed) {
		c->message =
		    bounded_or_null(found->message, TEST_REPORT_MESSAGE_MAX);
		c->details =
		    bounded_or_null(found->details, TEST_REPORT_DETAILS_MAX);
	}
	if (!c->message && c->details) {
		autofree char *first = first_line(c->details);

		c->message = bounded(first, TEST_REPORT_MESSAGE_MAX);
	}
	locate(rd, found, c);
}

void
report_add(struct reading *rd, const struct found_case *found)
{
	struct test_report *r = rd->r;
	bool failing = found->state != TEST_PASSED;

	r->counts[found->state]++;
	r->collection_errors += found->state == TEST_ERROR && found->collection;
	report_add_time(&rd->cases_us, found->duration_us);
	if (failing ? r->failing >= TEST_REPORT_FAILING_MAX
		    : r->n - r->failing >= TEST_REPORT_OTHERS_MAX) {
		r->dropped++;
		return;
	}
	r->failing += failing;
	keep(rd, found);
}
