#include "lexer/lexer.h"

#include <stdlib.h>
#include <string.h>

#include "lexer/heredoc.h"
#include "lexer/lexword.h"

/* An unquoted word without variables and exactly this text. */
static bool
is_keyword(const struct lex_word *w, const char *text)
{
	return !w->quoted && w->n == 1 && !w->pieces[0].variable &&
	       !strcmp(w->pieces[0].text, text);
}

static struct lex_word *
new_word(struct lex_cmd *cmd)
{
	GROW(cmd->words, cmd->n, &cmd->cap);
	cmd->words[cmd->n] = (struct lex_word){0};
	return &cmd->words[cmd->n++];
}

static struct lex_cmd *
new_cmd(struct lex *x, enum lex_join join)
{
	struct lex_line *out = x->out;

	GROW(out->cmds, out->n, &out->cap);
	out->cmds[out->n] = (struct lex_cmd){.join = join,
	    .heredoc = STRBUF_INIT, .line = x->line, .start = x->i};
	return &out->cmds[out->n++];
}

/* White space, joined lines, and a comment up to the line's end. */
static void
skip_blanks(struct lex *x)
{
	for (;;) {
		int c = lex_peek(x, 0);

		if (c == ' ' || c == '\t' || c == '\r') {
			lex_next(x);
		} else if (c == '#') {
			while (lex_peek(x, 0) >= 0 && lex_peek(x, 0) != '\n')
				lex_next(x);
			x->out->comment = lex_peek(x, 0) < 0;
		} else if (!lex_join_lines(x)) {
			return;
		}
	}
}

/* The word that an operator needs. */
static enum lex_status
lex_operand(struct lex *x, const char *op, struct lex_word **out)
{
	struct lex_word *w;
	enum lex_status r;

	skip_blanks(x);
	if (*out)
		return lex_fail(x, x->line, "%s stands twice", op);
	if (lex_ends_word(lex_peek(x, 0)) && !lex_partial(x))
		return lex_fail(x, x->line, "%s is not followed by a word", op);
	w = *out = xcalloc(1, sizeof(*w));
	r = lex_word(x, w);
	return r;
}

static enum lex_status
lex_tag(struct lex *x, struct lex_cmd *cmd)
{
	struct lex_word *w = NULL;
	struct lex_need *need = &x->out->need;
	enum lex_status r;

	x->i += 2;
	if (cmd->herestr || cmd->has_heredoc)
		return lex_fail(x, x->line, "a command takes one heredoc");
	if (need->tag)
		return lex_fail(x, x->line, "a line takes one heredoc");
	if (lex_peek(x, 0) == '-' || lex_peek(x, 0) == '~')
		need->strip = lex_next(x);
	need->line = x->line;
	r = lex_operand(x, "<<", &w);
	if (r == LEX_OK) {
		cmd->has_heredoc = true;
		if (w->n == 1 && !w->pieces[0].variable)
			need->tag = xstrdup(w->pieces[0].text);
		else if (!lex_partial(x))
			r = lex_fail(x, x->line,
			    "the heredoc's tag is not a word");
	}
	if (w)
		lex_word_release(w);
	free(w);
	return r;
}

static enum lex_status
lex_pipe(struct lex *x, struct lex_cmd *cmd)
{
	size_t start = ++x->i, end;

	/* The host's shell reads the rest, comments included. */
	while (lex_peek(x, 0) >= 0 && lex_peek(x, 0) != '\n')
		lex_next(x);
	end = x->i - (x->i > start && x->s[x->i - 1] == '\r');
	cmd->pipe = xstrndup(x->s + start, end - start);
	if (cmd->pipe[strspn(cmd->pipe, " \t")] || lex_partial(x))
		return LEX_OK;
	return lex_fail(x, x->line, "| is not followed by a command");
}

static bool
is_digits(const struct lex *x, const struct lex_word *w)
{
	for (size_t i = w->start; i < w->end; i++)
		if (x->s[i] < '0' || x->s[i] > '9')
			return false;
	return w->end > w->start;
}

static enum lex_status
lex_redirect(struct lex *x, struct lex_cmd *cmd)
{
	struct lex_word *last = cmd->n ? &cmd->words[cmd->n - 1] : NULL;

	if (last && last->end == x->i && is_digits(x, last))
		return lex_fail(x, x->line,
		    "%.*s> is not known: > takes the result of the command, "
		    "whole",
		    (int)(last->end - last->start), x->s + last->start);
	lex_next(x);
	cmd->append = lex_peek(x, 0) == '>';
	if (cmd->append)
		lex_next(x);
	return lex_operand(x, cmd->append ? ">>" : ">", &cmd->redirect);
}

static enum lex_status
lex_input(struct lex *x, struct lex_cmd *cmd)
{
	if (lex_peek(x, 1) != '<')
		return lex_fail(x, x->line,
		    "< is not known: 'run --stdin FILE' gives a program its "
		    "input");
	if (lex_peek(x, 2) != '<')
		return lex_tag(x, cmd);
	if (cmd->has_heredoc)
		return lex_fail(x, x->line, "a command takes one heredoc");
	x->i += 3;
	return lex_operand(x, "<<<", &cmd->herestr);
}

/* "time" and "quiet" in front of a command are no words of it. */
static void
take_prefix(struct lex_cmd *cmd)
{
	struct lex_word *w = &cmd->words[0];
	bool *flag = is_keyword(w, "time")    ? &cmd->time
		     : is_keyword(w, "quiet") ? &cmd->quiet
					      : NULL;

	if (cmd->n != 1 || !flag)
		return;
	*flag = true;
	lex_word_release(w);
	cmd->n = 0;
}

static bool
counts(const struct lex_cmd *cmd)
{
	return cmd->time && !cmd->repeat && cmd->n &&
	       is_keyword(&cmd->words[0], "-n");
}

/* "-n COUNT" behind "time". */
static enum lex_status
take_count(struct lex *x, struct lex_cmd *cmd)
{
	struct lex_word *w = &cmd->words[1];
	size_t n;

	if (cmd->n != 2 || !counts(cmd))
		return LEX_OK;
	n = w->end - w->start;
	if (is_digits(x, w) && n <= 5)
		cmd->repeat = strtoul(x->s + w->start, NULL, 10);
	if (!cmd->repeat || cmd->repeat > LEX_REPEAT_MAX)
		return lex_fail(x, x->line,
		    "time -n wants a number from 1 to %d", LEX_REPEAT_MAX);
	lex_word_release(&cmd->words[0]);
	lex_word_release(w);
	cmd->n = 0;
	return LEX_OK;
}

/* Behind `expect WHAT`, < and > compare. */
static bool
compares(const struct lex_cmd *cmd)
{
	return cmd->n == 2 && is_keyword(&cmd->words[0], "expect");
}

/* "<", "<=", ">", ">=" */
static enum lex_status
lex_comparison(struct lex *x, struct lex_word *w)
{
	w->start = x->i;
	lex_next(x);
	if (lex_peek(x, 0) == '=')
		lex_next(x);
	w->end = x->i;
	lex_word_set(w, x->s + w->start, w->end - w->start);
	return LEX_OK;
}

/* Everything up to an operator or the line's end. */
static enum lex_status
lex_command(struct lex *x, struct lex_cmd *cmd)
{
	enum lex_status r = LEX_OK;

	for (;;) {
		int c;

		/* A finished word; one at the cursor is still being typed. */
		if (cmd->n == 1 && x->i < x->n)
			take_prefix(cmd);
		if (cmd->n == 2 && x->i < x->n && r == LEX_OK)
			r = take_count(x, cmd);
		skip_blanks(x);
		c = lex_peek(x, 0);
		if (r != LEX_OK || c < 0 || c == '\n' || c == ';' ||
		    (c == '&' && lex_peek(x, 1) == '&') ||
		    (c == '|' && lex_peek(x, 1) == '|'))
			break;
		if (c == '|') {
			r = lex_pipe(x, cmd);
			break;
		}
		if (c == '&')
			return lex_fail(x, x->line,
			    "& is not known: commands run one after the "
			    "other");
		if ((c == '<' || c == '>') && compares(cmd))
			r = lex_comparison(x, new_word(cmd));
		else if (c == '>')
			r = lex_redirect(x, cmd);
		else if (c == '<')
			r = lex_input(x, cmd);
		else
			r = lex_word(x, new_word(cmd));
		cmd->end = x->i;
	}
	if (cmd->pipe)
		cmd->end = x->i;
	return r;
}

static const char *
join_name(enum lex_join join)
{
	return join == LEX_AND ? "&&" : join == LEX_OR ? "||" : ";";
}

/* Takes ";", "&&" or "||" if one is there. */
static enum lex_join
take_join(struct lex *x)
{
	int c = lex_peek(x, 0);

	if (c == ';') {
		lex_next(x);
		return LEX_THEN;
	}
	if (c == '&' || c == '|') {
		x->i += 2;
		return c == '&' ? LEX_AND : LEX_OR;
	}
	return LEX_FIRST;
}

static void
drop_last(struct lex_line *out)
{
	free(out->cmds[out->n - 1].words);
	strbuf_release(&out->cmds[out->n - 1].heredoc);
	out->n--;
}

static bool
is_empty(const struct lex_cmd *cmd)
{
	return !cmd->n && !cmd->redirect && !cmd->herestr &&
	       !cmd->has_heredoc && !cmd->pipe && !cmd->time && !cmd->quiet;
}

/* A command that was read is whole; the last one may be absent after ";". */
static enum lex_status
check_command(struct lex *x, struct lex_cmd *cmd, bool last)
{
	if (is_empty(cmd)) {
		if (last && (cmd->join == LEX_FIRST || cmd->join == LEX_THEN)) {
			if (!lex_partial(x))
				drop_last(x->out);
			return LEX_OK;
		}
		if (last && lex_partial(x))
			return LEX_OK;
		return lex_fail(x, x->line, "no command %s %s",
		    last ? "after" : "before",
		    last ? join_name(cmd->join)
			 : join_name(lex_peek(x, 0) == ';'   ? LEX_THEN
				     : lex_peek(x, 0) == '&' ? LEX_AND
							 : LEX_OR));
	}
	if (!cmd->n && !lex_partial(x))
		return lex_fail(x, x->line, "no command%s",
		    cmd->time || cmd->quiet ? " after time or quiet" : "");
	return LEX_OK;
}

/* The commands of the line, without the heredoc's body. */
static enum lex_status
lex_commands(struct lex *x)
{
	enum lex_join join = LEX_FIRST;
	enum lex_status r;
	bool last;

	do {
		struct lex_cmd *cmd;

		skip_blanks(x);
		cmd = new_cmd(x, join);
		r = lex_command(x, cmd);
		if (r != LEX_OK)
			return r;
		last = lex_peek(x, 0) < 0 || lex_peek(x, 0) == '\n';
		r = check_command(x, cmd, last);
		if (r != LEX_OK)
			return r;
		join = take_join(x);
	} while (!last);
	return LEX_OK;
}

static struct lex_cmd *
heredoc_owner(struct lex_line *out)
{
	for (size_t i = 0; i < out->n; i++)
		if (out->cmds[i].has_heredoc)
			return &out->cmds[i];
	return NULL;
}

static void
advance(struct lex *x, size_t n)
{
	while (n--)
		lex_next(x);
}

static enum lex_status
lex_heredoc(struct lex *x, struct lex_cmd *cmd, size_t max)
{
	struct lex_need *need = &x->out->need;
	size_t used;

	used = heredoc_read(&cmd->heredoc, x->s + x->i, x->n - x->i, need,
	    x->flags & LEX_EOF);
	if (cmd->heredoc.len > max || (!used && x->n - x->i > max + 4096)) {
		advance(x, x->n - x->i);
		return lex_fail(x, need->line, "the heredoc is larger than %zu "
					   "bytes (max_heredoc)", max);
	}
	if (used) {
		advance(x, used);
		return LEX_OK;
	}
	if (!(x->flags & LEX_EOF)) {
		need->what = LEX_NEED_HEREDOC;
		return LEX_MORE;
	}
	advance(x, x->n - x->i);
	return lex_fail(x, need->line,
	    "the heredoc is not ended: no line is %s", need->tag);
}

/* After a mistake the rest of the line is left out. */
static void
skip_line(struct lex *x)
{
	int c;

	while ((c = lex_next(x)) >= 0 && c != '\n')
		;
}

enum lex_status
lex_line(struct lex_line *out, const char *s, size_t n, unsigned line,
    unsigned flags, size_t max_heredoc, struct err *err)
{
	struct lex x = {.s = s, .n = n, .line = line, .flags = flags,
	    .out = out, .err = err};
	struct lex_cmd *cmd;
	enum lex_status r;

	memset(out, 0, sizeof(*out));
	r = lex_commands(&x);
	if (r == LEX_OK && lex_peek(&x, 0) == '\n')
		lex_next(&x);
	else if (r == LEX_OK && (!(flags & LEX_EOF) || (n && x.joined == n)))
		r = lex_need_backslash(&x);
	cmd = heredoc_owner(out);
	if (r == LEX_OK && cmd && !lex_partial(&x))
		r = lex_heredoc(&x, cmd, max_heredoc);
	else if (r == LEX_ERROR && !(x.i && s[x.i - 1] == '\n'))
		skip_line(&x);
	out->used = x.i;
	out->lines = x.line - line;
	return r;
}

void
lex_line_release(struct lex_line *line)
{
	for (size_t i = 0; i < line->n; i++) {
		struct lex_cmd *cmd = &line->cmds[i];

		for (size_t j = 0; j < cmd->n; j++)
			lex_word_release(&cmd->words[j]);
		free(cmd->words);
		if (cmd->redirect)
			lex_word_release(cmd->redirect);
		if (cmd->herestr)
			lex_word_release(cmd->herestr);
		free(cmd->redirect);
		free(cmd->herestr);
		free(cmd->pipe);
		strbuf_release(&cmd->heredoc);
	}
	free(line->cmds);
	free(line->need.tag);
	memset(line, 0, sizeof(*line));
}

bool
lex_need_met(const struct lex_need *need, const char *s, size_t n)
{
	switch (need->what) {
	case LEX_NEED_QUOTE:
		return memchr(s, need->quote, n);
	case LEX_NEED_HEREDOC:
		return heredoc_is_end(need, s, n);
	default:
		return true;
	}
}

