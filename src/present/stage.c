/* The stage: what is on the screen, and the steps as they follow each other. */
#include "base/clock.h"
#include "cmd/call.h"
#include "cmd/host.h"
#include "present/present_impl.h"
#include "replay/typing.h"

static const struct step_options *
options(const struct present *p, size_t i)
{
	return &p->t->steps[i].options;
}

/* ---- what is on the screen ---- */

static void
show_prompt(struct present *p)
{
	p->place = p->i < p->t->n_steps ? AT_PROMPT : AT_END;
	screen_prompt(p, NULL);
	if (p->place == AT_PROMPT)
		for (size_t n = 0; n < p->typed;)
			n = screen_type(p, p->i, n);
}

void
stage_show(struct present *p)
{
	if (p->place == AT_SECTION)
		screen_prompt(p, NULL);
	else
		show_prompt(p);
}

void
stage_section(struct present *p)
{
	screen_leave_prompt(p);
	screen_section(p, p->i);
	show_prompt(p);
}

/* ---- steps ---- */

/* Keys that end what runs, whatever it is. */
static void
on_live_key(void *arg, enum present_key key)
{
	struct present *p = arg;

	if (key != KEY_FALL_BACK && key != KEY_SKIP)
		return;
	p->wish = key;
	p->c->host->interrupted++;
}

void
stage_fall_back(struct present *p, size_t i, bool shown)
{
	step_fall_back(p, i, shown);
	keys_forget(&p->keys);
}

static void
perform(struct present *p, size_t i, bool shown)
{
	bool offline = p->order->offline;

	if (offline && p->shown[i].has_record) {
		stage_fall_back(p, i, shown);
		return;
	}
	if (offline) {
		screen_say(p, "(not recorded)");
		return;
	}
	p->wish = KEY_NONE;
	p->keys.live = on_live_key;
	p->keys.arg = p;
	step_perform(p, i, shown);
	p->keys.live = NULL;
	p->c->host->interrupted = 0;
	keys_forget(&p->keys);
	if (p->wish != KEY_FALL_BACK)
		return;
	if (p->shown[i].has_record)
		stage_fall_back(p, i, shown);
	else
		screen_say(p, "(not recorded)");
}

/* Step i or the next one that the room sees. */
static size_t
next_visible(struct present *p, size_t i)
{
	while (i < p->t->n_steps &&
	       (options(p, i)->hide || step_is_left_out(p, i)))
		i++;
	return i;
}

void
stage_perform_unseen(struct present *p, size_t from, size_t to)
{
	const struct host *h = p->c->host;

	for (size_t i = from; i < to && !h->terminated; i++)
		if (options(p, i)->hide && !p->shown[i].done &&
		    !step_is_left_out(p, i))
			perform(p, i, false);
}

/* While something is being looked at, what comes next waits for a key: the
   prompt says that it can be pressed.  What the room does not see is done
   before. */
void
stage_arrive(struct present *p, size_t i, bool at_once)
{
	p->i = next_visible(p, i);
	p->typed = 0;
	p->place = AT_SECTION;
	if (p->used && !at_once && screen_has_section(p, p->i)) {
		stage_perform_unseen(p, i, p->i);
		screen_prompt(p, NULL);
		return;
	}
	screen_section(p, p->i);
	stage_perform_unseen(p, i, p->i);
	show_prompt(p);
}

void
stage_run(struct present *p)
{
	free(p->shown[p->i].prompt);
	p->shown[p->i].prompt = xstrdup(p->prompt);
	screen_write(p, "\n", 1);
	p->last = p->i;
	perform(p, p->i, true);
	stage_arrive(p, p->last + 1, false);
}

/* ---- typing ---- */

bool
stage_is_typed(const struct present *p)
{
	return p->typed >= screen_length(p, p->i);
}

void
stage_type_rest(struct present *p)
{
	screen_type_all(p, p->i, p->typed);
	p->typed = screen_length(p, p->i);
}

void
stage_take_back(struct present *p)
{
	if (p->place != AT_PROMPT || !p->typed) {
		screen_bell(p);
		return;
	}
	screen_write(p, "^C\n", 3);
	p->typed = 0;
	show_prompt(p);
}

/* A key that means nothing, or just that, ends the waiting.  False: another one
   was pressed, which is left to be done. */
static bool
type_alone(struct present *p, uint64_t pace_ms)
{
	const struct transcript_step *s = &p->t->steps[p->i];
	enum present_key key = KEY_NONE;
	int64_t at = clock_us();
	struct typing t;

	typing_begin(&t, s->text, s->n);
	while (!stage_is_typed(p) && key == KEY_NONE && pace_ms) {
		at += (int64_t)typing_pause(&t, pace_ms * 1000,
		    s->text[p->typed]);
		p->typed = screen_type(p, p->i, p->typed);
		key = keys_wait(&p->keys, at / 1000);
	}
	if (key > KEY_NEXT) {
		p->left = key;
		return false;
	}
	stage_type_rest(p);
	return true;
}

/* How this step is typed: false: a character for each key. */
static bool
types_alone(const struct present *p, uint64_t *pace_ms)
{
	const struct step_options *o = options(p, p->i);

	*pace_ms = p->plain	? 0
		   : o->has_type ? o->type_ms
				 : p->order->type_ms;
	return p->plain || o->has_type || p->order->types;
}

void
stage_type(struct present *p)
{
	bool runs = p->order->types && !options(p, p->i)->pause;
	uint64_t pace_ms;

	if (!types_alone(p, &pace_ms))
		p->typed = screen_type(p, p->i, p->typed);
	else if (type_alone(p, pace_ms) && runs)
		stage_run(p);
}
