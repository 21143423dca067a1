/* What a step showed: who wrote it, as text, and how it ended. */
#include <string.h>

#include "base/encode.h"
#include "base/sanitise.h"
#include "base/units.h"
#include "export/export.h"
#include "lexer/lexer.h"
#include "session/result.h"

/* ---- parts ---- */

/* The recorded result is that of the last one. */
static bool
has_more_commands(const struct transcript_step *s)
{
	autoerr struct err ignored = ERR_INIT;
	struct lex_line l;
	bool more;

	lex_line(&l, s->text, s->n, 1, LEX_EOF, TRANSCRIPT_TEXT_MAX, &ignored);
	more = l.n > 1;
	lex_line_release(&l);
	return more;
}

/*
 * Bytes of stderr that are the program's.  A recording has all of stderr as one
 * stream; what addesh says of a run stands behind what the program wrote, which
 * is in the run's result, too.  Where the two do not go together, or there are
 * results that were not kept, nobody knows, and all of it counts as written.
 */
static size_t
program_bytes(const struct export_step *s)
{
	const struct strbuf *all = &s->answer.stream[2];
	const json *result = json_get(s->answer.object, "result");
	const char *text = json_str(result, "stderr", NULL);
	const char *coded = json_str(result, "stderr_b64", NULL);
	autobuf struct strbuf bytes = STRBUF_INIT;

	if (!all->len || has_more_commands(s->step))
		return all->len;
	if (text)
		strbuf_adds(&bytes, text);
	else if (coded)
		base64_decode(&bytes, coded, strlen(coded));
	if (bytes.len > all->len || memcmp(bytes.buf, all->buf, bytes.len) != 0)
		return all->len;
	return bytes.len;
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
	size_t done[3] = {0}, program = program_bytes(s);

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

/* ---- as lines ---- */

/* Of an SGR sequence that the sanitiser let pass; how many of them in a row a
   backspace finds its way through; and how many bytes of them a line keeps that
   is written over, so that many do not make it slow. */
enum { SGR_MAX = 48, SGRS_MAX = 8, SGR_KEPT = 256 };

/* Lines without anything that only a terminal understands. */
struct lines {
	struct strbuf text; /* of the line that is not ended */
	struct sanitiser safe;
	bool colors; /* SGR sequences stay */
	bool in_line;
	bool back; /* a carriage return: what follows is written over it */
	enum export_by by;
	export_line_fn *fn;
	void *arg;
};

static void
end_line(struct lines *l)
{
	l->fn(l->arg, l->by, l->text.buf, l->text.len);
	strbuf_reset(&l->text);
	l->in_line = l->back = false;
}

/* Bytes of the SGR sequence that ends before end, or 0. */
static size_t
sgr_before(const struct lines *l, size_t end)
{
	const char *p = l->text.buf;
	size_t n = 1;

	if (!l->colors || !end || p[end - 1] != 'm')
		return 0;
	while (n < end && n < SGR_MAX && p[end - n] != '\033')
		n++;
	return p[end - n] == '\033' && !memchr(p + end - n, 'm', n - 1) ? n : 0;
}

/* The last character of the line goes, colours stay. */
static void
step_back(struct lines *l)
{
	char *p = l->text.buf;
	size_t kept = l->text.len, n;

	for (int i = 0; i < SGRS_MAX; i++)
		kept -= sgr_before(l, kept);
	if (sgr_before(l, kept))
		return;
	for (n = kept; n && ((unsigned char)p[n - 1] & 0xc0) == 0x80;)
		n--;
	n -= n > 0;
	memmove(p + n, p + kept, l->text.len - kept);
	strbuf_truncate(&l->text, n + l->text.len - kept);
}

/* All characters of the line go. */
static void
start_over(struct lines *l)
{
	struct strbuf *text = &l->text;
	size_t kept = 0, len;

	for (size_t i = 0; l->colors && i < text->len; i += len) {
		len = sanitise_style(text->buf + i, text->len - i);
		memmove(text->buf + kept, text->buf + i, len);
		kept += len;
		len += len == 0;
	}
	strbuf_truncate(text, kept);
	if (kept > SGR_KEPT)
		strbuf_consume(text,
		    strchr(text->buf + kept - SGR_KEPT, '\033') - text->buf);
	l->back = false;
}

/* A run of characters that stand for themselves. */
static void
add_run(struct lines *l, const char *p, size_t n)
{
	if (l->back)
		start_over(l);
	strbuf_add(&l->text, p, n);
	l->in_line = true;
}

static size_t
add_sequence(struct lines *l, const char *p)
{
	size_t n = strcspn(p, "mK") + 1;

	if (l->colors && p[n - 1] == 'm')
		strbuf_add(&l->text, p, n);
	return n;
}

/* p is what the sanitiser let pass: whole sequences, and few kinds of them. */
static void
add_safe(struct lines *l, const char *p, size_t n)
{
	for (size_t i = 0, run; i < n; i += run ? run : 1) {
		run = strcspn(p + i, "\n\r\b\033");
		if (run)
			add_run(l, p + i, run);
		else if (p[i] == '\033')
			run = add_sequence(l, p + i);
		else if (p[i] == '\n')
			end_line(l);
		else if (p[i] == '\r')
			l->back = true;
		else
			step_back(l);
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
export_lines(
    const struct export_step *s, bool colors, export_line_fn *fn, void *arg)
{
	struct lines l = {
	    .text = STRBUF_INIT, .colors = colors, .fn = fn, .arg = arg};

	export_parts(s, add_part, &l);
	finish(&l);
	strbuf_release(&l.text);
}

static void
add_line(void *arg, enum export_by by, const char *p, size_t n)
{
	struct strbuf *out = arg;

	if (by == EXPORT_STDERR)
		strbuf_adds(out, "! ");
	strbuf_add(out, p, n);
	strbuf_addc(out, '\n');
}

void
export_add_output(struct strbuf *out, const struct export_step *s)
{
	export_lines(s, false, add_line, out);
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

uint64_t
export_us(const struct export_step *s)
{
	int64_t ms =
	    json_int(json_get(s->answer.object, "result"), "duration_ms", -1);

	return ms >= 0 ? (uint64_t)ms * 1000 : s->answer.us;
}

uint64_t
export_memory(const struct export_step *s)
{
	int64_t bytes =
	    json_int(json_get(s->answer.object, "result"), "memory_peak", 0);

	return bytes > 0 ? (uint64_t)bytes : 0;
}

void
export_add_end(struct strbuf *out, const struct export_step *s)
{
	const struct answer *a = &s->answer;
	uint64_t memory = export_memory(s);

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
	units_add_duration(out, export_us(s) / 1000);
	if (memory) {
		strbuf_adds(out, ", ");
		units_add_size(out, memory);
	}
	if (a->cut)
		strbuf_adds(out, ", output cut");
}
