#include "cmd/env_service.h"

#include <string.h>

#include "base/clock.h"
#include "session/session.h"

#define BEGIN_MS 300 /* a server that fails has mostly done so by then */
#define LOOK_MS 20
#define LAST_LINES 5
#define LAST_BYTES 4096

/* The caller's, or NULL. */
static char *
state(const struct env *env)
{
	autovec struct strvec stats = STRVEC_INIT;
	autoerr struct err ignored = ERR_INIT;
	const char *found;

	if (!env->spec.image_cmd || box_stats(env->box, &stats, &ignored))
		return NULL;
	found = strvec_env_get(&stats, "service");
	return found ? xstrdup(found) : NULL;
}

void
env_service_show(struct call *c, const struct env *env)
{
	autofree char *now = state(env);

	if (!now)
		return;
	json_put_str(call_data(c), "service", now);
	call_fact(c, "service", "image's command", now);
}

struct last {
	struct strbuf text;
	int fd;
};

/* As much of the end as a person reads.  A line of one stream may have no end
   where the other goes on. */
static void
add_output(void *arg, int fd, const void *p, size_t n)
{
	struct last *last = arg;
	struct strbuf *sb = &last->text;

	if (fd != last->fd && sb->len && sb->buf[sb->len - 1] != '\n')
		strbuf_addc(sb, '\n');
	last->fd = fd;
	strbuf_add(sb, p, n);
	if (sb->len > LAST_BYTES)
		strbuf_consume(sb, sb->len - LAST_BYTES);
}

static void
show_end(struct call *c, const struct env *env, const char *status)
{
	struct last last = {.text = STRBUF_INIT};
	autoerr struct err ignored = ERR_INIT;
	const struct box_log log = {
	    .tail = LAST_LINES, .out = add_output, .arg = &last};
	char *line, *rest;

	(void)box_service_log(env->box, &log, &ignored);
	json_put_bytes(call_data(c), "service_output", last.text.buf,
	    last.text.len);
	call_warn(c, "the image's command ended at once, with status %s; %s",
	    status, last.text.len ? "its last words:" : "it wrote nothing");
	rest = last.text.buf;
	while ((line = strsep(&rest, "\n")))
		if (*line)
			call_reason(c, "  %s", line);
	strbuf_release(&last.text);
}

void
env_service_began(struct call *c, const struct env *env)
{
	int64_t end = clock_ms() + BEGIN_MS;
	bool never = false;

	for (;;) {
		autofree char *now = state(env);
		bool ended = now && str_starts(now, "ended");

		if (now && !ended && clock_ms() < end) {
			loop_until(c->session->loop, &never,
			    clock_ms() + LOOK_MS);
			continue;
		}
		if (now)
			json_put_str(call_data(c), "service", now);
		if (ended)
			show_end(c, env, now + strlen("ended "));
		return;
	}
}
