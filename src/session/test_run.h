/*
 * Running a project's tests in an environment, and telling the truth about it.
 *
 * What a framework prints is shown and not believed.  Its report goes to a path
 * that is drawn for the run, or is removed before; it is read when the framework
 * has ended and all that it left behind was killed.  The report counts only if
 * its numbers agree with its cases and with the exit status.
 */
#ifndef ADDESH_SESSION_TEST_RUN_H
#define ADDESH_SESSION_TEST_RUN_H

#include "project/coverage.h"
#include "project/report.h"
#include "session/env_source.h"
#include "session/execute.h"

enum tests_state {
	TESTS_PASSED,
	TESTS_FAILED,	    /* or they cover too little */
	TESTS_NONE,	    /* there are none */
	TESTS_COLLECTION,   /* those there are could not be loaded */
	TESTS_TIMEOUT,
	TESTS_OOM,
	TESTS_MISSING,	    /* the framework is not in the environment */
	TESTS_INCONSISTENT, /* the report is not to be believed */
	TESTS_STOPPED,	    /* Ctrl-C, or the environment was lost */
	TESTS_STATES
};

struct test_options {
	struct strvec args;  /* the user's words for the framework */
	const char *command; /* for sh -c, in place of a framework; or NULL */
	const char *format;  /* of its report at {report}; NULL: TAP on its
				standard output, or none */
	const char *lang;    /* or NULL */
	bool coverage;
	unsigned min_coverage; /* thousandths of a percent; 0: none */
	uint64_t timeout_ms, log_max, output_max; /* as of struct program */
	const char *timeout_where;
};

struct tests_result {
	enum tests_state state;
	char *why;	 /* of any but TESTS_PASSED and failing tests; or NULL */
	char *hint;	 /* what to do; or NULL */
	char *framework; /* its name, or "command" */
	char *language;	 /* or NULL */
	char *found_by;	 /* why it was chosen; or NULL */
	struct strvec command; /* what was run; none: nothing was */
	bool has_report; /* report says what was run */
	struct test_report report;
	bool measured;	 /* coverage is known */
	struct coverage coverage;
	char *not_measured; /* why it is not, though it was asked for */
	unsigned min_coverage;
	struct result run;
};

void tests_result_init(struct tests_result *t);
void tests_result_release(struct tests_result *t);

/*
 * Runs the tests of the workspace; sink gets what the framework prints as it
 * comes, and so does the session's open step.  -1: nothing could be run, as the
 * environment failed or the options are wrong.
 */
int session_test(struct session *s, struct env *env,
    const struct test_options *o, const struct box_sink *sink,
    struct tests_result *t, struct err *err);

/* "passed", "failed", "no_tests", "collection_error", "timed_out",
   "out_of_memory", "framework_missing", "inconsistent", "stopped". */
const char *tests_state_name(enum tests_state state);
/* The exit status of `test`: 0 passed, 127 framework missing, that of the run
   for those that were killed, else 1. */
int tests_status(const struct tests_result *t);
/* "5 passed, 1 failed in 0.84s (pytest)", "no tests found: ...". */
void tests_summary(const struct tests_result *t, struct strbuf *out);
/* Has the run a note of its own that says why?  Of tests that failed the report
   has said it. */
bool tests_need_note(const struct tests_result *t);
/* The object `tests` of addesh-json(5). */
json *tests_json(const struct tests_result *t);

#endif
