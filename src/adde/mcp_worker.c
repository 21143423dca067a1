#include "adde/mcp_worker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "adde/mcp_tools.h"
#include "adde/wire.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/loop.h"
#include "cmd/dispatch.h"
#include "cmd/host.h"
#include "cmd/output.h"

/* A call says what is new at most this often, and else that it goes on; one
   that was cancelled is reminded of that. */
enum { NEWS_MS = 100, BEAT_MS = 1000, REMIND_MS = 20 };

enum { FDS_MAX = 4096 }; /* far more than a server opens */

struct worker {
	struct host host;
	struct output out;
	int fd;
	struct strbuf in;
	bool ended; /* nobody wants more of us */
	struct loop_timer *beat;
	/* The call that is carried out, or NULL. */
	json *call;
	uint32_t number;
	bool cancelled;
	const char *phase; /* what it does, for progress */
	char *phase_text;
	unsigned told; /* how often there was progress */
	int64_t began, told_at;
	/* The environment that the last call opened, or NULL. */
	char *made;
	bool unwanted; /* the call was cancelled when it was done */
	bool undoing;
};

/* ---- frames ---- */

int
mcp_frame_fill(int fd, struct strbuf *in)
{
	char buf[65536];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0)
		return -1;
	strbuf_add(in, buf, n);
	return 1;
}

int
mcp_frame_read(const struct strbuf *in, struct mcp_frame *frame)
{
	if (in->len < sizeof(*frame))
		return 0;
	memcpy(frame, in->buf, sizeof(*frame));
	if (frame->len > MCP_FRAME_MAX)
		return -1;
	return in->len - sizeof(*frame) >= frame->len;
}

/* A server that is gone is seen when we read. */
static void
send_frame(struct worker *w, enum mcp_frame_type type,
    const struct strbuf *body)
{
	struct mcp_frame head = {
	    .type = type, .call = w->number, .len = body->len};

	(void)io_write_all(w->fd, &head, sizeof(head));
	(void)io_write_all(w->fd, body->buf, body->len);
}

/* ---- progress ---- */

static enum mcp_era
era_of(const json *call)
{
	return (enum mcp_era)json_int(call, "era", MCP_LEGACY);
}

static void
send_progress(struct worker *w, const char *message)
{
	const char *token = json_str(w->call, "token", NULL);
	autobuf struct strbuf line = STRBUF_INIT;
	autojson json *params = NULL;

	if (!token || w->cancelled)
		return;
	params = json_object();
	json_put(params, "progressToken", cJSON_CreateRaw(token));
	json_put_int(params, "progress", ++w->told);
	json_put(params, "message", wire_string(message, strlen(message)));
	mcp_write_notification(&line, "notifications/progress", params);
	send_frame(w, MCP_LINE, &line);
	w->told_at = clock_ms();
}

static void
on_progress(void *worker, const char *message)
{
	struct worker *w = worker;

	if (!strcmp(w->phase, message))
		return;
	free(w->phase_text);
	w->phase = w->phase_text = xstrdup(message);
	if (!w->told || clock_ms() - w->told_at >= NEWS_MS)
		send_progress(w, message);
}

/*
 * A tool may consist of commands, and each begins without a Ctrl-C: a
 * cancelled call is told again and again.
 */
static void
raise_cancel(struct worker *w)
{
	if (!w->host.interrupted && !w->undoing)
		w->host.interrupted = 1;
	if (w->beat)
		loop_timer_set(w->beat, clock_ms() + REMIND_MS);
}

static void
on_beat(void *worker)
{
	struct worker *w = worker;
	autofree char *text = NULL;

	loop_timer_set(w->beat, clock_ms() + BEAT_MS);
	if (w->cancelled) {
		raise_cancel(w);
		return;
	}
	if (clock_ms() - w->told_at < BEAT_MS / 2)
		return;
	text = xasprintf("%s (%lld s)", w->phase,
	    (long long)(clock_ms() - w->began) / 1000);
	send_progress(w, text);
}

/* ---- a call ---- */

static void
fail(struct worker *w, const char *id, struct err *err, struct strbuf *line)
{
	autobuf struct strbuf why = STRBUF_INIT;

	strbuf_adds(&why, err->msg.buf);
	if (err->hint.len)
		strbuf_addf(&why, "\n%s", err->hint.buf);
	mcp_tools_fail(line, id, era_of(w->call), why.buf);
}

/* So that the next call in a new environment comes here, where it is open. */
static void
tell_env(struct worker *w)
{
	autobuf struct strbuf env = STRBUF_INIT;

	if (!w->made)
		return;
	strbuf_adds(&env, w->made);
	send_frame(w, MCP_ENV, &env);
}

static void
note_env(struct worker *w, const json *response)
{
	const char *env = json_str(response, "container_id", NULL);

	free(w->made);
	w->made = env ? xstrdup(env) : NULL;
}

/* Of an environment that a cancelled call opened nobody learns. */
static void
undo(struct worker *w)
{
	autofree char *env = steal(&w->made);
	autoerr struct err ignored = ERR_INIT;
	autojson json *request = json_object(), *said = NULL;

	w->unwanted = false;
	if (!env)
		return;
	w->undoing = true;
	w->host.interrupted = 0;
	json_put_str(request, "container_id", env);
	(void)tool_run(tool_find("cleanup_env"), &w->host, &w->out, request,
	    NULL, NULL, &said, &ignored);
	w->undoing = false;
}

static void
run_tool(struct worker *w, const struct tool *t, struct strbuf *line)
{
	const char *id = json_str(w->call, "id", "");
	const json *arguments = mcp_member(w->call, "arguments");
	autoerr struct err err = ERR_INIT;
	autojson json *response = NULL;
	int status = mcp_tools_check(t, arguments, &err);

	if (!status)
		status = tool_run(t, &w->host, &w->out, arguments, on_progress,
		    w, &response, &err);
	if (status < 0) {
		fail(w, id, &err, line);
		return;
	}
	note_env(w, response);
	if (w->cancelled && w->made) {
		undo(w);
		mcp_tools_fail(line, id, era_of(w->call), "interrupted");
		return;
	}
	tell_env(w);
	mcp_tools_answer(line, id, era_of(w->call), status, response);
	if (line->len > MCP_FRAME_MAX) {
		strbuf_reset(line);
		mcp_tools_fail(line, id, era_of(w->call),
		    "the result is too large");
	}
}

static void
carry_out(struct worker *w)
{
	const struct tool *t = tool_find(json_str(w->call, "name", ""));
	autobuf struct strbuf line = STRBUF_INIT;

	w->phase = t->title;
	w->told = 0;
	w->began = w->told_at = clock_ms();
	w->beat = loop_timer_add(w->host.loop, w->began + BEAT_MS, on_beat, w);
	w->host.interrupted = 0;
	if (!w->cancelled)
		run_tool(w, t, &line);
	loop_timer_remove(steal(&w->beat));
	send_frame(w, MCP_DONE, &line);
	json_free(steal(&w->call));
	free(steal(&w->phase_text));
}

/* ---- from the server ---- */

static void
take_frame(struct worker *w, const struct mcp_frame *frame, const char *body)
{
	autoerr struct err err = ERR_INIT;

	if (frame->type == MCP_CANCEL && frame->call == w->number) {
		w->unwanted = !w->call;
		w->cancelled = true;
		raise_cancel(w);
	}
	if (frame->type != MCP_CALL || w->call)
		return;
	w->call = wire_parse(body, frame->len, &err);
	w->number = frame->call;
	w->cancelled = false;
}

static void
on_readable(void *arg, int fd, unsigned events)
{
	struct worker *w = arg;
	struct mcp_frame frame;
	int came = mcp_frame_fill(fd, &w->in), whole;

	if (!came)
		return;
	if (came < 0) {
		w->ended = w->cancelled = true;
		raise_cancel(w);
		return;
	}
	while ((whole = mcp_frame_read(&w->in, &frame)) > 0) {
		take_frame(w, &frame, w->in.buf + sizeof(frame));
		strbuf_consume(&w->in, sizeof(frame) + frame.len);
	}
	if (whole < 0)
		w->ended = true;
}

/*
 * SIGINT cancels; the others end the worker as well.  None gives up the
 * environment, which goes on without us.
 */
static void
on_signal(void *arg, int fd, unsigned events)
{
	struct worker *w = arg;
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGINT)
			w->ended = w->cancelled = true;
		raise_cancel(w);
	}
}

/* They are blocked already, by the server. */
static int
open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* ---- the process ---- */

/* Also where a filter of system calls, or an old kernel, has no such call. */
static void
close_fds(int first, int last)
{
	if (first > last ||
	    !syscall(SYS_close_range, (unsigned)first, (unsigned)last, 0))
		return;
	for (int fd = first; fd <= last && fd < FDS_MAX; fd++)
		close(fd);
}

/*
 * Nothing of the server's stays: neither the client's messages on stdin nor
 * the other workers' sockets, which would hide that the server ended.
 */
static void
close_inherited(int keep)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0)
		dup2(null, STDIN_FILENO);
	close_fds(STDERR_FILENO + 1, keep - 1);
	close_fds(keep + 1, INT_MAX);
}

/* The settings are those with which the server began. */
static void
begin(struct worker *w, struct host *server)
{
	host_init(&w->host);
	w->host.inv = server->inv;
	w->host.policy = steal(&server->policy);
	w->host.policy_wrong = server->policy_wrong;
	strvec_pushv(&w->host.vars, server->vars.v, server->vars.n);
	w->host.loop = loop_new();
	output_init(&w->out);
	strbuf_init(&w->in);
}

static int
end(struct worker *w)
{
	autoerr struct err err = ERR_INIT;
	struct locus nowhere = {NULL, 0};
	int status = 0;

	w->host.interrupted = 0; /* that was for what ran */
	if (w->host.session && w->host.close(&w->host, &err) < 0)
		status = dispatch_error(&w->host, &w->out, nowhere, "mcp",
		    &err);
	json_free(w->call);
	free(w->made);
	strbuf_release(&w->in);
	loop_free(w->host.loop);
	output_release(&w->out);
	host_release(&w->host);
	return status;
}

static _Noreturn void
work(struct host *server, int fd)
{
	struct worker w = {.fd = fd};
	struct loop_fd *watch, *signals;
	int signal_fd = open_signals();

	if (signal_fd < 0)
		exit(1);
	begin(&w, server);
	watch = loop_fd_add(w.host.loop, fd, POLLIN, on_readable, &w);
	signals = loop_fd_add(w.host.loop, signal_fd, POLLIN, on_signal, &w);
	while (!w.ended) {
		if (w.unwanted)
			undo(&w);
		else if (w.call)
			carry_out(&w);
		else
			loop_step(w.host.loop, -1);
	}
	loop_fd_remove(watch);
	loop_fd_remove(signals);
	exit(end(&w));
}

pid_t
mcp_worker_start(struct host *h, int *fd, struct err *err)
{
	pid_t server = getpid(), pid;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return err_sys(err, errno, "a pair of sockets");
	pid = fork();
	if (pid == 0) {
		close_inherited(pair[1]);
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != server)
			exit(0);
		work(h, pair[1]);
	}
	close(pair[1]);
	if (pid < 0) {
		err_sys(err, errno, "a process for a call");
		close(pair[0]);
		return -1;
	}
	*fd = pair[0];
	return pid;
}
