/* Coverage in JSON: coverage.py, istanbul, SimpleCov. */
#include "project/coverage_impl.h"

#include <string.h>

static json *
parse(struct coverage_reading *cr, const char *text, size_t n)
{
	return json_parse_bounded(text, n, COVERAGE_VALUES_MAX, cr->err);
}

static void
add_lines(struct coverage_reading *cr, struct coverage_file *f,
    const json *lines, bool hit)
{
	const json *line;

	json_each (line, lines) {
		if (cJSON_IsNumber(line) && line->valuedouble >= 1 &&
		    line->valuedouble <= COVERAGE_LINE_MAX)
			coverage_line(cr, f, (int64_t)line->valuedouble, hit);
	}
}

int
coverage_read_coveragepy(
    struct coverage_reading *cr, const char *text, size_t n)
{
	autojson json *root = parse(cr, text, n);
	const json *files = json_get(root, "files"), *entry, *summary;

	if (!root)
		return -1;
	if (!cJSON_IsObject(files))
		return err_set(cr->err, ERR_IO,
		    "no report of coverage.py's: it has no files");
	json_each (entry, files) {
		struct coverage_file *f =
		    coverage_begin(cr, source_path(cr->root, entry->string));

		if (!f)
			continue;
		summary = json_get(entry, "summary");
		add_lines(cr, f, json_get(entry, "executed_lines"), true);
		add_lines(cr, f, json_get(entry, "missing_lines"), false);
		coverage_hold_statements(cr, f,
		    json_int(summary, "covered_lines", -1),
		    json_int(summary, "num_statements", -1));
	}
	return 0;
}

/* How often statements were carried out stands under their keys, in the same
   order as where they are. */
static void
add_statements(
    struct coverage_reading *cr, struct coverage_file *f, const json *entry)
{
	const json *count = json_get(entry, "s"), *place;

	count = cJSON_IsObject(count) ? count->child : NULL;
	json_each (place, json_get(entry, "statementMap")) {
		if (!count || strcmp(count->string, place->string)) {
			coverage_disagrees(cr->c,
			    "of %s it has statements without a count", f->path);
			return;
		}
		coverage_line(cr, f,
		    json_int(json_get(place, "start"), "line", 0),
		    cJSON_IsNumber(count) && count->valuedouble > 0);
		count = count->next;
	}
}

static void
add_summary(
    struct coverage_reading *cr, struct coverage_file *f, const json *lines)
{
	int64_t covered = json_int(lines, "covered", -1);
	int64_t total = json_int(lines, "total", -1);

	if (covered < 0 || total < covered || total > COVERAGE_LINES_MAX) {
		coverage_disagrees(cr->c,
		    "of %s it claims more lines than there are", f->path);
		return;
	}
	f->covered = (uint64_t)covered;
	f->total = (uint64_t)total;
}

int
coverage_read_istanbul(struct coverage_reading *cr, const char *text, size_t n)
{
	autojson json *root = parse(cr, text, n);
	const json *entry, *lines;

	if (!root)
		return -1;
	json_each (entry, root) {
		struct coverage_file *f;

		lines = json_get(entry, "lines");
		if (!cJSON_IsObject(json_get(entry, "statementMap")) &&
		    !cJSON_IsNumber(json_get(lines, "total")))
			return err_set(cr->err, ERR_IO,
			    "no coverage of istanbul's: %.100s has neither "
			    "statements nor lines",
			    entry->string ? entry->string : "an entry");
		if (!entry->string || !strcmp(entry->string, "total"))
			continue;
		f = coverage_begin(cr, source_path(cr->root, entry->string));
		if (f && lines)
			add_summary(cr, f, lines);
		else if (f)
			add_statements(cr, f, entry);
	}
	return 0;
}

/* A number, or null, for each line; until SimpleCov 0.18 the list itself. */
static void
add_resultset(struct coverage_reading *cr, const json *entry)
{
	struct coverage_file *f;
	const json *lines =
		       cJSON_IsArray(entry) ? entry : json_get(entry, "lines"),
		   *count;
	int64_t line = 0;

	if (!entry->string)
		return;
	f = coverage_begin(cr, source_path(cr->root, entry->string));
	if (!f)
		return;
	json_each (count, lines) {
		line++;
		if (cJSON_IsNumber(count))
			coverage_line(cr, f, line, count->valuedouble > 0);
	}
}

int
coverage_read_simplecov(struct coverage_reading *cr, const char *text, size_t n)
{
	autojson json *root = parse(cr, text, n);
	const json *command, *entry;

	if (!root)
		return -1;
	json_each (command, root) {
		const json *files = json_get(command, "coverage");

		if (!cJSON_IsObject(files))
			return err_set(cr->err, ERR_IO,
			    "no result set of SimpleCov's: a command without "
			    "coverage");
		json_each (entry, files)
			add_resultset(cr, entry);
	}
	return 0;
}
