#include "shell/prompt.h"

#include <stdlib.h>
#include <string.h>

#include "base/sanitise.h"
#include "cmd/host.h"
#include "session/prompt_text.h"

/* A value that is not empty goes to sb. */
static bool
add_variable(struct strbuf *sb, struct host *h, const char *name)
{
	autofree char *text = h->variable ? h->variable(h, name) : NULL;

	strbuf_adds(sb, text ? text : "");
	return text && *text;
}

struct values {
	struct host *h;
	struct prompt_facts facts;
};

static bool
add_value(struct strbuf *sb, void *arg, char what)
{
	const struct values *v = arg;
	const struct prompt_facts *f = &v->facts;

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
		if (v->h->last_status)
			strbuf_addf(sb, "%d", v->h->last_status);
		return v->h->last_status;
	case 'i':
		return add_variable(sb, v->h, "image");
	case 'n':
		return add_variable(sb, v->h, "n");
	default:
		strbuf_addc(sb, what);
		return true;
	}
}

static void
add_template(struct strbuf *sb, struct host *h, const char *template)
{
	struct values v = {.h = h};

	if (h->prompt)
		h->prompt(h, &v.facts);
	prompt_fill(sb, template, add_value, &v);
}

void
prompt_make(struct strbuf *sb, struct host *h, const struct lex_need *need,
    const char *template, const char *mark)
{
	autobuf struct strbuf text = STRBUF_INIT;
	struct sanitiser plain = {0};

	prompt_more(&text, need);
	if (!need->what)
		add_template(&text, h, template);
	/* An escape must not end the prompt, or libedit miscounts. */
	while (text.len && text.buf[text.len - 1] == ' ')
		strbuf_truncate(&text, text.len - 1);
	sanitise_add(&plain, sb, text.buf, text.len);
	strbuf_addf(sb, "%s ", mark);
}
