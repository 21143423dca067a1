#include "adde/mcp_pool.h"

#include <ctype.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "adde/mcp_peer.h"
#include "adde/mcp_tools.h"
#include "adde/wire.h"
#include "base/clock.h"
#include "base/loop.h"
#include "cmd/host.h"

enum {
	WORKERS_MAX = 8,
	WAITING_MAX = 256,	    /* calls */
	WAITING_BYTES = 256 << 20,  /* of their arguments */
	IDLE_MS = 60000,  /* a worker ends, and lets its environments go */
	STUCK_MS = 20000, /* what was told to end does not: it is killed */
	END_MS = 5000,	  /* the same when the server itself ends */
	ID_DIGITS = 12,	 /* of a container's id that are enough to name it */
};

struct job {
	struct job *next;
	uint32_t number;
	char *id;
	enum mcp_era era;
	char *env; /* or NULL */
	struct strbuf call;
	struct worker *worker; /* NULL: it waits */
	int64_t cancelled; /* when, 0: it is not */
};

struct worker {
	struct mcp_pool *pool;
	struct mcp_peer peer;
	struct job *job; /* NULL: idle */
	char *env;	 /* that it used last, or NULL */
	int64_t since;	 /* when it became idle, or was told to end */
};

struct mcp_pool {
	struct host *host;
	mcp_line_fn *line;
	void *arg;
	struct job *jobs; /* in the order in which they came */
	size_t waiting, waiting_bytes;
	struct worker *workers[WORKERS_MAX];
	struct loop_timer *timer;
	uint32_t number;
	bool paused, closing;
};

/* ---- calls ---- */

/* Beginnings of a container's id name the same environment. */
static bool
same_env(const char *a, const char *b)
{
	size_t n = 0;

	if (!a || !b)
		return false;
	while (a[n] && a[n] == b[n] && isxdigit((unsigned char)a[n]))
		n++;
	return !strcmp(a, b) || (n >= ID_DIGITS && (!a[n] || !b[n]));
}

static void
remove_job(struct mcp_pool *p, struct job *job)
{
	struct job **jp = &p->jobs;

	while (*jp != job)
		jp = &(*jp)->next;
	*jp = job->next;
	if (!job->worker) {
		p->waiting--;
		p->waiting_bytes -= job->call.len;
	}
	strbuf_release(&job->call);
	free(job->id);
	free(job->env);
	free(job);
}

static struct job *
find_job(const struct mcp_pool *p, const char *id)
{
	for (struct job *job = p->jobs; job; job = job->next)
		if (!job->cancelled && !strcmp(job->id, id))
			return job;
	return NULL;
}

bool
mcp_pool_has(const struct mcp_pool *p, const char *id)
{
	return find_job(p, id) != NULL;
}

int
mcp_pool_call(struct mcp_pool *p, const char *id, enum mcp_era era,
    const char *env, const json *call, struct err *err)
{
	autofree char *text = wire_print(call);
	struct job *job, **end = &p->jobs;

	if (p->waiting >= WAITING_MAX ||
	    p->waiting_bytes + strlen(text) > WAITING_BYTES)
		return err_set(err, ERR_INTERNAL,
		    "%zu calls wait already: call again when there are "
		    "answers to some of them",
		    p->waiting);
	job = xcalloc(1, sizeof(*job));
	*job = (struct job){.number = ++p->number,
	    .id = xstrdup(id),
	    .era = era,
	    .env = env ? xstrdup(env) : NULL,
	    .call = STRBUF_INIT};
	strbuf_adds(&job->call, text);
	p->waiting++;
	p->waiting_bytes += job->call.len;
	while (*end)
		end = &(*end)->next;
	*end = job;
	return 0;
}

void
mcp_pool_cancel(struct mcp_pool *p, const char *id)
{
	struct job *job = find_job(p, id);

	if (!job)
		return;
	job->cancelled = clock_ms();
	if (job->worker)
		mcp_peer_send(
		    &job->worker->peer, MCP_CANCEL, job->number, NULL);
	else
		remove_job(p, job);
}

/* ---- from a worker ---- */

static void
send_line(struct worker *w, const char *line, size_t n)
{
	if (w->job && !w->job->cancelled && !w->pool->closing)
		w->pool->line(w->pool->arg, line, n);
}

static void
take_frame(void *worker, const struct mcp_frame *frame, const char *body)
{
	struct worker *w = worker;

	if (!w->job || frame->call != w->job->number)
		return;
	if (frame->type == MCP_ENV) {
		free(w->env);
		w->env = xstrndup(body, frame->len);
		return;
	}
	send_line(w, body, frame->len);
	if (frame->type != MCP_DONE)
		return;
	remove_job(w->pool, steal(&w->job));
	w->since = clock_ms();
}

/* ---- workers ---- */

static void
start_worker(struct mcp_pool *p, struct worker **slot, struct err *err)
{
	struct worker *w = xcalloc(1, sizeof(*w));

	w->pool = p;
	if (mcp_peer_start(&w->peer, p->host, take_frame, w, err)) {
		free(w);
		return;
	}
	mcp_peer_pause(&w->peer, p->paused);
	*slot = w;
}

/* What the model is told of a worker that ended in the middle. */
static void
fail_job(struct worker *w, int status)
{
	autobuf struct strbuf line = STRBUF_INIT;
	autobuf struct strbuf why = STRBUF_INIT;

	strbuf_adds(&why, "the process that carried this out ");
	if (WIFSIGNALED(status))
		strbuf_addf(&why, "was killed by signal %d", WTERMSIG(status));
	else
		strbuf_adds(&why, "ended");
	strbuf_addf(&why, " before it had a result\n"
			  "Part of the work may be done. %s",
	    w->job->env ? "The environment is still there: call again."
			: "Call again.");
	mcp_tools_fail(&line, w->job->id, w->job->era, why.buf);
	send_line(w, line.buf, line.len);
	remove_job(w->pool, steal(&w->job));
}

static void
remove_worker(struct worker **slot)
{
	struct worker *w = steal(slot);
	int status = mcp_peer_end(&w->peer);

	if (w->job)
		fail_job(w, status);
	free(w->env);
	free(w);
}

/* ---- which one ---- */

static bool
is_idle(const struct worker *w)
{
	return w && !w->job && !w->peer.leaving && !w->peer.gone;
}

/*
 * Where the environment is open; else one that has none, a new one, or the one
 * that is idle for the longest time.  NULL if none is to be had.
 */
static struct worker **
choose(struct mcp_pool *p, const char *env)
{
	struct worker **spare = NULL, **slot = NULL, **oldest = NULL;

	for (struct worker **wp = p->workers; wp < p->workers + WORKERS_MAX;
	     wp++) {
		if (!*wp) {
			slot = slot ? slot : wp;
			continue;
		}
		if (!is_idle(*wp))
			continue;
		if (same_env((*wp)->env, env))
			return wp;
		if (!(*wp)->env)
			spare = wp;
		if (!oldest || (*wp)->since < (*oldest)->since)
			oldest = wp;
	}
	return spare ? spare : slot ? slot : oldest;
}

/* Does one that came before it use the same environment? */
static bool
is_held(const struct mcp_pool *p, const struct job *job)
{
	for (const struct job *j = p->jobs; j != job; j = j->next)
		if (same_env(j->env, job->env))
			return true;
	return false;
}

static void
give(struct worker *w, struct job *job)
{
	struct mcp_pool *p = w->pool;

	p->waiting--;
	p->waiting_bytes -= job->call.len;
	job->worker = w;
	w->job = job;
	if (job->env) {
		free(w->env);
		w->env = xstrdup(job->env);
	}
	mcp_peer_send(&w->peer, MCP_CALL, job->number, &job->call);
	strbuf_release(&job->call);
}

static void
refuse(struct mcp_pool *p, struct job *job, const struct err *err)
{
	autobuf struct strbuf line = STRBUF_INIT;

	mcp_tools_fail(&line, job->id, job->era, err->msg.buf);
	p->line(p->arg, line.buf, line.len);
	remove_job(p, job);
}

static void
give_out(struct mcp_pool *p)
{
	autoerr struct err err = ERR_INIT;
	struct worker **slot;

	for (struct job *job = p->jobs, *next; job; job = next) {
		next = job->next;
		if (job->worker || is_held(p, job))
			continue;
		slot = choose(p, job->env);
		if (!slot)
			return;
		if (!*slot)
			start_worker(p, slot, &err);
		if (*slot)
			give(*slot, job);
		else
			refuse(p, job, &err);
	}
}

/* ---- the pool ---- */

/* When a worker's time is over; INT64_MAX: that is not known. */
static int64_t
time_of_end(const struct worker *w)
{
	if (!w || w->peer.gone)
		return INT64_MAX;
	if (w->job)
		return w->job->cancelled ? w->job->cancelled + STUCK_MS
					 : INT64_MAX;
	return w->since + (w->peer.leaving ? STUCK_MS : IDLE_MS);
}

/* One that does not give up what was cancelled would keep the environment from
   the next call. */
static void
end_worker(struct worker *w, int64_t now)
{
	if (w->job || w->peer.leaving) {
		kill(w->peer.pid, SIGKILL);
		return;
	}
	mcp_peer_tell_to_end(&w->peer);
	w->since = now;
}

static void
end_workers(struct mcp_pool *p)
{
	int64_t now = clock_ms(), first = INT64_MAX;

	for (size_t i = 0; i < WORKERS_MAX; i++) {
		struct worker *w = p->workers[i];

		if (time_of_end(w) <= now)
			end_worker(w, now);
		if (time_of_end(w) > now && time_of_end(w) < first)
			first = time_of_end(w);
	}
	loop_timer_set(p->timer, first);
}

void
mcp_pool_turn(struct mcp_pool *p)
{
	for (size_t i = 0; i < WORKERS_MAX; i++)
		if (p->workers[i] && p->workers[i]->peer.gone)
			remove_worker(&p->workers[i]);
	give_out(p);
	end_workers(p);
}

void
mcp_pool_pause(struct mcp_pool *p, bool pause)
{
	if (p->paused == pause)
		return;
	p->paused = pause;
	for (size_t i = 0; i < WORKERS_MAX; i++)
		if (p->workers[i])
			mcp_peer_pause(&p->workers[i]->peer, pause);
}

static void
wake(void *arg)
{
}

struct mcp_pool *
mcp_pool_new(struct host *h, mcp_line_fn *line, void *arg)
{
	struct mcp_pool *p = xcalloc(1, sizeof(*p));

	p->host = h;
	p->line = line;
	p->arg = arg;
	p->timer = loop_timer_add(h->loop, INT64_MAX, wake, NULL);
	return p;
}

/* Are any left?  Those that are gone are removed. */
static bool
any_left(struct mcp_pool *p)
{
	bool left = false;

	for (size_t i = 0; i < WORKERS_MAX; i++) {
		if (p->workers[i] && p->workers[i]->peer.gone)
			remove_worker(&p->workers[i]);
		left = left || p->workers[i];
	}
	return left;
}

static void
wait_for_workers(struct mcp_pool *p, int64_t deadline)
{
	while (any_left(p) && clock_ms() < deadline) {
		loop_timer_set(p->timer, deadline);
		loop_step(p->host->loop, -1);
	}
}

/* Their programs are ended by the runners, which then have no client. */
static void
kill_workers(struct mcp_pool *p)
{
	for (size_t i = 0; i < WORKERS_MAX; i++)
		if (p->workers[i])
			kill(p->workers[i]->peer.pid, SIGKILL);
}

void
mcp_pool_free(struct mcp_pool *p)
{
	p->closing = true;
	mcp_pool_pause(p, false);
	while (p->jobs && !p->jobs->worker)
		remove_job(p, p->jobs);
	for (size_t i = 0; i < WORKERS_MAX; i++)
		if (p->workers[i])
			mcp_peer_tell_to_end(&p->workers[i]->peer);
	wait_for_workers(p, clock_ms() + END_MS);
	kill_workers(p);
	wait_for_workers(p, INT64_MAX);
	while (p->jobs)
		remove_job(p, p->jobs);
	loop_timer_remove(p->timer);
	free(p);
}
