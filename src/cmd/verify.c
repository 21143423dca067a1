#include "cmd/verify.h"

#include <errno.h>
#include <string.h>

#include "cmd/check_show.h"
#include "cmd/run_result.h"
#include "cmd/test_call.h"

void
verification_release(struct verification *v)
{
	strbuf_release(&v->why);
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
		    &out, &c->err);
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

/* -------- the build -------- */

static int
build(struct call *c, struct verification *v)
{
	struct build_options o;
	struct project_built b;
	struct box_sink sink;
	struct call_output out;
	int rc;

	project_built_init(&b);
	build_options_default(c, &o);
	call_output_init(&out, c, &sink);
	v->stage = "build";
	rc = session_project_build(
	    c->session, c->env, &o, &sink, &b, &c->err);
	if (!rc && b.command.n)
		rc = check_ended(c, &b.run);
	if (!rc && b.command.n && b.run.exec_errno == ENOENT)
		rc = err_set(&c->err, ERR_USAGE,
		    "%s is not in this environment", b.command.v[0]);
	if (!rc && b.command.n) {
		v->built = true;
		json_put(call_data(c), "build", project_built_json(&b));
		run_result_show(c, &b.run);
		v->status = b.run.exit_code;
		v->passed = !v->status;
		if (!v->passed)
			strbuf_addf(&v->why, "the build failed (%s, status %d)",
			    b.name, v->status);
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
}

static int
judge(struct call *c, struct verification *v, const struct tests_result *t)
{
	if (t->state == TESTS_STOPPED)
		return check_ended(c, &t->run)
		    ? -1 : err_set(&c->err, ERR_INTERRUPTED, "interrupted");
	if (t->state == TESTS_MISSING)
		return err_set(&c->err, ERR_USAGE, "%s",
		    t->why ? t->why : "what tests it is not there");
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
		json_put(call_data(c), "tests", tests_json(&t));
		rc = judge(c, v, &t);
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
	return rc;
}
