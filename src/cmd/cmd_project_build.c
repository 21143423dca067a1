/* project build: what a project is built with, and what that made. */
#include <string.h>

#include "base/units.h"
#include "cmd/call.h"
#include "cmd/run_result.h"
#include "cmd/test_call.h"
#include "session/build_run.h"

#define SHOWN_MAX 20 /* artifacts that people get */

static const struct opt build_opts[] = {
    OPT_STR(0, "command", "CMD", "run this, by sh, in place of a tool",
	COMP_NONE),
    OPT_STR(0, "lang", "LANGUAGE", "only what builds this language",
	COMP_LANGUAGE),
    OPT_TIME('t', "timeout", "stop it after this long"),
    OPT_END,
};

static void
show_artifacts(struct call *c, const struct project_built *b)
{
	for (size_t i = 0; i < b->n && i < SHOWN_MAX; i++) {
		autobuf struct strbuf line = STRBUF_INIT;

		call_add_clean(&line, b->artifacts[i].path,
		    strlen(b->artifacts[i].path));
		strbuf_adds(&line, "  ");
		units_add_size(&line, b->artifacts[i].bytes);
		call_text(c, "%s\n", line.buf);
	}
	if (b->n > SHOWN_MAX)
		call_text(c, "... and %zu more\n", b->n - SHOWN_MAX);
	if (b->others)
		call_text(c, "%s%llu other file%s\n", b->n ? "and " : "",
		    (unsigned long long)b->others, b->others == 1 ? "" : "s");
}

int
build_call_run(struct call *c, const struct build_options *o,
    struct project_built *b)
{
	struct box_sink sink;
	struct call_output out;

	call_output_init(&out, c, &sink);
	b->run.step = c->step;
	if (c->session->step)
		step_log_begin(c->session->step);
	if (session_project_build(
		c->session, c->env, o, &sink, b, &c->err))
		return -1;
	if (!b->command.n)
		return 0;
	show_artifacts(c, b);
	run_result_show(c, &b->run);
	return 0;
}

void
build_options_default(struct call *c, struct build_options *o)
{
	const struct policy *p = c->session->policy;

	*o = (struct build_options){.args = STRVEC_INIT};
	o->timeout_ms = policy_num(p, SET_PROJECT_BUILD_TIMEOUT);
	o->timeout_where = policy_where(p, SET_PROJECT_BUILD_TIMEOUT);
	o->log_max = policy_num(p, SET_OUTPUT_LIMIT);
	o->output_max = o->log_max;
}

static int
set_options(struct call *c, struct build_options *o)
{
	build_options_default(c, o);
	o->command = call_str(c, "command");
	o->lang = call_str(c, "lang");
	if (c->redirected)
		o->output_max = 0;
	strvec_pushv(&o->args, c->argv, c->argc);
	return call_project_limit(c, SET_PROJECT_BUILD_TIMEOUT, &o->timeout_ms,
	    &o->timeout_where);
}

static int
check_built(struct call *c, const struct project_built *b)
{
	if (b->command.n)
		return 0;
	err_set(&c->err, ERR_USAGE,
	    "no file of the project says what builds it");
	return err_hint(&c->err, "project build --command CMD");
}

static int
build_exec(struct call *c)
{
	struct build_options o;
	struct project_built b;
	int rc;

	project_built_init(&b);
	rc = set_options(c, &o) || build_call_run(c, &o, &b) ||
		     check_built(c, &b)
		 ? -1
		 : 0;
	if (!rc) {
		run_result_keep(c, &b.run);
		json_put(call_data(c), "build", project_built_json(&b));
		c->status = b.run.exit_code;
	}
	strvec_release(&o.args);
	project_built_release(&b);
	return rc;
}

const struct cmd cmd_project_build = {
    .name = "project build",
    .summary = "build the project in the environment",
    .help =
	"Finds what builds it (make, mvn, cargo ...), or at least checks that "
	"it compiles, runs that in the workspace and lists the files that it "
	"made, which  get  fetches.\n"
	"ARGs are the tool's own.  The status is the tool's, 124 at the time "
	"limit (project.build_timeout).",
    .examples = "project build\n"
		"project build --command 'make -j2 all'",
    .opts = build_opts,
    .args = {ARG_REST("ARG", COMP_ENV_FILE)},
    .flags = CMD_NEEDS_ENV | CMD_OPTS_FIRST | CMD_RUNS_CODE,
    .exec = build_exec,
};
