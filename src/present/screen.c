/* What the room sees.  All of it comes from a file that somebody else may have
   written. */
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/loop.h"
#include "base/sanitise.h"
#include "cmd/call.h"
#include "cmd/host.h"
#include "cmd/output.h"
#include "lexer/lexer.h"
#include "present/narration.h"
#include "present/present_impl.h"
#include "session/policy.h"
#include "shell/prompt.h"

void
screen_write(struct present *p, const char *s, size_t n)
{
	if (loop_write(p->c->host->loop, STDOUT_FILENO, s, n))
		p->over = true;
	p->used = true;
	p->gap = false;
}

static void
write_text(struct present *p, const char *s)
{
	screen_write(p, s, strlen(s));
}

int
screen_columns(const struct present *p)
{
	int columns, rows;

	output_size(p->c->out, &columns, &rows);
	return columns < p->order->width ? columns : p->order->width;
}

void
screen_say(struct present *p, const char *fmt, ...)
{
	bool color = p->c->out->color[STDOUT_FILENO];
	autobuf struct strbuf text = STRBUF_INIT, line = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	strbuf_adds(&line, color ? "\033[2m" : "");
	narration_plain(&line, text.buf, text.len);
	strbuf_adds(&line, color ? "\033[0m\n" : "\n");
	screen_write(p, line.buf, line.len);
}

void
screen_gap(struct present *p)
{
	if (!p->gap)
		write_text(p, "\n");
	p->gap = true;
}

void
screen_bell(struct present *p)
{
	if (!p->plain)
		write_text(p, "\a");
}

void
screen_clear(struct present *p)
{
	write_text(p, p->plain ? "\n" : "\033[H\033[2J");
	p->used = false;
	p->gap = true;
}

/* ---- headings and narration ---- */

/* The first block in front of step i, behind the step that the room sees before
   it. */
static size_t
section_begin(const struct present *p, size_t i)
{
	while (i && (p->t->steps[i - 1].options.hide ||
			p->shown[i - 1].left_out))
		i--;
	return i ? p->t->steps[i - 1].block + 1 : 0;
}

static size_t
section_end(const struct present *p, size_t i)
{
	return i < p->t->n_steps ? p->t->steps[i].block : p->t->n_blocks;
}

static void
add_heading(const struct transcript_heading *h, int columns, bool color,
    bool underline, struct strbuf *out)
{
	autobuf struct strbuf text = STRBUF_INIT;
	int width;

	narration_plain(&text, h->text, strlen(h->text));
	width = text_width(text.buf);
	strbuf_adds(out, color ? "\033[1m" : "");
	strbuf_add(out, text.buf, text.len);
	strbuf_adds(out, color ? "\033[0m\n" : "\n");
	if (!underline || h->level > 2)
		return;
	for (int n = 0; n < width && n < columns; n++)
		strbuf_addc(out, h->level == 1 ? '=' : '-');
	strbuf_addc(out, '\n');
}

/* Comments of a script are all the narration it has. */
static void
add_comments(struct strbuf *md, const char *s, const char *end)
{
	while (s < end) {
		const char *nl = memchr(s, '\n', (size_t)(end - s));
		const char *next = nl ? nl + 1 : end;

		while (s < next && (*s == ' ' || *s == '\t'))
			s++;
		while (s < next && *s == '#')
			s++;
		strbuf_add(md, s, (size_t)(next - s));
		s = next;
	}
}

/* Those of Markdown are nobody's business. */
static void
add_prose(const struct present *p, const struct transcript_block *b,
    struct strbuf *md)
{
	const char *s = p->t->text + b->at.start;
	size_t n = b->at.end - b->at.start, blanks = strspn(s, " ");

	if (p->t->kind != TRANSCRIPT_MARKDOWN)
		add_comments(md, s, s + n);
	else if (n < blanks + 4 || memcmp(s + blanks, "<!--", 4) != 0)
		strbuf_add(md, s, n);
}

static bool
is_prose(const struct present *p, const struct transcript_block *b)
{
	return b->kind == BLOCK_PROSE ||
	       (b->kind == BLOCK_LAYOUT && p->t->kind != TRANSCRIPT_MARKDOWN);
}

static void
add_part(struct strbuf *out, struct strbuf *part)
{
	if (part->len && out->len)
		strbuf_addc(out, '\n');
	strbuf_add(out, part->buf, part->len);
	strbuf_reset(part);
}

static void
add_title(const struct present *p, int columns, bool color,
    struct strbuf *out)
{
	const struct transcript *t = p->t;
	struct transcript_heading title = {1, 1, t->front.title};

	if (title.text &&
	    (!t->n_headings || strcmp(t->headings[0].text, title.text) != 0))
		add_heading(&title, columns, color, !p->plain, out);
}

void
section_text(const struct present *p, size_t i, int columns, bool color,
    struct strbuf *out)
{
	autobuf struct strbuf md = STRBUF_INIT, part = STRBUF_INIT;
	size_t b = section_begin(p, i), end = section_end(p, i);

	if (!b)
		add_title(p, columns, color, out);
	for (; b <= end; b++) {
		const struct transcript_block *at = &p->t->blocks[b];

		if (b < end && is_prose(p, at)) {
			add_prose(p, at, &md);
			continue;
		}
		narration_add(&part, md.buf, md.len, columns, color);
		add_part(out, &part);
		strbuf_reset(&md);
		if (b < end && at->kind == BLOCK_HEADING) {
			add_heading(&p->t->headings[at->index], columns, color,
			    !p->plain, &part);
			add_part(out, &part);
		}
	}
	if (i < p->t->n_steps && p->t->steps[i].options.say) {
		narration_add(&part, p->t->steps[i].options.say,
		    strlen(p->t->steps[i].options.say), columns, color);
		add_part(out, &part);
	}
}

void
section_notes(const struct present *p, size_t i, int columns,
    struct strbuf *out)
{
	size_t end = section_end(p, i);

	for (size_t b = section_begin(p, i); b < end; b++) {
		const struct transcript_block *at = &p->t->blocks[b];
		const char *note = at->kind == BLOCK_NOTE
				       ? p->t->notes[at->index]
				       : NULL;

		if (note)
			narration_add(out, note, strlen(note), columns, false);
	}
}

bool
screen_has_section(const struct present *p, size_t i)
{
	autobuf struct strbuf text = STRBUF_INIT;

	section_text(p, i, screen_columns(p), false, &text);
	return text.len > 0;
}

void
screen_section(struct present *p, size_t i)
{
	autobuf struct strbuf text = STRBUF_INIT;

	section_text(p, i, screen_columns(p),
	    p->c->out->color[STDOUT_FILENO], &text);
	if (!text.len)
		return;
	if (p->used)
		screen_gap(p);
	screen_write(p, text.buf, text.len);
	screen_gap(p);
}

void
screen_begin(struct present *p)
{
	struct output *o = p->c->out;

	/* Whether there are colours, before the first command too. */
	p->c->host->settings(p->c->host, o);
	p->plain = o->accessible || !output_is_smart();
	if (!p->plain)
		screen_clear(p);
}

/* ---- the command ---- */

size_t
screen_length(const struct present *p, size_t i)
{
	const struct transcript_step *s = &p->t->steps[i];
	size_t n = s->n;

	while (n && s->text[n - 1] == '\n')
		n--;
	return n;
}

static char *
make_prompt(struct present *p, const struct lex_need *need)
{
	struct host *h = p->c->host;
	struct strbuf text = STRBUF_INIT;

	prompt_make(&text, h, need, policy_text(host_policy(h), SET_PROMPT),
	    "");
	return strbuf_detach(&text);
}

/* The line above it stays what it was. */
void
screen_prompt(struct present *p, const char *then)
{
	struct lex_need nothing = {0};
	bool gap = p->gap;

	free(p->prompt);
	p->prompt = then ? xstrdup(then) : make_prompt(p, &nothing);
	write_text(p, p->prompt);
	p->gap = gap;
}

/* The prompt of the line that follows n bytes of a command. */
static void
next_line(struct present *p, const char *text, size_t n)
{
	autoerr struct err ignored = ERR_INIT;
	autofree char *prompt = NULL;
	struct lex_line line;

	lex_line(&line, text, n, 1, 0, SIZE_MAX, &ignored);
	prompt = make_prompt(p, &line.need);
	write_text(p, prompt);
	lex_line_release(&line);
}

size_t
screen_type(struct present *p, size_t i, size_t from)
{
	const struct transcript_step *s = &p->t->steps[i];
	autobuf struct strbuf shown = STRBUF_INIT;
	size_t end = screen_length(p, i), n;

	if (from >= end)
		return end;
	if (s->text[from] == '\n') {
		write_text(p, "\n");
		next_line(p, s->text, from + 1);
		return from + 1;
	}
	n = sanitise_plain(s->text + from, end - from);
	n = n ? n : 1;
	narration_plain(&shown, s->text + from, n);
	screen_write(p, shown.buf, shown.len);
	return from + n;
}

void
screen_type_all(struct present *p, size_t i, size_t from)
{
	while (from < screen_length(p, i) && !p->over)
		from = screen_type(p, i, from);
}

void
screen_leave_prompt(struct present *p)
{
	const char *text = p->i < p->t->n_steps ? p->t->steps[p->i].text : "";
	bool gap = p->gap;
	int columns, rows;

	output_size(p->c->out, &columns, &rows);
	/* One row, however wide its characters are. */
	if (p->plain || memchr(text, '\n', p->typed) ||
	    text_width(p->prompt) + 2 * p->typed >= (size_t)columns) {
		write_text(p, "\n");
		return;
	}
	write_text(p, "\r\033[K");
	p->gap = gap && !p->typed;
}
