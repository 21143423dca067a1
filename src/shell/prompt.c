#include "shell/prompt.h"

#include <stdlib.h>
#include <string.h>

#include "base/sanitise.h"
#include "cmd/host.h"
#include "lexer/lexer.h"

/* A value that is not empty goes to sb. */
static bool
add_variable(struct strbuf *sb, struct host *h, const char *name)
{
	autofree char *text = h->variable ? h->variable(h, name) : NULL;

	strbuf_adds(sb, text ? text : "");
	return text && *text;
}

/* False: the value is empty. */
static bool
add_value(struct strbuf *sb, struct host *h, const struct prompt_facts *f,
    char what)
{
	switch (what) {
	case 'e':
		strbuf_adds(sb, f->env ? f->env : "");
		return f->env;
	case 'E':
		strbuf_adds(sb, f->engine ? f->engine : "");
		return f->engine;
	case 'N':
		return f->net;
	case 's':
		if (h->last_status)
			strbuf_addf(sb, "%d", h->last_status);
		return h->last_status;
	case 'i':
		return add_variable(sb, h, "image");
	case 'n':
		return add_variable(sb, h, "n");
	default:
		strbuf_addc(sb, what);
		return true;
	}
}

static void
add_template(struct strbuf *sb, struct host *h, const char *s)
{
	struct prompt_facts facts = {0};
	size_t brace = 0;
	bool inside = false, keep = true;

	if (h->prompt)
		h->prompt(h, &facts);
	for (; *s; s++) {
		if (*s == '{' && !inside) {
			inside = keep = true;
			brace = sb->len;
		} else if (*s == '}' && inside) {
			inside = false;
			if (!keep)
				strbuf_truncate(sb, brace);
		} else if (*s == '%' && s[1]) {
			keep &= add_value(sb, h, &facts, *++s);
		} else {
			strbuf_addc(sb, *s);
		}
	}
}

void
prompt_make(struct strbuf *sb, struct host *h, const struct lex_need *need,
    const char *template, const char *mark)
{
	autobuf struct strbuf text = STRBUF_INIT;
	struct sanitiser plain = {0};

	switch (need->what) {
	case LEX_NEED_HEREDOC:
		strbuf_addf(&text, "%s> ", need->tag);
		break;
	case LEX_NEED_QUOTE:
		strbuf_addf(&text, "%c> ", need->quote);
		break;
	case LEX_NEED_BACKSLASH:
		strbuf_adds(&text, "\\> ");
		break;
	default:
		add_template(&text, h, template);
	}
	/* An escape must not end the prompt, or libedit miscounts. */
	while (text.len && text.buf[text.len - 1] == ' ')
		strbuf_truncate(&text, text.len - 1);
	sanitise_add(&plain, sb, text.buf, text.len);
	strbuf_addf(sb, "%s ", mark);
}
