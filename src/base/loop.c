#include "base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/xalloc.h"

struct loop_fd {
	struct loop *loop;
	struct loop_fd *next;
	int fd;
	unsigned events;
	bool always; /* epoll refused it: a regular file */
	bool dead;
	loop_fd_fn *fn;
	void *arg;
};

struct loop_timer {
	struct loop *loop;
	struct loop_timer *next;
	int64_t at; /* INT64_MAX: not armed */
	bool dead;
	loop_timer_fn *fn;
	void *arg;
};

struct loop {
	int epfd;
	struct loop_fd *fds;
	struct loop_timer *timers;
	int depth; /* of loop_step(), for callbacks that wait themselves */
	int always; /* watches of such files that wait for something */
	bool garbage;
};

struct loop *
loop_new(void)
{
	struct loop *l = xcalloc(1, sizeof(*l));

	l->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epfd < 0)
		abort();
	return l;
}

/* Frees what was removed; only when no callback is on the stack. */
static void
sweep(struct loop *l)
{
	struct loop_fd **fp = &l->fds;
	struct loop_timer **tp = &l->timers;

	while (*fp) {
		struct loop_fd *w = *fp;

		if (w->dead) {
			*fp = w->next;
			free(w);
		} else {
			fp = &w->next;
		}
	}
	while (*tp) {
		struct loop_timer *t = *tp;

		if (t->dead) {
			*tp = t->next;
			free(t);
		} else {
			tp = &t->next;
		}
	}
	l->garbage = false;
}

void
loop_free(struct loop *l)
{
	if (!l)
		return;
	for (struct loop_fd *w = l->fds; w; w = w->next)
		w->dead = true;
	for (struct loop_timer *t = l->timers; t; t = t->next)
		t->dead = true;
	sweep(l);
	close(l->epfd);
	free(l);
}

static uint32_t
to_epoll(unsigned events)
{
	return (events & POLLIN ? EPOLLIN : 0) |
	       (events & POLLOUT ? EPOLLOUT : 0);
}

static unsigned
from_epoll(uint32_t events)
{
	return (events & EPOLLIN ? POLLIN : 0) |
	       (events & EPOLLOUT ? POLLOUT : 0) |
	       (events & EPOLLHUP ? POLLHUP : 0) |
	       (events & EPOLLERR ? POLLERR : 0);
}

/*
 * A watch that waits for nothing is none of epoll's: it would tell of a
 * hang-up all the time, and nobody would do anything about it.
 */
static void
begin_watch(struct loop_fd *w)
{
	struct epoll_event ev = {
	    .events = to_epoll(w->events), .data.ptr = w};

	if (!w->always && !epoll_ctl(w->loop->epfd, EPOLL_CTL_ADD, w->fd, &ev))
		return;
	if (!w->always && errno != EPERM)
		abort();
	w->always = true;
	w->loop->always++;
}

static void
end_watch(struct loop_fd *w)
{
	if (w->always)
		w->loop->always--;
	else
		epoll_ctl(w->loop->epfd, EPOLL_CTL_DEL, w->fd, NULL);
}

struct loop_fd *
loop_fd_add(struct loop *l, int fd, unsigned events, loop_fd_fn *fn, void *arg)
{
	struct loop_fd *w = xcalloc(1, sizeof(*w));

	*w = (struct loop_fd){.loop = l, .next = l->fds, .fd = fd,
	    .events = events, .fn = fn, .arg = arg};
	if (events)
		begin_watch(w);
	l->fds = w;
	return w;
}

void
loop_fd_set(struct loop_fd *w, unsigned events)
{
	struct epoll_event ev = {.events = to_epoll(events), .data.ptr = w};
	unsigned before = w->events;

	w->events = events;
	if (!before && events)
		begin_watch(w);
	else if (before && !events)
		end_watch(w);
	else if (before != events && !w->always)
		epoll_ctl(w->loop->epfd, EPOLL_CTL_MOD, w->fd, &ev);
}

void
loop_fd_remove(struct loop_fd *w)
{
	if (!w || w->dead)
		return;
	if (w->events)
		end_watch(w);
	w->dead = w->loop->garbage = true;
	if (!w->loop->depth)
		sweep(w->loop);
}

struct loop_timer *
loop_timer_add(struct loop *l, int64_t at_ms, loop_timer_fn *fn, void *arg)
{
	struct loop_timer *t = xcalloc(1, sizeof(*t));

	*t = (struct loop_timer){.loop = l, .next = l->timers, .at = at_ms,
	    .fn = fn, .arg = arg};
	l->timers = t;
	return t;
}

void
loop_timer_set(struct loop_timer *t, int64_t at_ms)
{
	t->at = at_ms;
}

void
loop_timer_remove(struct loop_timer *t)
{
	if (!t || t->dead)
		return;
	t->dead = t->loop->garbage = true;
	if (!t->loop->depth)
		sweep(t->loop);
}

int
loop_next_ms(struct loop *l)
{
	int64_t next = INT64_MAX, left;

	if (l->always)
		return 0;
	for (struct loop_timer *t = l->timers; t; t = t->next)
		if (!t->dead && t->at < next)
			next = t->at;
	if (next == INT64_MAX)
		return -1;
	left = next - clock_ms();
	return left < 0 ? 0 : left > 1000000 ? 1000000 : (int)left;
}

static void
fire_timers(struct loop *l)
{
	int64_t now = clock_ms();

	for (struct loop_timer *t = l->timers; t; t = t->next) {
		if (t->dead || t->at > now)
			continue;
		t->at = INT64_MAX; /* the callback may arm it again */
		t->fn(t->arg);
	}
}

static void
fire_always(struct loop *l)
{
	for (struct loop_fd *w = l->fds; w; w = w->next)
		if (w->always && !w->dead && w->events)
			w->fn(w->arg, w->fd, w->events);
}

void
loop_step(struct loop *l, int max_ms)
{
	struct epoll_event evs[16];
	int wait = loop_next_ms(l), n;

	if (wait < 0 || (max_ms >= 0 && max_ms < wait))
		wait = max_ms;
	n = epoll_wait(l->epfd, evs, ARRAY_SIZE(evs), wait);
	l->depth++;
	for (int i = 0; i < n; i++) {
		struct loop_fd *w = evs[i].data.ptr;

		if (!w->dead)
			w->fn(w->arg, w->fd, from_epoll(evs[i].events));
	}
	if (l->always)
		fire_always(l);
	fire_timers(l);
	if (!--l->depth && l->garbage)
		sweep(l);
}

bool
loop_until(struct loop *l, const bool *done, int64_t deadline)
{
	while (!*done) {
		int64_t left = deadline - clock_ms();

		if (deadline == INT64_MAX)
			left = 1000000;
		if (left <= 0)
			return false;
		loop_step(l, left > 1000000 ? 1000000 : (int)left);
	}
	return true;
}

int
loop_pollable_fd(struct loop *l)
{
	return l->epfd;
}

/* ---- writing ---- */

static void
set_flag(void *arg, int fd, unsigned events)
{
	*(bool *)arg = true;
}

/* By a descriptor of its own: fd may be watched already. */
static void
wait_writable(struct loop *l, int fd)
{
	struct pollfd pfd = {.fd = fd, .events = POLLOUT};
	autoclose int own = -1;
	struct loop_fd *w;
	bool ready = false;

	if (poll(&pfd, 1, 0))
		return;
	own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (own < 0)
		return;
	w = loop_fd_add(l, own, POLLOUT, set_flag, &ready);
	loop_until(l, &ready, INT64_MAX);
	loop_fd_remove(w);
}

int
loop_write(struct loop *l, int fd, const void *p, size_t n)
{
	const char *s = p;
	struct stat st;

	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		return io_write_all(fd, p, n);
	while (n) {
		/* What a pipe that is ready takes at once. */
		size_t part = n < PIPE_BUF ? n : PIPE_BUF;

		wait_writable(l, fd);
		if (io_write_all(fd, s, part))
			return -1;
		s += part;
		n -= part;
	}
	return 0;
}
