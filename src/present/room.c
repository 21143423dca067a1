/* The keys of who presents, and what they do. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/call.h"
#include "cmd/host.h"
#include "present/notes.h"
#include "present/present_impl.h"
#include "shell/interp.h"
#include "shell/takeover.h"

enum { ANSWER_LENGTH = 64 };

/* Of those that the room sees. */
static size_t
count_left(const struct present *p)
{
	size_t n = 0;

	for (size_t i = p->i; i < p->t->n_steps; i++)
		n += !p->t->steps[i].options.hide;
	return n;
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
		stage_show(p);
		return;
	}
	i = find_step(p, answer);
	if (i == p->t->n_steps) {
		screen_say(p, "there is no step %s", answer);
		stage_show(p);
		return;
	}
	/* What comes then may need what the room does not see. */
	stage_perform_unseen(p, 0, i);
	stage_arrive(p, i, true);
}

static void
leave(struct present *p)
{
	size_t left = count_left(p);
	autofree char *question = xasprintf(
	    "%zu step%s left: end it all the same? [y/N] ", left,
	    left == 1 ? " is" : "s are");
	char answer[ANSWER_LENGTH];

	if (!left)
		p->over = true;
	else if (ask(p, question, answer) && strchr("yY", *answer))
		p->over = true;
	else
		stage_show(p);
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

	while (i && (p->t->steps[i - 1].options.hide || !p->shown[i - 1].done))
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
	stage_show(p);
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
	stage_run(p);
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
		stage_show(p);
		return;
	}
	if (p->place == AT_SECTION && !wrong)
		stage_section(p);
	screen_leave_prompt(p);
	show_command(p, i, NULL);
	p->last = i;
	stage_fall_back(p, i, true);
	stage_arrive(p, i + 1, false);
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
	stage_arrive(p, p->i + 1, true);
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
	stage_show(p);
}

static void
clear(struct present *p)
{
	screen_clear(p);
	stage_show(p);
}

static void
show_notes(struct present *p)
{
	autobuf struct strbuf text = STRBUF_INIT;

	notes_text(p, screen_columns(p), &text);
	screen_leave_prompt(p);
	screen_write(p, text.buf, text.len);
	stage_show(p);
}

static void
go_on(struct present *p, enum present_key key)
{
	if (p->place == AT_SECTION)
		stage_section(p);
	else if (p->place == AT_END)
		p->over = key != KEY_ANY;
	else if (!stage_is_typed(p))
		stage_type(p);
	else if (key == KEY_ENTER)
		stage_run(p);
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
	stops = p->t->steps[p->i].options.pause && !stage_is_typed(p);
	stage_type_rest(p);
	if (!stops)
		stage_run(p);
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
		stage_take_back(p);
		break;
	case KEY_END:
		leave(p);
		break;
	case KEY_RESUMED:
		stage_show(p);
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
	stage_arrive(p, 0, true);
	while (!p->over) {
		enum present_key key = p->left;

		p->left = KEY_NONE;
		notes_refresh(p->notes);
		if (key == KEY_NONE)
			key = keys_wait(&p->keys, INT64_MAX);
		if (!p->began_ms)
			p->began_ms = clock_ms();
		do_key(p, key);
	}
	screen_leave_prompt(p);
	keys_close(&p->keys);
}
