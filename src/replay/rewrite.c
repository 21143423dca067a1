#include "replay/rewrite.h"

#include <string.h>

#include "replay/expect_write.h"

/* A step that is being rewritten. */
struct writer {
	struct strbuf *out;
	const struct transcript *t;
	const struct transcript_step *s;
	bool special; /* its last line could be read as something else */
};

/* What becomes of an old line, and which new ones stand in its place, or behind
   it if it stays. */
struct slot {
	bool stays;
	size_t from, n;
};

/* One of a step's streams: slot 0 is in front of its lines. */
struct stream {
	const struct transcript_lines *lines;
	const struct updated *u;
	bool err;
	struct slot *slots;
	size_t line; /* the next one */
};

/* New lines between two that stay take the places of the removed ones there,
   one each, the last of them all that are left. */
static void
place_new(struct stream *s, size_t old, size_t end, size_t from, size_t n)
{
	size_t removed = end - old;

	for (size_t i = 0; i < n && i < removed; i++)
		s->slots[old + 1 + i] = (struct slot){.from = from + i, .n = 1};
	if (!removed) {
		s->slots[old].from = from;
		s->slots[old].n = n;
	} else if (n > removed) {
		s->slots[end].n = n - removed + 1;
	}
}

static void
plan(struct stream *s)
{
	const struct updated *u = s->u;
	size_t old = 0, n = s->lines->n; /* old: lines that are placed */

	s->slots = xcalloc(n + 1, sizeof(*s->slots));
	for (size_t i = 0; !u && i < n; i++)
		s->slots[i + 1].stays = true;
	for (size_t i = 0, from; u && i <= u->n; i++) {
		size_t end;

		for (from = i; i < u->n && u->v[i].kept < 0;)
			i++;
		end = i < u->n ? (size_t)u->v[i].kept : n;
		place_new(s, old, end, from, i - from);
		if (i < u->n)
			s->slots[end + 1].stays = true;
		old = end + 1;
	}
}

static void
write_line(struct writer *w, const char *text)
{
	struct strbuf *out = w->out;
	const char *end = w->t->crlf ? "\r\n" : "\n";

	if (out->len && out->buf[out->len - 1] != '\n')
		strbuf_adds(out, end);
	for (size_t i = 0; i < w->s->indent; i++)
		strbuf_addc(out, ' ');
	strbuf_adds(out, text);
	strbuf_adds(out, end);
}

static void
write_slot(struct writer *w, const struct stream *s, size_t slot)
{
	const struct slot *at = &s->slots[slot];

	if (at->stays) {
		const struct transcript_line *l = &s->lines->v[slot - 1];

		strbuf_add(w->out, w->t->text + l->start, l->end - l->start);
		w->special = !s->err && !expect_write_is_output(l->text, l->n);
	}
	for (size_t i = at->from; i < at->from + at->n; i++) {
		write_line(w, s->u->v[i].text);
		w->special = false;
	}
}

static struct stream *
next_stream(struct stream *out, struct stream *err)
{
	bool no_out = out->line == out->lines->n;
	bool no_err = err->line == err->lines->n;

	if (no_out || no_err)
		return no_out ? no_err ? NULL : err : out;
	return out->lines->v[out->line].start < err->lines->v[err->line].start
		   ? out
		   : err;
}

/* Both streams in their places, and what is between their lines. */
static void
write_output(struct writer *w, struct stream *out, struct stream *err)
{
	size_t at = w->s->at_output.start;
	const char *text = w->t->text;
	struct stream *s;

	write_slot(w, out, 0);
	while ((s = next_stream(out, err))) {
		const struct transcript_line *l = &s->lines->v[s->line];

		strbuf_add(w->out, text + at, l->start - at);
		if (s->err && !s->line)
			write_slot(w, s, 0);
		write_slot(w, s, ++s->line);
		at = l->end;
	}
	if (!err->lines->n)
		write_slot(w, err, 0);
	strbuf_add(w->out, text + at, w->s->at_output.end - at);
}

/* Behind a status a comment is one; at the end of a fence, behind output, it
   would be output. */
static bool
is_before_comment(const struct writer *w)
{
	const struct transcript_block *next = &w->t->blocks[w->s->block + 1];

	return w->s->block + 1 < w->t->n_blocks && next->kind == BLOCK_LAYOUT &&
	       memchr(w->t->text + next->at.start, '#',
		   next->at.end - next->at.start);
}

/* 0 is said only where it keeps something from being read otherwise. */
static void
write_status(struct writer *w, const struct want_status *status)
{
	const struct span *at = &w->s->at_status;
	autobuf struct strbuf line = STRBUF_INIT;
	bool there = at->end > at->start;

	if (there && (!status || want_status_same(status, &w->s->status))) {
		strbuf_add(w->out, w->t->text + at->start, at->end - at->start);
		return;
	}
	status = status ? status : &w->s->status;
	if (want_status_same(status, &(struct want_status){0}) && !w->special &&
	    !(there && is_before_comment(w)))
		return;
	want_status_add(&line, status);
	write_line(w, line.buf);
}

static void
write_step(struct strbuf *text, const struct transcript *t,
    const struct rewrite_step *r)
{
	const struct transcript_step *s = &t->steps[r->step];
	struct stream out = {.lines = &s->out, .u = r->out};
	struct stream err = {.lines = &s->err, .u = r->err, .err = true};
	struct writer w = {.out = text, .t = t, .s = s};

	plan(&out);
	plan(&err);
	write_output(&w, &out, &err);
	write_status(&w, r->status);
	free(out.slots);
	free(err.slots);
}

/* Reading it again */

static bool
same_line(const struct transcript_line *got, const char *s, size_t n)
{
	return got->n == n && !memcmp(got->text, s, n);
}

/* Of stderr the new lines have their "! ". */
static bool
same_stream(const struct transcript_lines *got,
    const struct transcript_lines *old, const struct updated *u, bool err)
{
	if (got->n != (u ? u->n : old->n))
		return false;
	for (size_t i = 0; i < got->n; i++) {
		ptrdiff_t kept = u ? u->v[i].kept : (ptrdiff_t)i;
		const char *text = kept < 0 ? u->v[i].text : NULL;
		size_t skip = text && err ? (text[1] ? 2 : 1) : 0;

		if (text ? !same_line(
			       &got->v[i], text + skip, strlen(text + skip))
			 : !same_line(
			       &got->v[i], old->v[kept].text, old->v[kept].n))
			return false;
	}
	return true;
}

static bool
same_step(const struct transcript_step *got, const struct transcript *t,
    const struct rewrite_step *r)
{
	const struct transcript_step *old = &t->steps[r->step];
	const struct want_status *status = r->status ? r->status : &old->status;

	return want_status_same(&got->status, status) && got->n == old->n &&
	       !memcmp(got->text, old->text, old->n) &&
	       same_stream(&got->out, &old->out, r->out, false) &&
	       same_stream(&got->err, &old->err, r->err, true);
}

static int
check(const struct strbuf *text, const struct transcript *t,
    const struct rewrite_step *steps, size_t n, struct err *err)
{
	autoerr struct err why = ERR_INIT;
	struct transcript *got =
	    transcript_read(t->name, text->buf, text->len, &why);
	bool same = got && got->n_steps == t->n_steps;

	for (size_t i = 0; same && i < n; i++)
		same = same_step(&got->steps[steps[i].step], t, &steps[i]);
	transcript_free(got);
	if (same)
		return 0;
	return err_set(err, ERR_INTERNAL,
	    "%s: what would be written is not "
	    "read as it is meant%s%s",
	    t->name, why.kind ? ": " : "", why.msg.buf);
}

int
rewrite(struct strbuf *out, const struct transcript *t,
    const struct rewrite_step *steps, size_t n, struct err *err)
{
	autobuf struct strbuf text = STRBUF_INIT;
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		const struct transcript_step *s = &t->steps[steps[i].step];

		strbuf_add(&text, t->text + at, s->at_output.start - at);
		write_step(&text, t, &steps[i]);
		at = s->at_status.end;
	}
	strbuf_add(&text, t->text + at, t->len - at);
	if (check(&text, t, steps, n, err))
		return -1;
	strbuf_add(out, text.buf, text.len);
	return 0;
}
