/* One run of tests: what test_run.c, test_places.c and test_judge.c share. */
#ifndef ADDESH_SESSION_TEST_RUN_IMPL_H
#define ADDESH_SESSION_TEST_RUN_IMPL_H

#include "session/test_run.h"

struct testing {
	struct session *s;
	struct env *env;
	const struct test_options *o;
	const struct box_sink *sink;
	struct tests_result *t;
	struct env_files files;
	struct detection found;
	const struct framework *f; /* NULL: --command */
	const struct language *language;
	struct framework_places places;
	char *dir, *report, *coverage, *helper; /* in the environment */
	const char *anywhere;	/* the directories of this name are, or NULL: */
	struct strvec reports;	/* files and directories to be read */
	bool places_cut;	/* and not all of them */
	const char *format;	/* of them; NULL: there is none */
	bool from_out;		/* what it prints is the report: */
	struct strbuf out, line; /* line: that is not ended */
	uint64_t shown[2];	/* bytes of each stream that went on */
	bool out_cut;		/* and not all of it */
	bool covers;		/* coverage is measured: */
	char *cover_hint;	/* what would help where it is not, or NULL */
	char *module;		/* source_root.module, or NULL */
};

/* Runs something small beside the tests, whose output (may be NULL) nobody
   else gets: 1 it succeeded, 0 it did not. */
int test_ask(struct testing *x, const struct strvec *argv,
    struct strbuf *out, struct err *err);
/* Removes all of that; what is not there is no error. */
int test_remove(
    struct testing *x, const struct strvec *paths, struct err *err);
/* Removes what is at that path of the project, and fails where it stays. */
int test_clear_place(struct testing *x, const char *path, struct err *err);
/* Decides what the report will be: format, from_out, reports, anywhere. */
int test_place_report(struct testing *x, struct err *err);
/* Adds the directories of the project whose paths end in that one; places_cut
   where there are too many. */
int test_find_places(struct testing *x, const char *end, struct strvec *out,
    struct err *err);
/* What adds a package (or NULL), the caller's; NULL where nothing can. */
char *test_package_hint(const struct testing *x, const char *package);
/* What the run and its report came to: x->t. */
int test_judge(struct testing *x, struct err *err);

#endif
