#include "replay/answer.h"

#include <stdlib.h>

#include "session/result.h"

void
answer_init(struct answer *a)
{
	*a = (struct answer){0};
	for (int fd = 0; fd <= 2; fd++)
		strbuf_init(&a->stream[fd]);
}

void
answer_release(struct answer *a)
{
	for (int fd = 0; fd <= 2; fd++)
		strbuf_release(&a->stream[fd]);
	free(a->events);
	json_free(a->object);
	answer_init(a);
}

/* Parts that came at once are one. */
static bool
continues(const struct answer *a, uint64_t us, int fd)
{
	const struct answer_event *last;

	if (!a->n_events)
		return false;
	last = &a->events[a->n_events - 1];
	return last->fd == fd && us - last->us < 1000;
}

void
answer_add(struct answer *a, uint64_t us, int fd, const void *p, size_t n)
{
	struct strbuf *to = &a->stream[fd];

	if (n > ANSWER_MAX - to->len) {
		n = ANSWER_MAX - to->len;
		a->cut = true;
	}
	if (!n)
		return;
	if (!continues(a, us, fd)) {
		GROW(a->events, a->n_events, &a->events_cap);
		a->events[a->n_events++] =
		    (struct answer_event){us, fd, to->len, 0};
	}
	a->events[a->n_events - 1].n += n;
	strbuf_add(to, p, n);
}

void
answer_set_status(struct answer *a, int code)
{
	const json *result = json_get(a->object, "result");
	const char *signal = json_str(result, "signal", NULL);

	a->status = (struct got_status){.code = code,
	    .signal = signal ? signal_number(signal) : 0,
	    .timed_out = json_bool(result, "timed_out", false),
	    .oom = json_bool(result, "oom_killed", false)};
}
