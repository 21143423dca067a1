#include "cmd/saved_step.h"

#include <string.h>

#include "cmd/call.h"
#include "cmd/step_call.h"
#include "lexer/lexer.h"

/* Two things in order become one: what is in the log, and the texts of addesh's
   own, which say in front of which byte of the log they stand. */
struct merging {
	struct answer *a;
	const json *own;   /* the next one */
	uint64_t at[2];    /* bytes of the log that came */
	uint64_t shown[2]; /* that were shown */
	uint64_t us;
};

static uint64_t
number_at(const json *array, int i)
{
	const json *item = cJSON_GetArrayItem(array, i);
	double n = cJSON_IsNumber(item) ? item->valuedouble : 0;

	return n > 0 && n < 1e15 ? (uint64_t)n : 0;
}

static unsigned
stream_of(const json *own)
{
	const json *name = cJSON_GetArrayItem(own, 1);

	return cJSON_IsString(name) && !strcmp(name->valuestring, "e");
}

static void
add(struct merging *m, uint64_t us, unsigned stream, const char *p, size_t n)
{
	/* What is held back in the log has an earlier time. */
	if (us > m->us)
		m->us = us;
	answer_add(m->a, m->us, stream ? 2 : 1, p, n);
}

static void
add_own(struct merging *m)
{
	autobuf struct strbuf text = STRBUF_INIT;

	json_add_text(cJSON_GetArrayItem(m->own, 3), &text);
	add(m, number_at(m->own, 0), stream_of(m->own), text.buf, text.len);
	m->own = m->own->next;
}

/* Does the next text come before the bytes of the log that are next? */
static bool
comes_first(const struct merging *m, unsigned stream, uint64_t us, uint64_t end)
{
	unsigned own = m->own ? stream_of(m->own) : 0;
	uint64_t at = m->own ? number_at(m->own, 2) : 0;

	if (!m->own)
		return false;
	return own == stream ? at < end
			     : at <= m->at[own] && number_at(m->own, 0) <= us;
}

static bool
add_logged(void *arg, const struct step_record *r)
{
	struct merging *m = arg;
	unsigned stream = r->flags & STEP_LOG_STDERR;
	uint64_t end = m->at[stream] + r->n;
	const char *p = r->p;

	if (!m->shown[stream])
		return true;
	while (comes_first(m, stream, r->us, end)) {
		uint64_t at = number_at(m->own, 2);

		if (stream_of(m->own) == stream && at > m->at[stream]) {
			add(m, r->us, stream, p, at - m->at[stream]);
			p += at - m->at[stream];
			m->at[stream] = at;
		}
		add_own(m);
	}
	add(m, r->us, stream, p, end - m->at[stream]);
	m->at[stream] = end;
	return true;
}

static int
read_shown(struct saved_step *s, struct steps *steps, const json *shown,
    struct err *err)
{
	const json *log = json_get(shown, "log"), *own = json_get(shown, "own");
	const json *cut = json_get(shown, "cut");
	struct merging m = {.a = &s->answer,
	    .own = own ? own->child : NULL,
	    .shown = {number_at(log, 0), number_at(log, 1)}};

	if (steps_read_log(steps, s->n, add_logged, &m, err))
		return -1;
	while (m.own)
		add_own(&m);
	for (int i = 0; i < 2; i++)
		s->open[1 + i] = cJSON_IsTrue(cJSON_GetArrayItem(cut, i)) ||
				 m.at[i] < m.shown[i];
	return 0;
}

/* Nobody was shown anything, as by an agent's tool: what a program wrote people
   would have been shown, and perhaps a line of addesh's beside it. */
static int
guess_shown(struct saved_step *s, struct steps *steps, struct err *err)
{
	bool program =
	    json_get(json_get(s->record, "result"), "execution_time");
	struct merging m = {.a = &s->answer, .shown = {program, program}};

	s->guessed = s->open[2] = true;
	s->open[1] = !program || json_bool(json_get(s->record, "result"),
				     "stdout_truncated", false);
	return steps_read_log(steps, s->n, add_logged, &m, err);
}

const char *
saved_step_name(const json *record)
{
	const char *command = json_str(record, "command", "");
	const char *name = json_str(json_get(record, "about"), "cmd", NULL);

	return name ? name : str_starts(command, "env new") ? "env new" : "";
}

/* As --json had it. */
static json *
object_of(const struct saved_step *s)
{
	const json *status = json_get(s->record, "status");
	const json *result = json_get(s->record, "result");
	const json *error = json_get(s->record, "error");
	json *j = json_object();

	json_put_int(j, "v", 1);
	json_put_int(j, "step", s->n);
	json_put_str(j, "cmd", saved_step_name(s->record));
	json_put_bool(j, "ok", status->valuedouble == 0);
	json_put(j, "status", json_copy(status));
	if (result)
		json_put(j, "result", json_copy(result));
	else if (!error)
		json_put_str(j, "result", NULL);
	if (error)
		json_put(j, "error", json_copy(error));
	json_put_str(
	    j, "env", json_str(json_get(s->record, "about"), "env", NULL));
	return j;
}

/* `time` is of the line, and what it says came when the step had ended.  True:
   there was a number of times, where nobody is shown what is written. */
static bool
take_time_off(struct saved_step *s)
{
	struct strbuf text = STRBUF_INIT;
	autoerr struct err ignored = ERR_INIT;
	struct lex_line line;
	bool repeated = false;

	if (lex_line(&line, s->text.buf, s->text.len, 1, 0, SIZE_MAX,
		&ignored) == LEX_OK && line.n == 1 && line.cmds[0].time) {
		const struct lex_cmd *cmd = &line.cmds[0];

		repeated = cmd->repeat != 0;
		strbuf_addf(&text, "%s%s", cmd->quiet ? "quiet " : "",
		    s->text.buf + cmd->words[0].start);
		strbuf_release(&s->text);
		s->text = text;
	}
	lex_line_release(&line);
	return repeated;
}

static int
read_answer(struct saved_step *s, struct steps *steps, struct err *err)
{
	const json *shown =
	    take_time_off(s) ? NULL : json_get(s->record, "shown");
	int rc = cJSON_IsObject(shown) ? read_shown(s, steps, shown, err)
				       : guess_shown(s, steps, err);
	size_t n = s->answer.n_events;

	s->answer.us = (uint64_t)json_int(s->record, "duration_ms", 0) * 1000;
	if (n && s->answer.us < s->answer.events[n - 1].us)
		s->answer.us = s->answer.events[n - 1].us;
	s->answer.object = object_of(s);
	answer_set_status(&s->answer, (int)json_int(s->record, "status", 0));
	return rc;
}

int
saved_step_read(
    struct saved_step *s, struct steps *steps, unsigned n, struct err *err)
{
	*s = (struct saved_step){.n = n, .text = STRBUF_INIT};
	answer_init(&s->answer);
	s->record = steps_load_whole(steps, n, err);
	if (!s->record)
		return -1;
	if (!cJSON_IsNumber(json_get(s->record, "status")))
		return err_set(err, ERR_USAGE, "it is %s and came to nothing",
		    json_str(s->record, "state", "damaged"));
	if (step_call_text(s->record, &s->text, err))
		return -1;
	return read_answer(s, steps, err);
}

void
saved_step_release(struct saved_step *s)
{
	json_free(s->record);
	strbuf_release(&s->text);
	answer_release(&s->answer);
}

void
saved_steps_note(struct call *c, const char *path, unsigned steps)
{
	autobuf struct strbuf word = STRBUF_INIT;

	lex_quote(&word, path, 0);
	call_note(c, "%s: %u step%s; compare them:  replay %s", path, steps,
	    steps == 1 ? "" : "s", word.buf);
}
