/* project try: what changes would make of a project, in an environment that is
   made for it and goes again. */
#include <string.h>

#include "cmd/call.h"
#include "cmd/edits_view.h"
#include "cmd/project_call.h"
#include "cmd/table.h"
#include "cmd/text_input.h"
#include "cmd/verify.h"
#include "session/apply.h"
#include "session/project.h"

struct trying {
	struct call *c;
	struct changeset cs;
	struct verification v;
	const char *stage; /* where it was rejected */
	struct strbuf why; /* "": it was not */
};

static int
read_changes(struct trying *t)
{
	autobuf struct strbuf text = STRBUF_INIT;
	struct call *c = t->c;

	if (!c->heredoc && c->argc < 2) {
		err_set(&c->err, ERR_USAGE, "which changes?");
		return err_hint(&c->err, "name a file, or put them here:  "
					 "project try %s <<EOF", c->argv[0]);
	}
	if (c->heredoc && c->argc > 1)
		return err_set(&c->err, ERR_USAGE,
		    "the changes stand in %s or in the heredoc, not in both",
		    c->argv[1]);
	if (c->heredoc)
		strbuf_add(&text, c->heredoc->buf, c->heredoc->len);
	else if (text_input(c, c->argv[1], PATCH_MAX, &text))
		return -1;
	return changeset_read(&t->cs, text.buf, text.len, -1, &c->err);
}

static int
reject(struct trying *t, const char *stage, const char *why)
{
	t->stage = stage;
	strbuf_adds(&t->why, why);
	return 0;
}

static int
check_texts(struct trying *t, const struct edits *edits)
{
	struct call *c = t->c;

	if (!call_has(c, "no-check") && verify_texts(c, edits, &t->v))
		return -1;
	edits_show_now(c);
	return t->v.why.len ? reject(t, "check", t->v.why.buf) : 0;
}

/* Changes that do not apply are rejected; what else fails is an error. */
static int
apply(struct trying *t)
{
	autobuf struct strbuf summary = STRBUF_INIT;
	struct patch_miss miss = PATCH_MISS_INIT;
	struct edits edits = EDITS_INIT;
	struct call *c = t->c;
	int rc;

	rc = session_apply_plan(
	    c->session, c->env, &t->cs, &edits, &miss, &c->err);
	if (!rc)
		rc = session_apply(c->env, &edits, &c->err);
	if (rc && c->err.kind == ERR_USAGE) {
		edits_show_miss(c, &miss);
		rc = reject(t, "apply", c->err.msg.buf);
		err_clear(&c->err);
	} else if (!rc) {
		edits_show(c, &edits, &summary);
		call_note(c, "applied: %s", summary.buf);
		if (call_has(c, "keep") && edits.n)
			edits_remember(c, &edits);
		rc = check_texts(t, &edits);
	}
	patch_miss_release(&miss);
	edits_release(&edits);
	return rc;
}

static int
try_it(struct trying *t)
{
	const struct call *c = t->c;
	unsigned what = (call_has(c, "no-build") ? 0 : VERIFY_BUILD) |
			(call_has(c, "no-test") ? 0 : VERIFY_TESTS);

	if (apply(t))
		return -1;
	if (t->why.len)
		return 0;
	if (verify(t->c, what, &t->v))
		return -1;
	return t->v.passed ? 0 : reject(t, t->v.stage, t->v.why.buf);
}

static void
tell(struct trying *t)
{
	bool executed = !t->why.len;
	json *j = call_data(t->c);

	json_put_str(j, "verdict", executed ? "executed" : "rejected");
	json_put_str(j, "stage", t->stage);
	json_put_str(j, "reason", executed ? NULL : t->why.buf);
	json_put_str(j, "hint", t->v.hint.len ? t->v.hint.buf : NULL);
	if (executed)
		call_text(t->c, "executed\n");
	else
		call_text(t->c, "rejected: %s\n", t->why.buf);
	t->c->status = executed ? 0 : 1;
}

/* What was selected before is again. */
static void
select_again(struct session *s, const char *name)
{
	autoerr struct err ignored = ERR_INIT;
	struct env *env = name ? session_env(s, name, &ignored) : NULL;

	if (env)
		session_env_select(s, env);
}

/* The image of its Dockerfile goes, too; layers of packages are for the next
   time. */
static int
clean_up(struct call *c, struct env *env, bool keep)
{
	autoerr struct err was = ERR_INIT;
	struct project_images made = PROJECT_IMAGES_INIT;
	bool built = env->project->dockerfile != NULL;
	int rc;

	json_put_bool(call_data(c), "kept", keep);
	if (keep)
		return 0;
	err_move(&was, &c->err);
	c->env = NULL;
	rc = project_call_remove(c, env, &made);
	if (!rc && built)
		rc = project_call_remove_images(c, &made);
	project_images_release(&made);
	if (rc && was.kind != ERR_NONE)
		call_warn(c, "%s", c->err.msg.buf);
	if (was.kind != ERR_NONE) {
		err_clear(&c->err);
		err_move(&c->err, &was);
	}
	return rc;
}

static int
open_and_try(struct trying *t)
{
	struct call *c = t->c;
	struct project_options o = project_call_options(c);
	autofree char *before = c->session->current
	    ? xstrdup(c->session->current->spec.name) : NULL;
	bool keep = call_has(c, "keep");
	struct env *env;
	int rc;

	o.for_once = true;
	env = project_call_open(c, &o);
	if (!env)
		return -1;
	c->env = env;
	rc = try_it(t);
	if (!rc)
		tell(t);
	if (clean_up(c, env, keep))
		rc = -1;
	if (!keep)
		select_again(c->session, before);
	return rc;
}

static int
try_exec(struct call *c)
{
	struct trying t = {.c = c, .cs = CHANGESET_INIT,
	    .v = VERIFICATION_INIT, .why = STRBUF_INIT};
	int rc = read_changes(&t);

	if (!rc)
		rc = open_and_try(&t);
	changeset_release(&t.cs);
	verification_release(&t.v);
	strbuf_release(&t.why);
	return rc;
}

static const struct opt try_opts[] = {
    OPT_FLAG(0, "keep", "leave the project open, with the changes"),
    OPT_FLAG(0, "no-check", "do not check the files that change"),
    OPT_FLAG(0, "no-build", "do not build it"),
    OPT_FLAG(0, "no-test", "do not test it"),
    PROJECT_OPEN_OPTS,
    OPT_END,
};

const struct cmd cmd_project_try = {
    .name = "project try",
    .summary = "try changes on a copy of a project: executed or rejected",
    .help =
	"Opens DIR as a project, applies the changes (as apply reads them, "
	"from a file or a heredoc), checks what changes, builds and tests it, "
	"and removes the environment again, whatever happens.  It is called "
	"DIR-try- and eight hexadecimal digits, if it has no --name.  DIR is "
	"never changed.\n"
	"The verdict is executed, with status 0, if all of that has passed; "
	"else rejected with the reason, and status 1: the changes do not "
	"apply, the checks refuse them, the build fails, tests fail or there "
	"are none.  What keeps it from being tried, as that there is no "
	"sandbox, is an error and no verdict.",
    .examples = "project try ./app fix.patch\n"
		"project try ./app changes.json --no-build --keep",
    .opts = try_opts,
    .args = {ARG("DIR", COMP_HOST_DIR),
	ARG_OPTIONAL("CHANGES", COMP_HOST_FILE)},
    .flags = CMD_TAKES_HEREDOC | CMD_RUNS_CODE,
    .exec = try_exec,
};
