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
enum { GRACE_MS = 3000, ABANDON = 2, STATUS_TIMEOUT = 124 };

struct performance {
	struct answer *a;
	struct host *host;
	struct loop_timer *limit;
	int64_t began;
};

static void
on_output(void *arg, int fd, const void *p, size_t n)
{
	struct performance *x = arg;

	answer_add(x->a, clock_us() - x->began, fd, p, n);
}

/* A command that begins afterwards has not seen that it is late: hence again
   and again. */
static void
on_limit(void *arg)
{
	struct performance *x = arg;

	x->host->interrupted += x->a->overdue ? ABANDON : 1;
	x->a->overdue = true;
	loop_timer_set(x->limit, clock_ms() + GRACE_MS);
}

static int
execute(struct interp *ip, const char *text, unsigned line)
{
	struct interp saved = *ip;
	struct source src;
	int status;

	source_init_text(&src, NULL, text);
	src.line = line;
	src.goes_on = true;
	ip->failed = ip->pending = 0;
	ip->more = false;
	status = interp_run(ip, &src);
	source_release(&src);
	*ip = saved;
	return status;
}

void
perform(struct interp *ip, const char *text, unsigned line, uint64_t limit_ms,
    bool shown, struct answer *a)
{
	struct host *h = ip->host;
	struct output_tap tap = ip->out->tap;
	struct performance x = {a, h, NULL, clock_us()};
	bool keep = h->keep_object;
	int status;

	answer_release(a);
	if (limit_ms)
		x.limit = loop_timer_add(h->loop, clock_ms() + limit_ms,
		    on_limit, &x);
	ip->out->tap = (struct output_tap){on_output, &x, !shown};
	h->keep_object = true;
	status = execute(ip, text, line);
	h->keep_object = keep;
	ip->out->tap = tap;
	loop_timer_remove(x.limit);
	a->us = clock_us() - x.began;
	a->object = steal(&h->object);
	answer_set_status(a, status);
	if (!a->overdue)
		return;
	a->status.timed_out = true;
	a->status.code = STATUS_TIMEOUT;
	h->interrupted = 0;
}
