/* What the readers of reports share. */
#ifndef ADDESH_PROJECT_REPORT_IMPL_H
#define ADDESH_PROJECT_REPORT_IMPL_H

#include "base/json.h"
#include "project/report.h"
#include "project/slice.h"

#define REPORT_VALUES_MAX 2000000 /* of JSON */

/* One report that is being read. */
struct reading {
	struct test_report *r;
	const struct source_root *root;
	uint64_t before[TEST_STATES]; /* counts when it began */
	uint64_t collection_before;
	int64_t cases_us;   /* the sum of its cases' */
	int64_t claimed_us; /* -1: not said */
};

/* A case as a reader found it; texts are borrowed, of any length and bytes. */
struct found_case {
	enum test_state state;
	bool collection;
	const char *name, *suite;
	const char *file; /* as the report has it, or NULL */
	unsigned line;
	const char *message;
	const char *details;
	int64_t duration_us;
	/* Where it failed is looked for in this (report_place()). */
	const char *trace;
	bool last;	 /* the innermost call stands last */
	const char *dir; /* of relative paths in it, or NULL */
};
#define FOUND_CASE_INIT {.duration_us = -1}

void report_add(struct reading *rd, const struct found_case *found);

/* A name that stands for many cases, such as that of a suite, as long as it is
   kept: so that none is gone through for each of them at its full length.  The
   caller's; NULL: there is none. */
char *report_name(const char *name);

/* Cases of this report in a state; all of them; collection errors. */
uint64_t reading_count(const struct reading *rd, enum test_state state);
uint64_t reading_total(const struct reading *rd);
uint64_t reading_collection(const struct reading *rd);

/* The first reason stays. */
void report_disagrees(struct test_report *r, const char *fmt, ...)
    PRINTF_LIKE(2, 3);
/* "it claims 5 failures and has 2", if it does; claimed -1: it claims
   nothing. */
void report_hold(struct reading *rd, const char *noun, int64_t claimed,
    uint64_t found);

/* What stands in front of a test's own name in its full one, which is the names
   of the blocks around it, blanks between; the caller's, or NULL. */
char *report_suite(const char *full, const char *own);

/* Microseconds of a decimal number of units that have so many of them:
   "1,234.5" or "9.1e-05"; -1: it is none, or not of this world. */
int64_t report_duration(const char *s, double unit_us);
int64_t report_duration_of(double units, double unit_us);
/* Adds one of these to a sum; either is -1 if it is not said.  As long as there
   can be is not exceeded. */
void report_add_time(int64_t *sum, int64_t us);
/* A count in a report: "12"; -1: it is none. */
int64_t report_number(const char *s);
/* The line of a file; 0: it is none. */
unsigned report_line(int64_t line);

/*
 * The place of the innermost call in the project, where a stack trace or a
 * message says that something failed: PATH:LINE, `File "PATH", line LINE`, `at
 * PATH line LINE` or a frame of Java.  found.file is that of the project by now, or NULL.  The
 * caller's, or NULL.
 */
char *report_place(const struct source_root *root,
    const struct found_case *found, unsigned *line);

/* The readers. */
int report_read_gojson(struct reading *rd, const char *text, size_t n,
    struct err *err);
int report_read_jest(struct reading *rd, const char *text, size_t n,
    struct err *err);
int report_read_junit(struct reading *rd, const char *text, size_t n,
    struct err *err);
int report_read_libtest(struct reading *rd, const char *text, size_t n,
    struct err *err);
int report_read_mocha(struct reading *rd, const char *text, size_t n,
    struct err *err);
int report_read_rspec(struct reading *rd, const char *text, size_t n,
    struct err *err);
int report_read_tap(struct reading *rd, const char *text, size_t n,
    struct err *err);

#endif
