/* RSpec's formatter json. */
#include "project/report_impl.h"

#include <string.h>

static enum test_state
state_of(const json *example)
{
	const char *status = json_str(example, "status", "");

	if (!strcmp(status, "passed"))
		return TEST_PASSED;
	if (!strcmp(status, "failed"))
		return TEST_FAILED;
	return strcmp(status, "pending") ? TEST_ERROR : TEST_SKIPPED;
}

static void
add_exception(
    struct strbuf *message, struct strbuf *details, const json *exception)
{
	autovec struct strvec trace = STRVEC_INIT;
	const char *text = json_str(exception, "message", "");

	strbuf_adds(message, text + strspn(text, "\n"));
	strbuf_addf(details, "%s: %s\n", json_str(exception, "class", "error"),
	    message->buf);
	json_strings(json_get(exception, "backtrace"), &trace);
	for (size_t i = 0; i < trace.n; i++)
		strbuf_addf(details, "%s\n", trace.v[i]);
}

static void
add_example(struct reading *rd, const json *example)
{
	autobuf struct strbuf message = STRBUF_INIT, details = STRBUF_INIT;
	autofree char *suite =
	    report_suite(json_str(example, "full_description", ""),
		json_str(example, "description", ""));
	const json *exception = json_get(example, "exception");
	struct found_case found = FOUND_CASE_INIT;

	if (exception)
		add_exception(&message, &details, exception);
	else
		strbuf_adds(&message, json_str(example, "pending_message", ""));
	found.state = state_of(example);
	found.name = json_str(example, "description", "");
	found.suite = suite;
	found.file = json_str(example, "file_path", NULL);
	found.line = report_line(json_int(example, "line_number", 0));
	found.message = message.buf;
	found.details = found.trace = details.buf;
	found.duration_us =
	    report_duration_of(json_num(example, "run_time", -1), 1e6);
	report_add(rd, &found);
}

/* The line that is the name of an error's class: "LoadError:", or
   "Bundler::GemNotFound:".  What quotes the source before is indented. */
static const char *
class_line(const char *line)
{
	for (size_t n; *line; line += n + (line[n] == '\n')) {
		n = strcspn(line, "\n");
		if (n > 1 && line[n - 1] == ':' && *line >= 'A' &&
		    *line <= 'Z' && !memchr(line, ' ', n))
			return line;
	}
	return NULL;
}

/* The lines between that and the stack.  The caller's, or NULL. */
static char *
error_message(const char *text)
{
	static const char head[] = "Failure/Error:";
	const char *quoted = strstr(text, head);
	const char *error =
	    class_line(quoted ? quoted + sizeof(head) - 1 : text);
	const char *end;
	struct strbuf out = STRBUF_INIT;

	if (!error)
		return NULL;
	end = strstr(error, "\n# ");
	strbuf_add(&out, error, strcspn(error, "\n"));
	error += strcspn(error, "\n");
	error += strspn(error, " \n");
	strbuf_addc(&out, ' ');
	strbuf_add(&out, error,
	    end && end > error ? (size_t)(end - error) : strlen(error));
	return strbuf_detach(&out);
}

/* An error while a file was loaded, or in a hook around all of a group.  Other
   messages say for example that no example was found. */
static void
add_outside(struct reading *rd, const char *text)
{
	static const char head[] = "An error occurred ";
	autofree char *message = NULL, *name = NULL;
	struct found_case found = FOUND_CASE_INIT;

	text += strspn(text, "\n");
	if (!str_starts(text, head))
		return;
	message = error_message(text);
	name = xstrndup(text, strcspn(text, "\n"));
	if (strstr(name, ". - "))
		*strstr(name, ". - ") = '\0';
	found.state = TEST_ERROR;
	found.collection = str_starts(text + strlen(head), "while loading");
	found.name = name;
	found.message = message;
	found.details = found.trace = text;
	report_add(rd, &found);
}

static void
hold_claims(struct reading *rd, const json *summary)
{
	uint64_t outside = reading_count(rd, TEST_ERROR);

	report_hold(rd, "examples", json_int(summary, "example_count", -1),
	    reading_total(rd) - outside);
	report_hold(rd, "failures", json_int(summary, "failure_count", -1),
	    reading_count(rd, TEST_FAILED));
	report_hold(rd, "pending examples",
	    json_int(summary, "pending_count", -1),
	    reading_count(rd, TEST_SKIPPED));
	report_hold(rd, "errors outside of its examples",
	    json_int(summary, "errors_outside_of_examples_count", -1), outside);
}

int
report_read_rspec(
    struct reading *rd, const char *text, size_t n, struct err *err)
{
	autojson json *root =
	    json_parse_bounded(text, n, REPORT_VALUES_MAX, err);
	const json *examples = json_get(root, "examples"), *example;
	autovec struct strvec messages = STRVEC_INIT;

	if (!root)
		return -1;
	if (!cJSON_IsArray(examples) ||
	    !cJSON_IsObject(json_get(root, "summary")))
		return err_set(err, ERR_IO,
		    "no report of RSpec's: it has no examples or summary");
	json_each (example, examples)
		add_example(rd, example);
	json_strings(json_get(root, "messages"), &messages);
	for (size_t i = 0; i < messages.n; i++)
		add_outside(rd, messages.v[i]);
	hold_claims(rd, json_get(root, "summary"));
	rd->claimed_us = report_duration_of(
	    json_num(json_get(root, "summary"), "duration", -1), 1e6);
	return 0;
}
