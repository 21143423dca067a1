/* Programs: every line is used up, and what was read can be written again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lexer/lexer.h"
#include "fuzz.h"

static char *
lookup(void *arg, const char *name)
{
	return xstrdup(name);
}

/* A word, quoted, is read back as the same one word. */
static void
check_word(const struct lex_word *w)
{
	autobuf struct strbuf text = STRBUF_INIT, quoted = STRBUF_INIT;
	autobuf struct strbuf again = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	struct lex_line l;

	if (lex_expand(w, lookup, NULL, &text, &err) < 0)
		abort();
	/* Nothing has no quoted form; a newline would join lines. */
	if (!text.len || strchr(text.buf, '\n'))
		return;
	lex_quote(&quoted, text.buf, 0);
	if (lex_line(&l, quoted.buf, quoted.len, 1, LEX_EOF, 0, &err) !=
		LEX_OK ||
	    l.n != 1 || l.cmds[0].n != 1 ||
	    lex_expand(&l.cmds[0].words[0], lookup, NULL, &again, &err) < 0 ||
	    strcmp(again.buf, text.buf) != 0)
		abort();
	lex_line_release(&l);
}

static void
check_line(const struct lex_line *l, const char *s, enum lex_status r)
{
	unsigned lines = 0;

	for (size_t i = 0; i < l->used; i++)
		lines += s[i] == '\n';
	if (r != LEX_MORE && (!l->used || lines != l->lines))
		abort();
	for (size_t i = 0; r == LEX_OK && i < l->n; i++) {
		const struct lex_cmd *cmd = &l->cmds[i];

		if (!cmd->n || cmd->start > cmd->end || cmd->end > l->used)
			abort();
		for (size_t k = 0; k < cmd->n; k++)
			check_word(&cmd->words[k]);
	}
}

/* As a script, and cut off at the end as it is while it is typed. */
int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	autofree char *s = xstrndup((const char *)data, size);
	unsigned line = 1;
	struct lex_line l;

	size = strlen(s);
	for (size_t pos = 0; pos < size;) {
		autoerr struct err err = ERR_INIT;
		enum lex_status r = lex_line(&l, s + pos, size - pos, line,
		    LEX_EOF, 256, &err);

		if ((r == LEX_ERROR) != (err.kind != ERR_NONE) ||
		    r == LEX_MORE || l.used > size - pos)
			abort();
		check_line(&l, s + pos, r);
		pos += l.used;
		line += l.lines;
		lex_line_release(&l);
	}
	for (unsigned flags = 0; flags <= LEX_PARTIAL; flags += LEX_PARTIAL) {
		autoerr struct err err = ERR_INIT;
		enum lex_status r =
		    lex_line(&l, s, size, 1, flags, 256, &err);

		if (l.used > size || (r == LEX_MORE && !l.need.what))
			abort();
		lex_line_release(&l);
	}
	return 0;
}
