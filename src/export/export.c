/* The file, its recording, and what of both people are shown. */
#include "export/export.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secrets.h"
#include "export/export_impl.h"
#include "replay/recording.h"

/* ---- what of an answer is kept ---- */

/* Up to there it is whole characters. */
static size_t
cut_at(const struct strbuf *text)
{
	size_t n = EXPORT_OUTPUT_MAX;

	while (n && ((unsigned char)text->buf[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static void
cut(struct answer *a)
{
	size_t kept = 0;

	for (int fd = 1; fd <= 2; fd++) {
		if (a->stream[fd].len <= EXPORT_OUTPUT_MAX)
			continue;
		strbuf_truncate(&a->stream[fd], cut_at(&a->stream[fd]));
		a->cut = true;
	}
	for (size_t i = 0; i < a->n_events; i++) {
		struct answer_event e = a->events[i];
		size_t len = a->stream[e.fd].len;

		if (e.start >= len)
			continue;
		if (e.n > len - e.start)
			e.n = len - e.start;
		a->events[kept++] = e;
	}
	a->n_events = kept;
}

/* ---- secrets ---- */

static void
hide_command(struct transcript_step *s, const struct secrets *secrets)
{
	struct strbuf text = STRBUF_INIT;

	secrets_hide(secrets, &text, s->text, s->n, false);
	free(s->text);
	s->n = text.len;
	s->text = strbuf_detach(&text);
}

/* What a command holds any other one may print. */
static struct secrets *
learn(const struct transcript *t)
{
	struct secrets *secrets = secrets_new();

	for (size_t i = 0; i < t->n_steps; i++)
		secrets_learn(secrets, t->steps[i].text, t->steps[i].n);
	if (t->front.env.n)
		secrets_learn_env(secrets, t->front.env.v);
	return secrets;
}

/* ---- answers ---- */

static int
not_recorded(const struct export_session *s, const struct transcript_step *step,
    struct err *err)
{
	err_set(err, ERR_CONFIG, "%s:%u: not recorded: step %u", s->t->name,
	    step->line, step->number);
	return err_hint(
	    err, "record it:  replay --record %s", s->t->name);
}

static int
find_answer(struct export_session *s, size_t i, struct recording *r,
    const struct secrets *secrets, struct err *err)
{
	struct transcript_step *step = &s->t->steps[i];
	struct export_step *to = &s->steps[i];
	int found = recording_find(r, step->id, step->text, &to->answer, err);

	if (found < 0)
		return -1;
	if (!found && !step->options.skip_if)
		return not_recorded(s, step, err);
	to->recorded = found;
	answer_hide(&to->answer, secrets);
	cut(&to->answer);
	hide_command(step, secrets);
	return 0;
}

static int
find_answers(struct export_session *s, struct recording *r, struct err *err)
{
	struct secrets *secrets = learn(s->t);
	int rc = 0;

	for (size_t i = 0; i < s->t->n_steps && !rc; i++)
		rc = find_answer(s, i, r, secrets, err);
	secrets_free(secrets);
	s->created = recording_created(r);
	return rc;
}

struct export_session *
export_join(struct transcript *t, struct recording *r, struct err *err)
{
	struct export_session *s = xcalloc(1, sizeof(*s));

	s->t = t;
	s->steps = xcalloc(t->n_steps + 1, sizeof(*s->steps));
	for (size_t i = 0; i < t->n_steps; i++) {
		s->steps[i].step = &t->steps[i];
		answer_init(&s->steps[i].answer);
	}
	if (!r || !find_answers(s, r, err)) {
		export_make_items(s);
		return s;
	}
	export_close(s);
	return NULL;
}

static int
open_recording(
    const struct transcript *t, struct recording **r, struct err *err)
{
	autofree char *path = recording_path(t->name);

	*r = NULL;
	if (!t->n_steps)
		return 0;
	*r = recording_open(path, err);
	if (*r)
		return 0;
	if (err->code != ENOENT)
		return -1;
	err_set(err, ERR_CONFIG, "%s is not recorded: there is no %s", t->name,
	    path);
	return err_hint(err, "record it:  replay --record %s", t->name);
}

struct export_session *
export_open(const char *path, struct err *err)
{
	struct transcript *t = transcript_read_file(path, err);
	struct export_session *s;
	struct recording *r;

	if (!t)
		return NULL;
	if (open_recording(t, &r, err)) {
		transcript_free(t);
		return NULL;
	}
	s = export_join(t, r, err);
	recording_close(r);
	return s;
}

void
export_close(struct export_session *s)
{
	if (!s)
		return;
	for (size_t i = 0; s->t && i < s->t->n_steps; i++)
		answer_release(&s->steps[i].answer);
	for (size_t i = 0; i < s->n_items; i++)
		strbuf_release(&s->items[i].text);
	free(s->steps);
	free(s->items);
	free(s->title);
	transcript_free(s->t);
	free(s);
}
