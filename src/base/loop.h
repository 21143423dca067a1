/*
 * The poll loop.  There is one per process: terminal, signals and connections
 * to environments hang on it, so that nothing blocks silently and the leases of
 * idle environments are renewed whatever the shell waits for.  Built on
 * epoll(7), whose descriptor can itself be polled by a foreign loop
 * (libcurl's).
 */
#ifndef ADDESH_BASE_LOOP_H
#define ADDESH_BASE_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct loop_fd;
struct loop_timer;

/* events: POLLIN, POLLOUT, POLLHUP, POLLERR of poll(2). */
typedef void loop_fd_fn(void *arg, int fd, unsigned events);
typedef void loop_timer_fn(void *arg);

struct loop *loop_new(void);
void loop_free(struct loop *l);

/*
 * Watches fd, which stays the caller's and must stay open until the watch is
 * removed.  Regular files, which epoll does not take, count as always ready.
 * With events 0 nothing is waited for, not even the end of a pipe.  Any watch
 * may be removed inside any callback.
 */
struct loop_fd *loop_fd_add(struct loop *l, int fd, unsigned events,
    loop_fd_fn *fn, void *arg);
void loop_fd_set(struct loop_fd *w, unsigned events);
void loop_fd_remove(struct loop_fd *w); /* NULL is fine */

/* Calls fn once when clock_ms() has reached at_ms. */
struct loop_timer *loop_timer_add(struct loop *l, int64_t at_ms,
    loop_timer_fn *fn, void *arg);
void loop_timer_set(struct loop_timer *t, int64_t at_ms); /* again, or later */
void loop_timer_remove(struct loop_timer *t); /* NULL is fine */

/* Waits for events, at most max_ms (-1: no limit), and calls back once each. */
void loop_step(struct loop *l, int max_ms);
/* Runs until *done is set or clock_ms() reaches deadline (INT64_MAX: never). */
bool loop_until(struct loop *l, const bool *done, int64_t deadline);
/*
 * Writes all, and turns the loop while fd takes nothing: whoever reads a pipe
 * or a terminal may rest.  -1: errno.
 */
int loop_write(struct loop *l, int fd, const void *p, size_t n);
/* Readable when loop_step() has something to do, timers excepted. */
int loop_pollable_fd(struct loop *l);
/* Milliseconds to the next timer, -1 without one. */
int loop_next_ms(struct loop *l);

#endif
