/*
 * Session files, as Markdown and as scripts: blocks and the parts of steps make
 * up the file, lines lie where they say, and commands are what was written.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "replay/transcript.h"
#include "fuzz.h"

static void
check_lines(const struct transcript *t, const struct transcript_step *s,
    const struct transcript_lines *lines)
{
	size_t at = s->at_output.start;

	for (size_t i = 0; i < lines->n; i++) {
		const struct transcript_line *l = &lines->v[i];
		size_t text = l->text - t->text;

		require(l->start >= at && text >= l->start &&
		      text + l->n <= l->end && l->end <= s->at_output.end);
		require(l->line > s->line && l->line <= s->last);
		at = l->end;
	}
}

static void
check_step(const struct transcript *t, const struct transcript_step *s,
    const struct transcript_block *b)
{
	require(s->at_options.start == b->at.start &&
	      s->at_options.end == s->at_command.start &&
	      s->at_command.end == s->at_output.start &&
	      s->at_output.end == s->at_status.start &&
	      s->at_status.end == b->at.end);
	require(s->first <= s->line && s->line <= s->last);
	require(s->n && s->text[s->n - 1] == '\n' && strlen(s->text) == s->n);
	require(s->heading < (ptrdiff_t)t->n_headings);
	check_lines(t, s, &s->out);
	check_lines(t, s, &s->err);
}

static void
check_blocks(const struct transcript *t)
{
	size_t at = 0, steps = 0;
	unsigned line = 1;

	for (size_t i = 0; i < t->n_blocks; i++) {
		const struct transcript_block *b = &t->blocks[i];

		require(b->at.start == at && b->at.end > at && b->line == line);
		at = b->at.end;
		for (size_t k = b->at.start; k < at; k++)
			line += t->text[k] == '\n';
		if (b->kind != BLOCK_STEP)
			continue;
		require(b->index == steps && t->steps[steps].block == i);
		check_step(t, &t->steps[steps++], b);
	}
	require(at == t->len && steps == t->n_steps);
}

static void
read_as(const char *name, const char *text, size_t n)
{
	autoerr struct err err = ERR_INIT;
	struct transcript *t = transcript_read(name, text, n, &err);

	require(!t == (err.kind != ERR_NONE));
	if (t)
		check_blocks(t);
	else
		require(str_starts(err.msg.buf, name));
	transcript_free(t);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	read_as("a.md", (const char *)data, size);
	read_as("a.addesh", (const char *)data, size);
	return 0;
}
