/* diff: what two steps wrote, line by line. */
#include <string.h>

#include "cmd/call.h"
#include "cmd/host.h"
#include "cmd/output.h"
#include "cmd/step_call.h"
#include "replay/show.h"
#include "session/session.h"

enum { STATUS_DIFFERENT = 1 };

/* Both outputs, and how their lines belong together. */
struct comparison {
	struct strbuf text[2];
	struct actual lines[2];
	struct expectation x;
	struct alignment al;
};

static int
read_both(struct call *c, struct comparison *d, const unsigned step[2],
    bool errs)
{
	for (int i = 0; i < 2; i++)
		if (steps_read_stream(c->session->steps, step[i], errs,
			&d->text[i], &c->err))
			return -1;
	return 0;
}

static void
compare(struct comparison *d)
{
	for (int i = 0; i < 2; i++)
		actual_read(&d->lines[i], d->text[i].buf, d->text[i].len);
	expectation_of_output(&d->x, &d->lines[0]);
	align(&d->al, &d->x, &d->lines[1]);
}

static void
comparison_release(struct comparison *d)
{
	alignment_release(&d->al);
	expectation_release(&d->x);
	for (int i = 0; i < 2; i++) {
		actual_release(&d->lines[i]);
		strbuf_release(&d->text[i]);
	}
}

/* 1 if the streams differ, 0 if not, -1 with an error. */
static int
diff_stream(struct call *c, const unsigned step[2], bool errs)
{
	struct comparison d = {.text = {STRBUF_INIT, STRBUF_INIT}};
	autofree char *a = xasprintf("@%u", step[0]);
	autofree char *b = xasprintf("@%u", step[1]);
	struct masks *m = masks_new();
	int rc = read_both(c, &d, step, errs);

	if (!rc) {
		const struct show_stream st = {
		    &d.x, &d.lines[1], &d.al, {a, b}};
		const struct show s = {.masks = m,
		    .color = c->out->color[1]};

		compare(&d);
		rc = !alignment_matches(&d.al);
		if (rc) {
			call_text(c, "%s of %s and %s:\n",
			    errs ? "stderr" : "stdout", a, b);
			show_table(&c->body, &s, &st);
		}
		json_put_bool(call_data(c), errs ? "stderr_differs"
						 : "stdout_differs", rc);
	}
	comparison_release(&d);
	masks_free(m);
	return rc;
}

static int
parse_steps(struct call *c, unsigned step[2])
{
	step[1] = steps_last(c->session->steps);
	for (size_t i = 0; i < c->argc; i++)
		if (step_parse(c->argv[i], &step[i], &c->err))
			return -1;
	if (c->argc)
		return 0;
	err_set(&c->err, ERR_USAGE, "which steps?");
	return err_hint(&c->err, "usage: diff @A [@B]");
}

static int
diff_exec(struct call *c)
{
	bool only_out = call_has(c, "stdout"), only_err = call_has(c, "stderr");
	unsigned step[2] = {0};
	int out = 0, errs = 0;

	if (!c->argc && c->host->choose)
		return c->host->choose(c, BREAK_DIFF);
	if (parse_steps(c, step))
		return -1;
	if (!only_err || only_out)
		out = diff_stream(c, step, false);
	if (out >= 0 && (!only_out || only_err))
		errs = diff_stream(c, step, true);
	if (out < 0 || errs < 0)
		return -1;
	c->status = out || errs ? STATUS_DIFFERENT : 0;
	return 0;
}

static const struct opt diff_opts[] = {
    OPT_FLAG(0, "stdout", "that stream only"),
    OPT_FLAG(0, "stderr", "that stream only"),
    OPT_END,
};

const struct cmd cmd_diff = {
    .name = "diff",
    .summary = "compare what two steps wrote, line by line",
    .help = "@B is the last step unless it is given. The first column counts "
	    "the lines of @A, the second those of @B; - is only in @A, + only "
	    "in @B. The status is 1 if they differ.\n"
	    "Where 'replay' has stopped, diff alone shows again what is not "
	    "as expected.",
    .examples = "diff @5 @7\ndiff @5",
    .opts = diff_opts,
    .args = {ARG_OPTIONAL("@A", COMP_STEP), ARG_OPTIONAL("@B", COMP_STEP)},
    .flags = CMD_NO_STEP | CMD_PAGEABLE,
    .exec = diff_exec,
};
