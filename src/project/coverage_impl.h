/* What the readers of coverage share. */
#ifndef ADDESH_PROJECT_COVERAGE_IMPL_H
#define ADDESH_PROJECT_COVERAGE_IMPL_H

#include "base/json.h"
#include "project/coverage.h"

#define COVERAGE_VALUES_MAX 3000000 /* of JSON */

/* One file of a tool that is being read. */
struct coverage_reading {
	struct coverage *c;
	const struct source_root *root;
	uint64_t marks; /* of lines: what a hostile one makes us do */
	struct err *err;
};

/*
 * Begins a source; path is the caller's own no more (it is freed), NULL: it is
 * none of the project's.  The source, until the next one begins; NULL: it is
 * not to be counted, or (err is set) there are too many.
 */
struct coverage_file *coverage_begin(struct coverage_reading *cr, char *path);
/* A line of it; ones that cannot be are not counted. */
void coverage_line(struct coverage_reading *cr, struct coverage_file *f,
    int64_t line, bool hit);
/* The first reason stays. */
void coverage_disagrees(struct coverage *c, const char *fmt, ...)
    PRINTF_LIKE(2, 3);
/* The file's own numbers, where it has them (else -1), against its lines. */
void coverage_hold(struct coverage_reading *cr, const struct coverage_file *f,
    int64_t covered, int64_t total);

/* The same for a tool that names more lines as carried out than it counts as
   statements, such as those of docstrings: then its own numbers stay. */
void coverage_hold_statements(struct coverage_reading *cr,
    struct coverage_file *f, int64_t covered, int64_t total);

int coverage_read_cobertura(struct coverage_reading *cr, const char *text,
    size_t n);
int coverage_read_coveragepy(struct coverage_reading *cr, const char *text,
    size_t n);
int coverage_read_go(struct coverage_reading *cr, const char *text, size_t n);
int coverage_read_istanbul(struct coverage_reading *cr, const char *text,
    size_t n);
int coverage_read_jacoco(struct coverage_reading *cr, const char *text,
    size_t n);
int coverage_read_lcov(struct coverage_reading *cr, const char *text,
    size_t n);
int coverage_read_simplecov(struct coverage_reading *cr, const char *text,
    size_t n);

#endif
