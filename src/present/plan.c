/* How long each step is planned to take, and how late it is. */
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "present/present_impl.h"

/* Somebody speaks 150 words a minute, types 6 characters a second, and looks at
   what came out. */
enum { WORD_MS = 400, TYPED_MS = 160, LOOK_MS = 5000, UNKNOWN_RUN_MS = 1000 };

static uint64_t
words(const char *s)
{
	uint64_t n = 0;

	while (*(s += strspn(s, " \n"))) {
		n++;
		s += strcspn(s, " \n");
	}
	return n;
}

static uint64_t
plan_step(const struct present *p, size_t i)
{
	const struct transcript_step *s = &p->t->steps[i];
	const struct shown *w = &p->shown[i];
	uint64_t pace = s->options.has_type ? s->options.type_ms
			: p->order->types   ? p->order->type_ms
					    : TYPED_MS;
	uint64_t run = w->has_record ? w->record.us / 1000 : UNKNOWN_RUN_MS;
	autobuf struct strbuf text = STRBUF_INIT;

	if (s->options.hide)
		return run;
	section_text(p, i, 72, false, &text);
	section_notes(p, i, 72, &text);
	return words(text.buf) * WORD_MS + screen_length(p, i) * pace + run +
	       LOOK_MS;
}

void
plan_make(struct present *p)
{
	uint64_t all = 0;

	for (size_t i = 0; i < p->t->n_steps; i++)
		all += p->shown[i].planned_ms = plan_step(p, i);
	if (!p->order->time_ms || !all)
		return;
	for (size_t i = 0; i < p->t->n_steps; i++)
		p->shown[i].planned_ms =
		    (uint64_t)((double)p->shown[i].planned_ms *
			       (double)p->order->time_ms / (double)all);
}

uint64_t
plan_until(const struct present *p, size_t i)
{
	uint64_t ms = 0;

	/* Of its parts some milliseconds would be missing. */
	if (i >= p->t->n_steps && p->order->time_ms)
		return p->order->time_ms;
	for (size_t k = 0; k < i && k < p->t->n_steps; k++)
		ms += p->shown[k].planned_ms;
	return ms;
}

uint64_t
plan_elapsed(const struct present *p)
{
	return p->began_ms ? (uint64_t)(clock_ms() - p->began_ms) : 0;
}

static void
add_clock(struct strbuf *out, uint64_t ms)
{
	strbuf_addf(out, "%02u:%02u", (unsigned)(ms / 60000),
	    (unsigned)(ms / 1000 % 60));
}

/* Nothing is said of less than that. */
enum { NOTEWORTHY_MS = 10000 };

void
plan_say(const struct present *p, struct strbuf *out)
{
	uint64_t now = plan_elapsed(p);
	uint64_t from = plan_until(p, p->i), to = plan_until(p, p->i + 1);
	size_t n = p->t->n_steps;

	if (p->i < n)
		strbuf_addf(out, "step %zu/%zu   ", p->i + 1, n);
	else
		strbuf_addf(out, "the end, %zu steps   ", n);
	add_clock(out, now);
	strbuf_adds(out, " of ");
	add_clock(out, plan_until(p, n));
	if (now > to + NOTEWORTHY_MS) {
		strbuf_adds(out, ", behind by ");
		add_clock(out, now - to);
	} else if (p->began_ms && now + NOTEWORTHY_MS < from) {
		strbuf_adds(out, ", ahead by ");
		add_clock(out, from - now);
	}
}
