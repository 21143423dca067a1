#include "present/present.h"

#include <stdlib.h>

#include "cmd/call.h"
#include "cmd/file_process.h"
#include "cmd/host.h"
#include "cmd/terminal.h"
#include "present/notes.h"
#include "present/present_impl.h"
#include "shell/keys.h"
#include "shell/scene.h"

/*
 * What there is to show without an environment.  A file without a recording is
 * presented like any other, unless nothing else was to be shown.
 */
static int
read_recording(struct present *p, struct err *err)
{
	autofree char *path = recording_path(p->order->file);
	struct recording *r;

	if (!p->order->offline && access(path, F_OK))
		return 0;
	r = recording_open(path, err);
	if (!r)
		return -1;
	p->recording = true;
	for (size_t i = 0; i < p->t->n_steps && !err->kind; i++)
		p->shown[i].has_record = recording_find(r, p->t->steps[i].id,
					     p->t->steps[i].text,
					     &p->shown[i].record, err) > 0;
	recording_close(r);
	return err->kind ? -1 : 0;
}

static int
prepare(struct present *p, struct err *err)
{
	p->shown = xcalloc(p->t->n_steps + 1, sizeof(*p->shown));
	for (size_t i = 0; i < p->t->n_steps; i++) {
		answer_init(&p->shown[i].answer);
		answer_init(&p->shown[i].record);
	}
	p->last = p->t->n_steps;
	p->masks = scene_masks(&p->t->front, err);
	if (!p->masks || read_recording(p, err))
		return -1;
	plan_make(p);
	return 0;
}

static void
report_end(const struct present *p, const char *lack)
{
	json *j = json_object();
	int64_t recorded = 0, done = 0;

	for (size_t i = 0; i < p->t->n_steps; i++) {
		done += p->shown[i].done;
		recorded += p->shown[i].done && p->shown[i].recorded;
	}
	json_put_str(j, "event", "end");
	json_put_str(j, "lack", lack);
	json_put_int(j, "steps", (int64_t)p->t->n_steps);
	json_put_int(j, "done", done);
	json_put_int(j, "recorded", recorded);
	json_put_int(j, "ms", (int64_t)plan_elapsed(p));
	json_put_int(j, "planned_ms",
	    (int64_t)plan_until(p, p->t->n_steps));
	file_process_report(p->order->report_fd, j);
}

static int
play(struct present *p, struct err *err)
{
	if (p->order->notes) {
		p->notes = notes_open(p, p->order->notes, err);
		if (!p->notes)
			return -1;
	}
	terminal_open();
	room_play(p);
	terminal_close();
	notes_close(p->notes);
	return 0;
}

static int
run(struct present *p, struct err *err)
{
	autofree char *lack = NULL;
	int rc = 0;

	if (prepare(p, err))
		return -1;
	if (!p->order->offline)
		lack = scene_lacks(p->c->host, &p->t->front);
	if (!lack && p->order->rehearse)
		rehearse(p);
	else if (!lack)
		rc = play(p, err);
	scene_put_away(p->c->host, false);
	if (!rc)
		report_end(p, lack);
	return rc;
}

static void
release(struct present *p)
{
	for (size_t i = 0; p->shown && i < p->t->n_steps; i++) {
		answer_release(&p->shown[i].answer);
		answer_release(&p->shown[i].record);
		free(p->shown[i].why);
		free(p->shown[i].prompt);
	}
	free(p->shown);
	free(p->prompt);
	masks_free(p->masks);
	transcript_free(p->t);
}

/* host->present */
static int
present_file(struct call *c, const struct present_order *order)
{
	struct present p = {.c = c, .order = order,
	    .keys = {.in = STRBUF_INIT}};
	int rc;

	p.t = transcript_read_file(order->file, &c->err);
	if (!p.t)
		return -1;
	stepper_init(&p.stepper, c->host->interp, p.t, !order->rehearse);
	c->host->replaying = true;
	stepper_bind(&p.stepper, order->file);
	rc = run(&p, &c->err);
	c->host->replaying = false;
	stepper_release(&p.stepper);
	release(&p);
	return rc;
}

static void
list_keys(struct strbuf *sb)
{
	keys_help(sb);
	strbuf_adds(sb, "\nWhile a session file is presented:\n");
	keys_list(sb);
}

void
present_init(struct host *h)
{
	h->present = present_file;
	h->keys = list_keys;
}
