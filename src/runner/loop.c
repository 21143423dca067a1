/*
 * The one poll loop: the client, signals, and each request's descriptors and
 * timers.
 */
#include "runner.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define FDS_MAX (8 + 4 * (PROTO_REQUESTS_MAX + SLOTS_MAX))
#define SETTLE_MS 20 /* how often an ending request is looked at anyway */

struct pollset {
	struct pollfd fds[FDS_MAX];
	nfds_t n;
	int timeout; /* milliseconds, -1: none */
};

uint64_t
runner_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void
watch(struct pollset *set, int fd, short events)
{
	if (fd < 0)
		return;
	set->fds[set->n].fd = fd;
	set->fds[set->n].events = events;
	set->fds[set->n++].revents = 0;
}

static void
wake_at(struct pollset *set, uint64_t now, uint64_t when)
{
	uint64_t ms = when <= now ? 0 : (when - now + 999) / 1000;

	if (when == 0)
		return;
	if (ms > 3600000)
		ms = 3600000;
	if (set->timeout < 0 || (int)ms < set->timeout)
		set->timeout = (int)ms;
}

/* When the client that waits for something is taken for dead; 0: never. */
static uint64_t
silence_end(const struct runner *rn)
{
	return rn->silence_us > 0 && requests_are_waited_for(rn) ?
	    rn->heard_us + rn->silence_us : 0;
}

static void
watch_request(struct runner *rn, struct pollset *set, const struct request *r)
{
	if (r->state == REQUEST_WAITING)
		return;
	wake_at(set, rn->now, r->timer_us);
	if (r->state == REQUEST_ENDING)
		wake_at(set, rn->now, rn->now + SETTLE_MS * 1000);
	watch(set, r->exec_fd, POLLIN);
	if (r->in.head < r->in.tail)
		watch(set, r->in_fd, POLLOUT);
	for (int i = 0; i < 2; i++) {
		if (stream_wants(rn, r, &r->out[i]))
			watch(set, r->out[i].fd, POLLIN);
		if (r->out[i].hung)
			wake_at(set, rn->now, rn->now + SETTLE_MS * 1000);
	}
}

/* A queue that is full holds up its own client, and nobody else's HELLO. */
static void
watch_channel(struct runner *rn, struct pollset *set,
    const struct channel *ch)
{
	if (ch != rn->client || queue_is_open(&rn->queue))
		watch(set, ch->in, POLLIN);
	watch(set, ch->conn, POLLIN);
}

static void
watch_channels(struct runner *rn, struct pollset *set)
{
	watch_channel(rn, set, &rn->stdio);
	watch_channel(rn, set, &rn->late);
	if (rn->config.keep || rn->hello_by > 0)
		watch(set, rn->listen_fd, POLLIN);
	watch(set, rn->pending_fd, POLLIN);
	if (queue_pending(&rn->queue) > 0)
		watch(set, rn->queue.fd, POLLOUT);
}

static void
wait_for_events(struct runner *rn, struct pollset *set)
{
	set->n = 0;
	set->timeout = -1;
	watch(set, rn->sigfd, POLLIN);
	watch_channels(rn, set);
	for (size_t i = 0; i < rn->nrequests; i++)
		watch_request(rn, set, rn->requests[i]);
	if (rn->config.lease_us > 0)
		wake_at(set, rn->now, rn->lease_at);
	wake_at(set, rn->now, rn->hello_by);
	wake_at(set, rn->now, silence_end(rn));
	wake_at(set, rn->now, rn->disk.next_us);
	if (rn->reaping || (rn->inquiries_held &&
		queue_room(&rn->queue, PROTO_FRAME_MAX) != NULL))
		set->timeout = 0;
	if (poll(set->fds, set->n, set->timeout) < 0)
		set->n = 0;
	rn->now = runner_now();
}

static bool
is_ready(const struct pollset *set, int fd)
{
	for (nfds_t i = 0; fd >= 0 && i < set->n; i++)
		if (set->fds[i].fd == fd)
			return set->fds[i].revents != 0;
	return false;
}

/*
 * SIGTERM counts only from outside of the environment (ssi_pid is 0 then):
 * code may have the runner's uid.
 */
static void
read_signals(struct runner *rn)
{
	struct signalfd_siginfo si[8];
	ssize_t n = read(rn->sigfd, si, sizeof(si));

	for (ssize_t i = 0; i < n / (ssize_t)sizeof(si[0]); i++) {
		if (si[i].ssi_signo == SIGTERM && si[i].ssi_pid == 0) {
			if (rn->service > 0)
				(void)kill(rn->service, SIGTERM);
			rn->stopping = true;
			rn->quit = rn->quit || rn->service == 0;
		}
	}
	rn->reaping = true;
}

/* Who is there before who comes, which gives numbers a new meaning. */
static void
serve_channels(struct runner *rn, const struct pollset *set)
{
	if (is_ready(set, rn->stdio.in))
		channel_read(rn, &rn->stdio);
	if (is_ready(set, rn->late.in))
		channel_read(rn, &rn->late);
	/* Nothing is ever sent there: it is the end. */
	if (is_ready(set, rn->late.conn))
		channel_lost(rn, &rn->late);
	if (is_ready(set, rn->pending_fd))
		channel_pending(rn);
	if (is_ready(set, rn->listen_fd))
		channel_accept(rn);
}

static void
read_streams(struct runner *rn, const struct pollset *set, struct request *r)
{
	uint64_t before = r->out[0].total + r->out[1].total, after;

	for (int i = 0; i < 2; i++)
		if (r->out[i].hung || is_ready(set, r->out[i].fd))
			stream_read(rn, r, &r->out[i]);
	after = r->out[0].total + r->out[1].total;
	if (after > before)
		r->active_us = rn->now;
	if (r->reaped)
		r->drained += after - before;
}

static void
serve_request(struct runner *rn, const struct pollset *set, struct request *r)
{
	if (is_ready(set, r->exec_fd))
		run_report(rn, r);
	if (r->in.head < r->in.tail || r->in.ended || r->in.credit > 0)
		task_feed(rn, r);
	if (r->type == PROTO_RUN) {
		read_streams(rn, set, r);
	} else {
		helper_read(rn, r);
	}
	if (r->timer_us != 0 && r->timer_us <= rn->now)
		task_timer(rn, r);
	if (r->state == REQUEST_ENDING)
		task_settle(rn, r);
}

static void
serve_requests(struct runner *rn, const struct pollset *set)
{
	struct request *r;

	for (size_t i = 0; i < rn->nrequests;) {
		r = rn->requests[i];
		if (r->state != REQUEST_WAITING)
			serve_request(rn, set, r);
		if (i < rn->nrequests && rn->requests[i] == r)
			i++;
	}
	requests_advance(rn);
}

/* Times that are over because nobody was heard. */
static void
end_in_time(struct runner *rn)
{
	uint64_t silence = silence_end(rn);

	/* Who waits for something uses it, until it is taken for dead. */
	if (silence > 0)
		rn->lease_at = rn->now + rn->config.lease_us;
	if (rn->config.lease_us > 0 && rn->now >= rn->lease_at)
		rn->quit = true;
	if (rn->hello_by > 0 && rn->now >= rn->hello_by)
		rn->quit = true;
	/* Should the client only have slept, it gets to know. */
	if (silence > 0 && rn->now >= silence) {
		rn->heard_us = rn->now;
		requests_cancel(rn, NULL);
	}
}

/*
 * Who writes a lot wakes the runner for each piece, and wherever there are few
 * processors that takes them from everybody else on the way of the output.  In
 * a short pause the pipe (PIPE_BYTES) takes more.
 */
static void
let_fill(struct runner *rn)
{
	static const struct timespec pause = {.tv_nsec = 200000};

	if (rn->bulk)
		(void)nanosleep(&pause, NULL);
	rn->bulk = false;
}

void
runner_loop(struct runner *rn)
{
	static struct pollset set;

	rn->now = runner_now();
	while (!rn->quit) {
		let_fill(rn);
		wait_for_events(rn, &set);
		if (is_ready(&set, rn->sigfd))
			read_signals(rn);
		if (rn->reaping)
			rn->reaping = tasks_reap(rn);
		serve_channels(rn, &set);
		serve_requests(rn, &set);
		inquiries_serve(rn);
		disk_look(rn, false);
		queue_flush(&rn->queue);
		if (rn->queue.broken && rn->client != NULL)
			channel_lost(rn, rn->client);
		end_in_time(rn);
	}
}
