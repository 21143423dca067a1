#include "cmd/verify.h"

#include <errno.h>
#include <string.h>

#include "cmd/check_show.h"
#include "cmd/session_host.h"
#include "cmd/test_call.h"

void
verification_release(struct verification *v)
{
	strbuf_release(&v->why);
	strbuf_release(&v->hint);
}

/* A run that was ended from outside says nothing. */
static int
check_ended(struct call *c, const struct result *r)
{
	if (r->cancelled)
		return err_set(&c->err, ERR_INTERRUPTED, "interrupted");
	if (r->lost)
		return err_set(&c->err, ERR_SANDBOX,
		    "the environment was lost: %s",
		    r->lost_why ? r->lost_why : "nobody knows why");
	return 0;
}

/* -------- the checks -------- */

static struct check_input *
check_inputs(struct session *s, const struct edits *edits, size_t *n)
{
	struct check_input *in = xcalloc(edits->n + 1, sizeof(*in));

	*n = 0;
	for (size_t i = 0; i < edits->n; i++) {
		const struct edit *e = &edits->v[i];
		const struct check_input one = {.name = e->path,
		    .text = e->after.content.buf, .n = e->after.content.len};

		if (e->after.exists && check_knows(s, &one))
			in[(*n)++] = one;
	}
	return in;
}

/* The first that nobody looks at, as it is too large; or NULL. */
static const char *
too_large(const struct check_input *in, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (in[i].n > CHECK_TEXT_MAX)
			return in[i].name;
	return NULL;
}

int
verify_texts(struct call *c, const struct edits *edits,
    struct verification *v)
{
	unsigned layers = check_layers(c->session->policy, NULL, &c->err);
	struct session_events ev = {session_host_event, c};
	struct check_outcome out;
	size_t n, denied;
	struct check_input *in = check_inputs(c->session, edits, &n);
	const char *large = layers ? too_large(in, n) : NULL;
	autojson json *none = json_array();
	json *record = json_object();
	int rc = -1;

	check_outcome_init(&out);
	v->stage = "check";
	if (large)
		rc = 0;
	else if (layers)
		rc = session_check(c->session, c->env, in, n, layers, false,
		    &ev, &out, &c->err);
	denied = check_count(&out, CHECK_REFUSE);
	v->passed = !denied && !large;
	if (large)
		strbuf_addf(&v->why, "%s is too large to be checked", large);
	if (!rc && n && !large) {
		check_show(c, &out, none);
		check_put_json(&out, record);
	}
	if (denied)
		strbuf_addf(&v->why, "the checks refuse %zu of what they found",
		    denied);
	json_put(call_data(c), "checks", record);
	check_outcome_release(&out);
	free(in);
	return rc;
}

/* -------- what was run -------- */

/* What a command of its own has beside `build` or `tests`, but for the streams:
   those are the step's. */
static void
put_run(json *what, const struct result *r)
{
	json_put(what, "run", result_json(r, NULL, NULL));
}

/* Both wrote to them, one after the other. */
static void
put_streams(struct call *c)
{
	autobuf struct strbuf out = STRBUF_INIT, errs = STRBUF_INIT;

	if (!c->session->step)
		return;
	step_read(c->session->step, false, &out);
	step_read(c->session->step, true, &errs);
	json_put_bytes(call_data(c), "stdout", out.buf, out.len);
	json_put_bytes(call_data(c), "stderr", errs.buf, errs.len);
}

/* Adds what is known of a failure to its reason, and keeps the remedy. */
static void
explain(struct verification *v, const struct result *r)
{
	if (r->note.kind != ERR_NONE)
		strbuf_addf(&v->why, ": %s", r->note.msg.buf);
	strbuf_add(&v->hint, r->note.hint.buf, r->note.hint.len);
}

/* -------- the build -------- */

static int
judge_build(struct call *c, struct verification *v,
    const struct project_built *b)
{
	if (check_ended(c, &b->run))
		return -1;
	if (b->run.exec_errno == ENOENT) {
		err_set(&c->err, ERR_USAGE, "%s is not in this environment",
		    b->command.v[0]);
		return b->run.note.hint.len
		    ? err_hint(&c->err, "%s", b->run.note.hint.buf) : -1;
	}
	v->built = true;
	v->status = b->run.exit_code;
	v->passed = !v->status;
	if (v->passed) {
		call_note(c, "built: %s", b->name);
	} else {
		strbuf_addf(&v->why, "the build failed (%s, status %d)",
		    b->name, v->status);
		explain(v, &b->run);
	}
	return 0;
}

static int
build(struct call *c, struct verification *v)
{
	struct build_options o;
	struct project_built b;
	int rc;

	project_built_init(&b);
	build_options_default(c, &o);
	v->stage = "build";
	rc = build_call_run(c, &o, &b);
	if (!rc && b.command.n) {
		json *built = project_built_json(&b);

		put_run(built, &b.run);
		json_put(call_data(c), "build", built);
		rc = judge_build(c, v, &b);
	}
	strvec_release(&o.args);
	project_built_release(&b);
	return rc;
}

/* -------- the tests -------- */

static void
say_tests(struct verification *v, const struct tests_result *t)
{
	autobuf struct strbuf sum = STRBUF_INIT;

	tests_summary(t, &sum);
	strbuf_adds(&v->why, "the tests: ");
	strbuf_add(&v->why, sum.buf, strcspn(sum.buf, "\n"));
	if (tests_need_note(t))
		explain(v, &t->run);
	if (t->hint && !v->hint.len)
		strbuf_addf(&v->hint, "try:  %s", t->hint);
}

static int
judge_tests(struct call *c, struct verification *v,
    const struct tests_result *t)
{
	if (t->state == TESTS_STOPPED)
		return check_ended(c, &t->run)
		    ? -1 : err_set(&c->err, ERR_INTERRUPTED, "interrupted");
	if (t->state == TESTS_MISSING) {
		err_set(&c->err, ERR_USAGE, "%s",
		    t->why ? t->why : "what tests it is not there");
		return t->hint ? err_hint(&c->err, "try:  %s", t->hint) : -1;
	}
	v->tested = t->state != TESTS_NONE;
	v->status = tests_status(t);
	v->passed = t->state == TESTS_PASSED;
	if (!v->passed)
		say_tests(v, t);
	return 0;
}

static int
tests(struct call *c, struct verification *v)
{
	struct test_options o;
	struct tests_result t;
	int rc;

	tests_result_init(&t);
	test_options_default(c, &o);
	v->stage = "test";
	rc = test_call_run(c, &o, &t);
	if (!rc) {
		json *tested = tests_json(&t);

		if (t.command.n)
			put_run(tested, &t.run);
		json_put(call_data(c), "tests", tested);
		rc = judge_tests(c, v, &t);
	}
	strvec_release(&o.args);
	tests_result_release(&t);
	return rc;
}

int
verify(struct call *c, unsigned what, struct verification *v)
{
	int rc = 0;

	v->passed = true;
	if (c->session->step)
		step_log_begin(c->session->step);
	if (what & VERIFY_BUILD)
		rc = build(c, v);
	if (!rc && v->passed && what & VERIFY_TESTS)
		rc = tests(c, v);
	put_streams(c);
	return rc;
}
