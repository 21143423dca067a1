#include "session/prompt_text.h"

void
prompt_fill(
    struct strbuf *sb, const char *template, prompt_value_fn *value, void *arg)
{
	size_t brace = 0;
	bool inside = false, keep = true;

	for (const char *s = template; *s; s++) {
		if (*s == '{' && !inside) {
			inside = keep = true;
			brace = sb->len;
		} else if (*s == '}' && inside) {
			inside = false;
			if (!keep)
				strbuf_truncate(sb, brace);
		} else if (*s == '%' && s[1] == '%') {
			strbuf_addc(sb, *++s);
		} else if (*s == '%' && s[1]) {
			keep &= value(sb, arg, *++s);
		} else {
			strbuf_addc(sb, *s);
		}
	}
}

void
prompt_more(struct strbuf *sb, const struct lex_need *need)
{
	switch (need->what) {
	case LEX_NEED_HEREDOC:
		strbuf_addf(sb, "%s> ", need->tag);
		break;
	case LEX_NEED_QUOTE:
		strbuf_addf(sb, "%c> ", need->quote);
		break;
	case LEX_NEED_BACKSLASH:
		strbuf_adds(sb, "\\> ");
		break;
	default:
		break;
	}
}
