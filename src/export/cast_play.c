/*
 * A session as it looks at a terminal.  The times are made: somebody types at
 * the speed asked for, and reads; only output comes when it came.
 */
#include <string.h>

#include "base/encode.h"
#include "base/sanitise.h"
#include "export/cast.h"
#include "export/export_impl.h"
#include "replay/fold.h"
#include "replay/typing.h"
#include "session/prompt_text.h"
#include "session/settings.h"

#define BOLD "\033[1m"
#define RED "\033[31m"
#define PLAIN "\033[0m"

enum {
	PROSE_COLUMNS = 80,
	WORD_KEYS = 5, /* as words a minute are counted */
	WPM_READ = 240,
	PAUSE_US = 400000,  /* before the first key, and before Enter */
	LEX_MAX = 16 << 20, /* bytes: then a prompt stays as it is */
};

/* ---- what is read ---- */

static void
wait_reading(struct cast *c, const char *text)
{
	uint64_t words = 0;

	for (const char *p = text; *p; p++)
		words += *p != ' ' && *p != '\n' &&
			 (!p[1] || p[1] == ' ' || p[1] == '\n');
	cast_wait(c, words * 60 * 1000000 / WPM_READ);
}

static void
play_text(struct cast *c, const struct export_item *item)
{
	autobuf struct strbuf text = STRBUF_INIT;
	int columns = (int)c->o->columns;

	if (item->kind == EXPORT_HEADING) {
		cast_mark(c, item->text.buf);
		strbuf_addf(&text, BOLD "%s" PLAIN "\n", item->text.buf);
	} else if (item->kind == EXPORT_PROSE) {
		fold_prose(&text, item->text.buf,
		    columns < PROSE_COLUMNS ? columns : PROSE_COLUMNS);
	} else {
		strbuf_addf(&text, "%s", item->text.buf);
	}
	strbuf_addc(&text, '\n');
	cast_output(c, text.buf, text.len);
	wait_reading(c, item->text.buf);
}

/* ---- what is typed ---- */

/* What the prompt says after the steps before this one. */
struct facts {
	size_t step;
	const char *env;
	int status;
};

static void
pass_steps(struct facts *f, const struct export_session *s, size_t step)
{
	for (; f->step < step; f->step++) {
		const struct answer *a = &s->steps[f->step].answer;

		if (a->object)
			f->env = json_str(a->object, "env", NULL);
		f->status = a->status.code;
	}
}

static bool
add_value(struct strbuf *sb, void *arg, char what)
{
	const struct facts *f = arg;

	if (what == 'e' && f->env)
		strbuf_adds(sb, f->env);
	if (what == 's' && f->status)
		strbuf_addf(sb, "%d", f->status);
	return (what == 'e' && f->env) || (what == 's' && f->status);
}

/* As the shell draws it. */
static void
play_prompt(struct cast *c, struct facts *f)
{
	autobuf struct strbuf text = STRBUF_INIT, safe = STRBUF_INIT;

	prompt_fill(&text, settings_table[SET_PROMPT].def, add_value, f);
	export_add_text(&safe, text.buf, text.len);
	cast_output(c, safe.buf, safe.len);
}

struct keys {
	struct typing typing;
	uint64_t mean_us; /* between two of them; 0: all at once */
};

static void
keys_begin(struct keys *k, const struct transcript_step *s,
    const struct strbuf *text, unsigned wpm)
{
	typing_begin(&k->typing, text->buf, text->len);
	k->mean_us = s->options.has_type
			 ? s->options.type_ms * 1000
			 : 60u * UINT64_C(1000000) / WORD_KEYS / wpm;
}

static void
type_line(struct cast *c, struct keys *k, const char *p, size_t n)
{
	int len;

	cast_wait(c, PAUSE_US);
	for (size_t i = 0; i < n; i += len) {
		len = utf8_next(p + i, n - i, NULL);
		len = len > 0 ? len : 1;
		cast_output(c, p + i, len);
		cast_wait(c, typing_pause(&k->typing, k->mean_us, p[i]));
	}
	cast_wait(c, PAUSE_US);
}

/*
 * The lines of a heredoc, or others that the first one needs, come as if they
 * were pasted.  text is all of the command, p where the next line begins.
 */
static void
paste_lines(
    struct cast *c, struct keys *k, const struct strbuf *text, const char *p)
{
	const char *end = text->buf + text->len, *nl;
	autoerr struct err ignored = ERR_INIT;
	struct lex_line line = {0};
	size_t lexed = 0;
	bool known = false;

	for (; p < end; p = nl + 1) {
		autobuf struct strbuf prompt = STRBUF_INIT;

		lexed += known ? 0 : p - text->buf;
		if (!known && lexed <= LEX_MAX) {
			lex_line_release(&line);
			lex_line(&line, text->buf, p - text->buf, 1, 0,
			    TRANSCRIPT_TEXT_MAX, &ignored);
		}
		nl = memchr(p, '\n', end - p);
		prompt_more(&prompt, &line.need);
		cast_output(c, prompt.buf, prompt.len);
		cast_output(c, p, nl + 1 - p);
		cast_wait(c, typing_pause(&k->typing, k->mean_us, '\n'));
		known = !lex_need_met(&line.need, p, nl - p);
	}
	lex_line_release(&line);
}

static void
play_command(struct cast *c, const struct transcript_step *s)
{
	autobuf struct strbuf text = STRBUF_INIT;
	struct keys k;
	size_t first;

	export_add_text(&text, s->text, s->n);
	if (!text.len || text.buf[text.len - 1] != '\n')
		strbuf_addc(&text, '\n');
	keys_begin(&k, s, &text, c->o->wpm);
	first = strcspn(text.buf, "\n");
	type_line(c, &k, text.buf, first);
	cast_outputs(c, "\n");
	paste_lines(c, &k, &text, text.buf + first + 1);
}

/* ---- what is shown ---- */

struct showing {
	struct cast *c;
	struct sanitiser safe;
	enum export_by by;
	uint64_t us; /* since the step began */
};

/* A line that is open ends, and so do its colours. */
static void
end_part(struct showing *w)
{
	autobuf struct strbuf rest = STRBUF_INIT;
	bool open = w->safe.in_line || w->safe.held;

	sanitise_end(&w->safe, &rest);
	if (open)
		strbuf_addc(&rest, '\n');
	cast_output(w->c, rest.buf, rest.len);
	w->safe = (struct sanitiser){0};
}

static void
play_part(void *arg, uint64_t us, enum export_by by, const char *p, size_t n)
{
	struct showing *w = arg;
	autobuf struct strbuf text = STRBUF_INIT, safe = STRBUF_INIT;

	if (us > w->us) {
		cast_wait(w->c, us - w->us);
		w->us = us;
	}
	if (by != w->by)
		end_part(w);
	w->by = by;
	w->safe.mark = by == EXPORT_STDERR ? RED : NULL;
	w->safe.unmark = by == EXPORT_STDERR ? PLAIN : NULL;
	utf8_repair(&text, p, n);
	sanitise_add(&w->safe, &safe, text.buf, text.len);
	cast_output(w->c, safe.buf, safe.len);
}

static void
play_step(struct cast *c, const struct export_step *step)
{
	struct showing w = {.c = c};

	play_command(c, step->step);
	export_parts(step, play_part, &w);
	end_part(&w);
	if (step->answer.us > w.us)
		cast_wait(c, step->answer.us - w.us);
}

void
cast_play(struct cast *c, const struct export_session *s)
{
	enum export_item_kind before = EXPORT_HEADING;
	struct facts f = {0};

	for (size_t i = 0; i < s->n_items; i++) {
		const struct export_item *item = &s->items[i];

		if (item->kind == EXPORT_STEP) {
			pass_steps(&f, s, item->step);
			play_prompt(c, &f);
			play_step(c, &s->steps[item->step]);
		} else {
			if (before == EXPORT_STEP)
				cast_outputs(c, "\n");
			play_text(c, item);
		}
		before = item->kind;
	}
	/* The last output is seen for a while. */
	pass_steps(&f, s, s->t->n_steps);
	if (s->t->n_steps)
		play_prompt(c, &f);
	cast_wait(c, c->o->idle_ms * 1000);
	cast_outputs(c, "\n");
}
