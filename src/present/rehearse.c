/*
 * A presentation without a room: each step is carried out as it will be, and
 * its time is reported:
 *
 *	{"event":"step","n":N,"line":N,"command":TEXT,"ms":N,"met":BOOL,
 *	 "recorded_ms":N or absent,"why":TEXT or null}
 */
#include "cmd/call.h"
#include "cmd/file_process.h"
#include "cmd/host.h"
#include "present/present_impl.h"

static void
report(const struct present *p, size_t i)
{
	const struct transcript_step *s = &p->t->steps[i];
	const struct shown *w = &p->shown[i];
	json *j = json_object();
	size_t n;
	const char *title = transcript_step_title(s, &n);
	autofree char *command = xstrndup(title, n);

	json_put_str(j, "event", "step");
	json_put_int(j, "n", s->number);
	json_put_int(j, "line", s->line);
	json_put_str(j, "command", command);
	json_put_int(j, "ms", (int64_t)w->answer.us / 1000);
	json_put_bool(j, "met", w->met);
	if (w->has_record)
		json_put_int(j, "recorded_ms", (int64_t)w->record.us / 1000);
	json_put_str(j, "why", w->why);
	file_process_report(p->order->report_fd, j);
}

void
rehearse(struct present *p)
{
	const struct host *h = p->c->host;

	for (size_t i = 0; i < p->t->n_steps; i++) {
		unsigned before = h->interrupted;

		if (step_is_left_out(p, i))
			continue;
		step_perform(p, i, false);
		report(p, i);
		if (h->interrupted != before || h->terminated)
			return;
	}
}
