/* apply: changes to several files of the environment, all or none. */
#include <errno.h>
#include <string.h>

#include "cmd/call.h"
#include "cmd/edits_view.h"
#include "cmd/table.h"
#include "cmd/text_input.h"
#include "cmd/verify.h"
#include "session/apply.h"

/* What stands behind the command, or in a file. */
static int
read_changes(struct call *c, struct changeset *cs)
{
	autobuf struct strbuf text = STRBUF_INIT;
	int strip = call_has(c, "strip") ? (int)call_int(c, "strip", 0) : -1;

	if (c->heredoc)
		strbuf_add(&text, c->heredoc->buf, c->heredoc->len);
	else if (text_input(c, c->argv[0], PATCH_MAX, &text))
		return -1;
	return changeset_read(cs, text.buf, text.len, strip, &c->err);
}

static int
plan(struct call *c, struct edits *edits)
{
	struct changeset cs = CHANGESET_INIT;
	struct patch_miss miss = PATCH_MISS_INIT;
	int rc;

	rc = read_changes(c, &cs);
	if (!rc)
		rc = session_apply_plan(c->session, c->env, &cs, edits, &miss,
		    &c->err);
	if (rc)
		edits_show_miss(c, &miss);
	patch_miss_release(&miss);
	changeset_release(&cs);
	return rc;
}

/* What the policy says is done after each apply. */
static int
follow_up(struct call *c)
{
	const struct policy *p = c->session->policy;
	unsigned what = (policy_num(p, SET_PROJECT_AUTO_BUILD) ? VERIFY_BUILD
							       : 0) |
			(policy_num(p, SET_PROJECT_AUTO_TEST) ? VERIFY_TESTS
							      : 0);
	struct verification v = VERIFICATION_INIT;
	int rc;

	if (!what)
		return 0;
	edits_show_now(c);
	rc = verify(c, what, &v);
	if (!rc && !v.passed)
		call_reason(c, "the changes stay: %s", v.why.buf);
	if (!rc) {
		json_put_bool(call_data(c), "verified", v.passed);
		json_put_str(call_data(c), "reason",
		    v.passed ? NULL : v.why.buf);
		json_put_str(call_data(c), "hint",
		    v.hint.len ? v.hint.buf : NULL);
		c->status = v.status;
	}
	verification_release(&v);
	return rc;
}

static int
apply_changes(struct call *c)
{
	autobuf struct strbuf summary = STRBUF_INIT;
	struct edits edits = EDITS_INIT;
	bool dry = call_has(c, "dry-run");
	int rc = plan(c, &edits);

	if (!rc && !dry)
		rc = session_apply(c->env, &edits, &c->err);
	json_put_bool(call_data(c), "applied", !rc && !dry);
	if (!rc) {
		edits_show(c, &edits, &summary);
		call_note(c, "%s: %s", dry ? "it would apply" : "applied",
		    summary.buf);
	}
	if (!rc && !dry && edits.n) {
		edits_remember(c, &edits);
		rc = follow_up(c);
	}
	edits_release(&edits);
	return rc;
}

/* The files are what they were, whatever becomes of the memory of it. */
static void
forget(struct call *c)
{
	autoerr struct err err = ERR_INIT;
	size_t left = 0;

	if (session_undo_pop(c->session, c->env, &left, &err))
		call_warn(c, "it is still kept as one that can be undone: %s",
		    err.msg.buf);
}

static int
take_back(struct call *c)
{
	autobuf struct strbuf summary = STRBUF_INIT;
	struct edits edits = EDITS_INIT;
	unsigned step = 0;
	int rc;

	rc = session_undo_plan(c->session, c->env, &edits, &step, &c->err);
	if (!rc && !call_has(c, "dry-run")) {
		rc = session_apply(c->env, &edits, &c->err);
		if (rc && c->err.code == ESTALE)
			err_hint(&c->err, "what was changed after the apply "
					  "is not undone");
		if (!rc)
			forget(c);
	}
	if (!rc) {
		edits_show(c, &edits, &summary);
		json_put_int(call_data(c), "undone_step", step);
		call_note(c, "@%u undone: %s", step, summary.buf);
	}
	edits_release(&edits);
	return rc;
}

static int
apply_exec(struct call *c)
{
	bool undo = call_has(c, "undo");

	if (undo && (c->argc || c->heredoc))
		return err_set(&c->err, ERR_USAGE,
		    "apply --undo takes back the last apply: it takes no "
		    "changes");
	if (c->argc && c->heredoc)
		return err_set(&c->err, ERR_USAGE,
		    "the changes stand in %s or in the heredoc, not in both",
		    c->argv[0]);
	if (undo)
		return take_back(c);
	if (!c->argc && !c->heredoc) {
		err_set(&c->err, ERR_USAGE, "which changes?");
		return err_hint(&c->err, "name a file, or put them here:  "
					 "apply <<EOF");
	}
	return apply_changes(c);
}

static const struct opt apply_opts[] = {
    OPT_FLAG('n', "dry-run", "show what it would do"),
    OPT_INT(0, "strip", "N", "components that the names of a patch lose, else "
			     "what its a/ and b/ say"),
    OPT_FLAG(0, "undo", "take the last apply back"),
    OPT_END,
};

const struct cmd cmd_apply = {
    .name = "apply",
    .summary = "change files of the environment, all or none",
    .help =
	"FILE, a heredoc or, for -, standard input is a unified diff, of git "
	"or diff -u, or JSON: a list of {\"path\": ..., \"content\": ...} for "
	"whole files, with \"content_b64\" for what is no text, \"mode\", and "
	"\"delete\": true.  Paths are relative to the workspace and lead "
	"nowhere else; no link is followed.\n"
	"A hunk is applied where all its lines are, if not at its own line "
	"then at the nearest place.  If one does not apply, or a file is "
	"changed by a program meanwhile, nothing is changed.  The result is "
	"shown as a diff.\n"
	"With project.auto_build and project.auto_test (AUTO_BUILD, AUTO_TEST) "
	"the project is built and tested after each apply; what fails there "
	"takes nothing back.\n"
	"--undo takes the last apply back, and then the one before: files "
	"that were changed since are an error.",
    .examples = "apply fix.patch\napply changes.json\napply --undo",
    .opts = apply_opts,
    .args = {ARG_OPTIONAL("FILE", COMP_HOST_FILE)},
    .flags = CMD_NEEDS_ENV | CMD_TAKES_HEREDOC | CMD_PAGEABLE,
    .exec = apply_exec,
};
