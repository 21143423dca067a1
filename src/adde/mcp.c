/*
 * addesh mcp: the tools for clients of the Model Context Protocol, on standard
 * input and output.  This process opens nothing: it reads messages, answers
 * what needs no environment, and hands calls to workers (adde/mcp_pool.h), so
 * that it hears a cancellation while programs run.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "adde/adde.h"
#include "adde/mcp_pool.h"
#include "adde/mcp_queue.h"
#include "adde/mcp_tools.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/loop.h"
#include "cmd/call.h"
#include "cmd/host.h"

enum {
	LINE_MAX_BYTES = 64 << 20, /* a longer message is refused */
	OUT_MAX = 64 << 20, /* for a client that does not read */
	BATCH_MAX = 1000, /* messages, as each has an answer */
	DISCOVER_MS = 3600000,
	DRAIN_MS = 1000,
};

static const char instructions[] =
    "Runs code in isolated environments. Create one with create_runtime_env "
    "and pass its container_id to the other tools; it stays, with its files, "
    "until cleanup_env or until its lease is over. Programs have no network "
    "unless the environment was created with it. An exit_code other than 0 "
    "is the program's own.";

struct server {
	struct call *call;
	struct host *host;
	struct mcp_pool *pool;
	int out_fd;
	struct loop_fd *in_watch, *out_watch;
	struct strbuf in;
	struct mcp_queue out;
	size_t searched; /* of in: no newline up to there */
	bool skipping;	 /* the rest of a line that is too long */
	const char *version; /* that `initialize` agreed on, or NULL */
	bool ended;
};

/* ---- to the client ---- */

/* A client that does not read is not read from. */
static void
set_watches(struct server *s)
{
	bool full = mcp_queue_left(&s->out) >= OUT_MAX;

	loop_fd_set(s->out_watch, mcp_queue_left(&s->out) ? POLLOUT : 0);
	loop_fd_set(s->in_watch, full || s->ended ? 0 : POLLIN);
	mcp_pool_pause(s->pool, full);
}

static void
flush(struct server *s)
{
	if (mcp_queue_flush(&s->out, s->out_fd))
		s->ended = true; /* the client reads no more */
	set_watches(s);
}

static void
send_line(void *server, const char *line, size_t n)
{
	struct server *s = server;
	bool waits = mcp_queue_left(&s->out) > 0;

	strbuf_add(&s->out.buf, line, n);
	if (!waits || mcp_queue_left(&s->out) >= OUT_MAX)
		flush(s);
}

static void
on_writable(void *server, int fd, unsigned events)
{
	flush(server);
}

static void
answer(struct server *s, const char *id, json *result)
{
	autobuf struct strbuf line = STRBUF_INIT;

	mcp_write_result(&line, id, result);
	json_free(result);
	send_line(s, line.buf, line.len);
}

/* id NULL: to something that has none which could be read. */
static void
answer_error(struct server *s, const char *id, int code, const char *why,
    const json *data)
{
	autobuf struct strbuf line = STRBUF_INIT;

	if (!id && s->version && !mcp_errors_without_id(s->version)) {
		call_warn(s->call, "a message of the client: %s", why);
		return;
	}
	mcp_write_error(&line, id, code, why, data);
	send_line(s, line.buf, line.len);
}

/* ---- methods ---- */

static void
put_capabilities(json *result)
{
	json *capabilities = json_object();

	json_put(capabilities, "tools", json_object());
	json_put(result, "capabilities", capabilities);
	json_put_str(result, "instructions", instructions);
}

static void
initialize(struct server *s, const struct mcp_message *m)
{
	const json *version = mcp_member(m->params, "protocolVersion");
	json *result;

	if (!cJSON_IsString(version)) {
		answer_error(s, m->id, MCP_INVALID_PARAMS,
		    "params.protocolVersion must be a string", NULL);
		return;
	}
	result = mcp_result(MCP_LEGACY);
	s->version = mcp_legacy_version(version->valuestring);
	json_put_str(result, "protocolVersion", s->version);
	json_put(result, "serverInfo", mcp_server_info());
	put_capabilities(result);
	answer(s, m->id, result);
}

static void
discover(struct server *s, const struct mcp_message *m)
{
	json *result = mcp_result(MCP_MODERN);

	json_put(result, "supportedVersions", mcp_versions());
	put_capabilities(result);
	json_put_int(result, "ttlMs", DISCOVER_MS);
	json_put_str(result, "cacheScope", "private");
	answer(s, m->id, result);
}

static void
ping(struct server *s, const struct mcp_message *m)
{
	answer(s, m->id, mcp_result(MCP_LEGACY));
}

static void
list(struct server *s, const struct mcp_message *m)
{
	if (mcp_member(m->params, "cursor"))
		answer_error(s, m->id, MCP_INVALID_PARAMS,
		    "the list has one page: no cursor is known", NULL);
	else
		answer(s, m->id, mcp_tools_list(m->era));
}

/* A call for a worker; arguments is copied. */
static json *
new_call(const struct mcp_message *m, const char *name, const json *arguments)
{
	json *call = json_object();

	json_put_str(call, "id", m->id);
	json_put_int(call, "era", m->era);
	json_put_str(call, "name", name);
	json_put(call, "arguments",
	    arguments ? json_copy(arguments) : json_object());
	if (m->token)
		json_put_str(call, "token", m->token);
	return call;
}

static void
call_tool(struct server *s, const struct mcp_message *m)
{
	const json *name = mcp_member(m->params, "name");
	const json *arguments = mcp_member(m->params, "arguments");
	autoerr struct err err = ERR_INIT;
	autojson json *call = NULL;
	autofree char *why = NULL;
	const char *env = NULL;

	if (!cJSON_IsString(name))
		why = xstrdup("params.name must be a string");
	else if (!tool_find(name->valuestring))
		why = mcp_tools_unknown(name->valuestring);
	else if (arguments && !cJSON_IsObject(arguments))
		why = xstrdup("params.arguments must be an object");
	if (why) {
		answer_error(s, m->id, MCP_INVALID_PARAMS, why, NULL);
		return;
	}
	call = new_call(m, name->valuestring, arguments);
	if (!tool_find(name->valuestring)->beside)
		env = json_str(arguments, "container_id", NULL);
	if (mcp_pool_call(s->pool, m->id, m->era, env, call, &err))
		answer_error(s, m->id, MCP_INTERNAL_ERROR, err.msg.buf, NULL);
}

static const struct method {
	const char *name;
	enum mcp_era era; /* MCP_UNSAID: both */
	void (*take)(struct server *s, const struct mcp_message *m);
} methods[] = {
    {"initialize", MCP_LEGACY, initialize},
    {"ping", MCP_LEGACY, ping},
    {"server/discover", MCP_MODERN, discover},
    {"tools/call", MCP_UNSAID, call_tool},
    {"tools/list", MCP_UNSAID, list},
};

static const struct method *
find_method(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (!strcmp(methods[i].name, name))
			return &methods[i];
	return NULL;
}

/* ---- from the client ---- */

static void
take_request(struct server *s, struct mcp_message *m)
{
	const struct method *method = find_method(m->method);
	bool begins = method && method->era == MCP_LEGACY;

	if (m->era == MCP_UNSAID && (s->version || begins))
		m->era = MCP_LEGACY;
	if (m->era == MCP_UNSAID)
		answer_error(s, m->id, MCP_INVALID_PARAMS,
		    "params._meta: io.modelcontextprotocol/protocolVersion "
		    "is missing, and there was no initialize",
		    NULL);
	else if (!method || (method->era && method->era != m->era))
		answer_error(s, m->id, MCP_NO_METHOD, "Method not found",
		    NULL);
	else if (mcp_pool_has(s->pool, m->id))
		answer_error(s, m->id, MCP_INVALID_REQUEST,
		    "a call with this id is not done yet", NULL);
	else
		method->take(s, m);
}

static void
take_notification(struct server *s, const struct mcp_message *m)
{
	autofree char *id = NULL;

	if (strcmp(m->method, "notifications/cancelled"))
		return;
	id = mcp_id(mcp_member(m->params, "requestId"));
	if (id)
		mcp_pool_cancel(s->pool, id);
}

static void
take_message(struct server *s, struct mcp_message *m)
{
	if (m->kind == MCP_REQUEST)
		take_request(s, m);
	else if (m->kind == MCP_NOTIFICATION)
		take_notification(s, m);
	else if (m->kind == MCP_WRONG)
		answer_error(s, m->id, m->code, m->why, m->data);
}

/* Each message has an answer of its own. */
static void
take_batch(struct server *s, json *list)
{
	int count = cJSON_GetArraySize(list);
	const char *why = NULL;
	struct mcp_message m;

	if (!s->version || !mcp_has_batches(s->version))
		why = "this revision has no batches";
	else if (!count || count > BATCH_MAX)
		why = "a batch is empty, or has too many messages";
	if (why) {
		answer_error(s, NULL, MCP_INVALID_REQUEST, why, NULL);
		return;
	}
	while (count--) {
		mcp_message_take(&m, cJSON_DetachItemFromArray(list, 0));
		take_message(s, &m);
		mcp_message_release(&m);
	}
}

static void
take_line(struct server *s, const char *line, size_t n)
{
	struct mcp_message m;

	if (strspn(line, " \t\r\n") >= n)
		return;
	mcp_message_read(&m, line, n);
	if (m.kind == MCP_BATCH)
		take_batch(s, m.tree);
	else
		take_message(s, &m);
	mcp_message_release(&m);
}

static void
refuse_long_line(struct server *s)
{
	if (!s->skipping)
		answer_error(s, NULL, MCP_INVALID_REQUEST,
		    "a message has more than 64 MiB", NULL);
	s->skipping = true;
	strbuf_reset(&s->in);
	s->searched = 0;
}

static void
take_lines(struct server *s)
{
	size_t begin = 0;
	char *end;

	while ((end = memchr(s->in.buf + s->searched, '\n',
		    s->in.len - s->searched))) {
		size_t at = end - s->in.buf;

		*end = 0;
		if (!s->skipping)
			take_line(s, s->in.buf + begin, at - begin);
		s->skipping = false;
		s->searched = begin = at + 1;
	}
	strbuf_consume(&s->in, begin);
	s->searched = s->in.len;
	if (s->in.len > LINE_MAX_BYTES || s->skipping)
		refuse_long_line(s);
}

static void
on_readable(void *server, int fd, unsigned events)
{
	struct server *s = server;
	char buf[65536];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		if (!s->skipping)
			take_line(s, s->in.buf, s->in.len);
		s->ended = true;
		return;
	}
	strbuf_add(&s->in, buf, n);
	take_lines(s);
}

/* ---- the command ---- */

/* Nothing but messages goes out: what a library prints goes to stderr. */
static int
take_stdout(struct err *err)
{
	int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (fd < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return err_sys(err, errno, "standard output");
	return fd;
}

/* What was answered is still for the client, unless it does not read. */
static void
drain(struct server *s, int64_t deadline)
{
	set_watches(s);
	while (mcp_queue_left(&s->out) && clock_ms() < deadline)
		loop_step(s->host->loop, 100);
}

static void
serve(struct server *s)
{
	struct host *h = s->host;
	unsigned before = h->interrupted;

	s->pool = mcp_pool_new(h, send_line, s);
	s->in_watch =
	    loop_fd_add(h->loop, STDIN_FILENO, POLLIN, on_readable, s);
	s->out_watch = loop_fd_add(h->loop, s->out_fd, 0, on_writable, s);
	while (!s->ended && h->interrupted == before && !h->terminated) {
		loop_step(h->loop, -1);
		mcp_pool_turn(s->pool);
	}
	s->ended = true;
	drain(s, clock_ms() + DRAIN_MS);
	mcp_pool_free(s->pool);
	loop_fd_remove(s->in_watch);
	loop_fd_remove(s->out_watch);
}

static int
mcp_exec(struct call *c)
{
	struct server s = {.call = c,
	    .host = c->host,
	    .in = STRBUF_INIT,
	    .out = MCP_QUEUE_INIT,
	    .out_fd = -1};
	int flags;

	if (c->stdin_taken) {
		err_set(&c->err, ERR_USAGE, "needs standard input for itself");
		return err_hint(&c->err, "a client starts it, as addesh mcp");
	}
	if (isatty(STDIN_FILENO))
		call_note(c, "waiting for a client's messages on standard "
			     "input; Ctrl-D ends it");
	adde_use_agent(c->host);
	host_policy(c->host); /* read once, for all workers */
	s.out_fd = take_stdout(&c->err);
	if (s.out_fd < 0)
		return -1;
	flags = fcntl(s.out_fd, F_GETFL);
	io_set_nonblock(s.out_fd, true);
	serve(&s);
	if (flags >= 0)
		fcntl(s.out_fd, F_SETFL, flags);
	close(s.out_fd);
	strbuf_release(&s.in);
	mcp_queue_drop(&s.out);
	return 0;
}

const struct cmd cmd_mcp = {
    .name = "mcp",
    .summary = "serve the tools of adde to an MCP client",
    .help = "Speaks the Model Context Protocol on standard input and output: "
	    "the client lists the tools and calls them, with progress and "
	    "cancellation.  The client starts it, as 'addesh mcp' or 'addesh "
	    "--policy small mcp', and it ends with its standard input.",
    .examples = "mcp",
    .flags = CMD_OWN_ONLY | CMD_NO_SESSION | CMD_NO_STEP,
    .exec = mcp_exec,
};
