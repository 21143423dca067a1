/* mocha's reporter json. */
#include "project/report_impl.h"

#include <string.h>

/* A hook that failed is no test, and those that it is for did not run. */
static enum test_state
state_of(const char *title, enum test_state state)
{
	if (state == TEST_FAILED && *title == '"' && strstr(title, "\" hook"))
		return TEST_ERROR;
	return state;
}

static void
add_tests(struct reading *rd, const json *tests, enum test_state state)
{
	const json *test;

	json_each (test, tests) {
		autofree char *suite =
		    report_suite(json_str(test, "fullTitle", ""),
			json_str(test, "title", ""));
		const json *err = json_get(test, "err");
		struct found_case found = FOUND_CASE_INIT;

		found.name = json_str(test, "title", "");
		found.state = state_of(found.name, state);
		found.suite = suite;
		found.file = json_str(test, "file", NULL);
		found.message = json_str(err, "message", NULL);
		found.details = found.trace = json_str(err, "stack", NULL);
		found.duration_us =
		    report_duration_of(json_num(test, "duration", -1), 1e3);
		report_add(rd, &found);
	}
}

static size_t
count(const json *array)
{
	return cJSON_IsArray(array) ? (size_t)cJSON_GetArraySize(array) : 0;
}

/* Its lists are held against its numbers, and the list of all against both:
   hooks are not in that. */
static void
hold_claims(struct reading *rd, const json *root)
{
	const json *stats = json_get(root, "stats");

	report_hold(rd, "tests that passed", json_int(stats, "passes", -1),
	    reading_count(rd, TEST_PASSED));
	report_hold(rd, "tests that failed", json_int(stats, "failures", -1),
	    reading_count(rd, TEST_FAILED) + reading_count(rd, TEST_ERROR));
	report_hold(rd, "pending tests", json_int(stats, "pending", -1),
	    reading_count(rd, TEST_SKIPPED));
	report_hold(rd, "tests", json_int(stats, "tests", -1),
	    count(json_get(root, "tests")));
	if (count(json_get(root, "tests")) > reading_total(rd))
		report_disagrees(
		    rd->r, "it lists tests that neither passed nor failed");
}

int
report_read_mocha(
    struct reading *rd, const char *text, size_t n, struct err *err)
{
	autojson json *root =
	    json_parse_bounded(text, n, REPORT_VALUES_MAX, err);

	if (!root)
		return -1;
	if (!cJSON_IsObject(json_get(root, "stats")) ||
	    !cJSON_IsArray(json_get(root, "failures")))
		return err_set(err, ERR_IO,
		    "no report of mocha's: it has no stats or failures");
	add_tests(rd, json_get(root, "passes"), TEST_PASSED);
	add_tests(rd, json_get(root, "failures"), TEST_FAILED);
	add_tests(rd, json_get(root, "pending"), TEST_SKIPPED);
	hold_claims(rd, root);
	rd->claimed_us = report_duration_of(
	    json_num(json_get(root, "stats"), "duration", -1), 1e3);
	return 0;
}
