/* What the steps come to: carried out, or shown as they were recorded. */
#include <string.h>

#include "base/clock.h"
#include "cmd/call.h"
#include "cmd/host.h"
#include "cmd/output.h"
#include "present/present_impl.h"
#include "replay/judge.h"
#include "shell/scene.h"

/* Between two parts of a recorded output nobody waits longer. */
enum { IDLE_MS = 1000 };

/* Is it as expected?  Then what follows can use what it captures. */
static bool
compare(struct present *p, const struct transcript_step *s,
    struct shown *w, const struct answer *a)
{
	struct judge_scope scope = {.t = p->t, .masks = p->masks,
	    .scale = p->stepper.scale, .live = !w->recorded,
	    .secrets = p->c->host->secrets,
	    .taken_up = stepper_is_taken_up(&p->stepper, s)};
	struct judgement j = {.why = STRBUF_INIT};
	autoerr struct err err = ERR_INIT;
	bool met = !judge_step(&j, &scope, s, a, &err) && j.met;

	if (err.kind)
		strbuf_addf(&j.why, "%s\n", err.msg.buf);
	if (!stepper_capture(&p->stepper, s, a, &j.why))
		met = false;
	free(w->why);
	w->why = met ? NULL : xstrdup(j.why.buf);
	judgement_release(&j);
	return met;
}

static void
try_step(struct present *p, const struct transcript_step *s, struct shown *w)
{
	unsigned attempts = s->options.retry ? s->options.retry : 1;
	struct host *h = p->c->host;

	for (unsigned n = 0; n < attempts; n++) {
		if (n)
			stepper_pause(&p->stepper, s->options.retry_every_ms);
		stepper_perform(&p->stepper, s, &w->answer);
		scene_learn(h, p->masks);
		w->met = compare(p, s, w, &w->answer);
		if (w->met || h->interrupted || h->terminated)
			return;
	}
}

/* Parts of an output, at the pace they came (timed) or at once; a key shows the
   rest at once, Ctrl-C ends it. */
static void
show_answer(struct present *p, const struct answer *a, bool timed)
{
	struct output *o = p->c->out;
	int64_t at = clock_ms();
	uint64_t before = 0;
	enum present_key key = KEY_NONE;

	output_begin(o, STDOUT_FILENO, "stdout");
	for (size_t i = 0; i < a->n_events && key != KEY_STOP; i++) {
		const struct answer_event *ev = &a->events[i];
		uint64_t gap = (ev->us - before) / 1000;

		at += (int64_t)(gap < IDLE_MS ? gap : IDLE_MS);
		before = ev->us;
		if (timed && key == KEY_NONE)
			key = keys_wait(&p->keys, at);
		if (key != KEY_STOP && key != KEY_GONE)
			output_program(o, ev->fd,
			    a->stream[ev->fd].buf + ev->start, ev->n);
	}
	output_end(o);
}

/* What is tried several times is shown once, as it came out. */
static bool
is_shown_afterwards(const struct transcript_step *s)
{
	return s->options.wait || s->options.retry > 1;
}

void
step_perform(struct present *p, size_t i, bool shown)
{
	const struct transcript_step *s = &p->t->steps[i];
	struct shown *w = &p->shown[i];
	bool afterwards = shown && is_shown_afterwards(s);

	p->stepper.shown = shown && !afterwards;
	w->recorded = false;
	try_step(p, s, w);
	w->done = true;
	/* Who presents decides when it ends, not the file. */
	p->c->host->quit = false;
	if (afterwards)
		show_answer(p, &w->answer, false);
}

void
step_fall_back(struct present *p, size_t i, bool shown)
{
	struct shown *w = &p->shown[i];

	w->recorded = w->done = true;
	w->met = compare(p, &p->t->steps[i], w, &w->record);
	p->c->host->last_status = w->record.status.code;
	if (!shown)
		return;
	screen_say(p, "(recorded)");
	show_answer(p, &w->record, true);
}

void
step_show_again(struct present *p, size_t i)
{
	const struct shown *w = &p->shown[i];

	if (w->recorded)
		screen_say(p, "(recorded)");
	show_answer(p, w->recorded ? &w->record : &w->answer, false);
}

bool
step_is_left_out(struct present *p, size_t i)
{
	const struct requirement *q = p->t->steps[i].options.skip_if;

	return p->shown[i].left_out =
		   q && !p->order->offline && scene_has(p->c->host, q);
}
