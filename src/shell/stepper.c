#include "shell/stepper.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/loop.h"
#include "cmd/host.h"
#include "replay/judge.h"
#include "shell/interp.h"
#include "shell/perform.h"

/* Beyond the first a step of which nothing else is said does not end by
   itself. */
enum { STEP_LIMIT_MS = 10 * 60 * 1000, WAIT_EVERY_MS = 250, TURN_MS = 50 };

void
stepper_init(struct stepper *st, struct interp *ip, const struct transcript *t,
    bool shown)
{
	const char *scale = getenv("ADDESH_TIMEOUT_SCALE");

	*st = (struct stepper){.ip = ip, .shown = shown,
	    .scale = scale ? strtod(scale, NULL) : 1};
	if (!(st->scale > 0 && st->scale < 1000))
		st->scale = 1;
	stepper_use(st, t);
}

void
stepper_use(struct stepper *st, const struct transcript *t)
{
	struct strvec *env = &st->ip->host->program_env;

	st->t = t;
	strvec_release(env);
	strvec_pushv(env, t->front.env.v, t->front.env.n);
}

void
stepper_release(struct stepper *st)
{
	strvec_release(&st->ip->host->program_env);
}

void
stepper_bind(struct stepper *st, const char *path)
{
	const char *slash = strrchr(path, '/');
	autofree char *dir = slash ? xstrndup(path, slash + 1 - path)
				   : xstrdup(".");

	if (st->t->front.origin || st->t->foreign)
		host_use_stranger(st->ip->host, dir);
}

bool
stepper_is_taken_up(const struct stepper *st, const struct transcript_step *s)
{
	return s->number < st->t->n_steps &&
	       str_starts(st->t->steps[s->number].text, "expect ");
}

static uint64_t
scaled(const struct stepper *st, uint64_t ms)
{
	return (uint64_t)((double)ms * st->scale);
}

void
stepper_pause(struct stepper *st, uint64_t ms)
{
	struct host *h = st->ip->host;
	bool never = false;
	int64_t end = clock_ms() + (int64_t)ms, now;

	while ((now = clock_ms()) < end && !h->interrupted && !h->terminated)
		loop_until(h->loop, &never,
		    end < now + TURN_MS ? end : now + TURN_MS);
}

static void
perform_once(struct stepper *st, const struct transcript_step *s,
    struct answer *a)
{
	uint64_t limit = transcript_step_timeout(st->t, s);

	st->ip->host->interrupted = 0;
	perform(st->ip, s->text, s->line,
	    scaled(st, limit ? limit : STEP_LIMIT_MS), st->shown, a);
}

void
stepper_perform(struct stepper *st, const struct transcript_step *s,
    struct answer *a)
{
	const struct host *h = st->ip->host;
	int64_t end =
	    clock_ms() + (int64_t)scaled(st, s->options.wait_within_ms);

	for (;;) {
		perform_once(st, s, a);
		if (!s->options.wait ||
		    judge_finds(s->options.wait, &a->stream[1]) ||
		    h->interrupted || h->terminated || clock_ms() >= end)
			return;
		stepper_pause(st, WAIT_EVERY_MS);
	}
}

bool
stepper_capture(struct stepper *st, const struct transcript_step *s,
    const struct answer *a, struct strbuf *why)
{
	struct host *h = st->ip->host;

	for (size_t i = 0; i < s->options.n_captures; i++) {
		const struct step_capture *cap = &s->options.captures[i];
		autofree char *value = judge_capture(cap->re, &a->stream[1]);
		autofree char *pair = NULL;

		if (!value) {
			strbuf_addf(why, "nothing to capture for $%s: no line "
					 "of stdout matches /%s/\n",
			    cap->name, cap->re);
			return false;
		}
		pair = xasprintf("%s=%s", cap->name, value);
		h->set_variable(h, pair);
	}
	return true;
}
