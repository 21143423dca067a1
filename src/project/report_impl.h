/* What the readers of reports share. */
#ifndef ADDESH_PROJECT_REPORT_IMPL_H
#define ADDESH_PROJECT_REPORT_IMPL_H

#include "project/report.h"

/* One report that is being read. */
struct reading {
	struct test_report *r;
	const struct source_root *root;
	uint64_t before[TEST_STATES]; /* counts when it began */
	int64_t cases_us;	      /* the sum of its cases' */
	int64_t claimed_us;	      /* -1: not said */
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
};
#define FOUND_CASE_INIT {.duration_us = -1}

void report_add(struct reading *rd, const struct found_case *found);

/* Cases of this report in a state; all of them. */
uint64_t reading_count(const struct reading *rd, enum test_state state);
uint64_t reading_total(const struct reading *rd);

/* The first reason stays. */
void report_disagrees(struct test_report *r, const char *fmt, ...)
    PRINTF_LIKE(2, 3);
/* "it claims 5 failures and has 2", if it does; claimed -1: it claims
   nothing. */
void report_hold(struct reading *rd, const char *noun, int64_t claimed,
    uint64_t found);

/* Microseconds of a decimal number of units that have so many of them:
   "1,234.5" or "9.1e-05"; -1: it is none, or not of this world. */
int64_t report_duration(const char *s, double unit_us);
int64_t report_duration_of(double units, double unit_us);
/* A count in a report: "12"; -1: it is none. */
int64_t report_number(const char *s);

int report_read_junit(struct reading *rd, const char *text, size_t n,
    struct err *err);

#endif
