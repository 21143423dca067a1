#include "shell/ghost.h"

#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/sanitise.h"
#include "cmd/dispatch.h"
#include "cmd/help.h"
#include "cmd/opts.h"
#include "lexer/lexer.h"

static void
plain_words(const struct lex_cmd *cmd, struct strvec *out)
{
	for (size_t i = 0; i < cmd->n; i++) {
		const struct lex_word *w = &cmd->words[i];

		strvec_push(out, w->n ? w->pieces[0].text : "");
	}
}

/* Operands among the words behind the command's name. */
static size_t
count_operands(const struct cmd *row, const struct strvec *words, size_t used)
{
	autoerr struct err ignored = ERR_INIT;
	struct optset set;
	size_t n;

	optset_init(&set, row);
	opts_parse(&set, row, words->v + used, words->n - used, &ignored);
	n = set.operands.n;
	optset_release(&set);
	return n;
}

/* The rest of the usage of the last command on the line. */
static void
make_hint(struct strbuf *sb, const char *line)
{
	autoerr struct err err = ERR_INIT;
	autovec struct strvec words = STRVEC_INIT;
	struct lex_line l;
	size_t n = strlen(line), used;
	const struct cmd *row = NULL;
	const struct lex_cmd *cmd;

	if (lex_line(&l, line, n, 1, LEX_PARTIAL, 0, &err) == LEX_OK && l.n) {
		cmd = &l.cmds[l.n - 1];
		if (cmd->n && !cmd->pipe && !cmd->redirect &&
		    !cmd->has_heredoc && !cmd->herestr &&
		    !cmd->words[cmd->n - 1].open) {
			plain_words(cmd, &words);
			row = dispatch_resolve(words.v, words.n, false, &used,
			    &err);
		}
	}
	lex_line_release(&l);
	/* In the middle of a word nobody knows what it will be. */
	if (!row || (line[n - 1] != ' ' && words.n > used))
		return;
	help_rest(sb, row, count_operands(row, &words, used), words.n > used);
	if (sb->len && line[n - 1] != ' ')
		strbuf_prepend(sb, " ");
}

static void
make_suggestion(struct ghost *g, const char *line, const struct strvec *history)
{
	size_t n = strlen(line);

	for (size_t i = history->n; i-- > 0;) {
		const char *text = history->v[i];

		if (strncmp(text, line, n) != 0 || !text[n] ||
		    strchr(text, '\n'))
			continue;
		strbuf_adds(&g->text, text + n);
		g->suggestion = true;
		return;
	}
}

/* Columns of the text; bytes beyond ASCII count too, which errs safely. */
static int
width(const struct strbuf *sb)
{
	return sb->len < 1 << 16 ? (int)sb->len : 1 << 16;
}

void
ghost_clear(struct ghost *g)
{
	strbuf_reset(&g->text);
	g->suggestion = false;
}

void
ghost_make(struct ghost *g, const char *line, int room, bool hints,
    const struct strvec *history)
{
	ghost_clear(g);
	strbuf_reset(&g->line);
	strbuf_adds(&g->line, line);
	if (!*line || *line == ' ')
		return;
	if (hints)
		make_hint(&g->text, line);
	if (!g->text.len && history)
		make_suggestion(g, line, history);
	if (width(&g->text) > room)
		ghost_clear(g);
}

void
ghost_draw(struct ghost *g, bool color)
{
	autobuf struct strbuf out = STRBUF_INIT;
	struct sanitiser plain = {0};

	if (!g->text.len)
		return;
	strbuf_adds(&out, "\0337");
	strbuf_adds(&out, color ? "\033[90m" : "\033[2m");
	sanitise_add(&plain, &out, g->text.buf, g->text.len);
	strbuf_adds(&out, "\033[0m\0338");
	io_write_all(STDOUT_FILENO, out.buf, out.len);
	g->drawn = true;
}

void
ghost_erase(struct ghost *g)
{
	if (g->drawn)
		io_write_all(STDOUT_FILENO, "\033[K", 3);
	g->drawn = false;
}
