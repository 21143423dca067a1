#include "replay/judge.h"

#include <stdlib.h>
#include <string.h>

#include "base/mask.h"
#include "base/secrets.h"
#include "base/units.h"
#include "replay/match.h"
#include "replay/show.h"

#define JSON_SHOWN 200 /* bytes of a value that is another one */

int
judge_masks(struct masks *m, const struct transcript_front *front,
    struct err *err)
{
	for (size_t i = 0; i < front->n_masks; i++)
		if (masks_add(m, front->masks[i].name, front->masks[i].value,
			err))
			return -1;
	if (!front->has_normalize)
		return 0;
	return masks_record_only(m,
	    (const char *const *)front->normalize.v, front->normalize.n, err);
}

/* The lines of a file as the comparison takes them, the caller's. */
static struct expected_text *
expected_texts(const struct transcript_lines *lines)
{
	struct expected_text *v = xcalloc(lines->n + 1, sizeof(*v));

	for (size_t i = 0; i < lines->n; i++)
		v[i] = (struct expected_text){lines->v[i].text, lines->v[i].n,
		    lines->v[i].line};
	return v;
}

/* Was something replaced in these lines when they were recorded? */
static bool
has_hidden(const struct transcript_lines *lines)
{
	for (size_t i = 0; i < lines->n; i++)
		if (memmem(lines->v[i].text, lines->v[i].n, MASK_TEXT,
			strlen(MASK_TEXT)))
			return true;
	return false;
}

/* Output in which the same is replaced. */
static void
compare_hidden(struct judge_stream *st, const struct strbuf *text,
    const struct secrets *known)
{
	secrets_hide(known, &st->hidden, text->buf, text->len, true);
	actual_release(&st->a);
	actual_read(&st->a, st->hidden.buf, st->hidden.len);
	expectation_rewind(&st->x);
}

/* Without lines and output if it is not to be compared. */
static int
stream_init(struct judge_stream *st, const struct judge_scope *scope,
    const struct transcript_lines *lines, const struct strbuf *text,
    bool compared, struct err *err)
{
	strbuf_init(&st->hidden);
	st->texts = expected_texts(lines);
	actual_read(&st->a, text->buf, compared ? text->len : 0);
	if (expectation_init(&st->x, st->texts, compared ? lines->n : 0,
		scope->masks, err))
		return -1;
	if (compared && has_hidden(lines) &&
	    !expectation_matches(&st->x, &st->a))
		compare_hidden(st, text, scope->secrets);
	return 0;
}

static int
streams_init(struct judgement *j, const struct judge_scope *scope,
    const struct transcript_step *s, const struct answer *a, struct err *err)
{
	bool bare = scope->t->kind == TRANSCRIPT_BARE;
	enum step_stream which = s->options.stream;

	if (stream_init(&j->stream[1], scope, &s->out, &a->stream[1],
		!bare && which != STREAM_STDERR, err))
		return -1;
	return stream_init(&j->stream[2], scope, &s->err, &a->stream[2],
	    !bare && which != STREAM_STDOUT, err);
}

void
judgement_release(struct judgement *j)
{
	for (int fd = 1; fd <= 2; fd++) {
		struct judge_stream *st = &j->stream[fd];

		alignment_release(&st->al);
		expectation_release(&st->x);
		actual_release(&st->a);
		free(st->texts);
		if (st->hidden.buf)
			strbuf_release(&st->hidden);
	}
	strbuf_release(&j->why);
	*j = (struct judgement){.why = STRBUF_INIT};
}

static bool
says_other(const json *want, const json *is, struct strbuf *note)
{
	autofree char *wanted = json_print(want);
	autofree char *there = is ? json_print(is) : xstrdup("not there");

	strbuf_addf(note, " is %.*s, not %.*s", JSON_SHOWN, there, JSON_SHOWN,
	    wanted);
	return false;
}

/* Does what is there have all that is wanted?  If not, note is the first
   member that it has not, by its path. */
static bool
is_part(const json *want, const json *is, struct strbuf *note)
{
	size_t before = note->len;
	const json *member;

	if (!cJSON_IsObject(want))
		return (is && cJSON_Compare(want, is, true)) ||
		       says_other(want, is, note);
	json_each (member, want) {
		strbuf_addf(note, "%c%s", before ? '.' : ' ', member->string);
		if (!is_part(member, json_get(is, member->string), note))
			return false;
		strbuf_truncate(note, before);
	}
	return cJSON_IsObject(is) || says_other(want, is, note);
}

/* Of the result, or of all that --json shows. */
static bool
judge_json(const struct transcript_step *s, const struct answer *a,
    struct strbuf *note)
{
	const json *want = s->options.json;
	const json *result = json_get(a->object, "result");
	autobuf struct strbuf why = STRBUF_INIT, in_all = STRBUF_INIT;
	bool all;

	if (!want || is_part(want, result, &why) ||
	    is_part(want, a->object, &in_all))
		return true;
	all = !result ||
	      (want->child && !json_get(result, want->child->string));
	strbuf_addf(note, "json:%s", all ? in_all.buf : why.buf);
	return false;
}

static bool
judge_status(const struct judge_scope *scope, const struct transcript_step *s,
    const struct answer *a)
{
	return want_status_met(&s->status, &a->status) ||
	       (scope->taken_up && s->status.kind == WANT_CODE &&
		   s->status.number == 0);
}

static bool
judge_time(const struct judge_scope *scope, const struct transcript_step *s,
    const struct answer *a, struct strbuf *note)
{
	uint64_t max = (uint64_t)((double)s->options.max_ms * scope->scale);
	uint64_t min = s->options.min_ms, ms = a->us / 1000;
	bool late = max && ms > max, early = min && ms < min;

	if (!scope->live || (!late && !early))
		return true;
	strbuf_adds(note, note->len ? "; it took " : "it took ");
	units_add_duration(note, ms);
	strbuf_adds(note, late ? ", which is more than "
			       : ", which is less than ");
	units_add_duration(note, late ? max : min);
	return false;
}

/* All lines of the command. */
static char *
command_text(const struct transcript_step *s)
{
	size_t n = s->n;

	n -= n && s->text[n - 1] == '\n';
	return xstrndup(s->text, n);
}

static void
add_status(struct strbuf *sb, const struct want_status *w)
{
	if (w->kind == WANT_CODE)
		strbuf_addf(sb, "%d", w->number);
	else
		want_status_add(sb, w);
}

static void
explain(struct judgement *j, const struct judge_scope *scope,
    const struct transcript_step *s, const struct answer *a, const char *note)
{
	struct want_status got = want_status_of(&a->status);
	autobuf struct strbuf wanted = STRBUF_INIT, is = STRBUF_INIT;
	autofree char *command = command_text(s);
	struct judge_stream *st = j->stream;
	struct show show = {.file = scope->t->name, .line = s->line,
	    .heading = transcript_step_heading(scope->t, s),
	    .command = command, .status_met = j->status_met,
	    .cut_short = a->overdue, .note = *note ? note : NULL,
	    .out = {&st[1].x, &st[1].a, &st[1].al},
	    .err = {&st[2].x, &st[2].a, &st[2].al},
	    .masks = scope->masks, .width = scope->width,
	    .color = scope->color,
	    .advice = scope->live && scope->t->kind != TRANSCRIPT_BARE};

	for (int fd = 1; fd <= 2; fd++)
		align(&st[fd].al, &st[fd].x, &st[fd].a);
	add_status(&wanted, &s->status);
	add_status(&is, &got);
	show.wanted = wanted.buf;
	show.got = is.buf;
	show_failure(&j->why, &show);
}

static bool
streams_match(struct judgement *j)
{
	return expectation_matches(&j->stream[1].x, &j->stream[1].a) &&
	       expectation_matches(&j->stream[2].x, &j->stream[2].a);
}

int
judge_step(struct judgement *j, const struct judge_scope *scope,
    const struct transcript_step *s, const struct answer *a, struct err *err)
{
	autobuf struct strbuf note = STRBUF_INIT;

	*j = (struct judgement){.why = STRBUF_INIT};
	if (streams_init(j, scope, s, a, err))
		return -1;
	j->output_met = streams_match(j);
	j->status_met = judge_status(scope, s, a);
	j->rest_met = judge_json(s, a, &note);
	j->rest_met = judge_time(scope, s, a, &note) && j->rest_met;
	j->met = j->output_met && j->status_met && j->rest_met;
	if (s->options.expect_fail) {
		j->met = !j->met;
		strbuf_reset(&note);
		strbuf_addf(&note,
		    "it is as expected, although it should not be: %s",
		    s->options.expect_fail);
	}
	if (!j->met)
		explain(j, scope, s, a, note.buf);
	return 0;
}

/* The first line of which a part matches; group is in it.  NULL: none does. */
static const char *
find_line(const char *pattern, const struct strbuf *text, size_t group[2])
{
	autoerr struct err ignored = ERR_INIT;
	struct regexp_run run = REGEXP_RUN_INIT;
	struct regexp *re = regexp_new(pattern, strlen(pattern), &ignored);
	const char *found = re ? regexp_search_lines(re, &run, text->buf,
				     text->len, group)
			       : NULL;

	regexp_free(re);
	regexp_run_release(&run);
	return found;
}

bool
judge_finds(const char *re, const struct strbuf *text)
{
	size_t group[2];

	return find_line(re, text, group);
}

char *
judge_capture(const char *re, const struct strbuf *text)
{
	size_t group[2];
	const char *line = find_line(re, text, group);

	if (!line || group[0] == SIZE_MAX)
		return NULL;
	return xstrndup(line + group[0], group[1] - group[0]);
}
