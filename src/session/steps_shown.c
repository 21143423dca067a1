/* What people were shown of a step, in its record; see steps.h. */
#include <string.h>

#include "base/clock.h"
#include "session/steps_impl.h"

#define OWN_MAX (256u << 10)

void
step_shows(struct step *st)
{
	st->shown.known = true;
	st->shown.changed = true;
}

void
step_shows_otherwise(struct step *st)
{
	st->shown.changed = st->shown.known;
	st->shown.known = false;
}

/* Was that logged just before? */
static bool
is_logged(struct step *st, unsigned stream, const void *p, size_t n)
{
	return st->last.p == p && st->last.n == n && st->last.stream == stream;
}

/* A line that comes in parts is one text, as a secret may be in two of them. */
static struct own_text *
text_for(struct step *st, unsigned stream)
{
	struct step_shown *shown = &st->shown;
	struct own_text *t = shown->n ? &shown->own[shown->n - 1] : NULL;

	if (t && t->stream == stream && t->at == st->logged[stream] &&
	    t->text.buf[t->text.len - 1] != '\n')
		return t;
	GROW(shown->own, shown->n, &shown->cap);
	t = &shown->own[shown->n++];
	*t = (struct own_text){.stream = stream,
	    .at = st->logged[stream],
	    .us = clock_us() - st->began_us,
	    .text = STRBUF_INIT};
	return t;
}

static void
add_own(struct step *st, unsigned stream, const void *p, size_t n)
{
	struct step_shown *shown = &st->shown;

	if (n > OWN_MAX - shown->bytes) {
		n = OWN_MAX - shown->bytes;
		shown->cut[stream] = true;
	}
	shown->bytes += n;
	if (!n)
		return;
	if (!st->record)
		step_log_flush(st, stream);
	strbuf_add(&text_for(st, stream)->text, p, n);
}

void
step_shown(struct step *st, int fd, const void *p, size_t n)
{
	unsigned stream = fd == 2 ? STEP_LOG_STDERR : 0;

	if (!st->shown.known || !n)
		return;
	st->shown.changed = true;
	if (!is_logged(st, stream, p, n)) {
		add_own(st, stream, p, n);
		return;
	}
	st->shown.program[stream] = true;
	if (!st->last.whole)
		st->shown.cut[stream] = true;
	st->last.p = NULL;
}

/* [US,"o",AT,TEXT] */
static json *
own_json(const struct secrets *secrets, const struct own_text *t)
{
	json *j = json_array();
	autobuf struct strbuf text = STRBUF_INIT;

	secrets_hide(secrets, &text, t->text.buf, t->text.len, true);
	json_push(j, cJSON_CreateNumber((double)t->us));
	json_push_str(j, t->stream ? "e" : "o");
	json_push(j, cJSON_CreateNumber((double)t->at));
	json_push(j, json_text(text.buf, text.len));
	return j;
}

json *
step_shown_json(const struct step *st)
{
	const struct step_shown *shown = &st->shown;
	json *j, *log, *cut, *own;

	if (!shown->known)
		return NULL;
	j = json_object();
	log = json_array();
	cut = json_array();
	own = json_array();
	for (int i = 0; i < 2; i++) {
		json_push(
		    log, cJSON_CreateNumber(
			     shown->program[i] ? (double)st->logged[i] : 0));
		json_push(cut, cJSON_CreateBool(shown->cut[i]));
	}
	json_put(j, "log", log);
	json_put(j, "cut", cut);
	for (size_t i = 0; i < shown->n; i++)
		json_push(own, own_json(st->steps->secrets, &shown->own[i]));
	json_put(j, "own", own);
	return j;
}

void
step_shown_release(struct step_shown *shown)
{
	for (size_t i = 0; i < shown->n; i++)
		strbuf_release(&shown->own[i].text);
	free(shown->own);
}
