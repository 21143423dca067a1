/* stats: what an environment uses. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "cmd/call.h"
#include "cmd/env_look.h"
#include "cmd/host.h"
#include "cmd/output.h"
#include "cmd/stats_view.h"
#include "cmd/terminal.h"
#include "sandbox/observe.h"
#include "session/session.h"

/*
 * A limit of processor time is kept over periods of 100 ms: several whole ones
 * show it as it is.
 */
#define MEASURE_MS 500
#define WATCH_MS 1000

/* ---- the keys ---- */

struct keys {
	struct host *host;
	struct loop_fd *watch;
	bool on; /* the terminal gives them one by one */
	bool quit;
};

static void
on_key(void *arg, int fd, unsigned events)
{
	struct keys *k = arg;
	char key;
	ssize_t n = read(fd, &key, 1);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != 1) {
		loop_fd_remove(steal(&k->watch)); /* it has ended */
		return;
	}
	if (key == 'q' || key == 'Q' || key == 4)
		k->quit = true;
}

static void
keys_begin(struct keys *k, struct call *c, bool live)
{
	*k = (struct keys){.host = c->host};
	/* At a prompt the commands come from there, but none is typed now. */
	if (!live || (c->stdin_taken && !c->interactive) ||
	    !isatty(STDIN_FILENO))
		return;
	terminal_use_keys(true);
	k->on = true;
	k->watch = loop_fd_add(c->host->loop, STDIN_FILENO, POLLIN, on_key, k);
}

static void
keys_end(struct keys *k)
{
	if (!k->on)
		return;
	loop_fd_remove(k->watch);
	terminal_use_keys(false);
}

static bool
is_over(const struct keys *k)
{
	return k->quit || k->host->interrupted || k->host->terminated;
}

/* False: it is over. */
static bool
wait_until(struct keys *k, int64_t deadline)
{
	int64_t left;

	while (!is_over(k) && (left = deadline - clock_ms()) > 0)
		loop_step(k->host->loop, left > 60000 ? 60000 : (int)left);
	return !is_over(k);
}

/* ---- stats ---- */

static int
single(struct call *c, struct keys *k, int64_t interval_ms)
{
	struct stats_reading before = STATS_READING_INIT;
	struct stats_reading now = STATS_READING_INIT;
	struct stats st;
	int rc = 0;

	if (interval_ms) {
		rc = stats_read(c->env, &before, &c->err);
		if (!rc && !wait_until(k, clock_ms() + interval_ms))
			rc = err_set(&c->err, ERR_INTERRUPTED, "interrupted");
	}
	if (!rc)
		rc = stats_read(c->env, &now, &c->err);
	if (!rc) {
		stats_make(c->env, interval_ms ? &before : NULL, &now, &st);
		call_set_data(c, stats_json(&st));
		json_put_str(call_data(c), "env", c->env->spec.name);
		stats_show(c, &st);
	}
	stats_reading_release(&before);
	stats_reading_release(&now);
	return rc;
}

/* One reading, shown with what passed since the last. */
static int
take_one(struct call *c, struct stats_view *v, struct stats_reading *before,
    json *samples)
{
	struct stats_reading now = STATS_READING_INIT;
	struct stats st;

	if (stats_read(c->env, &now, &c->err))
		return -1;
	stats_make(c->env, before->at_us ? before : NULL, &now, &st);
	stats_reading_release(before);
	*before = now;
	stats_view_add(v, &st);
	if (samples)
		json_push(samples, stats_json(&st));
	return 0;
}

/*
 * The graphs are there at once; lines begin when there is something to be
 * said about processor time.
 */
static int
series(struct call *c, struct keys *k, struct stats_view *v,
    int64_t interval_ms, uint64_t count, json *samples)
{
	struct stats_reading before = STATS_READING_INIT;
	int64_t next = clock_ms();
	int rc = 0;

	if (!v->live && interval_ms)
		rc = stats_read(c->env, &before, &c->err);
	for (uint64_t i = 0; !rc && (!count || i < count); i++) {
		next += (i || !v->live) ? interval_ms : 0;
		if (next < clock_ms())
			next = clock_ms(); /* the environment was slow */
		if (!wait_until(k, next))
			break;
		rc = take_one(c, v, &before, samples);
	}
	stats_reading_release(&before);
	return rc;
}

static int
watch(struct call *c, int64_t interval_ms, uint64_t count)
{
	struct stats_view v;
	struct keys k;
	json *samples = NULL;
	int rc;

	if (c->out->mode == OUTPUT_JSON) {
		samples = json_array();
		json_put_str(call_data(c), "env", c->env->spec.name);
		json_put(call_data(c), "samples", samples);
	}
	stats_view_open(&v, c);
	keys_begin(&k, c, v.live);
	rc = series(c, &k, &v, interval_ms, count, samples);
	keys_end(&k);
	stats_view_close(&v);
	return rc;
}

static int
stats_exec(struct call *c)
{
	bool many = call_has(c, "watch") || call_has(c, "count");
	uint64_t count = call_int(c, "count", 0);
	uint64_t ms = call_ms(c, "interval", many ? WATCH_MS : MEASURE_MS);
	struct keys none = {.host = c->host};
	int rc;

	if (call_has(c, "count") && !count)
		return err_set(&c->err, ERR_USAGE, "--count: from 1 on");
	if (many && !count && c->out->mode == OUTPUT_JSON)
		return err_set(&c->err, ERR_USAGE,
		    "--watch with --json needs --count: there is no end of it");
	if (many && !count && !ms)
		return err_set(
		    &c->err, ERR_USAGE, "--interval 0 needs --count");
	if (env_look(c))
		return -1;
	rc =
	    many ? watch(c, (int64_t)ms, count) : single(c, &none, (int64_t)ms);
	box_observe_end(c->env->box);
	return rc;
}

static const struct opt stats_opts[] = {
    OPT_FLAG('w', "watch", "go on, with graphs on a terminal; q ends it"),
    OPT_TIME('i', "interval",
	"time between readings, and that processor "
	"time is measured over"),
    OPT_INT('n', "count", "N", "so many readings, a line for each"),
    OPT_END,
};

const struct cmd cmd_stats = {
    .name = "stats",
    .summary = "processor, memory, processes and network that are used now",
    .help =
	"CPU is given of a core (100% is one that is busy) and of the limit, "
	"measured over half a second, or --interval.  Memory is without the "
	"page cache, which the kernel takes back when it needs room; files in "
	"memory, as in /workspace, do count.  The peak has the page cache in "
	"it.  Processes are counted with their threads, and on an engine with "
	"addesh's own.\n"
	"It works beside whatever runs in the environment, also from another "
	"process, and for kept environments of other sessions.  What cannot be "
	"known here is unknown, with the reason; in JSON it is null.\n"
	"With -w it goes on until q, Ctrl-C or --count readings: on a terminal "
	"as graphs (CPU and memory up to their limits, the others up to the "
	"most that is shown), else as a line for each reading.",
    .examples = "stats\n"
		"stats -w py311\n"
		"stats --count 10 --interval 2s",
    .opts = stats_opts,
    .args = {ARG_OPTIONAL("NAME", COMP_ENV)},
    .flags = CMD_NO_STEP,
    .exec = stats_exec,
};
