/* Scripts of commands alone, and how they are known. */
#include <string.h>

#include "lexer/lexer.h"
#include "replay/transcript_impl.h"

bool
is_bare(const struct reader *r)
{
	struct reader ahead = *r;
	struct line l;

	while (reader_next(&ahead, &l)) {
		const char *s = r->s + l.start;
		size_t n = l.stop - l.start;

		if (is_blank(s, n) || *s == '#')
			continue;
		return !((*s == '$' || *s == '%') && (n == 1 || s[1] == ' '));
	}
	return false;
}

bool
transcript_has_steps(const char *text, size_t n)
{
	struct reader r = {.s = text, .n = n, .line = 1};

	front_skip_head(&r);
	/* Only the reader knows what follows front matter. */
	return front_begins(&r) || !is_bare(&r);
}

/* used: bytes of the file, line.lines: newlines the lexer saw. */
static void
add_step(struct reader *r, const struct lex_line *line, size_t used)
{
	struct transcript *t = r->t;
	size_t end = r->pos + used;
	struct transcript_step s = {
	    .number = (unsigned)t->n_steps + 1,
	    .heading = -1,
	    .block = t->n_blocks,
	    .first = r->line,
	    .line = r->line,
	    .last = r->line + line->lines - 1,
	    .text = xstrndup(r->s + r->pos, line->used),
	    .n = line->used,
	    .at_options = {r->pos, r->pos},
	    .at_command = {r->pos, end},
	    .at_output = {end, end},
	    .at_status = {end, end},
	};

	reader_block(r, BLOCK_STEP, r->pos, end, r->line, t->n_steps);
	GROW(t->steps, t->n_steps, &t->steps_cap);
	t->steps[t->n_steps++] = s;
}

/*
 * Reads a line of the language.  Wrong ones become steps too, and fail when
 * they are executed; but not what is open at the end of the file, which would
 * take all that follows with it.
 */
static int
read_step(struct reader *r)
{
	bool newline = r->s[r->n - 1] == '\n';
	autoerr struct err why = ERR_INIT;
	struct lex_line line;
	enum lex_status status = lex_line(&line, r->s + r->pos,
	    r->n - r->pos + !newline, r->line, 0, TRANSCRIPT_TEXT_MAX, &why);
	size_t left = r->n - r->pos;
	size_t used = line.used < left ? line.used : left;

	if (status == LEX_MORE) {
		lex_line_release(&line);
		return reader_not_finished(r, r->s + r->pos, left, r->line);
	}
	if (status == LEX_ERROR || line.n)
		add_step(r, &line, used);
	else
		reader_block(r, BLOCK_LAYOUT, r->pos, r->pos + used, r->line,
		    0);
	r->pos += used;
	r->line += line.lines;
	lex_line_release(&line);
	return 0;
}

int
bare_read(struct reader *r)
{
	while (r->pos < r->n)
		if (read_step(r))
			return -1;
	return 0;
}
