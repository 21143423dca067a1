/* Which words of a line are heredocs, as frontend/dockerfile/parser. */
#include "project/dockerfile_impl.h"

#include <ctype.h>
#include <string.h>

/* Quotes and backslashes count as in a shell, whatever the escape of the
   Dockerfile is, and nothing is replaced. */
static int
split(const char *text, bool raw_quotes, bool raw_escapes,
    struct strvec *words)
{
	uint64_t budget = DOCKERFILE_MAX;
	struct dockerfile_lexer x = {.escape = '\\',
	    .raw_quotes = raw_quotes,
	    .raw_escapes = raw_escapes,
	    .keep_unset = true,
	    .budget = &budget};
	autoerr struct err err = ERR_INIT;

	return dockerfile_split(&x, text, words, &err);
}

static size_t
count_quotes(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += *s == '\'' || *s == '"';
	return n;
}

/* "[FD]<<[-]NAME" */
char *
dockerfile_heredoc_name(const char *word, bool *tabs, bool *quoted)
{
	autovec struct strvec plain = STRVEC_INIT, raw = STRVEC_INIT;

	while (isdigit((unsigned char)*word))
		word++;
	if (!str_starts(word, "<<"))
		return NULL;
	word += 2;
	*tabs = *word == '-';
	word += *tabs;
	if (!*word || strchr(word, '<') || split(word, false, false, &plain) ||
	    plain.n != 1 || split(word, true, false, &raw) || raw.n != 1)
		return NULL;
	*quoted = count_quotes(plain.v[0]) != count_quotes(raw.v[0]);
	return xstrdup(plain.v[0]);
}

void
dockerfile_heredoc_words(const char *line, struct strvec *words)
{
	autovec struct strvec all = STRVEC_INIT;
	bool tabs, quoted;

	if (split(line, true, true, &all))
		return;
	for (size_t i = 0; i < all.n; i++) {
		autofree char *name =
		    dockerfile_heredoc_name(all.v[i], &tabs, &quoted);

		if (name)
			strvec_push(words, all.v[i]);
	}
}
