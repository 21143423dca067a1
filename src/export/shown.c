/* What a step showed: who wrote it, as text, and how it ended. */
#include <string.h>

#include "base/encode.h"
#include "base/sanitise.h"
#include "base/units.h"
#include "export/export.h"
#include "session/result.h"

/* ---- parts ---- */

/*
 * Bytes of stderr that are the program's.  A recording has all of stderr as one
 * stream; what addesh says of a run stands behind what the program wrote, which
 * is in the run's result, too.
 */
static size_t
program_bytes(const struct answer *a)
{
	const json *result = json_get(a->object, "result");
	const char *text = json_str(result, "stderr", NULL);
	const char *coded = json_str(result, "stderr_b64", NULL);
	autobuf struct strbuf bytes = STRBUF_INIT;
	size_t n;

	if (text)
		strbuf_adds(&bytes, text);
	else if (coded)
		base64_decode(&bytes, coded, strlen(coded));
	n = bytes.len < a->stream[2].len ? bytes.len : a->stream[2].len;
	return memcmp(bytes.buf, a->stream[2].buf, n) == 0 ? n : 0;
}

/* Where the last whole character before end ends; a character is begun at
   start at the earliest. */
static size_t
whole(const struct strbuf *text, size_t start, size_t end)
{
	for (size_t back = 1; back <= 3 && back <= end - start; back++) {
		const char *p = text->buf + end - back;

		if (((unsigned char)*p & 0xc0) != 0x80)
			return utf8_next(p, back, NULL) < 0 ? end - back : end;
	}
	return end;
}

void
export_parts(const struct export_step *s, export_part_fn *fn, void *arg)
{
	const struct answer *a = &s->answer;
	size_t done[3] = {0}, program = program_bytes(a);

	for (size_t i = 0; i < a->n_events; i++) {
		const struct answer_event *e = &a->events[i];
		const struct strbuf *text = &a->stream[e->fd];
		size_t start = done[e->fd], end = e->start + e->n, border;

		if (end < text->len)
			end = whole(text, start, end);
		border = start < program && e->fd == 2 ? program : end;
		border = border < end ? border : end;
		if (border > start)
			fn(arg, e->us,
			    e->fd == 1        ? EXPORT_STDOUT
			    : start < program ? EXPORT_STDERR
					      : EXPORT_NOTE,
			    text->buf + start, border - start);
		if (end > border)
			fn(arg, e->us, EXPORT_NOTE, text->buf + border,
			    end - border);
		done[e->fd] = end;
	}
}

/* ---- as text ---- */

/* Lines without anything that only a terminal understands. */
struct lines {
	struct strbuf *out;
	struct sanitiser safe;
	size_t begin; /* of the line's own text, in out */
	bool in_line;
	bool back; /* a carriage return: what follows is written over it */
	enum export_by by;
};

static void
begin_line(struct lines *l)
{
	if (!l->in_line && l->by == EXPORT_STDERR)
		strbuf_adds(l->out, "! ");
	if (!l->in_line)
		l->begin = l->out->len;
	l->in_line = true;
}

static void
end_line(struct lines *l)
{
	begin_line(l);
	strbuf_addc(l->out, '\n');
	l->in_line = l->back = false;
	l->begin = l->out->len;
}

/* The last character of the line goes. */
static void
step_back(struct lines *l)
{
	size_t n = l->out->len;

	if (n > l->begin)
		n--;
	while (n > l->begin && ((unsigned char)l->out->buf[n] & 0xc0) == 0x80)
		n--;
	strbuf_truncate(l->out, n);
}

/* A run of characters that stand for themselves. */
static void
add_run(struct lines *l, const char *p, size_t n)
{
	begin_line(l);
	if (l->back)
		strbuf_truncate(l->out, l->begin);
	l->back = false;
	strbuf_add(l->out, p, n);
}

/* p is what the sanitiser let pass: whole sequences, and few kinds of them. */
static void
add_safe(struct lines *l, const char *p, size_t n)
{
	size_t len;

	for (size_t i = 0; i < n; i += len) {
		len = strcspn(p + i, "\n\r\b\033");
		if (len)
			add_run(l, p + i, len);
		else if (p[i] == '\033')
			len = strcspn(p + i, "mK");
		else if (p[i] == '\n')
			end_line(l);
		else if (p[i] == '\r')
			l->back = true;
		else
			step_back(l);
		len += len == 0 || p[i] == '\033';
	}
}

/* Nothing stays open: no sequence, no line. */
static void
finish(struct lines *l)
{
	autobuf struct strbuf safe = STRBUF_INIT;

	sanitise_end(&l->safe, &safe);
	add_safe(l, safe.buf, safe.len);
	if (l->in_line)
		end_line(l);
}

static void
add_part(void *arg, uint64_t us, enum export_by by, const char *p, size_t n)
{
	struct lines *l = arg;
	autobuf struct strbuf safe = STRBUF_INIT;

	/* A line is one's own. */
	if (l->by != by)
		finish(l);
	l->by = by;
	sanitise_add(&l->safe, &safe, p, n);
	add_safe(l, safe.buf, safe.len);
}

void
export_add_output(struct strbuf *out, const struct export_step *s)
{
	struct lines l = {.out = out};

	export_parts(s, add_part, &l);
	finish(&l);
}

void
export_add_text(struct strbuf *out, const char *p, size_t n)
{
	size_t len;

	for (size_t i = 0; i < n; i += len ? len : 1) {
		len = p[i] == '\n' ? 1 : sanitise_plain(p + i, n - i);
		if (len)
			strbuf_add(out, p + i, len);
		else if (p[i] != '\r' || i + 1 == n || p[i + 1] != '\n')
			strbuf_adds(out, "\xef\xbf\xbd");
	}
}

/* ---- how it ended ---- */

static uint64_t
milliseconds(const struct export_step *s)
{
	int64_t ms =
	    json_int(json_get(s->answer.object, "result"), "duration_ms", -1);

	return ms >= 0 ? (uint64_t)ms : s->answer.us / 1000;
}

void
export_add_end(struct strbuf *out, const struct export_step *s)
{
	const struct answer *a = &s->answer;
	int64_t memory =
	    json_int(json_get(a->object, "result"), "memory_peak", 0);

	if (!s->recorded) {
		strbuf_adds(out, "not run");
		return;
	}
	if (a->status.timed_out || a->overdue)
		strbuf_adds(out, "stopped after ");
	else if (a->status.oom)
		strbuf_adds(out, "out of memory after ");
	else if (a->status.signal)
		strbuf_addf(
		    out, "killed by %s after ", signal_name(a->status.signal));
	else
		strbuf_addf(out, "exit %d in ", a->status.code);
	units_add_duration(out, milliseconds(s));
	if (memory > 0) {
		strbuf_adds(out, ", ");
		units_add_size(out, (uint64_t)memory);
	}
	if (a->cut)
		strbuf_adds(out, ", output cut");
}
