#include "replay/report.h"

#include <ctype.h>
#include <string.h>

#include "base/strvec.h"
#include "base/units.h"

struct report {
	enum report_form form;
	bool each;
	json *files; /* objects with their "steps" */
	unsigned points;
	size_t skipped_files;
	int status;
};

struct report *
report_new(enum report_form form, bool each)
{
	struct report *r = xcalloc(1, sizeof(*r));

	r->form = form;
	r->each = each;
	r->files = json_array();
	return r;
}

void
report_free(struct report *r)
{
	json_free(r->files);
	free(r);
}

static json *
file_object(struct report *r, const char *file)
{
	json *j;

	json_each (j, r->files)
		if (!strcmp(json_str(j, "file", ""), file))
			return j;
	j = json_object();
	json_put_str(j, "file", file);
	json_put(j, "steps", json_array());
	json_push(r->files, j);
	return j;
}

/* Each line behind prefix. */
static void
add_lines(struct strbuf *out, const char *prefix, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		strbuf_addf(out, "%s%.*s\n", prefix, (int)n, text);
		text += n + (text[n] == '\n');
	}
}

static void
add_place(struct strbuf *out, const char *file, const json *step)
{
	strbuf_adds(out, file);
	if (json_int(step, "line", 0))
		strbuf_addf(out, ":%lld", (long long)json_int(step, "line", 0));
}

/* A description in TAP is one line without "#", which begins a directive. */
static void
add_tap_name(struct strbuf *out, const char *file, const json *step)
{
	autobuf struct strbuf text = STRBUF_INIT;

	add_place(&text, file, step);
	strbuf_addc(&text, ' ');
	strbuf_adds(&text, json_str(step, "name", ""));
	for (const char *p = text.buf; *p; p++)
		strbuf_adds(out, *p == '#' ? "\\#"
			: iscntrl((unsigned char)*p) ? " "
						     : (char[]){*p, 0});
}

static void
tap_step(struct report *r, const char *file, const json *step,
    struct strbuf *out)
{
	const char *verdict = json_str(step, "verdict", "error");
	const char *why = json_str(step, "why", NULL);
	const char *text = json_str(step, "text", NULL);
	bool ok = !strcmp(verdict, "ok") || !strcmp(verdict, "skip") ||
		  !strcmp(verdict, "not reached");

	strbuf_addf(out, "%s %u - ", ok ? "ok" : "not ok", ++r->points);
	add_tap_name(out, file, step);
	if (strcmp(verdict, "ok") && ok)
		strbuf_addf(out, " # SKIP %s", why ? why : verdict);
	strbuf_addc(out, '\n');
	if (!ok && why)
		add_lines(out, "# ", why);
	if (text)
		add_lines(out, "# ", text);
}

static void
people_step(struct report *r, const char *file, const json *step,
    struct strbuf *out)
{
	const char *verdict = json_str(step, "verdict", "error");
	const char *why = json_str(step, "why", NULL);
	bool bad = !strcmp(verdict, "not ok") || !strcmp(verdict, "error");

	/* Without a line it is about the file, whose end says it. */
	if ((!bad && !r->each) || !json_get(step, "line"))
		return;
	strbuf_addf(out, "%s - ", verdict);
	add_place(out, file, step);
	strbuf_addf(out, " %s\n", json_str(step, "name", ""));
	if (why)
		strbuf_addf(out, "%s\n", why);
	strbuf_adds(out, json_str(step, "text", ""));
	strbuf_adds(out, bad ? "\n" : "");
}

static void
add_json(struct strbuf *out, const char *file, const json *event)
{
	json *j = json_copy(event);
	autofree char *line = NULL;

	json_put_str(j, "file", file);
	line = json_print(j);
	strbuf_addf(out, "%s\n", line);
	json_free(j);
}

static void
take_step(struct report *r, const char *file, const json *event,
    struct strbuf *out)
{
	json *list = cJSON_GetObjectItem(file_object(r, file), "steps");
	json *step = json_copy(event);

	json_remove(step, "event");
	json_push(list, step);
	if (r->form == REPORT_TAP)
		tap_step(r, file, step, out);
	else if (r->form == REPORT_PEOPLE)
		people_step(r, file, step, out);
}

/* 99 counts most, then 1; a file that was skipped counts nothing. */
static void
take_status(struct report *r, int status)
{
	if (status == 77)
		r->skipped_files++;
	else if (status > r->status)
		r->status = status;
}

static void
people_end(const char *file, const json *end, struct strbuf *out)
{
	long long failed = json_int(end, "failed", 0);
	long long passed = json_int(end, "passed", 0);
	long long skipped = json_int(end, "skipped", 0);

	if (json_int(end, "status", 0) == 77) {
		strbuf_addf(out, "%s: skipped: %s\n", file,
		    json_str(end, "why", ""));
		return;
	}
	if (!passed && !failed && !skipped && json_str(end, "why", NULL)) {
		strbuf_addf(out, "%s\n", json_str(end, "why", ""));
		return;
	}
	strbuf_addf(out, "%s: %lld step%s as expected", file, passed,
	    passed == 1 ? "" : "s");
	if (failed)
		strbuf_addf(out, ", %lld not", failed);
	if (skipped)
		strbuf_addf(out, ", %lld skipped", skipped);
	strbuf_addc(out, '\n');
}

static void
take_end(struct report *r, const char *file, const json *end,
    struct strbuf *out)
{
	static const char *const members[] = {"status", "passed", "failed",
	    "skipped", "why", NULL};
	json *j = file_object(r, file);

	for (int i = 0; members[i]; i++)
		if (json_get(end, members[i]) && !json_get(j, members[i]))
			json_put(j, members[i],
			    json_copy(json_get(end, members[i])));
	take_status(r, (int)json_int(end, "status", 99));
	if (r->form == REPORT_PEOPLE)
		people_end(file, end, out);
	else if (r->form == REPORT_TAP && json_int(end, "status", 0) == 77)
		strbuf_addf(out, "ok %u - %s # SKIP %s\n", ++r->points, file,
		    json_str(end, "why", ""));
}

void
report_event(struct report *r, const char *file, const json *event,
    struct strbuf *out)
{
	const char *name = json_str(event, "event", "");

	if (r->form == REPORT_TAP && !r->points && !out->len &&
	    !json_get(cJSON_GetArrayItem(r->files, 0), "file"))
		strbuf_adds(out, "TAP version 13\n");
	if (r->form == REPORT_JSON)
		add_json(out, file, event);
	file_object(r, file);
	if (!strcmp(name, "step"))
		take_step(r, file, event, out);
	else if (!strcmp(name, "end"))
		take_end(r, file, event, out);
}

void
report_error(struct report *r, const char *file, const char *message,
    struct strbuf *out)
{
	autojson json *event = json_object(), *end = json_object();

	json_put_str(event, "event", "step");
	json_put_str(event, "name", "it can be replayed");
	json_put_str(event, "verdict", "error");
	json_put_str(event, "why", message);
	report_event(r, file, event, out);
	json_put_str(end, "event", "end");
	json_put_int(end, "status", 99);
	json_put_str(end, "why", message);
	report_event(r, file, end, out);
}

void
report_end(struct report *r, struct strbuf *out)
{
	if (r->form == REPORT_TAP)
		strbuf_addf(out, "1..%u\n", r->points);
}

int
report_status(const struct report *r)
{
	size_t n = (size_t)cJSON_GetArraySize(r->files);

	return !r->status && n && r->skipped_files == n ? 77 : r->status;
}

json *
report_json(const struct report *r)
{
	json *j = json_object();

	json_put(j, "files", json_copy(r->files));
	return j;
}

/* Attribute or text; what XML 1.0 has no form for becomes U+FFFD. */
static void
add_xml(struct strbuf *out, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '<')
			strbuf_adds(out, "&lt;");
		else if (c == '&')
			strbuf_adds(out, "&amp;");
		else if (c == '"')
			strbuf_adds(out, "&quot;");
		else if (c == '\n' || c == '\t')
			strbuf_addf(out, "&#%d;", c);
		else if (c < ' ')
			strbuf_adds(out, "\xef\xbf\xbd");
		else
			strbuf_addc(out, *s);
	}
}

static void
junit_step(const char *file, const json *step, struct strbuf *out)
{
	const char *verdict = json_str(step, "verdict", "error");
	const char *why = json_str(step, "why", "");
	const json *ms = json_get(step, "ms");

	strbuf_adds(out, "  <testcase classname=\"");
	add_xml(out, file);
	strbuf_adds(out, "\" name=\"");
	add_xml(out, json_str(step, "name", ""));
	strbuf_addf(out, "\" time=\"%.3f\">\n",
	    cJSON_IsNumber(ms) ? ms->valuedouble / 1000 : 0);
	if (!strcmp(verdict, "skip") || !strcmp(verdict, "not reached")) {
		strbuf_adds(out, "   <skipped/>\n");
	} else if (strcmp(verdict, "ok") != 0) {
		bool failed = !strcmp(verdict, "not ok");

		strbuf_addf(out, "   <%s message=\"",
		    failed ? "failure" : "error");
		add_xml(out, *why ? why : "not as expected");
		strbuf_adds(out, "\">");
		add_xml(out, json_str(step, "text", ""));
		strbuf_addf(out, "</%s>\n", failed ? "failure" : "error");
	}
	strbuf_adds(out, "  </testcase>\n");
}

void
report_junit(const struct report *r, struct strbuf *out)
{
	const json *file, *step;

	strbuf_adds(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			 "<testsuites>\n");
	json_each (file, r->files) {
		const char *name = json_str(file, "file", "");

		strbuf_adds(out, " <testsuite name=\"");
		add_xml(out, name);
		strbuf_addf(out, "\" tests=\"%d\">\n",
		    cJSON_GetArraySize(json_get(file, "steps")));
		json_each (step, json_get(file, "steps"))
			junit_step(name, step, out);
		strbuf_adds(out, " </testsuite>\n");
	}
	strbuf_adds(out, "</testsuites>\n");
}
