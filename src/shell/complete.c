#include "shell/complete.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/io.h"
#include "cmd/dispatch.h"
#include "cmd/host.h"
#include "lexer/lexer.h"
#include "shell/hostpath.h"

enum { DEADLINE_MS = 200 };

/* What is looked for, and the words before it. */
struct place {
	struct host *host;
	struct completion *out;
	struct strvec words; /* before the one at the cursor */
	char *prefix;	     /* of that one, quotes removed */
	bool variable;	     /* the prefix begins behind a '$' */
	bool redirect;	     /* behind `>` */
};

static void
offer(struct place *p, const char *text, const char *summary)
{
	if (!str_starts(text, p->prefix))
		return;
	if (summary && *summary)
		strvec_pushf(&p->out->items, "%s\t%s", text, summary);
	else
		strvec_push(&p->out->items, text);
}

/* First words of rows, or the second ones of a group. */
static void
offer_rows(struct place *p, const struct cmd *group)
{
	for (size_t i = 0; cmd_table[i]; i++) {
		const struct cmd *row = cmd_table[i];

		if (group && table_in_group(row, group))
			offer(p, row->name + strlen(group->name) + 1,
			    row->summary);
		else if (!group && !strchr(row->name, ' '))
			offer(p, row->name, row->summary);
	}
}

static void
offer_choices(struct place *p, const char *choices)
{
	for (const char *s = choices; s && *s; s += s[strcspn(s, "|")] == '|') {
		size_t n = strcspn(s, "|");
		autofree char *word = xstrndup(s, n);

		offer(p, word, NULL);
		s += n;
		if (!*s)
			return;
	}
}

static void
offer_variables(struct place *p, const char *tail)
{
	autovec struct strvec vars = STRVEC_INIT;

	p->host->variables(p->host, &vars);
	for (size_t i = 0; i < vars.n; i++) {
		autofree char *text = xasprintf("%.*s%s",
		    (int)strcspn(vars.v[i], "="), vars.v[i], tail);

		offer(p, text, NULL);
	}
}

/* before: the operand before this one, or NULL. */
static void
offer_kind(struct place *p, enum comp kind, const char *choices,
    const char *before)
{
	complete_fn *provider = p->host->complete[kind];

	if (provider)
		provider(p->host, before, p->prefix, &p->out->items);
	switch (kind) {
	case COMP_COMMAND:
		offer_rows(p, NULL);
		break;
	case COMP_CHOICE:
		offer_choices(p, choices);
		break;
	case COMP_VARIABLE:
		offer_variables(p, "=");
		p->out->no_space = true;
		break;
	case COMP_POLICY:
	case COMP_HOST_FILE:
	case COMP_SAVED:
	case COMP_HOST_DIR:
	case COMP_BUILD:
		hostpath_complete(p->prefix,
		    kind == COMP_HOST_DIR || kind == COMP_BUILD,
		    &p->out->items);
		break;
	default:
		break;
	}
	/* A directory is the beginning of a path. */
	if (p->out->items.n == 1 && str_ends(p->out->items.v[0], "/"))
		p->out->no_space = true;
}

static void
offer_options(struct place *p, const struct cmd *row)
{
	const struct opt *o;

	for (size_t i = 0; (o = table_option(row, i)); i++) {
		autofree char *text = xasprintf("--%s", o->name);

		if (o->type != OPT_TYPE_REFUSED)
			offer(p, text, o->help);
	}
}

/* "--name=VALUE" with the cursor in the value. */
static bool
offer_long_value(struct place *p, const struct cmd *row)
{
	char *eq = strchr(p->prefix, '=');
	const struct opt *o;
	struct strvec values;

	if (!eq || !str_starts(p->prefix, "--"))
		return false;
	o = table_find_long(row, p->prefix + 2, eq - p->prefix - 2);
	if (!o)
		return true;
	values = p->out->items;
	strvec_init(&p->out->items);
	autofree char *whole = p->prefix;
	autofree char *head = xstrndup(whole, eq - whole + 1);
	p->prefix = xstrdup(eq + 1);
	offer_kind(p, o->comp, o->choices, NULL);
	for (size_t i = 0; i < p->out->items.n; i++)
		strvec_pushf(&values, "%s%s", head, p->out->items.v[i]);
	strvec_release(&p->out->items);
	p->out->items = values;
	return true;
}

/* The option that a word leaves without its value, or NULL. */
static const struct opt *
open_option(const struct cmd *row, const char *word)
{
	const struct opt *o = NULL;

	if (word[0] != '-' || !word[1] || strchr(word, '='))
		return NULL;
	if (word[1] == '-')
		o = table_find_long(row, word + 2, strlen(word + 2));
	for (const char *l = word + 1; word[1] != '-' && *l; l++) {
		o = table_find_letter(row, *l);
		if (o && opt_has_value(o))
			return l[1] ? NULL : o;
	}
	return o && opt_has_value(o) ? o : NULL;
}

/* Operands of the line, and what its options make of them. */
struct operands {
	size_t n;	/* before the one at the cursor */
	char *before;	/* the last of them, or NULL */
	enum comp kind; /* of all, or COMP_NONE: as the row says */
};

static void
offer_operand(struct place *p, const struct cmd *row, const struct operands *o)
{
	const struct arg *a = row->args;
	size_t n = o->n, i = 0;

	while (i < n && i + 1 < CMD_MAX_ARGS && a[i + 1].name && !a[i].repeat)
		i++;
	if (!a[i].name || (i < n && !a[i].repeat))
		return;
	if (a[i].comp == COMP_COMMAND && n) {
		const struct cmd *group = table_find(o->before);

		if (group && !group->exec && n == 1)
			offer_rows(p, group);
		return;
	}
	offer_kind(p, o->kind ? o->kind : a[i].comp, a[i].choices, o->before);
}

/* Notes what a word with options means for the operands. */
static void
note_option(const struct cmd *row, const char *word, struct operands *o)
{
	const struct opt *opt =
	    str_starts(word, "--")
		? table_find_long(row, word + 2, strlen(word + 2))
		: NULL;

	if (opt && opt->operands)
		o->kind = opt->operands;
}

static void
offer_in_row(struct place *p, const struct cmd *row, size_t used)
{
	const struct opt *waiting = NULL;
	bool options = true;
	struct operands operands = {0};

	for (size_t i = used; i < p->words.n; i++) {
		char *w = p->words.v[i];

		if (waiting) {
			waiting = NULL;
		} else if (!options || w[0] != '-' || !w[1]) {
			operands.n++;
			operands.before = w;
			options &= !(row->flags & CMD_OPTS_FIRST);
		} else if (!strcmp(w, "--")) {
			options = false;
		} else {
			waiting = open_option(row, w);
			note_option(row, w, &operands);
		}
	}
	if (waiting)
		offer_kind(p, waiting->comp, waiting->choices, NULL);
	else if (options && offer_long_value(p, row))
		return;
	else if (options && p->prefix[0] == '-')
		offer_options(p, row);
	else
		offer_operand(p, row, &operands);
}

static void
offer_at(struct place *p)
{
	autoerr struct err err = ERR_INIT;
	const struct cmd *row;
	size_t used;

	if (p->variable) {
		offer_variables(p, "");
		for (size_t i = 0; host_readonly[i]; i++)
			offer(p, host_readonly[i], NULL);
		return;
	}
	if (p->redirect) {
		offer_kind(p, COMP_HOST_FILE, NULL, NULL);
		return;
	}
	if (!p->words.n) {
		offer_rows(p, NULL);
		return;
	}
	row = dispatch_resolve(p->words.v, p->words.n, true, &used, &err);
	if (row && !row->exec && p->words.n == 1)
		offer_rows(p, row);
	else if (row && row->exec)
		offer_in_row(p, row, used);
}

/* A variable at the very end of the word is being typed: "$FI". */
static const char *
typed_variable(const char *line, const struct lex_word *w, size_t point)
{
	const char *p = line + point;

	if (w->open == '\'')
		return NULL;
	while (p > line + w->start && p[-1] != '$' &&
	       (p[-1] == '_' || p[-1] == '.' ||
		   (p[-1] >= '0' && p[-1] <= '9') ||
		   (p[-1] >= 'a' && p[-1] <= 'z') ||
		   (p[-1] >= 'A' && p[-1] <= 'Z')))
		p--;
	return p > line + w->start && p[-1] == '$' ? p : NULL;
}

static void
word_text(const struct lex_word *w, struct strbuf *sb)
{
	for (size_t i = 0; i < w->n; i++)
		strbuf_addf(sb, "%s%s", w->pieces[i].variable ? "$" : "",
		    w->pieces[i].text);
}

/* The word at the cursor: what of it is there, and where it begins. */
static void
take_word(struct place *p, const char *line, size_t point,
    const struct lex_word *w)
{
	autobuf struct strbuf text = STRBUF_INIT;
	const char *var = typed_variable(line, w, point);

	p->out->start = w->start;
	p->out->open = w->open;
	if (w->open && line[w->start] == w->open)
		p->out->start++; /* the quote itself stays */
	else if (w->open)
		p->out->open = 0; /* a quote in mid-word: begun anew */
	word_text(w, &text);
	if (var) {
		p->variable = true;
		p->out->start = var - line;
		p->prefix = xstrdup(var);
		p->prefix[line + point - var] = 0;
		return;
	}
	p->prefix = strbuf_detach(&text);
}

static bool
at_cursor(const struct lex_word *w, size_t point)
{
	return w->end == point && (w->end > w->start || w->open);
}

/* Splits the last command of the line into words and what is at the cursor. */
static void
find_place(struct place *p, const char *line, size_t point,
    const struct lex_line *lexed)
{
	const struct lex_cmd *cmd =
	    lexed->n ? &lexed->cmds[lexed->n - 1] : NULL;
	size_t n = cmd ? cmd->n : 0;

	if (cmd && cmd->redirect && cmd->redirect->end == point) {
		p->redirect = true;
		take_word(p, line, point, cmd->redirect);
	} else if (n && at_cursor(&cmd->words[n - 1], point)) {
		take_word(p, line, point, &cmd->words[--n]);
	}
	for (size_t i = 0; i < n; i++) {
		struct strbuf text = STRBUF_INIT;

		word_text(&cmd->words[i], &text);
		strvec_push_owned(&p->words, strbuf_detach(&text));
	}
	if (!p->prefix)
		p->prefix = xstrdup("");
}

static int
compare_items(const void *a, const void *b)
{
	return strverscmp(*(char *const *)a, *(char *const *)b);
}

/* Numbers in them by their values: @9 before @10, python:3.9 before 3.11. */
static void
sort_items(struct completion *c)
{
	if (c->items.n > 1)
		qsort(c->items.v, c->items.n, sizeof(*c->items.v),
		    compare_items);
}

void
complete_line(struct host *h, const char *line, size_t point,
    struct completion *out)
{
	struct place p = {.host = h, .out = out, .words = STRVEC_INIT};
	autoerr struct err err = ERR_INIT;
	struct lex_line lexed;
	enum lex_status r;

	memset(out, 0, sizeof(*out));
	strvec_init(&out->items);
	out->start = point;
	r = lex_line(&lexed, line, point, 1, LEX_PARTIAL, SIZE_MAX, &err);
	/* Behind `|` it is not our language, in a heredoc it is no command. */
	if (r == LEX_OK && lexed.used == point && !lexed.comment &&
	    !(lexed.n && lexed.cmds[lexed.n - 1].pipe)) {
		find_place(&p, line, point, &lexed);
		offer_at(&p);
		sort_items(out);
	}
	lex_line_release(&lexed);
	strvec_release(&p.words);
	free(p.prefix);
}

void
completion_release(struct completion *c)
{
	strvec_release(&c->items);
}

char *
completion_common(const struct completion *c)
{
	const char *first = c->items.n ? c->items.v[0] : "";
	size_t n = strcspn(first, "\t"), i;

	for (size_t k = 1; k < c->items.n; k++) {
		for (i = 0; i < n && c->items.v[k][i] == first[i];)
			i++;
		n = i;
	}
	/* Never half a character. */
	while (n && ((unsigned char)first[n] & 0xc0) == 0x80)
		n--;
	return xstrndup(first, n);
}

/* The first operand of addesh among the words before the cursor; n: none. */
static size_t
first_operand(const struct cmd *row, const struct strvec *words)
{
	size_t i = 0;

	while (i < words->n && words->v[i][0] == '-' && words->v[i][1])
		i += 1 + (open_option(row, words->v[i]) != NULL);
	return i < words->n ? i : words->n;
}

/* Behind `addesh` in another shell. */
static void
complete_invocation(struct place *p, const struct cmd *row, const char *line,
    const struct lex_line *lexed, size_t point)
{
	struct completion inner;
	size_t first, start;

	find_place(p, line, point, lexed);
	first = first_operand(row, &p->words);
	if (first == p->words.n) {
		offer_in_row(p, row, 0);
		if (p->prefix[0] != '-' && (!p->words.n ||
			!open_option(row, p->words.v[p->words.n - 1])))
			offer_rows(p, NULL);
		return;
	}
	start = lexed->cmds[lexed->n - 1].words[first].start;
	complete_line(p->host, line + start, point - start, &inner);
	p->out->start = start + inner.start;
	strvec_pushv(&p->out->items, inner.items.v, inner.items.n);
	completion_release(&inner);
}

/* A line that begins with no option is one of our language. */
static void
complete_outside(struct host *h, const struct cmd *row, const char *line,
    size_t point, struct completion *out)
{
	struct place p = {.host = h, .out = out, .words = STRVEC_INIT};
	autoerr struct err err = ERR_INIT;
	struct lex_line lexed;

	memset(out, 0, sizeof(*out));
	strvec_init(&out->items);
	if (lex_line(&lexed, line, point, 1, LEX_PARTIAL, SIZE_MAX, &err) ==
		LEX_OK &&
	    lexed.n <= 1)
		complete_invocation(&p, row, line, &lexed, point);
	sort_items(out);
	lex_line_release(&lexed);
	strvec_release(&p.words);
	free(p.prefix);
}

static void
on_deadline(int signo)
{
	_exit(0);
}

void
complete_print(struct host *h, const struct cmd *row, const char *line,
    size_t point)
{
	struct itimerval timer = {.it_value = {0, DEADLINE_MS * 1000}};
	autobuf struct strbuf text = STRBUF_INIT;
	struct completion c;

	signal(SIGALRM, on_deadline);
	setitimer(ITIMER_REAL, &timer, NULL);
	complete_outside(h, row, line, point, &c);
	for (size_t i = 0; i < c.items.n; i++)
		strbuf_addf(&text, "%s\n", c.items.v[i]);
	io_write_all(STDOUT_FILENO, text.buf, text.len);
	completion_release(&c);
}
