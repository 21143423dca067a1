/*
 * A run: a program with its pipes or terminal, its deadline and its verdict.
 */
#include "runner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef TIOCGPTPEER
#define TIOCGPTPEER 0x5441 /* ioctl_tty(2) */
#endif
#define INIT_US 200000 /* for the init of a PID namespace to report */

/* Both ends of what a run is connected with; -1: not there. */
struct ends {
	int ours[5], theirs[5]; /* in, out, err, report, ctl */
};

static void
ends_close(int *fds)
{
	for (int i = 0; i < 5; i++)
		fd_close(&fds[i]);
}

static int
open_pipe(struct ends *e, int i, bool to_child)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	e->ours[i] = fds[to_child];
	e->theirs[i] = fds[!to_child];
	(void)fcntl(e->ours[i], F_SETFL, O_NONBLOCK);
	return 0;
}

/* The terminal belongs to the run's user, who may want to open it by name. */
static int
open_pty(struct runner *rn, const struct request *r, struct ends *e)
{
	struct winsize ws = {.ws_row = r->rows, .ws_col = r->cols};
	char path[32] = "/proc/self/fd/";
	int master, unlock = 0;

	if (rn->ptmxfd < 0) {
		errno = ENODEV;
		return -1;
	}
	text_number(path + 14, (uint64_t)rn->ptmxfd, 10);
	(void)setfsuid(config_slot_uid(&rn->config, r->slot));
	master = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	(void)setfsuid(rn->config.self);
	if (rn->config.self == rn->config.began)
		(void)prctl(PR_SET_DUMPABLE, 0);
	else
		leave_resume();
	if (master < 0)
		return -1;
	e->ours[1] = master;
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return -1;
	(void)ioctl(master, TIOCSWINSZ, &ws);
	e->theirs[0] = ioctl(master, TIOCGPTPEER,
	    O_RDWR | O_NOCTTY | O_CLOEXEC);
	e->theirs[1] = fcntl(e->theirs[0], F_DUPFD_CLOEXEC, 3);
	e->theirs[2] = fcntl(e->theirs[0], F_DUPFD_CLOEXEC, 3);
	e->ours[0] = fcntl(master, F_DUPFD_CLOEXEC, 3);
	return e->theirs[0] < 0 || e->theirs[1] < 0 || e->theirs[2] < 0 ||
	    e->ours[0] < 0 ? -1 : 0;
}

static int
open_pipes(struct runner *rn, const struct request *r, struct ends *e)
{
	if (r->has_stdin) {
		if (open_pipe(e, 0, true) < 0)
			return -1;
	} else {
		e->theirs[0] = fcntl(rn->nullfd, F_DUPFD_CLOEXEC, 3);
		if (e->theirs[0] < 0)
			return -1;
	}
	if (open_pipe(e, 1, false) < 0 || open_pipe(e, 2, false) < 0)
		return -1;
	(void)fcntl(e->ours[1], F_SETPIPE_SZ, PIPE_BYTES);
	return 0;
}

static int
open_ends(struct runner *rn, const struct request *r, struct ends *e)
{
	int pair[2];

	memset(e, 0xff, sizeof(*e));
	if ((r->pty ? open_pty(rn, r, e) : open_pipes(rn, r, e)) < 0 ||
	    open_pipe(e, 3, false) < 0)
		return -1;
	if (!rn->config.pidns)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	(void)fcntl(pair[0], F_SETFL, O_NONBLOCK);
	e->ours[4] = pair[0];
	e->theirs[4] = pair[1];
	return 0;
}

/* In the child; returns only to report why there is no program. */
static void
child_run(const struct runner *rn, const struct request *r,
    const struct ends *e, struct child_error *error)
{
	const struct child_io io = {.in = e->theirs[0], .out = e->theirs[1],
	    .err = e->theirs[2], .report = e->theirs[3], .ctl = e->theirs[4]};

	error->stage = STAGE_SETUP;
	if ((!forker_is_joined() && cgroup_join(&rn->cgroup) < 0) ||
	    (rn->config.pidns && pidns_mount() < 0)) {
		error->error = errno;
		(void)!write(e->theirs[3], error, sizeof(*error));
		_exit(127);
	}
	if (child_confine(rn, r->slot, &io) < 0 ||
	    (rn->config.pidns && pidns_init() < 0) || setsid() < 0 ||
	    (r->pty && ioctl(0, TIOCSCTTY, 0) < 0)) {
		error->error = errno;
		return;
	}
	/* Not the init: on a busy machine it would report too late. */
	(void)child_be_nice();
	child_exec(rn, r, error);
}

struct starting {
	struct runner *rn;
	struct request *r;
	struct ends *ends;
};

static void
child_main(void *arg)
{
	struct starting *s = arg;
	struct child_error error = {0, 0};

	child_run(s->rn, s->r, s->ends, &error);
	(void)!write(3, &error, sizeof(error));
	_exit(127);
}

static void
take_ends(struct request *r, struct ends *e)
{
	r->in_fd = e->ours[0];
	stream_init(&r->out[0], e->ours[1], false, r->output_max);
	stream_init(&r->out[1], e->ours[2], true, r->output_max);
	r->exec_fd = e->ours[3];
	r->ctl_fd = e->ours[4];
}

int
run_start(struct runner *rn, struct request *r)
{
	struct ends e;
	struct starting s = {rn, r, &e};
	pid_t pid = -1;

	r->oom_before = cgroup_oom_kills(&rn->cgroup);
	r->peak_before =
	    rn->nactive == 0 ? cgroup_peak_begin(&rn->cgroup) : -1;
	if (open_ends(rn, r, &e) == 0)
		pid = forker_fork(rn->config.pidns, child_main, &s);
	if (pid < 0) {
		int saved = errno;

		ends_close(e.ours);
		ends_close(e.theirs);
		errno = saved;
		return -1;
	}
	ends_close(e.theirs);
	take_ends(r, &e);
	task_started(rn, r, pid);
	if (r->timeout_us > 0)
		r->timer_us = r->started_us + r->timeout_us;
	return 0;
}

void
run_report(struct runner *rn, struct request *r)
{
	ssize_t n;

	if (r->exec_fd < 0)
		return;
	n = read(r->exec_fd, &r->child, sizeof(r->child));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	fd_close(&r->exec_fd);
	if (n != 0 || r->orphan)
		return;
	if (r->background)
		job_begin(rn, r);
	else
		queue_message(&rn->queue, PROTO_STARTED, r->id, NULL);
}

bool
run_ask_init(struct runner *rn, struct request *r)
{
	const uint8_t byte = SIGKILL;

	if (r->ctl_fd < 0 || r->killed ||
	    send(r->ctl_fd, &byte, 1, MSG_NOSIGNAL) != 1)
		return false;
	r->timer_us = rn->now + INIT_US;
	return true;
}

void
run_signal(struct request *r, int signal_number)
{
	const uint8_t byte = (uint8_t)signal_number;

	if (r->ctl_fd >= 0)
		(void)!send(r->ctl_fd, &byte, 1, MSG_NOSIGNAL);
	else if (kill(-r->pid, signal_number) < 0)
		(void)kill(r->pid, signal_number); /* before its setsid */
}

void
run_timer(struct runner *rn, struct request *r)
{
	if (r->cancelled) {
		task_kill(rn, r);
		return;
	}
	if (r->killed || r->timed_out || r->interrupt == 0) {
		r->timed_out = r->timed_out || !r->killed;
		request_event(rn, r, "killed");
		task_kill(rn, r);
		return;
	}
	r->timed_out = true;
	request_event(rn, r, "time limit, interrupted");
	run_signal(r, r->interrupt);
	r->timer_us = rn->now + r->grace_us;
}

void
run_resize(struct request *r, uint16_t rows, uint16_t cols)
{
	struct winsize ws = {.ws_row = rows, .ws_col = cols};

	if (r->pty && r->out[0].fd >= 0)
		(void)ioctl(r->out[0].fd, TIOCSWINSZ, &ws);
}

/* A terminal has no end of input but its character for it. */
void
run_input_end(struct request *r)
{
	r->in.closed = true;
	if (r->pty && r->in_fd >= 0)
		(void)!write(r->in_fd, "\4", 1);
	fd_close(&r->in_fd);
}

/* The init of a PID namespace knows better how its program ended. */
static void
take_init_report(struct request *r)
{
	struct pidns_report report;

	if (r->ctl_fd < 0)
		return;
	if (recv(r->ctl_fd, &report, sizeof(report), MSG_DONTWAIT) !=
	    (ssize_t)sizeof(report)) {
		/* What is known is the init's own. */
		r->user_us = r->sys_us = r->maxrss_kb = 0;
		return;
	}
	r->status = report.status;
	r->leftovers = (uint64_t)report.leftovers;
	r->user_us = report.user_us;
	r->sys_us = report.sys_us;
	r->maxrss_kb = report.maxrss_kb;
}

/*
 * A peak that could not be reset is of this run if the run raised it, or found
 * no more memory: then it was as high before.
 */
static void
put_peak(struct runner *rn, const struct request *r, bool oom,
    struct field_writer *w)
{
	int64_t peak = cgroup_peak(&rn->cgroup);

	if (r->peak_before < 0 || r->parallel)
		return;
	if (peak > r->peak_before || (peak > 0 && oom))
		field_put_u64(w, PROTO_K_PEAK, (uint64_t)peak);
}

/* With parallel runs the counter says only that one of them was killed. */
static void
put_memory(struct runner *rn, const struct request *r, struct field_writer *w)
{
	int64_t now = cgroup_oom_kills(&rn->cgroup);
	bool oom = now > r->oom_before;

	if (now >= 0 && r->oom_before >= 0) {
		if (r->parallel)
			oom = oom && !r->killed && WIFSIGNALED(r->status) &&
			    WTERMSIG(r->status) == SIGKILL;
		field_put_u64(w, PROTO_K_OOM, oom);
	}
	put_peak(rn, r, oom, w);
}

static void
put_verdict(struct runner *rn, const struct request *r, struct field_writer *w)
{
	if (r->child.error != 0)
		field_put_u64(w, PROTO_K_EXEC_ERRNO, (uint64_t)r->child.error);
	else if (WIFSIGNALED(r->status))
		field_put_u64(w, PROTO_K_SIGNAL, (uint64_t)WTERMSIG(r->status));
	else
		field_put_u64(
		    w, PROTO_K_EXIT, (uint64_t)WEXITSTATUS(r->status));
	if (r->timed_out)
		field_put_u64(w, PROTO_K_TIMED_OUT, 1);
	if (r->disk_used > 0)
		field_put_u64(w, PROTO_K_DISK_USED, r->disk_used);
	else if (r->cancelled)
		field_put_u64(w, PROTO_K_CANCELLED, 1);
	put_memory(rn, r, w);
	field_put_u64(w, PROTO_K_WALL_US, r->ended_us - r->started_us);
	field_put_u64(w, PROTO_K_USER_US, r->user_us);
	field_put_u64(w, PROTO_K_SYS_US, r->sys_us);
	field_put_u64(w, PROTO_K_MAXRSS_KB, r->maxrss_kb);
	field_put_u64(w, PROTO_K_OUT_BYTES, r->out[0].total);
	field_put_u64(w, PROTO_K_ERR_BYTES, r->out[1].total);
	field_put_u64(w, PROTO_K_LEFTOVERS, r->leftovers);
}

void
run_finish(struct runner *rn, struct request *r)
{
	uint8_t buf[1024];
	struct field_writer w;

	run_report(rn, r);
	disk_look(rn, true); /* so that its end tells of what it wrote, too */
	if (!stream_send_tail(rn, r, &r->out[0]) ||
	    !stream_send_tail(rn, r, &r->out[1]))
		return;
	if (r->child.error != 0 && r->child.stage != STAGE_EXEC) {
		request_fail(rn, r, r->child.error,
		    r->child.stage == STAGE_CWD ? "working directory" :
		    "process");
		return;
	}
	take_init_report(r);
	field_writer_init(&w, buf, sizeof(buf));
	put_verdict(rn, r, &w);
	if (r->job != 0)
		return job_ended(rn, r, &w);
	if (!r->orphan)
		queue_message(&rn->queue, PROTO_VERDICT, r->id, &w);
	request_done(rn, r, r->child.error == 0 && WIFEXITED(r->status) &&
	    WEXITSTATUS(r->status) == 0);
}
