/* The commands of the steps: what they are, and how they look. */
#include <stdlib.h>
#include <string.h>

#include "export/html_impl.h"
#include "lexer/lexer.h"

/* -------- what they are -------- */

static char *
source_of(const struct transcript_step *s, const struct lex_word *w)
{
	return xstrndup(s->text + w->start, w->end - w->start);
}

/* A file with a program if there is one, else what is no option. */
static char *
find_operand(const struct html_page *page, const struct transcript_step *s,
    const struct lex_cmd *c)
{
	char *first = NULL;

	for (size_t i = 1; i < c->n; i++) {
		char *word = source_of(s, &c->words[i]);

		if (html_is_program(page, word)) {
			free(first);
			return word;
		}
		if (!first && *word != '-')
			first = word;
		else
			free(word);
	}
	return first;
}

/* Behind the text of the line's last command. */
static size_t
commands_end(const struct lex_line *l)
{
	size_t end = 0;

	for (size_t i = 0; i < l->n; i++)
		if (l->cmds[i].end > end)
			end = l->cmds[i].end;
	return end;
}

static bool
has_heredoc(const struct lex_line *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->cmds[i].has_heredoc)
			return true;
	return false;
}

/* The body is between the line of the commands and that of the tag. */
static void
find_body(struct html_step *to, const struct transcript_step *s,
    const struct lex_line *l)
{
	size_t start = commands_end(l), end = s->n;
	const char *nl = memchr(s->text + start, '\n', s->n - start);

	to->head = s->n;
	if (!has_heredoc(l) || !nl)
		return;
	to->head = nl + 1 - s->text;
	if (end > to->head && s->text[end - 1] == '\n')
		end--;
	while (end > to->head && s->text[end - 1] != '\n')
		end--;
	to->body = end - to->head;
}

static void
read_command(const struct html_page *page, struct html_step *to,
    const struct transcript_step *s)
{
	autoerr struct err ignored = ERR_INIT;
	struct lex_line l;

	to->head = s->n;
	if (lex_line(&l, s->text, s->n, 1, LEX_EOF, TRANSCRIPT_TEXT_MAX,
		&ignored) == LEX_OK &&
	    l.n && l.cmds[0].n) {
		to->name = source_of(s, &l.cmds[0].words[0]);
		to->operand = find_operand(page, s, &l.cmds[0]);
		find_body(to, s, &l);
	}
	lex_line_release(&l);
}

/* Of those that are shown. */
static void
add_to_sum(struct html_page *page, size_t i)
{
	page->steps[i].from = page->us;
	page->us += page->steps[i].us;
	if (page->steps[i].peak > page->peak)
		page->peak = page->steps[i].peak;
}

void
html_steps_read(struct html_page *page)
{
	const struct export_session *s = page->s;

	page->steps = xcalloc(s->t->n_steps + 1, sizeof(*page->steps));
	for (size_t i = 0; i < s->t->n_steps; i++) {
		const struct answer *a = &s->steps[i].answer;
		struct html_step *to = &page->steps[i];

		read_command(page, to, &s->t->steps[i]);
		to->session = (unsigned)json_int(a->object, "step", 0);
		to->us = export_us(&s->steps[i]);
		to->peak = export_memory(&s->steps[i]);
	}
	for (size_t i = 0; i < s->n_items; i++)
		if (s->items[i].kind == EXPORT_STEP)
			add_to_sum(page, s->items[i].step);
}

void
html_steps_free(struct html_page *page)
{
	for (size_t i = 0; i < page->s->t->n_steps; i++) {
		free(page->steps[i].name);
		free(page->steps[i].operand);
	}
	free(page->steps);
}

/* -------- how they look -------- */

static const char *
class_of(const struct transcript_step *s, const struct lex_word *w, bool name)
{
	if (name)
		return "k";
	if (w->quoted)
		return "q";
	return s->text[w->start] == '-' ? "o" : NULL;
}

/* The text from *at up to the word, and the word. */
static void
add_word(struct strbuf *out, const struct transcript_step *s,
    const struct lex_word *w, bool name, size_t *at)
{
	const char *class = class_of(s, w, name);

	if (w->start < *at)
		return;
	html_text(out, s->text + *at, w->start - *at);
	if (class)
		strbuf_addf(out, "<span class=\"%s\">", class);
	html_text(out, s->text + w->start, w->end - w->start);
	if (class)
		strbuf_adds(out, "</span>");
	*at = w->end;
}

static void
add_head(struct strbuf *out, const struct transcript_step *s, size_t n)
{
	autoerr struct err ignored = ERR_INIT;
	struct lex_line l;
	size_t at = 0;

	lex_line(&l, s->text, s->n, 1, LEX_EOF, TRANSCRIPT_TEXT_MAX, &ignored);
	for (size_t i = 0; i < l.n; i++) {
		const struct lex_cmd *c = &l.cmds[i];

		for (size_t k = 0; k < c->n; k++)
			add_word(out, s, &c->words[k], !k, &at);
		if (c->herestr)
			add_word(out, s, c->herestr, false, &at);
	}
	lex_line_release(&l);
	html_text(out, s->text + at, n > at ? n - at : 0);
}

static size_t
count_lines(const char *p, size_t n)
{
	size_t lines = 0;

	for (const char *nl; (nl = memchr(p, '\n', n)); lines++) {
		n -= nl + 1 - p;
		p = nl + 1;
	}
	return lines + (n > 0);
}

static void
add_body(struct html_page *page, const char *name, const char *p, size_t n)
{
	struct strbuf *out = &page->body;
	autobuf struct strbuf code = STRBUF_INIT;
	struct html_fold fold;
	const char *at, *nl;

	html_code(page, &code, name, p, n);
	html_fold_begin(&fold, out, "code", count_lines(p, n), n);
	for (at = code.buf; (nl = strchr(at, '\n')); at = nl + 1) {
		strbuf_add(out, at, nl + 1 - at);
		html_fold_line(&fold);
	}
	strbuf_adds(out, at);
	html_fold_end(&fold);
}

void
html_command(struct html_page *page, size_t index)
{
	const struct transcript_step *s = &page->s->t->steps[index];
	const struct html_step *about = &page->steps[index];
	struct strbuf *out = &page->body;
	size_t tag = about->head + about->body;

	strbuf_adds(out, "<pre class=\"cmd\"><b>$ </b>");
	add_head(out, s, about->head);
	strbuf_adds(out, "</pre>");
	if (about->body)
		add_body(page, about->operand ? about->operand : "",
		    s->text + about->head, about->body);
	if (tag == s->n)
		return;
	strbuf_adds(out, "<pre class=\"cmd tag\">");
	html_text(out, s->text + tag, s->n - tag);
	strbuf_adds(out, "</pre>");
}
