#include "adde/mcp_pool.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adde/mcp_tools.h"
#include "adde/mcp_worker.h"
#include "adde/wire.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/spawn.h"
#include "cmd/host.h"

enum {
	WORKERS_MAX = 8,
	WAITING_MAX = 256,	    /* calls */
	WAITING_BYTES = 256 << 20,  /* of their arguments */
	IDLE_MS = 60000, /* a worker ends, and lets its environments go */
	END_MS = 5000,	 /* for a worker to end; then it is killed */
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
	bool cancelled;
};

struct worker {
	struct mcp_pool *pool;
	pid_t pid;
	int fd;
	struct loop_fd *watch;
	struct strbuf in;
	struct job *job; /* NULL: idle */
	char *env;	 /* that it used last, or NULL */
	int64_t since;	 /* when it became idle */
	bool leaving;	 /* it was told to end */
	bool gone;	 /* its end of the pair is closed */
};

struct mcp_pool {
	struct host *host;
	mcp_line_fn *line;
	void *arg;
	struct job *jobs; /* in the order in which they came */
	size_t waiting, waiting_bytes;
	struct worker *workers[WORKERS_MAX];
	struct loop_timer *idle;
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
		    "%zu calls wait already, which is too much", p->waiting);
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
	job->cancelled = true;
	if (job->worker)
		(void)mcp_frame_write(job->worker->fd, MCP_CANCEL,
		    job->number, NULL);
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
take_frame(struct worker *w, const struct mcp_frame *frame, const char *body)
{
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

static void
on_readable(void *arg, int fd, unsigned events)
{
	struct worker *w = arg;
	struct mcp_frame frame;
	int came = mcp_frame_fill(fd, &w->in), whole;

	if (!came)
		return;
	while ((whole = mcp_frame_read(&w->in, &frame)) > 0) {
		take_frame(w, &frame, w->in.buf + sizeof(frame));
		strbuf_consume(&w->in, sizeof(frame) + frame.len);
	}
	if (came > 0 && whole == 0)
		return;
	w->gone = true;
	loop_fd_set(w->watch, 0);
}

/* ---- workers ---- */

static void
start_worker(struct mcp_pool *p, struct worker **slot, struct err *err)
{
	struct worker *w = xcalloc(1, sizeof(*w));

	w->pool = p;
	w->pid = mcp_worker_start(p->host, &w->fd, err);
	if (w->pid < 0) {
		free(w);
		return;
	}
	strbuf_init(&w->in);
	w->watch = loop_fd_add(p->host->loop, w->fd, p->paused ? 0 : POLLIN,
	    on_readable, w);
	*slot = w;
}

/* What the model is told of a worker that ended in the middle. */
static void
fail_job(struct worker *w, int status)
{
	autobuf struct strbuf line = STRBUF_INIT;
	autofree char *why = NULL;

	if (WIFSIGNALED(status))
		why = xasprintf("the process that carried this out was killed "
				"by signal %d",
		    WTERMSIG(status));
	else
		why = xasprintf("the process that carried this out ended");
	mcp_tools_fail(&line, w->job->id, w->job->era, why);
	send_line(w, line.buf, line.len);
	remove_job(w->pool, steal(&w->job));
}

static void
remove_worker(struct worker **slot)
{
	struct worker *w = steal(slot);
	int status;

	/* It closes its end when it exits; else it is none to be trusted. */
	kill(w->pid, SIGKILL);
	status = spawn_wait(w->pid);
	loop_fd_remove(w->watch);
	close(w->fd);
	if (w->job)
		fail_job(w, status);
	strbuf_release(&w->in);
	free(w->env);
	free(w);
}

static void
tell_to_end(struct worker *w)
{
	w->leaving = true;
	shutdown(w->fd, SHUT_WR);
}

/* ---- which one ---- */

static bool
is_idle(const struct worker *w)
{
	return w && !w->job && !w->leaving && !w->gone;
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
	/* One that ended is seen when it is read. */
	(void)mcp_frame_write(w->fd, MCP_CALL, job->number, &job->call);
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

static void
end_idle(struct mcp_pool *p)
{
	int64_t now = clock_ms(), first = INT64_MAX;

	for (size_t i = 0; i < WORKERS_MAX; i++) {
		struct worker *w = p->workers[i];

		if (!is_idle(w))
			continue;
		if (now - w->since >= IDLE_MS)
			tell_to_end(w);
		else if (w->since + IDLE_MS < first)
			first = w->since + IDLE_MS;
	}
	loop_timer_set(p->idle, first);
}

void
mcp_pool_turn(struct mcp_pool *p)
{
	for (size_t i = 0; i < WORKERS_MAX; i++)
		if (p->workers[i] && p->workers[i]->gone)
			remove_worker(&p->workers[i]);
	give_out(p);
	end_idle(p);
}

void
mcp_pool_pause(struct mcp_pool *p, bool pause)
{
	if (p->paused == pause)
		return;
	p->paused = pause;
	for (size_t i = 0; i < WORKERS_MAX; i++)
		if (p->workers[i] && !p->workers[i]->gone)
			loop_fd_set(p->workers[i]->watch, pause ? 0 : POLLIN);
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
	p->idle = loop_timer_add(h->loop, INT64_MAX, wake, NULL);
	return p;
}

/* Are any left?  Those that are gone are removed. */
static bool
any_left(struct mcp_pool *p)
{
	bool left = false;

	for (size_t i = 0; i < WORKERS_MAX; i++) {
		if (p->workers[i] && p->workers[i]->gone)
			remove_worker(&p->workers[i]);
		left = left || p->workers[i];
	}
	return left;
}

static void
wait_for_workers(struct mcp_pool *p, int64_t deadline)
{
	while (any_left(p) && clock_ms() < deadline) {
		loop_timer_set(p->idle, deadline);
		loop_step(p->host->loop, -1);
	}
}

/* Their programs are ended by the runners, which then have no client. */
static void
kill_workers(struct mcp_pool *p)
{
	for (size_t i = 0; i < WORKERS_MAX; i++)
		if (p->workers[i])
			kill(p->workers[i]->pid, SIGKILL);
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
			tell_to_end(p->workers[i]);
	wait_for_workers(p, clock_ms() + END_MS);
	kill_workers(p);
	wait_for_workers(p, INT64_MAX);
	while (p->jobs)
		remove_job(p, p->jobs);
	loop_timer_remove(p->idle);
	free(p);
}
