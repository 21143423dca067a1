#include "shell/prompt.h"

#include "base/sanitise.h"
#include "cmd/host.h"
#include "shell/lexer.h"

#include <string.h>

static void
add_facts(struct strbuf *sb, struct host *h)
{
	struct prompt_facts facts = {0};

	if (h->prompt)
		h->prompt(h, &facts);
	if (facts.env)
		strbuf_addf(sb, " %s", facts.env);
	if (facts.net)
		strbuf_adds(sb, " net");
	if (facts.engine)
		strbuf_addf(sb, " @%s", facts.engine);
	if (h->last_status)
		strbuf_addf(sb, " [%d]", h->last_status);
}

void
prompt_make(struct strbuf *sb, struct host *h, const struct lex_need *need,
    const char *mark)
{
	autobuf struct strbuf text = STRBUF_INIT;
	struct sanitiser plain = {0};

	switch (need->what) {
	case LEX_NEED_HEREDOC:
		strbuf_adds(&text, need->tag);
		break;
	case LEX_NEED_QUOTE:
		strbuf_addc(&text, need->quote);
		break;
	case LEX_NEED_BACKSLASH:
		strbuf_addc(&text, '\\');
		break;
	default:
		strbuf_adds(&text, "addesh");
		add_facts(&text, h);
	}
	sanitise_add(&plain, sb, text.buf, text.len);
	strbuf_addf(sb, ">%s ", mark);
}
