/*
 * The lines of a fence, or of a script, as steps.  Below a command it is seen
 * only at the next one, or at the end, what its lines were: the last of them
 * may be its status, empty lines and comments behind it belong to nothing.
 */
#include <string.h>

#include "lexer/lexer.h"
#include "replay/transcript_impl.h"

/* What a line is by its beginning; all but the first may be output too. */
enum form {
	FORM_BLANK,
	FORM_COMMAND, /* "$ TEXT" */
	FORM_MORE,    /* "> TEXT", ">" */
	FORM_OPTION,  /* "% TEXT" */
	FORM_COMMENT, /* "#" */
	FORM_STDERR,  /* "! TEXT", "!" */
	FORM_TEXT,
};

static const char *
text_of(const struct body *b, const struct line *l, size_t *n)
{
	const char *s = b->r->s + l->start;
	size_t length = l->stop - l->start, skip = 0;

	while (skip < b->indent && skip < length && s[skip] == ' ')
		skip++;
	*n = length - skip;
	return s + skip;
}

/* The character alone, or with a blank behind it. */
static bool
is_marked(const char *s, size_t n, char mark)
{
	return n && s[0] == mark && (n == 1 || s[1] == ' ');
}

static enum form
form_of(const struct body *b, const struct line *l)
{
	size_t n;
	const char *s = text_of(b, l, &n);

	if (is_blank(s, n))
		return FORM_BLANK;
	if (is_marked(s, n, '$'))
		return FORM_COMMAND;
	if (is_marked(s, n, '>'))
		return FORM_MORE;
	if (is_marked(s, n, '%'))
		return FORM_OPTION;
	if (is_marked(s, n, '!'))
		return FORM_STDERR;
	return *s == '#' ? FORM_COMMENT : FORM_TEXT;
}

/* What follows "$ ", "> " or "! ". */
static const char *
marked_text(const struct body *b, const struct line *l, size_t *n)
{
	const char *s = text_of(b, l, n);
	size_t skip = *n < 2 ? *n : 2;

	*n -= skip;
	return s + skip;
}

void
body_init(struct body *b, struct reader *r)
{
	*b = (struct body){.r = r, .command = STRBUF_INIT};
}

void
body_release(struct body *b)
{
	if (b->state != BODY_BETWEEN)
		step_release(&b->step);
	step_options_release(&b->options);
	strbuf_release(&b->command);
	free(b->lines);
}

static char *
next_id(struct body *b)
{
	b->count++;
	if (!b->id)
		return NULL;
	return b->count == 1 ? xstrdup(b->id)
			     : xasprintf("%s.%u", b->id, b->count);
}

static void
begin_step(struct body *b, const struct line *l)
{
	struct transcript *t = b->r->t;

	b->step = (struct transcript_step){
	    .number = (unsigned)t->n_steps + 1,
	    .id = next_id(b),
	    .heading = (ptrdiff_t)t->n_headings - 1,
	    .first = l->number,
	    .at_options = {l->start, l->start},
	    .indent = b->indent,
	};
	step_options_inherit(&b->step.options, &b->options);
	b->state = BODY_OPTIONS;
}

static int
add_option(struct body *b, const struct line *l)
{
	size_t n;
	const char *s = text_of(b, l, &n);
	unsigned column = (unsigned)(s + 1 - (b->r->s + l->start)) + 1;

	b->step.at_options.end = l->end;
	return step_options_read(&b->step.options, b->r->t->name, l->number,
	    column, s + 1, n - 1, b->r->err);
}

static int
begin_command(struct body *b, const struct line *l)
{
	size_t n;
	const char *s = marked_text(b, l, &n);

	if (is_blank(s, n))
		return reader_fail(b->r, l->number,
		    "no command; a line of output that is a $ is written \\$");
	strbuf_reset(&b->command);
	strbuf_add(&b->command, s, n);
	strbuf_addc(&b->command, '\n');
	b->step.at_command = (struct span){l->start, l->end};
	b->step.line = b->step.last = l->number;
	b->state = BODY_COMMAND;
	b->n = 0;
	return 0;
}

static void
continue_command(struct body *b, const struct line *l)
{
	size_t n;
	const char *s = marked_text(b, l, &n);

	strbuf_add(&b->command, s, n);
	strbuf_addc(&b->command, '\n');
	b->step.at_command.end = l->end;
	b->step.last = l->number;
}

/*
 * The command must be one whole line of the language.  That it is a right one
 * is not asked here: a step may show what is said of a wrong one.
 */
static int
end_command(struct body *b)
{
	autoerr struct err ignored = ERR_INIT;
	struct lex_line line;
	enum lex_status r = lex_line(&line, b->command.buf, b->command.len,
	    b->step.line, 0, TRANSCRIPT_TEXT_MAX, &ignored);
	unsigned next = b->step.line + line.lines;
	bool more = line.used < b->command.len;

	lex_line_release(&line);
	if (r == LEX_MORE)
		return reader_not_finished(
		    b->r, b->command.buf, b->command.len, b->step.line);
	if (r == LEX_OK && more)
		return reader_fail(b->r, next,
		    "the command is complete before this line; a line of "
		    "output that begins with > is written \\>");
	b->step.n = b->command.len;
	b->step.text = xmemdup(b->command.buf, b->command.len + 1);
	b->state = BODY_OUTPUT;
	return 0;
}

static void
keep_line(struct body *b, const struct line *l)
{
	GROW(b->lines, b->n, &b->cap);
	b->lines[b->n++] = *l;
}

/* The lines that are no output, from the end; 1: *status is in front of them.
   -1: an error. */
static int
find_tail(struct body *b, bool command_follows, size_t *tail)
{
	size_t i = b->n, n;
	const char *s;
	int r;

	while (i && (form_of(b, &b->lines[i - 1]) == FORM_BLANK ||
			form_of(b, &b->lines[i - 1]) == FORM_COMMENT))
		i--;
	*tail = i;
	if (i) {
		autoerr struct err why = ERR_INIT;

		s = text_of(b, &b->lines[i - 1], &n);
		while (n && is_blank(s + n - 1, 1))
			n--;
		r = want_status_parse(&b->step.status, s, n, &why);
		if (r < 0)
			return reader_fail(
			    b->r, b->lines[i - 1].number, "%s", why.msg.buf);
		if (r)
			return 1;
	}
	/* At the end of a fence they are no comments before a command. */
	for (i = b->n; !command_follows && i > *tail;)
		if (form_of(b, &b->lines[--i]) == FORM_COMMENT)
			*tail = i + 1;
	return 0;
}

static void
add_line(struct body *b, const struct line *l, struct transcript_lines *to,
    bool marked)
{
	size_t n;
	const char *s = marked ? marked_text(b, l, &n) : text_of(b, l, &n);

	GROW(to->v, to->n, &to->cap);
	to->v[to->n++] = (struct transcript_line){.text = s,
	    .n = (uint32_t)n,
	    .line = l->number,
	    .start = (uint32_t)l->start,
	    .end = (uint32_t)l->end};
}

/* Empty lines are output if a line of stdout follows them. */
static void
add_output(struct body *b, size_t n)
{
	size_t last = 0;

	for (size_t i = 0; i < n; i++) {
		enum form form = form_of(b, &b->lines[i]);

		if (form != FORM_BLANK && form != FORM_STDERR)
			last = i;
	}
	for (size_t i = 0; i < n; i++) {
		enum form form = form_of(b, &b->lines[i]);

		if (form == FORM_STDERR)
			add_line(b, &b->lines[i], &b->step.err, true);
		else if (form != FORM_BLANK || i < last)
			add_line(b, &b->lines[i], &b->step.out, false);
	}
}

static size_t
start_of(const struct body *b, size_t i)
{
	return i < b->n ? b->lines[i].start
	       : b->n   ? b->lines[b->n - 1].end
			: b->step.at_command.end;
}

static void
store_step(struct body *b)
{
	struct transcript *t = b->r->t;
	struct transcript_step *s = &b->step;

	s->block = t->n_blocks;
	reader_block(b->r, BLOCK_STEP, s->at_options.start, s->at_status.end,
	    s->first, t->n_steps);
	GROW(t->steps, t->n_steps, &t->steps_cap);
	t->steps[t->n_steps++] = *s;
	b->state = BODY_BETWEEN;
}

/* Sorts the lines below the command. */
static int
end_step(struct body *b, bool command_follows)
{
	struct transcript_step *s = &b->step;
	size_t tail, out;
	int status;

	if (b->state == BODY_COMMAND && end_command(b))
		return -1;
	status = find_tail(b, command_follows, &tail);
	if (status < 0)
		return -1;
	out = tail - (size_t)status;
	add_output(b, out);
	s->at_output = (struct span){s->at_command.end, start_of(b, out)};
	s->at_status = (struct span){s->at_output.end, start_of(b, tail)};
	if (tail)
		s->last = b->lines[tail - 1].number;
	store_step(b);
	for (size_t i = tail; i < b->n; i++)
		reader_block(b->r, BLOCK_LAYOUT, b->lines[i].start,
		    b->lines[i].end, b->lines[i].number, 0);
	b->n = 0;
	return 0;
}

/* A line where a step may begin, or in front of its command. */
static int
line_before(struct body *b, const struct line *l, enum form form)
{
	bool options = b->state == BODY_OPTIONS;

	if (form == FORM_OPTION || form == FORM_COMMAND) {
		if (!options)
			begin_step(b, l);
		return form == FORM_OPTION ? add_option(b, l)
					   : begin_command(b, l);
	}
	if (form != FORM_BLANK && form != FORM_COMMENT)
		return reader_fail(b->r, l->number,
		    options ? "options are followed by their command, $ ..."
			    : "output before the first command, $ ...");
	if (options)
		b->step.at_options.end = l->end;
	else
		reader_block(
		    b->r, BLOCK_LAYOUT, l->start, l->end, l->number, 0);
	return 0;
}

int
body_line(struct body *b, const struct line *l)
{
	enum form form = form_of(b, l);

	if (b->state == BODY_COMMAND && form == FORM_MORE) {
		continue_command(b, l);
		return 0;
	}
	if (b->state == BODY_COMMAND && end_command(b))
		return -1;
	if (b->state == BODY_OUTPUT && form != FORM_OPTION &&
	    form != FORM_COMMAND) {
		keep_line(b, l);
		return 0;
	}
	if (b->state == BODY_OUTPUT && end_step(b, true))
		return -1;
	return line_before(b, l, form);
}

int
body_end(struct body *b)
{
	if (b->state == BODY_OPTIONS)
		return reader_fail(b->r, b->step.first,
		    "options are followed by their command, $ ...");
	return b->state == BODY_BETWEEN ? 0 : end_step(b, false);
}

int
script_read(struct reader *r)
{
	struct body b;
	struct line l;
	int status = 0;

	body_init(&b, r);
	while (!status && reader_next(r, &l))
		status = body_line(&b, &l);
	if (!status)
		status = body_end(&b);
	body_release(&b);
	return status;
}
