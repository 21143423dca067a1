#include "export/cast.h"

#include <inttypes.h>
#include <string.h>

#include "base/encode.h"
#include "base/json.h"

/* What the terminal of a player is like, and not that of this host. */
static const char terminal_type[] = "xterm-256color";

static void
add_line(struct strbuf *out, json *j)
{
	autofree char *line = json_print(j);

	strbuf_addf(out, "%s\n", line);
	json_free(j);
}

static json *
terminal_json(const struct export_options *o)
{
	json *j = json_object();

	json_put_int(j, "cols", o->columns);
	json_put_int(j, "rows", o->rows);
	json_put_str(j, "type", terminal_type);
	return j;
}

void
cast_begin(struct cast *c, struct strbuf *out, const struct export_options *o,
    const char *title, int64_t created)
{
	json *j = json_object(), *env = json_object();

	*c = (struct cast){.out = out, .o = o, .pending = STRBUF_INIT};
	json_put_int(j, "version", o->cast_version);
	if (o->cast_version == 3) {
		json_put(j, "term", terminal_json(o));
	} else {
		json_put_int(j, "width", o->columns);
		json_put_int(j, "height", o->rows);
		json_put_str(env, "TERM", terminal_type);
	}
	json_put_str(env, "SHELL", "addesh");
	if (created)
		json_put_int(j, "timestamp", created);
	if (title)
		json_put_str(j, "title", title);
	json_put_num(j, "idle_time_limit", (double)o->idle_ms / 1000);
	json_put(j, "env", env);
	add_line(out, j);
}

/* Rounding must not add up: the next interval begins where this one is said to
   have ended, which is half a millisecond too late at most. */
static void
add_time(struct cast *c)
{
	uint64_t us = c->now;

	if (c->o->cast_version == 3) {
		us = (c->now - c->told + 500) / 1000 * 1000;
		c->told += us;
	}
	strbuf_addf(
	    c->out, "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
	/* Milliseconds are what version 3 has. */
	if (c->o->cast_version == 3)
		strbuf_truncate(c->out, c->out->len - 3);
}

static void
add_event(struct cast *c, char code, const char *data)
{
	autojson json *text = json_string(data);
	autofree char *coded = json_print(text);

	strbuf_addc(c->out, '[');
	add_time(c);
	strbuf_addf(c->out, ",\"%c\",%s]\n", code, coded);
}

void
cast_end(struct cast *c)
{
	if (c->pending.len)
		add_event(c, 'o', c->pending.buf);
	strbuf_release(&c->pending);
}

void
cast_wait(struct cast *c, uint64_t us)
{
	uint64_t most = c->o->idle_ms * 1000;

	if (us)
		cast_end(c);
	c->now += us < most ? us : most;
}

void
cast_output(struct cast *c, const char *p, size_t n)
{
	const char *end = p + n, *nl;

	while ((nl = memchr(p, '\n', end - p))) {
		strbuf_add(&c->pending, p, nl - p);
		strbuf_adds(&c->pending, "\r\n");
		p = nl + 1;
	}
	strbuf_add(&c->pending, p, end - p);
}

void
cast_outputs(struct cast *c, const char *s)
{
	cast_output(c, s, strlen(s));
}

void
cast_mark(struct cast *c, const char *label)
{
	cast_end(c);
	add_event(c, 'm', label);
}

int
export_cast(struct strbuf *out, const struct export_session *s,
    const struct export_options *o, struct err *err)
{
	struct cast c;

	(void)err;
	cast_begin(&c, out, o, s->title, s->created);
	cast_play(&c, s);
	cast_end(&c);
	return 0;
}
