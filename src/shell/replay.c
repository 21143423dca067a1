#include "shell/replay_impl.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/regexp.h"
#include "base/secrets.h"
#include "cmd/call.h"
#include "cmd/dispatch.h"
#include "cmd/file_process.h"
#include "cmd/host.h"
#include "cmd/output.h"
#include "session/policy.h"
#include "shell/scene.h"

static void
report(const struct replay *r, json *event)
{
	file_process_report(r->order->report_fd, event);
}

static json *
event_new(const char *name)
{
	json *j = json_object();

	json_put_str(j, "event", name);
	return j;
}

/* "HEADING: COMMAND" */
static char *
step_name(const struct replay *r, const struct transcript_step *s)
{
	const char *heading = transcript_step_heading(r->t, s);
	size_t n;
	const char *title = transcript_step_title(s, &n);

	return xasprintf("%s%s%.*s", heading ? heading : "",
	    heading ? ": " : "", (int)n, title);
}

/* What became of a step: "ok", "not ok", "skip" or "error". */
static void
report_step(const struct replay *r, const struct transcript_step *s,
    const char *verdict, const char *why, const char *text, uint64_t us)
{
	json *j = event_new("step");
	autofree char *name = step_name(r, s);

	json_put_int(j, "n", s->number);
	json_put_int(j, "line", s->line);
	json_put_str(j, "id", s->id);
	json_put_str(j, "name", name);
	json_put_str(j, "verdict", verdict);
	json_put_str(j, "why", why);
	json_put_str(j, "text", text);
	json_put_num(j, "ms", (double)us / 1000);
	/* Reports are kept where CI keeps them. */
	secrets_hide_json(r->c->host->secrets, j);
	report(r, j);
}

static void
worsen(struct replay *r, int status)
{
	if (status > r->status)
		r->status = status;
}

/* ---- one step ---- */

/* 1; 0: it is not recorded; -1: nothing can be. */
static int
get_answer(struct replay *r, const struct transcript_step *s,
    struct answer *a, struct err *err)
{
	if (r->order->offline)
		return recording_find(r->recording, s->id, s->text, a, err);
	stepper_perform(&r->stepper, s, a);
	return 1;
}

static struct judge_scope
scope_of(struct replay *r, const struct transcript_step *s)
{
	return (struct judge_scope){.t = r->t,
	    .masks = r->masks,
	    .scale = r->stepper.scale,
	    .secrets = r->c->host->secrets,
	    .live = !r->order->offline,
	    .taken_up = stepper_is_taken_up(&r->stepper, s),
	    .width = r->order->width,
	    .color = r->order->color};
}

static int
try_once(struct replay *r, const struct transcript_step *s, struct attempt *at,
    struct err *err)
{
	struct judge_scope scope = scope_of(r, s);
	int got = get_answer(r, s, &at->answer, err);

	if (got <= 0)
		return -1;
	scene_learn(r->c->host, r->masks);
	judgement_release(&at->judgement);
	if (judge_step(&at->judgement, &scope, s, &at->answer, err))
		return -1;
	at->stale = false;
	/* Also of what differs: it may be accepted, and steps go on with it. */
	if (!stepper_capture(&r->stepper, s, &at->answer, &at->judgement.why))
		at->judgement.met = at->judgement.rest_met = false;
	return 0;
}

int
replay_try(struct replay *r, const struct transcript_step *s, struct attempt *at,
    struct err *err)
{
	unsigned attempts = s->options.retry ? s->options.retry : 1;
	const struct host *h = r->c->host;

	for (unsigned n = 0; n < attempts; n++) {
		if (n)
			stepper_pause(&r->stepper, s->options.retry_every_ms);
		if (try_once(r, s, at, err))
			return -1;
		if (at->judgement.met || h->interrupted || h->terminated ||
		    r->order->offline)
			break;
	}
	return 0;
}

/* Of steps that are only there for others, nothing is told. */
static bool
is_told(const struct replay *r, size_t i)
{
	return i >= r->begin && i < r->end;
}

static void
tell_impossible(struct replay *r, const struct transcript_step *s,
    const struct err *err)
{
	worsen(r, 99);
	report_step(r, s, "error", err->kind ? err->msg.buf : "not recorded",
	    NULL, 0);
}

static void
tell(struct replay *r, const struct transcript_step *s,
    const struct attempt *at)
{
	bool met = at->judgement.met || at->accepted;

	if (!met && !at->skipped)
		worsen(r, 1);
	if (!is_told(r, s->number - 1))
		return;
	if (at->skipped) {
		r->skipped++;
		report_step(r, s, "skip", "by hand", NULL, at->answer.us);
		return;
	}
	r->passed += met;
	r->failed += !met;
	report_step(r, s, met ? "ok" : "not ok",
	    at->accepted ? "updated" : at->partly ? "updated in part" : NULL,
	    met || r->order->stop || r->order->update == UPDATE_ASK
		? NULL
		: at->judgement.why.buf,
	    at->answer.us);
}

static bool
is_skipped(struct replay *r, const struct transcript_step *s)
{
	autobuf struct strbuf why = STRBUF_INIT;

	if (!s->options.skip_if || r->order->offline ||
	    !scene_has(r->c->host, s->options.skip_if))
		return false;
	strbuf_adds(&why, "skipped with ");
	requirement_add(&why, s->options.skip_if);
	r->skipped++;
	report_step(r, s, "skip", why.buf, NULL, 0);
	return true;
}

/* `--update=all`: what came out becomes what is expected. */
static void
update(struct replay *r, size_t i, struct attempt *at)
{
	autoerr struct err err = ERR_INIT;

	if (at->answer.overdue)
		err_set(&err, ERR_USAGE,
		    "it was stopped at its time limit: that is not written");
	if (!err.kind && !replay_accept(r, i, at, NULL, &err)) {
		at->accepted = true;
		return;
	}
	strbuf_addf(&at->judgement.why, "not updated: %s\n", err.msg.buf);
}

/* `--update`: as far as a person agrees; false: that ends it. */
static bool
update_asked(struct replay *r, size_t i, struct attempt *at)
{
	struct output *o = r->c->out;
	struct replay_choice choice = {0};
	autoerr struct err err = ERR_INIT;
	autobuf struct strbuf text = STRBUF_INIT;

	if (!replay_may_accept(r, i, at, &err))
		replay_ask(r, i, at, &choice);
	else
		output_body(o, at->judgement.why.buf, at->judgement.why.len);
	if (choice.taken && !replay_accept(r, i, at, &choice, &err)) {
		at->accepted = !choice.left;
		at->partly = choice.left;
	}
	replay_choice_release(&choice);
	if (err.kind) {
		strbuf_addf(&text, "not updated: %s\n", err.msg.buf);
		output_body(o, text.buf, text.len);
	}
	return !r->ended;
}

/* A step that is not as expected; false: it was the last one. */
static bool
handle_difference(struct replay *r, size_t i, struct attempt *at)
{
	if (is_told(r, i) && r->order->update == UPDATE_ASK)
		return update_asked(r, i, at);
	if (is_told(r, i) && r->order->update == UPDATE_ALL) {
		update(r, i, at);
		if (at->accepted)
			return true;
	}
	if (is_told(r, i) && r->order->stop)
		return replay_break(r, i, at);
	return r->order->keep_going;
}

/* Without what a secret is known by; the command is in the file anyway. */
static void
record(struct replay *r, size_t i, struct answer *a)
{
	const struct transcript_step *s = &r->t->steps[i];

	if (!r->order->record)
		return;
	answer_hide(a, r->c->host->secrets);
	if (!r->recorded.len)
		recording_add_head(&r->recorded);
	recording_add(&r->recorded, s->id, s->text, a);
}

/* Of a file that is as expected, so that it stays so without an environment. */
static int
write_recording(struct replay *r, struct err *err)
{
	autofree char *path = recording_path(r->order->file);

	if (!r->recorded.len || r->status)
		return 0;
	return io_replace_file(path, r->recorded.buf, r->recorded.len, 0666,
	    err);
}

/* False: that was the last one. */
static bool
replay_step(struct replay *r, size_t i)
{
	const struct host *h = r->c->host;
	autoerr struct err err = ERR_INIT;
	struct attempt at = {.judgement = {.why = STRBUF_INIT}};
	bool go_on = true;

	if (is_skipped(r, &r->t->steps[i]))
		return true;
	answer_init(&at.answer);
	if (replay_try(r, &r->t->steps[i], &at, &err)) {
		tell_impossible(r, &r->t->steps[i], &err);
		go_on = r->order->keep_going;
	} else {
		if (!at.judgement.met)
			go_on = handle_difference(r, i, &at);
		tell(r, &r->t->steps[i], &at);
	}
	judgement_release(&at.judgement);
	record(r, i, &at.answer);
	answer_release(&at.answer);
	return go_on && !h->terminated && !h->interrupted && !h->quit;
}

/* ---- all of them ---- */

static bool
is_named(const struct transcript_step *s, const char *only)
{
	autofree char *number = xasprintf("%u", s->number);

	return (s->id && !strcmp(s->id, only)) || !strcmp(number, only);
}

/* A part of "HEADING: COMMAND". */
static bool
is_matched(const struct replay *r, const struct transcript_step *s,
    const struct regexp *re)
{
	struct regexp_run run = REGEXP_RUN_INIT;
	autofree char *name = step_name(r, s);
	bool found = re && regexp_search(re, &run, name, strlen(name), NULL);

	regexp_run_release(&run);
	return found;
}

/* `--only ID|N|/RE/`: the first step that is meant. */
static int
choose_only(struct replay *r, const char *only, struct err *err)
{
	size_t n = strlen(only), i = 0;
	bool pattern = n > 2 && *only == '/' && only[n - 1] == '/';
	struct regexp *re = pattern ? regexp_new(only + 1, n - 2, err) : NULL;

	if (pattern && !re)
		return err_prefix(err, "--only");
	while (i < r->t->n_steps && !is_named(&r->t->steps[i], only) &&
	       !is_matched(r, &r->t->steps[i], re))
		i++;
	regexp_free(re);
	if (i == r->t->n_steps)
		return err_set(err, ERR_USAGE, "%s has no step %s",
		    r->order->file, only);
	r->begin = i;
	r->end = i + 1;
	return 0;
}

/* The steps that are told of. */
static int
choose(struct replay *r, struct err *err)
{
	const struct replay_order *o = r->order;
	ptrdiff_t at;

	r->begin = o->from ? o->from - 1 : 0;
	r->end = r->t->n_steps;
	if (r->begin >= r->t->n_steps && r->t->n_steps)
		return err_set(err, ERR_USAGE, "%s has %zu steps", o->file,
		    r->t->n_steps);
	if (o->line) {
		at = transcript_at_line(r->t, o->line);
		if (at < 0)
			return err_set(err, ERR_USAGE,
			    "%s has no step at line %u or behind it",
			    o->file, o->line);
		r->begin = (size_t)at;
		r->end = r->begin + 1;
	}
	return o->only ? choose_only(r, o->only, err) : 0;
}

static void
report_end(struct replay *r, const char *why)
{
	json *j = event_new("end");

	json_put_int(j, "status", r->status);
	json_put_int(j, "passed", (int64_t)r->passed);
	json_put_int(j, "failed", (int64_t)r->failed);
	json_put_int(j, "skipped", (int64_t)r->skipped);
	json_put_str(j, "why", why);
	report(r, j);
}

static void
report_begin(struct replay *r)
{
	json *j = event_new("begin");

	json_put_str(j, "title", r->t->front.title);
	json_put_int(j, "steps", (int64_t)(r->end - r->begin));
	report(r, j);
}

static int
prepare(struct replay *r, struct err *err)
{
	autofree char *path = NULL;

	if (choose(r, err))
		return -1;
	r->masks = scene_masks(&r->t->front, err);
	if (!r->masks)
		return -1;
	if (!r->order->offline)
		return 0;
	path = recording_path(r->order->file);
	r->recording = recording_open(path, err);
	return r->recording ? 0 : -1;
}

/* What was said of the steps before keeps pointing into the old text. */
int
replay_read_again(struct replay *r, size_t i, struct err *err)
{
	struct transcript *t = transcript_read_file(r->order->file, err);
	struct transcript *old = r->t;
	struct masks *m = NULL;

	if (t && t->n_steps <= i)
		err_set(err, ERR_CONFIG, "%s ends before this step now",
		    r->order->file);
	if (!err->kind)
		m = scene_masks(&t->front, err);
	if (!m) {
		transcript_free(t);
		return -1;
	}
	masks_free(r->masks);
	r->masks = m;
	r->t = t;
	strbuf_reset(&r->written);
	replay_forget(r);
	if (r->end == old->n_steps || r->end > r->t->n_steps)
		r->end = r->t->n_steps;
	GROW(r->old, r->n_old, &r->old_cap);
	r->old[r->n_old++] = old;
	stepper_use(&r->stepper, r->t);
	stepper_bind(&r->stepper, r->order->file);
	return 0;
}

static void
run_steps(struct replay *r)
{
	size_t i = 0;

	while (i < r->end && replay_step(r, i))
		i++;
	/* Those that were not reached are no success. */
	for (i++; i < r->end; i++)
		if (is_told(r, i))
			report_step(r, &r->t->steps[i], "not reached", NULL,
			    NULL, 0);
}

static int
run(struct replay *r, struct err *err)
{
	autofree char *lack = NULL;

	if (prepare(r, err))
		return -1;
	report_begin(r);
	if (!r->order->offline)
		lack = scene_lacks(r->c->host, &r->t->front);
	if (lack)
		r->status = 77;
	else
		run_steps(r);
	if (replay_write(r, err) || write_recording(r, err))
		return -1;
	if (r->c->host->interrupted || r->c->host->terminated)
		worsen(r, 99);
	scene_put_away(r->c->host, r->order->keep);
	report_end(r, lack);
	return 0;
}

/* --update and `accept` are no steps of the file. */
static void
check_writable(struct replay *r)
{
	autoerr struct err err = ERR_INIT;

	if (policy_may_use_path(host_policy(r->c->host), SET_HOST_WRITE,
		r->order->file, &err))
		r->not_writable = xstrdup(err.msg.buf);
}

int
replay_file(struct call *c, const struct replay_order *order)
{
	struct replay r = {.c = c, .order = order, .written = STRBUF_INIT,
	    .recorded = STRBUF_INIT};
	int rc = -1;

	r.t = transcript_read_file(order->file, &c->err);
	if (!r.t)
		return -1;
	stepper_init(&r.stepper, c->host->interp, r.t, false);
	c->host->replaying = true;
	check_writable(&r);
	stepper_bind(&r.stepper, order->file);
	rc = run(&r, &c->err);
	c->host->replaying = false;
	c->status = r.status;
	stepper_release(&r.stepper);
	recording_close(r.recording);
	strbuf_release(&r.recorded);
	strbuf_release(&r.written);
	free(r.not_writable);
	masks_free(r.masks);
	replay_forget(&r);
	for (size_t i = 0; i < r.n_old; i++)
		transcript_free(r.old[i]);
	free(r.old);
	transcript_free(r.t);
	return rc;
}
