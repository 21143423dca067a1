#include "shell/perform.h"

#include <string.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/strvec.h"
#include "cmd/host.h"
#include "cmd/output.h"
#include "shell/interp.h"
#include "shell/source.h"

/* From the interruption to the moment when it is abandoned. */
enum { GRACE_MS = 3000, ABANDON = 2 };

struct performance {
	struct performed *p;
	struct host *host;
	struct loop_timer *limit;
	int64_t began;
};

void
performed_init(struct performed *p)
{
	*p = (struct performed){0};
	for (int fd = 0; fd <= 2; fd++)
		strbuf_init(&p->stream[fd]);
}

void
performed_release(struct performed *p)
{
	for (int fd = 0; fd <= 2; fd++)
		strbuf_release(&p->stream[fd]);
	free(p->events);
	json_free(p->object);
	performed_init(p);
}

static void
on_output(void *arg, int fd, const void *bytes, size_t n)
{
	struct performance *x = arg;
	struct performed *p = x->p;
	struct strbuf *to = &p->stream[fd];

	if (n > PERFORM_MAX - to->len) {
		n = PERFORM_MAX - to->len;
		p->cut = true;
	}
	if (!n)
		return;
	GROW(p->events, p->n_events, &p->events_cap);
	p->events[p->n_events++] =
	    (struct perform_event){clock_us() - x->began, fd, to->len, n};
	strbuf_add(to, bytes, n);
}

/* A command that begins afterwards has not seen that it is late: hence again
   and again. */
static void
on_limit(void *arg)
{
	struct performance *x = arg;

	x->host->interrupted += x->p->overdue ? ABANDON : 1;
	x->p->overdue = true;
	loop_timer_set(x->limit, clock_ms() + GRACE_MS);
}

static void
execute(struct interp *ip, const char *text, unsigned line,
    struct performed *p)
{
	struct interp saved = *ip;
	struct source src;

	source_init_text(&src, NULL, text);
	src.line = line;
	src.goes_on = true;
	ip->failed = ip->pending = 0;
	ip->more = false;
	p->status = interp_run(ip, &src);
	source_release(&src);
	*ip = saved;
}

void
perform(struct interp *ip, const char *text, unsigned line, uint64_t limit_ms,
    bool shown, struct performed *p)
{
	struct host *h = ip->host;
	struct output_tap tap = ip->out->tap;
	struct performance x = {p, h, NULL, clock_us()};
	bool keep = h->keep_object;

	performed_release(p);
	if (limit_ms)
		x.limit = loop_timer_add(h->loop, clock_ms() + limit_ms,
		    on_limit, &x);
	ip->out->tap = (struct output_tap){on_output, &x, !shown};
	h->keep_object = true;
	execute(ip, text, line, p);
	h->keep_object = keep;
	ip->out->tap = tap;
	loop_timer_remove(x.limit);
	p->us = clock_us() - x.began;
	p->object = steal(&h->object);
	if (p->overdue)
		h->interrupted = 0;
}
