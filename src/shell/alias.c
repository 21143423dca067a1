#include "shell/alias.h"

#include <string.h>

#include "cmd/table.h"
#include "lexer/lexer.h"

/* Aliases hold words; no variables, and one command. */
static char *
no_variable(void *arg, const char *name)
{
	return xasprintf("$%s", name);
}

static int
split(const char *text, struct strvec *out, struct err *err)
{
	struct lex_line line;
	enum lex_status r;

	r = lex_line(&line, text, strlen(text), 1, LEX_EOF, 0, err);
	if (r == LEX_OK && line.n != 1)
		err_set(err, ERR_CONFIG, "it is not one command");
	for (size_t i = 0; !err->kind && i < line.cmds[0].n; i++) {
		struct strbuf word = STRBUF_INIT;

		lex_expand(&line.cmds[0].words[i], no_variable, NULL, &word,
		    err);
		strvec_push_owned(out, strbuf_detach(&word));
	}
	lex_line_release(&line);
	return err->kind ? -1 : 0;
}

int
alias_expand(struct strvec *words, const struct strvec *aliases,
    struct err *err)
{
	autovec struct strvec full = STRVEC_INIT;
	struct strvec old = *words;
	const char *text;

	if (!words->n || table_find(words->v[0]))
		return 0;
	text = strvec_env_get(aliases, words->v[0]);
	if (!text)
		return 0;
	if (split(text, &full, err) < 0)
		return err_prefix(err, "alias %s", words->v[0]);
	strvec_pushv(&full, words->v + 1, words->n - 1);
	*words = full;
	full = old;
	return 0;
}
