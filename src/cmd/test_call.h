/* The tests and the build of a project, for the commands that carry them out. */
#ifndef ADDESH_CMD_TEST_CALL_H
#define ADDESH_CMD_TEST_CALL_H

#include "cmd/call.h"
#include "session/build_run.h"
#include "session/test_run.h"

/* A program's output goes to the call as it comes. */
struct call_output {
	struct call *c;
	bool cut[2]; /* that bytes of a stream are missing was said */
};
void call_output_init(
    struct call_output *o, struct call *c, struct box_sink *sink);
/* One line of a stranger's, without colours; what a terminal would obey, or
   show otherwise, is a question mark. */
void call_add_clean(struct strbuf *out, const char *p, size_t n);
/* The option -t, within what the policy allows of this setting. */
int call_project_limit(struct call *c, enum setting_id id, uint64_t *ms,
    const char **where);

/* Options as the policy has them. */
void test_options_default(struct call *c, struct test_options *o);
/*
 * Runs the tests in c->env and shows what came of them: output as it comes,
 * failing tests and a summary.  t is the caller's, initialised.
 */
int test_call_run(struct call *c, const struct test_options *o,
    struct tests_result *t);
/* The same for the build; without b->command nothing builds this project. */
void build_options_default(struct call *c, struct build_options *o);
int build_call_run(struct call *c, const struct build_options *o,
    struct project_built *b);

#endif
