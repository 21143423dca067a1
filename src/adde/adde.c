#include "adde/adde.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "adde/tool.h"
#include "adde/wire.h"
#include "base/io.h"
#include "base/nearest.h"
#include "cmd/call.h"
#include "cmd/host.h"
#include "cmd/output.h"
#include "engine/endpoint.h"
#include "session/policy.h"

#define CHUNK 65536

enum { STATUS_ERROR = 1, STATUS_USAGE = 2 };

bool
adde_is_name(const char *argv0)
{
	const char *slash = argv0 ? strrchr(argv0, '/') : NULL;

	return argv0 && !strcmp(slash ? slash + 1 : argv0, "adde");
}

void
adde_use_agent(struct host *h)
{
	policy_free(steal(&h->policy)); /* a person's */
	h->policy_wrong = false;
	h->inv.agent = true;
	/* Where people find what the agent did:  addesh -s adde */
	if (!h->inv.session)
		h->inv.session = "adde";
	/* Nobody is there to be told on stderr, or asked. */
	h->inv.quiet = true;
	h->inv.yes = true;
}

/* ---- a request ---- */

/* Without its line ends, which are nothing to ADDE: not even in a string. */
static void
drop_newlines(struct strbuf *sb)
{
	size_t n = 0;

	for (size_t i = 0; i < sb->len; i++) {
		bool cr = sb->buf[i] == '\r' && sb->buf[i + 1] == '\n';

		if (!cr && sb->buf[i] != '\n')
			sb->buf[n++] = sb->buf[i];
	}
	strbuf_truncate(sb, n);
}

static int
read_stdin(struct host *h, struct strbuf *sb, struct err *err)
{
	ssize_t n;

	do {
		if (!host_wait_input(h, STDIN_FILENO, 0))
			return err_set(err, ERR_INTERRUPTED, "interrupted");
		strbuf_grow(sb, CHUNK);
		n = read(STDIN_FILENO, sb->buf + sb->len, CHUNK);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return err_sys(err, errno, "read stdin");
		if (n > 0)
			sb->len += (size_t)n;
		sb->buf[sb->len] = '\0';
	} while (n);
	drop_newlines(sb);
	return 0;
}

/* The payload of the command line, or standard input. */
static json *
read_request(struct host *h, const char *payload, struct err *err)
{
	autobuf struct strbuf text = STRBUF_INIT;

	if (payload)
		return wire_parse(payload, strlen(payload), err);
	if (read_stdin(h, &text, err))
		return NULL;
	return wire_parse(text.buf, text.len, err);
}

/* Of a request that is none: unlike all other errors it is written so. */
static void
print_error(const struct err *err, struct strbuf *out)
{
	autojson json *j = json_object();
	autofree char *line = NULL;

	json_put(j, "Error", wire_string(err->msg.buf, err->msg.len));
	line = wire_print(j);
	strbuf_addf(out, "%s\n", line);
}

/* Appends the line for stdout; returns the exit status, err set if stderr is
   to say something. */
static int
run_tool(struct host *h, struct output *o, const struct tool *t,
    const char *payload, struct strbuf *out, struct err *err)
{
	autojson json *request = read_request(h, payload, err);
	autojson json *response = NULL;
	autofree char *line = NULL;
	int status = -1;

	if (request)
		status = tool_run(t, h, o, request, NULL, NULL, &response, err);
	if (status < 0) {
		print_error(err, out);
		return STATUS_ERROR;
	}
	line = wire_print(response);
	strbuf_adds(out, line);
	strbuf_addc(out, '\n');
	return status;
}

/* ---- the program ---- */

static int
usage(void)
{
	fputs("Usage: adde TOOL [JSON]\n"
	      "Carries out a tool; without JSON its request is read from "
	      "standard input.\n\nTools:\n",
	    stderr);
	for (const struct tool *t = tool_table; t->name; t++)
		fprintf(stderr, "  %s\n", t->name);
	fputs("adde(1) says what each takes and answers.\n", stderr);
	return STATUS_USAGE;
}

static int
complain(const char *prefix, const struct err *err)
{
	fprintf(stderr, "adde: %s%s\n", prefix, err->msg.buf);
	return STATUS_ERROR;
}

/* An address that is none is found out before anything else. */
static int
check_docker_host(struct err *err)
{
	const char *url = getenv("DOCKER_HOST"), *own = getenv("ADDESH_ENGINE");
	struct endpoint ep = ENDPOINT_INIT;
	int rc = 0;

	if (url && *url && !(own && *own)) {
		rc = endpoint_parse(&ep, url, false, err);
		endpoint_release(&ep);
	}
	return rc;
}

int
adde_main(struct host *h, struct output *o, int argc, char **argv)
{
	autobuf struct strbuf out = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	const struct tool *t;
	int status;

	if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return usage();
	if (check_docker_host(&err))
		return complain("docker client: ", &err);
	if (host_choose_session(h, NULL, &err))
		return complain("", &err);
	t = tool_find(argv[1]);
	if (!t) {
		fprintf(stderr, "adde: unknown tool \"%s\"\n", argv[1]);
		return STATUS_USAGE;
	}
	adde_use_agent(h);
	h->release = NULL; /* all is left in a moment */
	status = run_tool(h, o, t, argc > 2 ? argv[2] : NULL, &out, &err);
	if (err.kind)
		complain("", &err);
	if (!io_write_all(STDOUT_FILENO, out.buf, out.len))
		return status;
	err_sys(&err, errno, "writing the response");
	return complain("", &err);
}

/* ---- the command ---- */

static int
name_tools(const char *word, struct err *err)
{
	struct nearest near = NEAREST_INIT(word);

	for (const struct tool *t = tool_table; t->name; t++)
		nearest_try(&near, t->name);
	return near.best ? err_hint(err, "did you mean %s?", near.best)
			 : err_hint(err, "its tools are in adde(1)");
}

static int
adde_exec(struct call *c)
{
	const struct tool *t = tool_find(c->argv[0]);
	autoerr struct err err = ERR_INIT;

	if (!t) {
		err_set(&c->err, ERR_USAGE, "unknown tool \"%s\"",
		    c->argv[0]);
		return name_tools(c->argv[0], &c->err);
	}
	if (c->host->session && !c->host->inv.agent) {
		err_set(&c->err, ERR_USAGE,
		    "a session is open, and agents have one of their own");
		return err_hint(&c->err, "from the host's shell:  adde %s",
		    t->name);
	}
	if (!c->argv[1] && c->stdin_taken)
		return err_set(&c->err, ERR_USAGE,
		    "standard input, which the commands come from, is no "
		    "request");
	adde_use_agent(c->host);
	c->status = run_tool(c->host, c->out, t, c->argv[1], &c->body, &err);
	if (err.kind)
		call_reason(c, "adde: %s", err.msg.buf);
	return 0;
}

const struct cmd cmd_adde = {
    .name = "adde",
    .summary = "carry out a tool of ADDE",
    .help = "What the program adde does: see adde(1).  Without JSON the "
	    "request is read from standard input.",
    .examples = "adde pull_image '{\"image\": \"python:3.11-slim\"}'",
    .args = {ARG("TOOL", COMP_NONE), ARG_OPTIONAL("JSON", COMP_NONE)},
    .flags = CMD_OWN_ONLY | CMD_NO_SESSION | CMD_NO_STEP | CMD_OPTS_FIRST,
    .exec = adde_exec,
};
