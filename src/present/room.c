/* The keys of who presents, and what they do. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/call.h"
#include "cmd/host.h"
#include "cmd/output.h"
#include "present/notes.h"
#include "present/present_impl.h"
#include "replay/typing.h"
#include "shell/interp.h"
#include "shell/takeover.h"

enum { ANSWER_LENGTH = 64 };

static const struct step_options *
options(const struct present *p, size_t i)
{
	return &p->t->steps[i].options;
}

size_t
room_left(const struct present *p)
{
	size_t n = 0;

	for (size_t i = p->i; i < p->t->n_steps; i++)
		n += !options(p, i)->hide;
	return n;
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

/* After something else was on the screen. */
static void
show_place(struct present *p)
{
	if (p->place == AT_SECTION)
		screen_prompt(p, NULL);
	else
		show_prompt(p);
}

static void
show_section(struct present *p)
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

static void
fall_back(struct present *p, size_t i, bool shown)
{
	step_fall_back(p, i, shown);
	keys_forget(&p->keys);
}

static void
perform(struct present *p, size_t i, bool shown)
{
	bool offline = p->order->offline;

	if (offline && p->shown[i].has_record) {
		fall_back(p, i, shown);
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
		fall_back(p, i, shown);
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

/* Those that the room does not see, unless they were performed before. */
static void
perform_unseen(struct present *p, size_t from, size_t to)
{
	const struct host *h = p->c->host;

	for (size_t i = from; i < to && !h->terminated; i++)
		if (options(p, i)->hide && !p->shown[i].done &&
		    !step_is_left_out(p, i))
			perform(p, i, false);
}

/* To step i.  While something is being looked at, what comes next waits for a
   key: the prompt says that it can be pressed.  What the room does not see is
   done before. */
static void
arrive(struct present *p, size_t i, bool at_once)
{
	p->i = next_visible(p, i);
	p->typed = 0;
	p->place = AT_SECTION;
	if (p->used && !at_once && screen_has_section(p, p->i)) {
		perform_unseen(p, i, p->i);
		screen_prompt(p, NULL);
		return;
	}
	screen_section(p, p->i);
	perform_unseen(p, i, p->i);
	show_prompt(p);
}

/* The whole command is typed. */
static void
run(struct present *p)
{
	free(p->shown[p->i].prompt);
	p->shown[p->i].prompt = xstrdup(p->prompt);
	screen_write(p, "\n", 1);
	p->last = p->i;
	perform(p, p->i, true);
	arrive(p, p->last + 1, false);
}

/* ---- typing ---- */

static bool
is_typed(const struct present *p)
{
	return p->typed >= screen_length(p, p->i);
}

static void
type_rest(struct present *p)
{
	screen_type_all(p, p->i, p->typed);
	p->typed = screen_length(p, p->i);
}

/* What was typed is taken back. */
static void
stop(struct present *p)
{
	if (p->place != AT_PROMPT || !p->typed) {
		screen_bell(p);
		return;
	}
	screen_write(p, "^C\n", 3);
	p->typed = 0;
	show_prompt(p);
}

/* False: Ctrl-C came meanwhile, or the end.  Another key ends the waiting. */
static bool
type_alone(struct present *p, uint64_t pace_ms)
{
	const struct transcript_step *s = &p->t->steps[p->i];
	enum present_key key = KEY_NONE;
	int64_t at = clock_us();
	struct typing t;

	typing_begin(&t, s->text, s->n);
	while (!is_typed(p) && key == KEY_NONE && pace_ms) {
		at += (int64_t)typing_pause(&t, pace_ms * 1000,
		    s->text[p->typed]);
		p->typed = screen_type(p, p->i, p->typed);
		key = keys_wait(&p->keys, at / 1000);
	}
	if (key == KEY_STOP)
		stop(p);
	if (key == KEY_STOP || key == KEY_GONE)
		return false;
	type_rest(p);
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

static void
type(struct present *p)
{
	bool runs = p->order->types && !options(p, p->i)->pause;
	uint64_t pace_ms;

	if (!types_alone(p, &pace_ms))
		p->typed = screen_type(p, p->i, p->typed);
	else if (type_alone(p, pace_ms) && runs)
		run(p);
}

/* ---- questions ---- */

/* A short answer; false: none was wanted. */
static bool
ask(struct present *p, const char *question, char answer[ANSWER_LENGTH])
{
	size_t n = 0;
	enum present_key key;

	screen_leave_prompt(p);
	screen_write(p, question, strlen(question));
	for (;;) {
		key = keys_wait(&p->keys, INT64_MAX);
		if (key == KEY_ENTER)
			break;
		if (key == KEY_ANY && isgraph((unsigned char)p->keys.byte) &&
		    n + 1 < ANSWER_LENGTH) {
			answer[n++] = p->keys.byte;
			screen_write(p, &p->keys.byte, 1);
		} else if (n && (p->keys.byte == '\b' ||
				    p->keys.byte == 0x7f)) {
			n--;
			screen_write(p, "\b \b", 3);
		} else if (key != KEY_ANY && key != KEY_RESUMED) {
			n = 0;
			break;
		}
	}
	answer[n] = 0;
	screen_write(p, "\n", 1);
	return n > 0;
}

/* The step with that number or id; n_steps: none. */
static size_t
find_step(const struct present *p, const char *answer)
{
	char *end;
	unsigned long n = strtoul(answer, &end, 10);
	ptrdiff_t at;

	if (!*end && n >= 1 && n <= p->t->n_steps)
		return n - 1;
	at = transcript_find(p->t, answer);
	return at < 0 ? p->t->n_steps : (size_t)at;
}

static void
go_to(struct present *p)
{
	autofree char *question =
	    xasprintf("go to step (1-%zu): ", p->t->n_steps);
	char answer[ANSWER_LENGTH];
	size_t i;

	if (!ask(p, question, answer)) {
		show_place(p);
		return;
	}
	i = find_step(p, answer);
	if (i == p->t->n_steps) {
		screen_say(p, "there is no step %s", answer);
		show_place(p);
		return;
	}
	/* What comes then may need what the room does not see. */
	perform_unseen(p, 0, i);
	arrive(p, i, true);
}

static void
leave(struct present *p)
{
	size_t left = room_left(p);
	autofree char *question = xasprintf(
	    "%zu step%s left: end it all the same? [y/N] ", left,
	    left == 1 ? " is" : "s are");
	char answer[ANSWER_LENGTH];

	if (!left)
		p->over = true;
	else if (ask(p, question, answer) && strchr("yY", *answer))
		p->over = true;
	else
		show_place(p);
}

/* ---- looking back, repeating, falling back ---- */

/* The command of step i as if it had just been typed. */
static void
show_command(struct present *p, size_t i, const char *prompt)
{
	screen_prompt(p, prompt);
	screen_type_all(p, i, 0);
	screen_write(p, "\n", 1);
}

static void
look_back(struct present *p)
{
	size_t i = p->looked;

	while (i && (options(p, i - 1)->hide || !p->shown[i - 1].done))
		i--;
	if (!i) {
		screen_bell(p);
		return;
	}
	p->looked = --i;
	screen_leave_prompt(p);
	screen_gap(p);
	screen_say(p, "(step %zu again)", i + 1);
	show_command(p, i, p->shown[i].prompt);
	step_show_again(p, i);
	show_place(p);
}

static void
retry(struct present *p)
{
	if (p->last == p->t->n_steps) {
		screen_bell(p);
		return;
	}
	screen_leave_prompt(p);
	p->i = p->last;
	screen_prompt(p, NULL);
	screen_type_all(p, p->i, 0);
	run(p);
}

/* The step that has just gone wrong, else the one that is due. */
static void
use_record(struct present *p)
{
	size_t n = p->t->n_steps;
	bool wrong = p->last < n && !p->typed && !p->shown[p->last].met &&
		     !p->shown[p->last].recorded;
	size_t i = wrong ? p->last : p->i;

	if (i == n || !p->shown[i].has_record) {
		screen_leave_prompt(p);
		screen_say(p, i == n	     ? "(no step is left)"
			      : p->recording ? "(not recorded)"
					     : "(there is no recording)");
		show_place(p);
		return;
	}
	if (p->place == AT_SECTION && !wrong)
		show_section(p);
	screen_leave_prompt(p);
	show_command(p, i, NULL);
	p->last = i;
	fall_back(p, i, true);
	arrive(p, i + 1, false);
}

/* ---- keys ---- */

static void
skip(struct present *p)
{
	if (p->place == AT_END) {
		screen_bell(p);
		return;
	}
	screen_leave_prompt(p);
	arrive(p, p->i + 1, true);
}

static void
take_over(struct present *p)
{
	struct host *h = p->c->host;

	screen_leave_prompt(p);
	keys_close(&p->keys);
	takeover(h->interp, "^T");
	keys_open(&p->keys, h, h->interp->signals);
	/* To leave the prompt is to give it back. */
	h->quit = false;
	h->interrupted = 0;
	p->used = true;
	show_place(p);
}

static void
clear(struct present *p)
{
	screen_clear(p);
	show_place(p);
}

static void
show_notes(struct present *p)
{
	autobuf struct strbuf text = STRBUF_INIT;

	notes_text(p, screen_columns(p), &text);
	screen_leave_prompt(p);
	screen_write(p, text.buf, text.len);
	show_place(p);
}

static void
go_on(struct present *p, enum present_key key)
{
	if (p->place == AT_SECTION)
		show_section(p);
	else if (p->place == AT_END)
		p->over = key != KEY_ANY;
	else if (!is_typed(p))
		type(p);
	else if (key == KEY_ENTER)
		run(p);
}

/* All at once. */
static void
next(struct present *p)
{
	bool stops;

	if (p->place != AT_PROMPT) {
		go_on(p, KEY_NEXT);
		return;
	}
	stops = options(p, p->i)->pause && !is_typed(p);
	type_rest(p);
	if (!stops)
		run(p);
}

static void
do_key(struct present *p, enum present_key key)
{
	switch (key) {
	case KEY_ANY:
	case KEY_ENTER:
		go_on(p, key);
		break;
	case KEY_NEXT:
		next(p);
		break;
	case KEY_PREVIOUS:
		look_back(p);
		break;
	case KEY_GO:
		go_to(p);
		break;
	case KEY_SKIP:
		skip(p);
		break;
	case KEY_RETRY:
		retry(p);
		break;
	case KEY_TAKE:
		take_over(p);
		break;
	case KEY_FALL_BACK:
		use_record(p);
		break;
	case KEY_CLEAR:
		clear(p);
		break;
	case KEY_NOTES:
		show_notes(p);
		break;
	case KEY_STOP:
		stop(p);
		break;
	case KEY_END:
		leave(p);
		break;
	case KEY_RESUMED:
		show_place(p);
		break;
	default:
		p->over = true;
		break;
	}
	if (key != KEY_PREVIOUS)
		p->looked = p->i;
}

void
room_play(struct present *p)
{
	struct host *h = p->c->host;

	keys_open(&p->keys, h, h->interp->signals);
	screen_begin(p);
	arrive(p, 0, true);
	while (!p->over) {
		enum present_key key;

		notes_refresh(p->notes);
		key = keys_wait(&p->keys, INT64_MAX);
		if (!p->began_ms)
			p->began_ms = clock_ms();
		do_key(p, key);
	}
	screen_leave_prompt(p);
	keys_close(&p->keys);
}
