#include "shell/repeat.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "base/units.h"
#include "base/xalloc.h"
#include "cmd/dispatch.h"
#include "cmd/host.h"
#include "cmd/output.h"

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* "time    min 8.2ms  median 8.4ms  max 9.1ms", of n values, which it sorts. */
static void
show(struct output *o, const char *what, uint64_t *v, size_t n,
    void (*add)(struct strbuf *sb, uint64_t value))
{
	autobuf struct strbuf sb = STRBUF_INIT;

	qsort(v, n, sizeof(*v), compare);
	strbuf_addf(&sb, "%-8s", what);
	strbuf_adds(&sb, "min ");
	add(&sb, v[0]);
	strbuf_adds(&sb, "  median ");
	add(&sb, v[n / 2]);
	strbuf_adds(&sb, "  max ");
	add(&sb, v[n - 1]);
	output_line(o, sb.buf);
}

/* Programs that take 8 ms differ in what a duration of whole milliseconds does
   not show. */
static void
add_us(struct strbuf *sb, uint64_t us)
{
	if (us < 100000)
		strbuf_addf(sb, "%.2fms", (double)us / 1000);
	else
		units_add_duration(sb, us / 1000);
}

static int
say_failed(struct output *o, unsigned i, unsigned count, int status)
{
	autofree char *text = xasprintf(
	    "addesh: time: number %u of %u ended with status %d", i + 1, count,
	    status);

	output_line(o, text);
	return status;
}

int
repeat_run(struct host *h, struct output *o, const struct request *rq,
    unsigned count)
{
	autofree uint64_t *us = xcalloc(count, sizeof(*us));
	autofree uint64_t *memory = xcalloc(count, sizeof(*memory));
	struct request one = *rq;
	unsigned known = 0;

	one.quiet = o->mode != OUTPUT_JSON;
	one.timed = false;
	for (unsigned i = 0; i < count; i++) {
		int64_t began = clock_us();
		int status;

		h->memory_peak = 0;
		status = dispatch_run(h, o, &one);
		us[i] = clock_us() - began;
		if (status || h->interrupted || h->terminated)
			return say_failed(o, i, count, status ? status : 130);
		if (h->memory_peak)
			memory[known++] = h->memory_peak;
	}
	if (o->mode == OUTPUT_JSON || rq->quiet)
		return 0;
	show(o, "time", us, count, add_us);
	if (known)
		show(o, "memory", memory, known, units_add_size);
	return 0;
}
