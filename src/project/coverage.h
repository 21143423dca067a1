/*
 * Which lines of a project its tests carried out, as the tools say that measure
 * it.  Their files are hostile input, and may be of another project or of an
 * earlier run: files elsewhere do not count, nor do lines that are claimed to
 * be covered and are none.
 *
 *	cobertura    Cobertura's XML: `coverage xml`, gcovr and others
 *	coverage-py  `coverage json`: files.NAME.executed_lines, missing_lines
 *	go           `go test -coverprofile`: statements, not lines
 *	istanbul     coverage-final.json of nyc, c8, jest and vitest, where a
 *	             line is covered if a statement is that begins on it, or
 *	             coverage-summary.json, which has only numbers
 *	jacoco       JaCoCo's XML: the lines of sourcefile elements
 *	lcov         tracefiles (geninfo(1)): SF, DA, LF, LH
 *	simplecov    .resultset.json of SimpleCov
 */
#ifndef ADDESH_PROJECT_COVERAGE_H
#define ADDESH_PROJECT_COVERAGE_H

#include <stdint.h>

#include "base/err.h"
#include "project/source_path.h"

#define COVERAGE_BYTES_MAX (64u << 20)
#define COVERAGE_FILES_MAX 200000  /* of a run, each time one is named */
#define COVERAGE_LINE_MAX 1000000  /* of a source */
#define COVERAGE_LINES_MAX 50000000 /* of all sources together */

struct coverage_file {
	char *path; /* of the project (source_path()) */
	/* Lines; or statements, where the format counts those. */
	uint64_t covered, total;
	bool statements;
	/* A bit for each line that counts, and for those that were carried
	   out; bit 0 is line 1.  NULL where the format has only numbers. */
	unsigned char *known, *hit;
	size_t lines; /* bits of each */
};

struct coverage {
	struct coverage_file *files; /* by path, each once */
	size_t n, cap;
	uint64_t covered, total;
	uint64_t elsewhere; /* files that are not the project's */
	uint64_t lines;	    /* bits of all of them */
	char *inconsistent; /* why its numbers are not to be believed, or NULL */
};

void coverage_init(struct coverage *c);
void coverage_release(struct coverage *c);

/* Is there a reader of that name? */
bool coverage_has_format(const char *format);

/* Adds one file of a run; a line counts as covered where any of them says so.
   -1 (ERR_IO): it is not in that format, and c has what stood before that. */
int coverage_read(struct coverage *c, const char *format, const char *text,
    size_t n, const struct source_root *root, struct err *err);

/* Hundredths of a percent, rounded down, so that only all is 10000; -1: there
   is nothing to be covered. */
int coverage_percent(uint64_t covered, uint64_t total);

/* "12-15, 20": lines of the file that were not carried out, with those between
   them that do not count; at most so many ranges, then "...".  Nothing where
   the format has no lines. */
void coverage_add_missing(const struct coverage_file *f, size_t ranges,
    struct strbuf *out);

#endif
