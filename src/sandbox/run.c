/* Running a program in an environment, and the verdict on it. */
#include "sandbox/box_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "base/io.h"

#define GRACE_MS 200
/* The runner waits up to 2 s for pipes that something holds open, and longer
   for a processor where two hundred processes of a bomb want one, too: half a
   second more was not enough on a busy machine, and the environment lost.
   Then it is asked whether it still lives. */
#define WATCHDOG_MS 6000
/* No real number is as large, and sums and JSON hold some of these. */
#define NUMBER_MAX (1ull << 50)

/* One run while it is on. */
struct running {
	struct box *box;
	const struct run_spec *spec;
	const struct box_sink *sink;
	struct request *request;
	struct verdict *v;
	struct loop_fd *stdin_watch;
	int stdin_fd; /* a copy, so that another may watch the same one */
	size_t stdin_sent;
	bool stdin_done;
	uint64_t out_seen, err_seen;
	int64_t began_us;
};

void
run_spec_release(struct run_spec *run)
{
	strvec_release(&run->argv);
	strvec_release(&run->env);
}

void
verdict_release(struct verdict *v)
{
	strbuf_release(&v->why);
}

/* ---- what comes from the run ---- */

static void
on_out(void *arg, int fd, const void *p, size_t n, bool tail)
{
	struct running *rn = arg;

	*(fd == 2 ? &rn->err_seen : &rn->out_seen) += n;
	if (rn->sink && rn->sink->out)
		rn->sink->out(rn->sink->arg, fd, p, n, tail);
}

static void
on_started(void *arg)
{
	struct running *rn = arg;

	rn->v->started = true;
	if (rn->sink && rn->sink->started)
		rn->sink->started(rn->sink->arg);
}

static void
on_event(void *arg, const char *text)
{
	struct running *rn = arg;

	if (rn->sink && rn->sink->event)
		rn->sink->event(rn->sink->arg, text);
}

/* ---- its stdin ---- */

static void
feed_bytes(struct running *rn)
{
	size_t n;

	while (!rn->stdin_done && (n = request_window(rn->request)) > 0) {
		size_t left = rn->spec->stdin_len - rn->stdin_sent;

		if (n > left)
			n = left;
		rn->stdin_done = n == left;
		request_data(rn->request,
		    (const char *)rn->spec->stdin_data + rn->stdin_sent, n,
		    rn->stdin_done);
		rn->stdin_sent += n;
	}
}

static void
on_stdin(void *arg, int fd, unsigned events)
{
	struct running *rn = arg;
	char buf[PROTO_PAYLOAD_MAX];
	size_t room = request_window(rn->request);
	ssize_t n;

	if (!room) {
		loop_fd_set(rn->stdin_watch, 0);
		return;
	}
	n = read(fd, buf, room);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	rn->stdin_done = n <= 0;
	request_data(rn->request, buf, n < 0 ? 0 : n, rn->stdin_done);
	if (rn->stdin_done) {
		loop_fd_remove(rn->stdin_watch);
		rn->stdin_watch = NULL;
	}
}

static void
on_credit(void *arg)
{
	struct running *rn = arg;

	if (rn->spec->stdin_kind == STDIN_BYTES)
		feed_bytes(rn);
	if (rn->stdin_watch && request_window(rn->request))
		loop_fd_set(rn->stdin_watch, POLLIN);
}

static void
start_stdin(struct running *rn)
{
	if (rn->spec->stdin_kind == STDIN_BYTES)
		feed_bytes(rn);
	if (rn->spec->stdin_kind != STDIN_FD)
		return;
	rn->stdin_fd = fcntl(rn->spec->stdin_fd, F_DUPFD_CLOEXEC, 3);
	if (rn->stdin_fd < 0) {
		request_data(rn->request, "", 0, true);
		return;
	}
	rn->stdin_watch = loop_fd_add(rn->box->ctx.loop, rn->stdin_fd, POLLIN,
	    on_stdin, rn);
}

static void
end_stdin(struct running *rn)
{
	loop_fd_remove(rn->stdin_watch);
	if (rn->stdin_fd >= 0)
		close(rn->stdin_fd);
}

/* ---- the request ---- */

void
box_run_put(struct field_writer *w, const struct box *box,
    const struct run_spec *run, uint32_t after)
{
	autofree char *cwd = box_path(box, run->cwd ? run->cwd : "");

	client_texts_put(w, PROTO_K_ARG, &run->argv);
	client_texts_put(w, PROTO_K_ENV, &run->env);
	field_put_text(w, PROTO_K_CWD, cwd);
	if (run->stdin_kind != STDIN_NONE)
		field_put_u64(w, PROTO_K_STDIN, 1);
	if (run->timeout_ms)
		field_put_u64(w, PROTO_K_TIMEOUT_MS, run->timeout_ms);
	if (run->interrupt)
		field_put_u64(w, PROTO_K_INTERRUPT, run->interrupt);
	field_put_u64(w, PROTO_K_GRACE_MS,
	    run->grace_ms ? run->grace_ms : GRACE_MS);
	if (run->output_max)
		field_put_u64(w, PROTO_K_OUTPUT_MAX, run->output_max);
	if (after)
		field_put_u64(w, PROTO_K_AFTER, after);
}

size_t
box_run_size(const struct box *box, const struct run_spec *run)
{
	return 1024 + client_texts_size(&run->argv) +
	       client_texts_size(&run->env) +
	       (run->cwd ? strlen(run->cwd) : 0) +
	       (box->spec.workdir ? strlen(box->spec.workdir) : 0);
}

static int
send_run(struct running *rn, uint32_t after, struct err *err)
{
	static const struct request_ops ops = {.out = on_out,
	    .started = on_started, .event = on_event, .credit = on_credit};
	const struct run_spec *run = rn->spec;
	size_t size = box_run_size(rn->box, run);
	autofree uint8_t *buf = xmalloc(size);
	struct field_writer w;

	field_writer_init(&w, buf, size);
	box_run_put(&w, rn->box, run, after);
	if (w.overflow || w.len > PROTO_MESSAGE_MAX)
		return err_sys(err, E2BIG, "the command line");
	rn->request =
	    client_request(rn->box->client, PROTO_RUN, buf, w.len, &ops, rn);
	return 0;
}

/* ---- the verdict ---- */

static void
verdict_number(struct verdict *v, uint16_t key, uint64_t n)
{
	uint64_t *const numbers[] = {
	    [PROTO_K_WALL_US - PROTO_K_EXIT] = &v->wall_us,
	    [PROTO_K_USER_US - PROTO_K_EXIT] = &v->user_us,
	    [PROTO_K_SYS_US - PROTO_K_EXIT] = &v->sys_us,
	    [PROTO_K_MAXRSS_KB - PROTO_K_EXIT] = &v->maxrss_kb,
	    [PROTO_K_PEAK - PROTO_K_EXIT] = &v->peak,
	    [PROTO_K_OUT_BYTES - PROTO_K_EXIT] = &v->out_bytes,
	    [PROTO_K_ERR_BYTES - PROTO_K_EXIT] = &v->err_bytes,
	    [PROTO_K_LEFTOVERS - PROTO_K_EXIT] = &v->leftovers,
	    [PROTO_K_DISK_USED - PROTO_K_EXIT] = &v->disk_used,
	};

	switch (key) {
	case PROTO_K_EXIT:
		v->exited = true;
		v->exit_code = (int)(n & 0xff);
		return;
	case PROTO_K_SIGNAL:
		v->signal = n < 128 ? (int)n : 0;
		return;
	case PROTO_K_TIMED_OUT:
		v->timed_out = n != 0;
		return;
	case PROTO_K_OOM:
		v->oom = n ? OOM_YES : OOM_NO;
		return;
	case PROTO_K_CANCELLED:
		v->cancelled = n != 0;
		return;
	case PROTO_K_EXEC_ERRNO:
		v->exec_errno = n < 4096 ? (int)n : ENOEXEC;
		return;
	}
	if (key >= PROTO_K_EXIT &&
	    key - PROTO_K_EXIT < (int)ARRAY_SIZE(numbers) &&
	    numbers[key - PROTO_K_EXIT])
		*numbers[key - PROTO_K_EXIT] =
		    n < NUMBER_MAX ? n : NUMBER_MAX;
}

void
box_verdict_read(struct verdict *v, struct field_reader *fields)
{
	struct field f;
	uint64_t n;

	while (field_next(fields, &f) > 0)
		if (!field_u64(&f, &n))
			verdict_number(v, f.key, n);
}

static void
take_verdict(struct running *rn, struct field_reader *fields)
{
	struct verdict *v = rn->v;

	box_verdict_read(v, fields);
	v->out_truncated = rn->out_seen < v->out_bytes;
	v->err_truncated = rn->err_seen < v->err_bytes;
}

/* The stream ended before a verdict: what is known is ours. */
static void
lost_verdict(struct running *rn)
{
	struct verdict *v = rn->v;
	struct box *box = rn->box;

	v->lost = true;
	v->wall_us = clock_us() - rn->began_us;
	v->out_bytes = rn->out_seen;
	v->err_bytes = rn->err_seen;
	v->timed_out = rn->spec->timeout_ms &&
	    v->wall_us / 1000 >= rn->spec->timeout_ms;
	strbuf_adds(&v->why, client_lost_why(box->client));
	/* Of a kept one only the connection may be gone, and the next client
	   has its runner end what nobody waits for. */
	if (!box->lease_ms || box->doomed)
		box->ops->kill(box, v);
	else if (box->ops->examine)
		box->ops->examine(box, v);
}

static void
wait_for_run(struct running *rn)
{
	const struct run_spec *run = rn->spec;
	uint64_t grace = run->grace_ms ? run->grace_ms : GRACE_MS;

	rn->began_us = clock_us();
	rn->box->run = rn->request;
	if (rn->box->ops->run_begin)
		rn->box->ops->run_begin(rn->box);
	start_stdin(rn);
	box_wait(rn->box, rn->request,
	    run->timeout_ms ? run->timeout_ms + grace + WATCHDOG_MS : 0);
	end_stdin(rn);
	rn->box->run = NULL;
}

struct request *
box_put_program(struct box *box, const struct run_spec *run)
{
	return box_put_start(box, run->program_path, run->program_data,
	    run->program_len, run->program_mode ? run->program_mode : 0644);
}

/*
 * Sends the program's file and, without waiting for the answer, the run that
 * needs it.  A file beyond the window is waited for.
 */
static int
send_all(struct running *rn, struct request **put, struct err *err)
{
	const struct run_spec *run = rn->spec;

	if (run->program_path)
		*put = box_put_program(rn->box, run);
	return send_run(rn, *put ? request_id(*put) : 0, err);
}

int
box_run_refused(const struct box *box, struct err *err)
{
	const char *pids = box_limit(box, "pids");

	if (err->code != EAGAIN)
		return -1;
	err_set(err, ERR_SANDBOX, "%s has no room for another process (pids: "
	    "%s)", box->spec.name, pids ? pids : "unknown");
	err->code = EAGAIN;
	return err_hint(err, "what else runs there:  jobs      end it:  kill "
	    "JOB  or  env reset");
}

/* In somebody else's container the directory may be root's, whose rights no
   program has there. */
static int
put_error(const struct running *rn, const struct request *put, struct err *err)
{
	const char *attached = rn->box->spec.attach;

	request_error(put, err);
	if (attached && (err->code == EACCES || err->code == EROFS))
		err_hint(err, "run it elsewhere:  env attach -w /tmp %s",
		    attached);
	return -1;
}

/* The runner does not say which directory: only that one was not there. */
static int
run_error(const struct running *rn, struct err *err)
{
	request_error(rn->request, err);
	box_run_refused(rn->box, err);
	return rn->spec->cwd && err->code != EAGAIN
	    ? err_prefix(err, "-w %s", rn->spec->cwd) : -1;
}

int
box_run(struct box *box, const struct run_spec *run,
    const struct box_sink *sink, struct verdict *v, struct err *err)
{
	struct running rn = {.box = box, .spec = run, .sink = sink, .v = v,
	    .stdin_fd = -1};
	struct request *put = NULL;
	struct field_reader fields;
	int bad = 0;

	if (client_lost(box->client))
		return err_set(err, ERR_SANDBOX, "environment lost: %s",
		    client_lost_why(box->client));
	if (send_all(&rn, &put, err)) {
		request_free(put);
		return -1;
	}
	wait_for_run(&rn);
	/* A run that was cancelled is over before its file is written, and the
	   next one's must not be replaced by it. */
	if (put)
		box_wait(box, put, BOX_FILES_MS);
	if (request_verdict(rn.request, &fields))
		take_verdict(&rn, &fields);
	else if (client_lost(box->client))
		lost_verdict(&rn);
	else if (put && request_done(put) && !request_verdict(put, &fields))
		bad = put_error(&rn, put, err);
	else
		bad = run_error(&rn, err);
	if (box->ops->run_end) /* it may know better than the runner */
		box->ops->run_end(box, v);
	request_free(rn.request);
	request_free(put);
	return bad;
}

static void
collect(void *arg, int fd, const void *p, size_t n, bool tail)
{
	struct strbuf *out = arg;
	size_t room = BOX_OUTPUT_MAX - out->len;

	if (!tail)
		strbuf_add(out, p, n < room ? n : room);
}

int
box_run_output(struct box *box, const struct run_spec *run, struct strbuf *out,
    struct verdict *v, struct err *err)
{
	struct box_sink sink = {.out = collect, .arg = out};

	if (box_run(box, run, &sink, v, err))
		return -1;
	while (out->len && strchr(" \r\n", out->buf[out->len - 1]))
		strbuf_truncate(out, out->len - 1);
	return 0;
}
