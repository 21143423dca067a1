#include "replay/show.h"

#include <string.h>

#include "base/encode.h"
#include "replay/match_impl.h"
#include "replay/show_impl.h"

#define NAMED_MAX 3 /* changed lines of which it is said how */

/* What came from elsewhere, of which each line gets the indent in front. */
static void
add_text(struct strbuf *sb, const char *indent, const char *s)
{
	const char *end;

	for (; *s; s = *end ? end + 1 : end) {
		end = strchrnul(s, '\n');
		strbuf_adds(sb, indent);
		match_add_normal(sb, s, (size_t)(end - s), false);
		strbuf_addc(sb, '\n');
	}
}

static void
show_head(struct strbuf *sb, const struct show *s)
{
	sanitise_name(sb, s->file);
	strbuf_addf(sb, ":%u", s->line);
	if (s->heading)
		add_text(sb, "  ", s->heading);
	else
		strbuf_addc(sb, '\n');
	for (const char *p = s->command, *end; *p; p = *end ? end + 1 : end) {
		autofree char *line = NULL;

		end = strchrnul(p, '\n');
		line = xstrndup(p, (size_t)(end - p));
		add_text(
		    sb, p == s->command ? "  $ " : "  > ", *line ? line : "\n");
	}
	if (s->status_met)
		strbuf_addf(sb, "status: %s, as expected\n", s->got);
	else
		strbuf_addf(
		    sb, "status: %s, expected was %s\n", s->got, s->wanted);
	if (s->note)
		add_text(sb, "", s->note);
}

/* What a step that was cut short was to say next. */
static void
show_awaited(struct strbuf *sb, const struct show_stream *st)
{
	for (size_t i = 0; i < st->al->n; i++) {
		const struct align_row *r = &st->al->v[i];
		const struct expected_text *raw;

		if (r->op != ALIGN_MISSING && r->op != ALIGN_CHANGED)
			continue;
		raw = &st->x->v[r->expected].raw;
		strbuf_addf(
		    sb, "awaited was line %zu: ", (size_t)r->expected + 1);
		match_add_normal(sb, raw->s, raw->n, false);
		strbuf_addc(sb, '\n');
		return;
	}
}

static void
show_changes(struct strbuf *sb, const struct show *s,
    const struct show_stream *st, const char *name)
{
	size_t named = 0;

	for (size_t i = 0; i < st->al->n && named < NAMED_MAX; i++) {
		autobuf struct strbuf how = STRBUF_INIT;
		const struct align_row *r = &st->al->v[i];

		if (r->op != ALIGN_CHANGED ||
		    !show_how_changed(
			&how, s, &st->x->v[r->expected], &st->a->v[r->actual]))
			continue;
		strbuf_addf(sb, "%sline %zu differs %s\n", name,
		    (size_t)r->expected + 1, how.buf);
		named++;
	}
	if (expectation_exhausted(st->x))
		strbuf_addf(sb,
		    "%sits patterns take too long: not all were "
		    "compared\n",
		    name);
}

/* Is the stream shown line by line? */
static bool
has_table(const struct show *s, const struct show_stream *st)
{
	return !alignment_matches(st->al) || (!s->status_met && st->al->n);
}

static void
show_stream(struct strbuf *sb, const struct show *s,
    const struct show_stream *st, const char *name, bool titled)
{
	size_t n = st->a->n;

	if (!has_table(s, st)) {
		if (n)
			strbuf_addf(sb, "%s: matched, %zu line%s\n", name, n,
			    n == 1 ? "" : "s");
		return;
	}
	if (titled)
		strbuf_addf(sb, "%s:\n", name);
	show_table(sb, s, st);
	if (alignment_matches(st->al))
		strbuf_addf(sb, "%s: matched\n", name);
}

void
show_failure(struct strbuf *sb, const struct show *s)
{
	bool both = has_table(s, &s->out) && has_table(s, &s->err);

	show_head(sb, s);
	if (has_table(s, &s->out) || has_table(s, &s->err))
		strbuf_addc(sb, '\n');
	show_stream(sb, s, &s->out, "stdout", both);
	show_stream(sb, s, &s->err, "stderr", has_table(s, &s->err));
	show_changes(sb, s, &s->out, "");
	show_changes(sb, s, &s->err, "stderr: ");
	if (s->cut_short) {
		show_awaited(sb, &s->out);
		show_awaited(sb, &s->err);
	}
	if (s->advice) {
		autobuf struct strbuf place = STRBUF_INIT;
		autobuf struct strbuf word = STRBUF_INIT;

		sanitise_name(&place, s->file);
		strbuf_addf(&place, ":%u", s->line);
		strbuf_add_word(&word, place.buf);
		strbuf_addf(sb,
		    "accept:  addesh replay --update %s"
		    "      look:  addesh replay --break %s\n",
		    word.buf, word.buf);
	}
}
