/*
 * The processes of requests: a uid for each, and their end.
 *
 * Whatever code does (setsid, double forks, chains that fork faster than a
 * walk through /proc), it stays in its uid, and kill(-1) under that uid takes
 * all of it in one step of the kernel.
 */
#include "runner.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define REAPS_PER_TURN 1000 /* code may fork as fast as this reaps */

void
fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

#ifdef SYS_setresuid32
#define SET_UIDS SYS_setresuid32
#else
#define SET_UIDS SYS_setresuid
#endif

/*
 * Of this thread alone: C libraries do it in all, and would wait for the one of
 * forker.c, which lives in a cgroup that may be throttled.
 */
static int
set_uids(uid_t real, uid_t effective, uid_t saved)
{
	return (int)syscall(SET_UIDS, real, effective, saved);
}

/*
 * The effective uid is the one whose processes are meant; it also gives up
 * CAP_KILL for that time.  The real one is one that nobody has, so that they
 * cannot signal back; the saved one leads back.
 */
int
uid_assume(const struct config *c, uid_t uid)
{
	return set_uids(c->uid + SLOTS_MAX, uid, c->self);
}

void
uid_resume(const struct config *c)
{
	if (set_uids(c->self, c->self, c->self) != 0)
		_exit(1);
	if (c->self == c->began)
		(void)prctl(PR_SET_DUMPABLE, 0);
	else
		leave_resume();
}

/* Whether no process of the uid is left, zombies included. */
static bool
uid_is_empty(const struct config *c, uid_t uid)
{
	if (c->tree || (c->relays && uid == c->began))
		return tree_kill(); /* what was forked since the last look */
	errno = 0;
	if (uid == c->began)
		return kill(-1, 0) < 0 && errno == ESRCH;
	return getpriority(PRIO_USER, uid) == -1 && errno == ESRCH;
}

int
task_slot(struct runner *rn, bool background)
{
	const struct config *c = &rn->config;
	int first = background ? SLOTS_MAX - JOBS_MAX : 0;
	int n = c->shared_uid && !c->pidns ? 1 : SLOTS_MAX - JOBS_MAX;

	for (int i = first; i < first + n; i++) {
		if (rn->slot_busy[i] || (!c->shared_uid &&
		    !uid_is_empty(c, config_slot_uid(c, i))))
			continue;
		rn->slot_busy[i] = true;
		if (rn->slots_used <= i)
			rn->slots_used = i + 1;
		return i;
	}
	return -1;
}

void
task_started(struct runner *rn, struct request *r, pid_t pid)
{
	if (r->state == REQUEST_WAITING)
		rn->nactive++;
	r->state = REQUEST_ACTIVE;
	r->pid = pid;
	r->reaped = false;
	r->started_us = runner_now();
	for (size_t i = 0; rn->nactive > 1 && i < rn->nrequests; i++)
		if (rn->requests[i]->state != REQUEST_WAITING)
			rn->requests[i]->parallel = true;
}

static void
signal_uid(const struct config *c, uid_t uid, int number)
{
	if (uid_assume(c, uid) == 0) {
		(void)kill(-1, number);
		uid_resume(c);
	}
}

static void
kill_uid(const struct config *c, uid_t uid)
{
	if (uid == c->began && c->relays)
		(void)tree_kill(); /* relays are not below the runner */
	else if (uid == c->began)
		(void)kill(-1, SIGKILL);
	else
		signal_uid(c, uid, SIGKILL);
}

void
task_signal(const struct runner *rn, const struct request *r, int number)
{
	uid_t uid = config_slot_uid(&rn->config, r->slot);

	if (!rn->config.pidns && uid != rn->config.began)
		signal_uid(&rn->config, uid, number);
}

static void
kill_all(struct runner *rn, struct request *r)
{
	if (rn->config.pidns) {
		if (!r->reaped && !run_ask_init(rn, r))
			(void)kill(r->pid, SIGKILL);
		return;
	}
	/* one that is still on its way from the runner's uid to its own */
	if (!r->reaped)
		(void)kill(r->pid, SIGKILL);
	if (rn->config.tree) {
		(void)kill(-r->pid, SIGKILL); /* where there is no /proc */
		(void)tree_kill();
		return;
	}
	kill_uid(&rn->config, config_slot_uid(&rn->config, r->slot));
	/* Not where children are born: see forker.c. */
	if (rn->cgroup.kill >= 0 && rn->cgroup.dir < 0 && rn->nactive == 1)
		(void)!write(rn->cgroup.kill, "1", 1);
}

/*
 * The helper of an EDIT is not killed between two renames: it reads that nobody
 * wants it any more, or has read all and ends by itself.  It has as long for
 * that as for anything.
 */
static bool
leaves_by_itself(struct runner *rn, struct request *r)
{
	if (r->type != PROTO_EDIT || r->timed_out)
		return false;
	if (r->in_fd >= 0)
		r->active_us = rn->now;
	r->in.closed = true;
	r->in.head = r->in.tail = 0;
	fd_close(&r->in_fd);
	return true;
}

void
task_kill(struct runner *rn, struct request *r)
{
	if (leaves_by_itself(rn, r))
		return;
	r->timer_us = 0;
	kill_all(rn, r);
	r->killed = true;
}

/* The process itself has ended; what it left behind goes now. */
static void
task_ended(struct runner *rn, struct request *r, int status)
{
	r->reaped = true;
	r->status = status;
	r->state = REQUEST_ENDING;
	r->ended_us = runner_now();
	r->timer_us = r->ended_us + DRAIN_US;
	r->in.closed = true;
	fd_close(&r->in_fd);
	r->empty = rn->config.pidns ||
	    uid_is_empty(&rn->config, config_slot_uid(&rn->config, r->slot));
	if (!r->empty)
		kill_all(rn, r);
}

static struct request *
find_process(struct runner *rn, pid_t pid, uid_t uid)
{
	struct request *r, *same_uid = NULL;

	for (size_t i = 0; i < rn->nrequests; i++) {
		r = rn->requests[i];
		if (r->state == REQUEST_WAITING)
			continue;
		if (r->pid == pid && !r->reaped)
			return r;
		if (!rn->config.pidns &&
		    config_slot_uid(&rn->config, r->slot) == uid)
			same_uid = r;
	}
	return same_uid;
}

static uint64_t
timeval_us(const struct timeval *tv)
{
	return (uint64_t)tv->tv_sec * 1000000 + (uint64_t)tv->tv_usec;
}

static void
account(struct request *r, const struct rusage *ru)
{
	r->user_us += timeval_us(&ru->ru_utime);
	r->sys_us += timeval_us(&ru->ru_stime);
	if ((uint64_t)ru->ru_maxrss > r->maxrss_kb)
		r->maxrss_kb = (uint64_t)ru->ru_maxrss;
}

static void
task_reaped(struct runner *rn, pid_t pid, uid_t uid)
{
	struct request *r = find_process(rn, pid, uid);
	struct rusage ru;
	int status;

	if (wait4(pid, &status, WNOHANG, &ru) != pid ||
	    service_reaped(rn, pid, status) || r == NULL)
		return;
	account(r, &ru);
	if (r->pid == pid && !r->reaped)
		task_ended(rn, r, status);
	else if (r->reaped && WIFSIGNALED(status) &&
	    WTERMSIG(status) == SIGKILL)
		r->leftovers++;
}

bool
tasks_reap(struct runner *rn)
{
	siginfo_t si;

	for (int i = 0; i < REAPS_PER_TURN; i++) {
		memset(&si, 0, sizeof(si));
		if (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT) < 0 ||
		    si.si_pid == 0)
			return false;
		task_reaped(rn, si.si_pid, si.si_uid);
	}
	return true;
}

/*
 * What is still in the pipes waits for a client that reads slowly, and nobody
 * holds them open: more than they can hold cannot come.
 */
static bool
is_held_up(struct runner *rn, const struct request *r)
{
	if (r->type != PROTO_RUN || r->drained > 2 * PIPE_BYTES)
		return false;
	if (rn->now - r->active_us < DRAIN_US && r->drained > 0)
		return true;
	for (int i = 0; i < 2; i++)
		if (r->out[i].fd >= 0 && !r->out[i].hung &&
		    !stream_wants(rn, r, &r->out[i]))
			return true;
	return false;
}

void
task_timer(struct runner *rn, struct request *r)
{
	r->timer_us = 0;
	if (r->state == REQUEST_ENDING && is_held_up(rn, r)) {
		r->timer_us = rn->now + DRAIN_US;
	} else if (r->state == REQUEST_ENDING) {
		fd_close(&r->out[0].fd);
		fd_close(&r->out[1].fd);
		r->overdue = true;
	} else if (r->type == PROTO_RUN) {
		run_timer(rn, r);
	} else {
		helper_timer(rn, r);
	}
}

void
task_settle(struct runner *rn, struct request *r)
{
	const struct config *c = &rn->config;

	if (r->out[0].fd >= 0 || r->out[1].fd >= 0)
		return;
	/* The kernel looks through all processes of the machine for it. */
	if (!r->empty)
		r->empty = uid_is_empty(c, config_slot_uid(c, r->slot));
	if (!r->empty && !r->overdue)
		return;
	if (!r->empty)
		request_event(rn, r, "processes that do not die were left");
	if (r->type != PROTO_RUN) {
		helper_finish(rn, r);
		return;
	}
	/* Else its IPC namespace has ended, or it is not ours. */
	if (!c->pidns && !c->tree)
		ipc_clean(c, config_slot_uid(c, r->slot));
	run_finish(rn, r);
}

static int
inbox_add(struct inbox *in, const void *data, size_t n)
{
	if (in->buf == NULL)
		in->buf = malloc(PROTO_WINDOW);
	if (in->buf == NULL || PROTO_WINDOW - (in->tail - in->head) < n)
		return -1;
	if (PROTO_WINDOW - in->tail < n) {
		memmove(in->buf, in->buf + in->head, in->tail - in->head);
		in->tail -= in->head;
		in->head = 0;
	}
	if (n > 0)
		memcpy(in->buf + in->tail, data, n);
	in->tail += n;
	return 0;
}

/* A helper gets whole frames, a program the bytes in them. */
int
task_input(struct request *r, const struct frame *f)
{
	struct inbox *in = &r->in;

	if (r->type == PROTO_PUT || r->type == PROTO_EDIT)
		return in->closed ? 0 : inbox_add(in,
		    f->payload - PROTO_HEADER_SIZE,
		    PROTO_HEADER_SIZE + (size_t)f->len);
	if (r->type != PROTO_RUN || f->type != PROTO_DATA || in->ended)
		return 0;
	in->credit += PROTO_HEADER_SIZE;
	in->ended = (f->flags & PROTO_F_END) != 0;
	if (in->closed) {
		in->credit += f->len;
		return 0;
	}
	return inbox_add(in, f->payload, f->len);
}

static void
send_credit(struct runner *rn, struct request *r)
{
	uint8_t buf[64];
	struct field_writer w;

	if (r->type != PROTO_RUN || r->orphan || r->in.credit == 0 ||
	    (r->in.credit < PROTO_WINDOW / 4 && r->in.head != r->in.tail))
		return;
	field_writer_init(&w, buf, sizeof(buf));
	field_put_u64(&w, PROTO_K_COUNT, r->in.credit);
	queue_message(&rn->queue, PROTO_CREDIT, r->id, &w);
	r->in.credit = 0;
}

static void
inbox_refused(struct request *r)
{
	struct inbox *in = &r->in;

	in->closed = true;
	in->credit += in->tail - in->head;
	in->head = in->tail = 0;
	fd_close(&r->in_fd);
}

void
task_feed(struct runner *rn, struct request *r)
{
	struct inbox *in = &r->in;
	ssize_t n;

	while (r->in_fd >= 0 && in->head < in->tail) {
		n = write(r->in_fd, in->buf + in->head, in->tail - in->head);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			inbox_refused(r);
		if (n <= 0)
			break;
		in->head += (size_t)n;
		in->credit += (uint64_t)n;
		r->sent += (uint64_t)n;
		r->active_us = rn->now;
	}
	if (in->head == in->tail) {
		in->head = in->tail = 0;
		if (in->ended && !in->closed && r->state == REQUEST_ACTIVE)
			run_input_end(r);
	}
	send_credit(rn, r);
}

void
task_close(struct request *r)
{
	fd_close(&r->in_fd);
	fd_close(&r->out[0].fd);
	fd_close(&r->out[1].fd);
	fd_close(&r->exec_fd);
	fd_close(&r->ctl_fd);
}
