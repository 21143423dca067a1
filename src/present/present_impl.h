/* Inside of a presentation. */
#ifndef ADDESH_PRESENT_PRESENT_IMPL_H
#define ADDESH_PRESENT_PRESENT_IMPL_H

#include "cmd/present_call.h"
#include "present/keys.h"
#include "replay/mask.h"
#include "replay/recording.h"
#include "replay/transcript.h"
#include "shell/stepper.h"

struct call;
struct lex_need;
struct notes;

/* A step, as far as it has come to something. */
struct shown {
	bool done;     /* the room (or nobody: % hide) has seen it */
	bool met;      /* it came to what the file expects */
	bool recorded; /* it was not carried out */
	bool left_out; /* it is not for here */
	struct answer answer;
	char *why; /* not met: what differs, in lines */
	char *prompt; /* that it was typed at, if it was */
	bool has_record;
	struct answer record; /* what was recorded */
	uint64_t planned_ms;  /* from the step before to the next */
};

/* What the next key is for. */
enum place {
	AT_SECTION, /* the next heading and narration are not shown yet */
	AT_PROMPT,  /* the command is being typed */
	AT_END,	    /* all is shown */
};

struct present {
	struct call *c;
	const struct present_order *order;
	struct transcript *t;
	struct masks *masks;
	struct stepper stepper;
	struct shown *shown; /* t->n_steps */
	bool recording; /* there is one */
	struct keys keys;
	struct notes *notes; /* NULL: there are none elsewhere */
	enum place place;
	size_t i;      /* the step that is due; n_steps: none */
	size_t typed;  /* bytes of its text that are on the screen */
	size_t last;   /* the one that came before, or n_steps */
	size_t looked; /* what ^P has shown last; i if nothing since */
	enum present_key wish; /* pressed while a step ran */
	enum present_key left; /* pressed, and not done yet */
	int64_t began_ms; /* clock_ms() of the first key; 0: none yet */
	bool used; /* something stands on the screen */
	bool gap;  /* an empty line stands above, or above the prompt */
	char *prompt; /* the last one */
	bool plain; /* for screen readers and typewriters */
	bool over;
};

/* ---- steps.c: what the steps come to ---- */

/* Carries the step out; what it shows is on the terminal if `shown`. */
void step_perform(struct present *p, size_t i, bool shown);
/* The same from the recording, at the pace of then; the step has a record.  It
   is shown if `shown`. */
void step_fall_back(struct present *p, size_t i, bool shown);
/* Shows once more what it came to. */
void step_show_again(struct present *p, size_t i);
/* Is it to be left out here (% skip-if)? */
bool step_is_left_out(struct present *p, size_t i);

/* ---- screen.c: what the room sees ---- */

void screen_begin(struct present *p);
/* Headings and narration in front of step i (n_steps: behind the last). */
void screen_section(struct present *p, size_t i);
/* The same, as text of that many columns. */
void section_text(const struct present *p, size_t i, int columns, bool color,
    struct strbuf *out);
/* The notes for who presents step i, in lines; nothing if there are none. */
void section_notes(const struct present *p, size_t i, int columns,
    struct strbuf *out);
/* Is there anything of that kind? */
bool screen_has_section(const struct present *p, size_t i);
/* The prompt of a command as the shell has it now, or that of then. */
void screen_prompt(struct present *p, const char *then);
/* The next character of step i's command behind `from`; where it ends. */
size_t screen_type(struct present *p, size_t i, size_t from);
/* All that is left. */
void screen_type_all(struct present *p, size_t i, size_t from);
/* Bytes of its command that are typed: all but the last newline. */
size_t screen_length(const struct present *p, size_t i);
/* The line of the prompt goes, with what was typed, or stays where that cannot
   be; the cursor is at the beginning of a line. */
void screen_leave_prompt(struct present *p);
/* An empty line, unless there is one. */
void screen_gap(struct present *p);
/* A line in our own words, dim. */
void screen_say(struct present *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
void screen_write(struct present *p, const char *s, size_t n);
void screen_bell(struct present *p);
void screen_clear(struct present *p);
int screen_columns(const struct present *p);

/* ---- plan.c: time ---- */

/* Fills in planned_ms. */
void plan_make(struct present *p);
/* Planned from the beginning to step i. */
uint64_t plan_until(const struct present *p, size_t i);
/* Since the first key. */
uint64_t plan_elapsed(const struct present *p);
/* "step 3/9   04:10 of 20:00, 25s behind" */
void plan_say(const struct present *p, struct strbuf *out);

/* ---- rehearse.c ---- */

void rehearse(struct present *p);

/* ---- stage.c: what is on the screen, and the steps one by one ---- */

/* The prompt, with what is typed of the command that is due, after something
   else was on the screen. */
void stage_show(struct present *p);
/* The section that waited for a key, and then the prompt. */
void stage_section(struct present *p);
/* To step i or the next one that the room sees.  Unless at_once, its section
   waits for a key. */
void stage_arrive(struct present *p, size_t i, bool at_once);
/* Those from..to-1 that the room does not see, unless they are done. */
void stage_perform_unseen(struct present *p, size_t from, size_t to);
/* Step i as it was recorded. */
void stage_fall_back(struct present *p, size_t i, bool shown);
/* The command that is due, which is typed; and on to the next. */
void stage_run(struct present *p);
bool stage_is_typed(const struct present *p);
/* What a key types of it: a character, or all by itself. */
void stage_type(struct present *p);
void stage_type_rest(struct present *p);
/* What was typed is taken back. */
void stage_take_back(struct present *p);

/* ---- room.c: the keys and what they do ---- */

void room_play(struct present *p);

#endif
