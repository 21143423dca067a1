#include "adde/command.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "adde/advice.h"
#include "adde/wire.h"
#include "cmd/dispatch.h"
#include "cmd/host.h"
#include "cmd/output.h"
#include "engine/endpoint.h"
#include "session/session.h"

#define HTTP_BAD_REQUEST 400 /* an engine of another version */
#define SUMMARY_LINES 20
#define SUMMARY_MAX (256u << 10) /* of a log, from its end */

void
words_add(struct strvec *words, ...)
{
	const char *word;
	va_list ap;

	va_start(ap, words);
	while ((word = va_arg(ap, const char *)))
		strvec_push(words, word);
	va_end(ap);
}

void
command_warn(struct tool_call *c, const char *fmt, ...)
{
	autobuf struct strbuf text = STRBUF_INIT;
	json *list = cJSON_GetObjectItem(c->response, "warnings");
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	if (!list) {
		list = json_array();
		json_put(c->response, "warnings", list);
	}
	json_push(list, wire_string(text.buf, text.len));
}

static void
on_line(void *arg, const char *text)
{
	static const char warning[] = "addesh: warning: ";
	struct tool_call *c = arg;

	if (str_starts(text, warning))
		command_warn(c, "%s", text + strlen(warning));
	else if (c->progress)
		c->progress(c->arg, text);
}

/* In the words of Docker's client, which programs look for. */
void
command_say_unreachable(struct tool_call *c)
{
	const struct session *s = c->host->session;
	struct endpoint_inputs in = {0};
	struct endpoint ep = ENDPOINT_INIT;
	autovec struct strvec vars = STRVEC_INIT;
	autoerr struct err why = ERR_INIT, ignored = ERR_INIT;

	if (!s || s->engine || c->err.kind != ERR_ENGINE ||
	    c->err.code == HTTP_BAD_REQUEST)
		return;
	endpoint_inputs_here(&in, &vars);
	in.asked = policy_text(s->policy, SET_ENGINE_URL);
	in.asked_by = policy_where(s->policy, SET_ENGINE_URL);
	if (!*in.asked)
		in.asked = NULL;
	if (!endpoint_resolve(&ep, &in, &ignored)) {
		err_move(&why, &c->err);
		err_set(&c->err, ERR_ENGINE,
		    "Cannot connect to the Docker daemon at %s. Is the docker "
		    "daemon running?",
		    ep.url);
		err_hint(&c->err, "%s", why.msg.buf);
		if (why.hint.len)
			err_hint(&c->err, "%s", why.hint.buf);
	}
	endpoint_release(&ep);
}

static void
take_error(struct tool_call *c, const json *error)
{
	const char *kind = json_str(error, "kind", "");
	bool engine = !strcmp(kind, err_kind_name(ERR_ENGINE));

	err_set(&c->err,
	    engine					      ? ERR_ENGINE
	    : !strcmp(kind, err_kind_name(ERR_POLICY)) ? ERR_POLICY
						       : ERR_SANDBOX,
	    "%s", json_str(error, "message", ""));
	advice_add(&c->err, json_str(error, "hint", ""));
	c->err.code = (int)json_int(error, "code", 0);
	command_say_unreachable(c);
}

json *
command_run(struct tool_call *c, const struct strvec *words,
    const struct strbuf *heredoc)
{
	autobuf struct strbuf text = STRBUF_INIT;
	struct output out = *c->out;
	struct request rq = {.words = words->v,
	    .nwords = words->n,
	    .heredoc = heredoc,
	    .stdin_taken = true,
	    .body_fd = STDOUT_FILENO};
	json *object;

	for (size_t i = 0; i < words->n; i++) {
		if (wire_has_nul(words->v[i])) {
			err_set(&c->err, ERR_USAGE,
			    "a NUL stands where only files may have one");
			return NULL;
		}
		if (i)
			strbuf_addc(&text, ' ');
		strbuf_add_word(&text, words->v[i]);
	}
	rq.text = text.buf;
	out.listener = on_line;
	out.listener_arg = c;
	out.verbose = false;
	object = dispatch_object(c->host, &out, &rq);
	c->step = (unsigned)json_int(object, "step", 0);
	if (!json_get(object, "error"))
		return object;
	take_error(c, json_get(object, "error"));
	json_free(object);
	return NULL;
}

json *
command_result(struct tool_call *c, const struct strvec *words,
    const struct strbuf *heredoc)
{
	autojson json *object = command_run(c, words, heredoc);

	return object ? json_copy(json_get(object, "result")) : NULL;
}

/* Adds the last lines of a text. */
static void
add_tail(struct strbuf *out, const struct strbuf *text)
{
	const char *p = text->buf + text->len;
	size_t n = 0;

	while (p > text->buf) {
		if (p[-1] == '\n' && p < text->buf + text->len &&
		    ++n == SUMMARY_LINES)
			break;
		p--;
	}
	strbuf_add(out, p, (size_t)(text->buf + text->len - p));
}

static bool
keep_end(void *arg, const struct step_record *r)
{
	struct strbuf *text = arg;

	strbuf_add(text, r->p, r->n);
	if (text->len > 2 * SUMMARY_MAX)
		strbuf_consume(text, text->len - SUMMARY_MAX);
	return true;
}

void
command_put_summary(struct tool_call *c, const char *field,
    const struct strbuf *text)
{
	autobuf struct strbuf log = STRBUF_INIT, tail = STRBUF_INIT;
	autoerr struct err ignored = ERR_INIT;

	if (!text->len && c->step)
		steps_read_log(
		    c->host->session->steps, c->step, keep_end, &log, &ignored);
	add_tail(&tail, text->len ? text : &log);
	if (tail.len)
		json_put(c->response, field, wire_string(tail.buf, tail.len));
}

struct session *
call_session(struct tool_call *c)
{
	struct host *h = c->host;

	return h->session || !h->open(h, &c->err) ? h->session : NULL;
}

char *
request_trimmed(const struct tool_call *c, const char *name)
{
	const char *s = json_str(c->request, name, "");
	size_t n;

	while (isspace((unsigned char)*s))
		s++;
	n = strlen(s);
	while (n && isspace((unsigned char)s[n - 1]))
		n--;
	return xstrndup(s, n);
}

int
response_ok(struct tool_call *c, int rc)
{
	json_put_bool(c->response, "ok", !rc);
	return rc;
}

json *
megabytes(int64_t bytes)
{
	return wire_number((double)bytes / (1 << 20));
}
