#include "cmd/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "cmd/dispatch.h"
#include "cmd/host.h"
#include "cmd/opts.h"
#include "cmd/output.h"
#include "session/policy.h"
#include "session/session.h"

static const struct optval *
get(const struct call *c, const char *name)
{
	const struct optval *v = optset_get(c->opts, name);

	if (!v) {
		fprintf(stderr, "BUG: row '%s' has no option --%s\n",
		    c->cmd->name, name);
		abort();
	}
	return v;
}

bool
call_has(const struct call *c, const char *name)
{
	return get(c, name)->given;
}

int
call_variable(struct call *c, const char *text, struct strvec *env)
{
	const char *value;

	if (!*text)
		return err_set(&c->err, ERR_USAGE, "a variable needs a name");
	if (*text == '=')
		return err_set(&c->err, ERR_USAGE,
		    "there is no name before the =");
	if (strchr(text, '=')) {
		strvec_env_set(env, text);
	} else if (host_check_stranger(c->host, "a variable of yours",
		       &c->err)) {
		return -1;
	} else if ((value = getenv(text))) {
		autofree char *pair = xasprintf("%s=%s", text, value);

		strvec_env_set(env, pair);
	}
	return 0;
}

int
call_may_use_path(struct call *c, enum setting_id id, const char *path)
{
	const struct policy *p = host_policy(c->host);
	const struct strvec *list = policy_list(p, id);
	const char *slash = strrchr(path, '/');
	autobuf struct strbuf dirs = STRBUF_INIT;

	if (!policy_may_use_path(p, id, path, &c->err))
		return 0;
	if (c->err.kind != ERR_POLICY || c->host->inv.stranger)
		return -1;
	for (size_t i = 0; i < list->n; i++)
		strbuf_addf(&dirs, "%s,", list->v[i]);
	if (!slash)
		strbuf_addc(&dirs, '.');
	else
		strbuf_add(&dirs, path, slash > path ? slash - path : 1);
	return err_hint(&c->err, "allow it:  set %s %s",
	    settings_name(&settings_table[id]), dirs.buf);
}

const char *
call_str(const struct call *c, const char *name)
{
	const struct optval *v = get(c, name);

	return v->values.n ? v->values.v[v->values.n - 1] : NULL;
}

const struct strvec *
call_list(const struct call *c, const char *name)
{
	return &get(c, name)->values;
}

uint64_t
call_int(const struct call *c, const char *name, uint64_t def)
{
	const struct optval *v = get(c, name);

	return v->given ? v->number : def;
}

uint64_t
call_ms(const struct call *c, const char *name, uint64_t def)
{
	return call_int(c, name, def);
}

uint64_t
call_size(const struct call *c, const char *name, uint64_t def)
{
	return call_int(c, name, def);
}

double
call_num(const struct call *c, const char *name, double def)
{
	const struct optval *v = get(c, name);

	return v->given ? v->real : def;
}

void
call_text(struct call *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&c->body, fmt, ap);
	va_end(ap);
}

void
call_fact(struct call *c, const char *name, const char *title,
    const char *value)
{
	bool plain = c->out->mode == OUTPUT_PLAIN;
	autofree char *line = xstrdup(value ? value : "");

	/* One line, so that no value looks like the next name. */
	for (char *s = line; (s = strpbrk(s, "\t\r\n")); s++)
		*s = ' ';
	if (plain)
		call_text(c, "%s\t%s\n", name, line);
	else if (value)
		call_text(c, "%-18s%s\n", title, line);
}

void
call_bytes(struct call *c, const void *p, size_t n)
{
	strbuf_add(&c->body, p, n);
}

void
call_program(struct call *c, int fd, const void *p, size_t n)
{
	output_program(c->out, fd, p, n);
}

void
call_stream(struct call *c, int fd, const void *p, size_t n)
{
	c->out->loop = c->session->loop;
	call_program(c, fd, p, n);
	c->out->loop = NULL;
}

json *
call_data(struct call *c)
{
	if (!c->data)
		c->data = json_object();
	return c->data;
}

static void
put_note(struct call *c, const char *fmt, va_list ap)
{
	autofree char *text = NULL;

	if (c->out->mute || c->out->mode == OUTPUT_JSON)
		return;
	text = xvasprintf(fmt, ap);
	output_line(c->out, text);
}

void
call_note(struct call *c, const char *fmt, ...)
{
	va_list ap;

	if (c->out->quiet)
		return;
	va_start(ap, fmt);
	put_note(c, fmt, ap);
	va_end(ap);
}

void
call_remark(struct call *c, const char *fmt, ...)
{
	struct output_tap tap = c->out->tap, shown = c->out->shown;
	va_list ap;

	if (!c->interactive || c->out->quiet)
		return;
	c->out->tap = c->out->shown = (struct output_tap){0};
	va_start(ap, fmt);
	put_note(c, fmt, ap);
	va_end(ap);
	c->out->tap = tap;
	c->out->shown = shown;
}

void
call_reason(struct call *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_note(c, fmt, ap);
	va_end(ap);
}

void
call_warn(struct call *c, const char *fmt, ...)
{
	autobuf struct strbuf text = STRBUF_INIT;
	va_list ap;

	strbuf_adds(&text, "addesh: warning: ");
	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	output_line(c->out, text.buf);
}

void
call_progress(struct call *c, const char *what, uint64_t cur, uint64_t total)
{
	autobuf struct strbuf text = STRBUF_INIT;

	strbuf_adds(&text, what);
	if (cur || total) {
		strbuf_adds(&text, ": ");
		units_add_size(&text, cur);
	}
	if (total) {
		strbuf_addc(&text, '/');
		units_add_size(&text, total);
		strbuf_addf(&text, " (%d%%)", (int)(100.0 * cur / total));
	}
	output_progress(c->out, what, text.buf, NULL);
}

void
call_progress_log(struct call *c, const char *what, const char *text,
    const char *log)
{
	output_progress(c->out, what, text, log);
}

int
call_confirm(struct call *c, const char *fmt, ...)
{
	autofree char *question = NULL;
	va_list ap;

	va_start(ap, fmt);
	question = xvasprintf(fmt, ap);
	va_end(ap);
	return dispatch_confirm(c->host, c->out, c->interactive, question,
	    &c->err);
}

int
call_ask(struct call *c, const char *question, bool hidden,
    struct strbuf *answer)
{
	return dispatch_ask(c->host, c->out, question, hidden, answer,
	    &c->err);
}
