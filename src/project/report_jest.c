/* `jest --json` and vitest's reporter json: an object with the results of each
   file. */
#include "project/report_impl.h"

#include <string.h>

static enum test_state
state_of(const json *test)
{
	static const char *const skipped[] = {
	    "skipped", "pending", "todo", "disabled", NULL};
	const char *status = json_str(test, "status", "");

	if (!strcmp(status, "passed"))
		return json_bool(test, "failing", false) ? TEST_XFAILED
							 : TEST_PASSED;
	if (!strcmp(status, "failed"))
		return TEST_FAILED;
	return str_in(status, skipped) ? TEST_SKIPPED : TEST_ERROR;
}

static void
add_titles(struct strbuf *out, const json *titles)
{
	autovec struct strvec names = STRVEC_INIT;

	json_strings(titles, &names);
	for (size_t i = 0; i < names.n; i++)
		strbuf_addf(out, "%s%s", i ? " > " : "", names.v[i]);
}

/* Without its name in front and the stack behind. */
static void
add_message(struct strbuf *out, const char *failure)
{
	const char *end = strstr(failure, "\n    at ");

	if (str_starts(failure, "Error: "))
		failure += strlen("Error: ");
	strbuf_add(out, failure,
	    end && end > failure ? (size_t)(end - failure) : strlen(failure));
}

static void
add_test(struct reading *rd, const char *file, const json *test)
{
	autobuf struct strbuf suite = STRBUF_INIT, message = STRBUF_INIT;
	autovec struct strvec failures = STRVEC_INIT;
	struct found_case found = FOUND_CASE_INIT;

	add_titles(&suite, json_get(test, "ancestorTitles"));
	json_strings(json_get(test, "failureMessages"), &failures);
	if (failures.n)
		add_message(&message, failures.v[0]);
	found.state = state_of(test);
	found.name = json_str(test, "title", "");
	found.suite = suite.buf;
	found.file = file;
	found.line =
	    report_line(json_int(json_get(test, "location"), "line", 0));
	found.message = message.buf;
	found.details = found.trace = failures.n ? failures.v[0] : NULL;
	found.duration_us =
	    report_duration_of(json_num(test, "duration", -1), 1e3);
	report_add(rd, &found);
}

/* "SyntaxError: PATH: why (LINE:COLUMN)", behind much advice. */
static const char *
find_syntax_error(const char *text, unsigned *line)
{
	const char *error = strstr(text, "SyntaxError: "), *place;
	size_t n = error ? strcspn(error, "\n") : 0;

	if (!error)
		return NULL;
	for (place = error + n; place > error && *place != '('; place--)
		;
	*line = report_line(strtol(place + (*place == '('), NULL, 10));
	return error;
}

/* A file whose tests are not known: it could not be loaded, or has none. */
static void
add_unloaded(struct reading *rd, const char *file, const char *text)
{
	static const char head[] = "Test suite failed to run";
	const char *message = strstr(text, head), *syntax;
	autofree char *path = source_path(rd->root, file);
	struct found_case found = FOUND_CASE_INIT;

	message = message ? message + strlen(head) : text;
	syntax = find_syntax_error(message, &found.line);
	message = syntax ? syntax : message;
	found.state = TEST_ERROR;
	found.collection = true;
	found.name = path ? path : file;
	found.file = file;
	found.message = message + strspn(message, " \n");
	found.details = found.trace = text;
	report_add(rd, &found);
}

static void
add_file(struct reading *rd, const json *result)
{
	const json *tests = json_get(result, "assertionResults"), *test;
	const char *file = json_str(result, "name", "");
	const char *message = json_str(result, "message", "");
	bool failed = !strcmp(json_str(result, "status", ""), "failed");
	size_t count = 0;

	json_each (test, tests) {
		add_test(rd, file, test);
		failed = failed && state_of(test) != TEST_FAILED;
		count++;
	}
	if (failed && (!count || *message))
		add_unloaded(rd, file, message);
}

static void
hold_claims(struct reading *rd, const json *root)
{
	report_hold(rd, "tests", json_int(root, "numTotalTests", -1),
	    reading_total(rd) - reading_collection(rd));
	report_hold(rd, "tests that passed",
	    json_int(root, "numPassedTests", -1),
	    reading_count(rd, TEST_PASSED) + reading_count(rd, TEST_XFAILED));
	report_hold(rd, "tests that failed",
	    json_int(root, "numFailedTests", -1),
	    reading_count(rd, TEST_FAILED));
	if (json_bool(root, "success", false) &&
	    reading_count(rd, TEST_FAILED) + reading_count(rd, TEST_ERROR))
		report_disagrees(
		    rd->r, "it claims success and has tests that failed");
}

/* From the first file's beginning to the last one's end, in milliseconds. */
static int64_t
duration_of(const json *root, const json *results)
{
	double start = json_num(root, "startTime", 0), end = start;
	const json *result;

	json_each (result, results) {
		double this_end = json_num(result, "endTime", 0);

		end = this_end > end ? this_end : end;
	}
	return start > 0 ? report_duration_of(end - start, 1e3) : -1;
}

int
report_read_jest(
    struct reading *rd, const char *text, size_t n, struct err *err)
{
	autojson json *root =
	    json_parse_bounded(text, n, REPORT_VALUES_MAX, err);
	const json *results = json_get(root, "testResults"), *result;

	if (!root)
		return -1;
	if (!cJSON_IsArray(results) ||
	    !cJSON_IsNumber(json_get(root, "numTotalTests")))
		return err_set(err, ERR_IO,
		    "no report of jest's: it has no numTotalTests or "
		    "testResults");
	json_each (result, results)
		add_file(rd, result);
	hold_claims(rd, root);
	rd->claimed_us = duration_of(root, results);
	return 0;
}
