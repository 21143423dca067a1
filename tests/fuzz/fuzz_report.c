/*
 * Reports of tests: the first line is the name of the format.  What was read
 * adds up, is bounded, and is UTF-8.
 */
#include <string.h>

#include "base/encode.h"
#include "pack/path.h"
#include "project/report.h"
#include "fuzz.h"

static void
check_text(const char *s, size_t max)
{
	/* What was left out is said in some bytes more. */
	require(!s || (strlen(s) <= max + 40 && utf8_valid(s, strlen(s))));
}

static void
check_case(const struct test_case *c)
{
	require(c->name && c->state < TEST_STATES && c->duration_us >= -1);
	check_text(c->name, TEST_REPORT_NAME_MAX);
	check_text(c->suite, TEST_REPORT_NAME_MAX);
	check_text(c->message, TEST_REPORT_MESSAGE_MAX);
	check_text(c->details, TEST_REPORT_DETAILS_MAX);
	require(c->file ? path_is_below(c->file) : !c->line);
	require(!c->file || utf8_valid(c->file, strlen(c->file)));
}

/* Some are there and some not. */
static bool
exists(void *arg, const char *path)
{
	require(path_is_below(path));
	return strlen(path) % 3;
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	const struct source_root root = {
	    .dir = "/ws", .module = "m", .exists = size % 4 ? exists : NULL};
	const char *text;
	size_t n;
	autofree char *format = format_line(data, size, &text, &n);
	autoerr struct err err = ERR_INIT;
	struct test_report r;

	if (!format)
		return 0;
	test_report_init(&r);
	require(
	    !test_report_read(&r, format, text, n, &root, &err) || err.msg.len);
	for (size_t i = 0; i < r.n; i++)
		check_case(&r.cases[i]);
	require(r.n + r.dropped == test_report_total(&r));
	require(test_report_bad(&r) <= test_report_total(&r));
	test_report_release(&r);
	return 0;
}
