#include "cmd/build_view.h"

#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"
#include "cmd/host.h"
#include "cmd/output.h"
#include "cmd/session_host.h"
#include "engine/image.h"

#define DRAW_MS 200
#define LOG_LINES 4
/* An instruction with its continuations may be pages long. */
#define TEXT_MAX 300
/* Room for "  stopped after 12m30s". */
#define BEHIND 24

/* "[2/5] RUN make", with its stage if there are several; on a terminal in one
   line, with room for what is put behind it. */
static void
add_title(const struct build_view *v, const struct build_record_step *step,
    struct strbuf *sb)
{
	autofree char *from = step->triggers && !step->trigger
	    ? xasprintf("%s (with its ONBUILD triggers)", step->text)
	    : NULL;
	const char *text = v->title	   ? v->title
			   : step->trigger ? step->trigger
			   : from	   ? from
					   : step->text;
	size_t room = TEXT_MAX, n = strlen(text);
	int columns, rows;

	if (!v->title)
		strbuf_addf(sb, "[%s%s%s%u/%zu] ",
		    isdigit((unsigned char)*step->stage) ? "stage-" : "",
		    step->stage, *step->stage ? " " : "", step->n, v->total);
	if (v->c->out->terminal[STDERR_FILENO]) {
		output_size(v->c->out, &columns, &rows);
		room = columns > (int)sb->len + BEHIND + 20
			   ? (size_t)columns - sb->len - BEHIND
			   : 20;
	}
	if (n <= room) {
		strbuf_adds(sb, text);
		return;
	}
	n = room - 3;
	while (n && (text[n] & 0xc0) == 0x80)
		n--;
	strbuf_addf(sb, "%.*s...", (int)n, text);
}

/* Where the last lines of a log begin. */
static const char *
last_lines(const struct strbuf *log, unsigned lines)
{
	size_t at = log->len;

	if (at && log->buf[at - 1] == '\n')
		at--;
	while (at) {
		if (log->buf[at - 1] == '\n' && !--lines)
			break;
		at--;
	}
	return log->buf + at;
}

/* Where lines stay, what ends within a second has only that of its end. */
static bool
is_worth_a_line(const struct build_view *v, int64_t began_ms)
{
	return v->c->out->terminal[STDERR_FILENO] || v->c->out->verbose ||
	       (began_ms && clock_ms() - began_ms >= 1000);
}

static void
draw(struct build_view *v)
{
	autobuf struct strbuf title = STRBUF_INIT, text = STRBUF_INIT;
	const struct build_record_step *step = v->step;
	int64_t seconds;

	if (v->cleaning_ms && is_worth_a_line(v, v->cleaning_ms))
		call_progress(v->c, "removing what the build left on the "
		    "engine; Ctrl-C leaves it", 0, 0);
	if (!step || !is_worth_a_line(v, step->began_ms))
		return;
	seconds = step->began_ms ? (clock_ms() - step->began_ms) / 1000 : 0;
	add_title(v, step, &title);
	strbuf_adds(&text, title.buf);
	if (seconds)
		strbuf_addf(&text, " ... %llds", (long long)seconds);
	call_progress_log(v->c, title.buf, text.buf,
	    last_lines(&step->log, LOG_LINES));
}

static void
on_timer(void *arg)
{
	struct build_view *v = arg;

	draw(v);
	loop_timer_set(v->timer, clock_ms() + DRAW_MS);
}

static void
on_note(void *arg, const char *text)
{
	call_note(((struct build_view *)arg)->c, "%s", text);
}

static void
on_warn(void *arg, const char *text)
{
	call_warn(((struct build_view *)arg)->c, "%s", text);
}

static void
on_pull(void *arg, const char *image, const struct progress *p)
{
	struct build_view *v = arg;
	autofree char *what = xasprintf("pull %s", image);

	call_progress(v->c, what, p->current, p->total);
}

static void
on_sent(void *arg, uint64_t bytes)
{
	struct build_view *v = arg;

	if (!v->step)
		call_progress(v->c, "sending the files", bytes, 0);
}

static void
on_cleaning(void *arg)
{
	((struct build_view *)arg)->cleaning_ms = clock_ms();
}

static void
tell_end(struct build_view *v, const struct build_record_step *step)
{
	autobuf struct strbuf line = STRBUF_INIT;

	if (v->title)
		return;
	add_title(v, step, &line);
	strbuf_adds(&line, "  ");
	if (step->state == BUILD_CACHED) {
		strbuf_adds(&line, "cached");
	} else {
		if (step->state == BUILD_FAILED)
			strbuf_adds(&line, "failed after ");
		if (step->state == BUILD_STOPPED)
			strbuf_adds(&line, "stopped after ");
		units_add_duration(&line, step->ended_ms - step->began_ms);
	}
	call_note(v->c, "%s", line.buf);
}

static void
on_step(void *arg, const struct build_record_step *step, size_t total)
{
	struct build_view *v = arg;

	v->total = total;
	if (step->state == BUILD_RUNNING) {
		v->step = step;
		draw(v);
		return;
	}
	if (v->step == step)
		v->step = NULL;
	if (step->state != BUILD_WAITING)
		tell_end(v, step);
}

static void
on_log(void *arg, const struct build_record_step *step, const void *p,
    size_t n)
{
	struct build_view *v = arg;

	v->step = step;
	draw(v);
}

void
build_view_open(struct build_view *v, struct call *c)
{
	*v = (struct build_view){.c = c};
	v->timer = loop_timer_add(
	    c->host->loop, clock_ms() + DRAW_MS, on_timer, v);
}

void
build_view_close(struct build_view *v)
{
	loop_timer_remove(v->timer);
}

struct build_watch
build_view_watch(struct build_view *v)
{
	return (struct build_watch){.note = on_note,
	    .warn = on_warn,
	    .pull = on_pull,
	    .sent = on_sent,
	    .cleaning = on_cleaning,
	    .step = on_step,
	    .log = on_log,
	    .arg = v};
}

static void
tell_context(struct call *c, const struct build_record *r)
{
	for (size_t i = 0; i < r->skipped.n; i++)
		call_warn(c, "left out of the context: %s", r->skipped.v[i]);
	for (size_t i = 0; i < r->ignored.n; i++)
		call_warn(c, "%s was added and is left out all the same by %s",
		    r->ignored.v[i], staging_ignored_by(r->own_ignore));
	if (!r->memory && call_has(c, "memory"))
		call_warn(c, "%s has no limit of memory", r->builder);
	else if (!r->memory && session_host_first(c->host, r->builder))
		call_note(c, "%s has no limit of memory: build.memory_limit "
			     "does not hold there", r->builder);
}

static void
tell_success(struct call *c, const struct build_record *r)
{
	autobuf struct strbuf line = STRBUF_INIT;
	autofree char *id = image_id_short(r->id);

	for (size_t i = 0; i < r->tags.n; i++)
		call_text(c, "%s\n", r->tags.v[i]);
	if (call_has(c, "quiet"))
		return;
	strbuf_adds(&line, "built in ");
	units_add_duration(&line, r->duration_ms);
	strbuf_adds(&line, ", ");
	units_add_size(&line, r->size);
	strbuf_addf(&line, ", %s", id);
	call_note(c, "%s", line.buf);
}

static void
tell_failed_step(struct call *c, const struct build_record *r,
    const char *dockerfile)
{
	const struct build_record_step *f = r->failed;
	autobuf struct strbuf line = STRBUF_INIT;

	if (f->log_cut)
		call_reason(c, "... this log is not whole");
	call_program(c, STDERR_FILENO, f->log.buf, f->log.len);
	strbuf_addf(&line, "step %u/%zu %s", f->n, r->n,
	    f->state == BUILD_STOPPED ? "did not end" : "failed");
	if (r->exit_code)
		strbuf_addf(&line, " with exit %d", r->exit_code);
	strbuf_addf(&line, ": %s:%u: %.*s%s", dockerfile, f->line, TEXT_MAX,
	    f->text, strlen(f->text) > TEXT_MAX ? "..." : "");
	if (f->trigger)
		strbuf_addf(&line, ", its %.*s", TEXT_MAX, f->trigger);
	call_reason(c, "%s", line.buf);
}

void
build_view_result(struct build_view *v, const struct build_record *r,
    const char *dockerfile)
{
	struct call *c = v->c;

	v->step = NULL;
	tell_context(c, r);
	if (r->status == BUILD_COMPLETED) {
		tell_success(c, r);
		return;
	}
	if (r->failed)
		tell_failed_step(c, r, dockerfile);
	/* The builder's words say no more than that. */
	if (!r->exit_code)
		call_reason(c, "%s", r->why.msg.buf);
	if (r->why.hint.len)
		call_reason(c, "  %s", r->why.hint.buf);
}
