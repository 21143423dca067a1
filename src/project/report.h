/*
 * What frameworks write of the tests that they ran, as one form.  Reports come
 * from the environment and are hostile: they are bounded in bytes, depth and
 * in what is kept of them, and what one claims in numbers is held against the
 * cases that it has.
 *
 *	junit    JUnit XML: pytest, Maven, Gradle, and many others.  There is no
 *	         schema of JUnit's own; the elements are those of Ant's
 *	         formatter, with what pytest and surefire add
 *	go       `go test -json`: an object a line (go doc test2json)
 *	tap      the Test Anything Protocol, versions 12 to 14
 *	jest     `jest --json`, and vitest's reporter json
 *	mocha    mocha's reporter json
 *	rspec    RSpec's formatter json
 *	libtest  `cargo test`: its JSON, or its text
 */
#ifndef ADDESH_PROJECT_REPORT_H
#define ADDESH_PROJECT_REPORT_H

#include <stdint.h>

#include "base/err.h"
#include "project/source_path.h"

/* Bounds of what is read, and of what is kept; counts are always those of all
   cases. */
#define TEST_REPORT_BYTES_MAX (64u << 20)
#define TEST_REPORT_FAILING_MAX 1000 /* cases that did not pass, with texts */
#define TEST_REPORT_OTHERS_MAX 20000 /* those that did */
#define TEST_REPORT_NAME_MAX 500     /* bytes of a name */
#define TEST_REPORT_MESSAGE_MAX 4096
#define TEST_REPORT_DETAILS_MAX 16384

enum test_state {
	TEST_PASSED,
	TEST_FAILED,
	TEST_ERROR,   /* not by an assertion, or outside of the test itself */
	TEST_SKIPPED, /* also "pending" and "todo" */
	TEST_XFAILED, /* failed, as it was expected to */
	TEST_XPASSED, /* passed, though a failure was expected; where that is no
			 failure itself */
	TEST_STATES
};

/* All texts are valid UTF-8, of hostile origin, and may be NULL but the name.
 */
struct test_case {
	enum test_state state;
	bool collection; /* an error of what loads tests: no test ran */
	char *name;
	char *suite;	 /* class, module, package, or the blocks around it */
	char *file;	 /* of the project (source_path()), not of libraries;
			    one whose name is no UTF-8 is not named */
	unsigned line;	 /* in file, where it failed or begins; 0: not known */
	char *message;	 /* what failed, in short */
	char *details;	 /* the traceback, or what the test printed */
	int64_t duration_us; /* -1: not said */
};

struct test_report {
	struct test_case *cases; /* in the order of the report */
	size_t n, cap;
	uint64_t counts[TEST_STATES]; /* of all cases, kept or not */
	uint64_t collection_errors;   /* those among TEST_ERROR */
	uint64_t dropped;	      /* cases that are counted and not kept */
	int64_t duration_us;	      /* as claimed, else the cases' sum */
	bool planned_none;  /* TAP's "1..0": it says that there are no tests */
	char *inconsistent; /* why nothing of it is to be believed, or NULL */
	size_t failing;	    /* of cases: those that did not pass */
};

void test_report_init(struct test_report *r);
void test_report_release(struct test_report *r);

/* The formats that there are readers of. */
#define TEST_REPORT_FORMATS "go|jest|junit|libtest|mocha|rspec|tap"

/* Is there a reader of that name? */
bool test_report_has_format(const char *format);

/*
 * Adds one report, of several that a run may write.  -1 (ERR_IO) where it is
 * not in that format, or ends in the middle; what was read before stays, so
 * that one may still say which tests were done.  Numbers that disagree are no
 * error but make the report inconsistent.
 */
int test_report_read(struct test_report *r, const char *format,
    const char *text, size_t n, const struct source_root *root,
    struct err *err);

/* All cases. */
uint64_t test_report_total(const struct test_report *r);
/* Failed, and errors. */
uint64_t test_report_bad(const struct test_report *r);
/*
 * Holds it against the exit status of the framework, which is neither for "no
 * tests" nor for a time limit: 0 with tests that failed, or another one with
 * none, is inconsistent.
 */
void test_report_judge(struct test_report *r, int status);

/* "passed", "failed", "error", "skipped", "xfailed", "xpassed". */
const char *test_state_name(enum test_state state);

#endif
