/* rerun: an earlier command once more. */
#include <string.h>

#include "base/encode.h"
#include "base/mask.h"
#include "cmd/call.h"
#include "cmd/host.h"
#include "cmd/step_call.h"
#include "lexer/lexer.h"
#include "session/session.h"

int
step_parse(const char *word, unsigned *n, struct err *err)
{
	char *end;
	unsigned long value = strtoul(word + (*word == '@'), &end, 10);

	if (*word != '@' || word[1] < '0' || word[1] > '9' || *end ||
	    value > 100000000)
		err_set(err, ERR_USAGE, "'%s' is not a step @N", word);
	else if (!value)
		err_set(err, ERR_USAGE, "'%s': steps count from 1", word);
	*n = (unsigned)value;
	return err->kind ? err_hint(err, "the steps:  history") : 0;
}

json *
step_call_load(struct call *c, const char *word, unsigned *n)
{
	json *j;

	if (step_parse(word, n, &c->err))
		return NULL;
	j = steps_load_whole(c->session->steps, *n, &c->err);
	if (!j || cJSON_IsNumber(json_get(j, "status")))
		return j;
	err_set(&c->err, ERR_USAGE, "%s is %s: it came to nothing", word,
	    json_str(j, "state", "damaged"));
	json_free(j);
	return NULL;
}

bool
step_call_input(const json *j, struct strbuf *input)
{
	const char *text = json_str(j, "input", NULL);
	const char *coded = json_str(j, "input_b64", NULL);

	if (text)
		strbuf_adds(input, text);
	else if (coded)
		base64_decode(input, coded, strlen(coded));
	return text || coded;
}

static void
add_body(struct strbuf *text, const struct strbuf *input, const char *tag)
{
	strbuf_add(text, input->buf, input->len);
	if (input->len && input->buf[input->len - 1] != '\n')
		strbuf_addc(text, '\n');
	strbuf_addf(text, "%s\n", tag);
}

static bool
has_line(const struct strbuf *text, const char *line)
{
	size_t n = strlen(line);

	for (const char *p = text->buf; *p; p += strcspn(p, "\n"), p += *p != 0)
		if (strcspn(p, "\n") == n && !memcmp(p, line, n))
			return true;
	return false;
}

/* An agent's tools give a command its input without a heredoc. */
static void
add_heredoc(struct strbuf *text, const char *command,
    const struct strbuf *input)
{
	autobuf struct strbuf tag = STRBUF_INIT;

	strbuf_adds(&tag, "EOF");
	while (has_line(input, tag.buf))
		strbuf_addc(&tag, '_');
	strbuf_reset(text);
	strbuf_addf(text, "%s <<'%s'\n", command, tag.buf);
	add_body(text, input, tag.buf);
}

static int
compose(struct strbuf *text, const char *command, const struct strbuf *input,
    struct err *err)
{
	struct lex_line line;
	enum lex_status r;

	strbuf_addf(text, "%s\n", command);
	r = lex_line(&line, text->buf, text->len, 1, 0, SIZE_MAX, err);
	if (r == LEX_MORE && input && line.need.what == LEX_NEED_HEREDOC) {
		add_body(text, input, line.need.tag);
		r = LEX_OK;
	} else if (r == LEX_OK && input && line.n == 1 &&
		   !line.cmds[0].herestr) {
		add_heredoc(text, command, input);
	}
	lex_line_release(&line);
	if (r == LEX_MORE)
		err_set(err, ERR_USAGE, "what was kept of it is not whole");
	return r == LEX_OK ? 0 : -1;
}

int
step_call_text(const json *record, struct strbuf *text, struct err *err)
{
	autobuf struct strbuf input = STRBUF_INIT;
	bool has_input = step_call_input(record, &input);

	if (json_bool(record, "input_truncated", false))
		return err_set(err, ERR_USAGE,
		    "its heredoc was too long to be kept whole");
	return compose(text, json_str(record, "command", ""),
	    has_input ? &input : NULL, err);
}

static int
rerun_exec(struct call *c)
{
	autobuf struct strbuf text = STRBUF_INIT;
	autojson json *j = NULL;
	unsigned step;

	j = step_call_load(c, c->argv[0], &step);
	if (!j)
		return -1;
	if (step_call_text(j, &text, &c->err))
		return err_prefix(&c->err, "%s", c->argv[0]);
	if (!strstr(text.buf, MASK_TEXT))
		return c->host->again(c, text.buf);
	err_set(&c->err, ERR_USAGE,
	    "%s holds a secret, which was not kept", c->argv[0]);
	return err_hint(&c->err, "give the command again");
}

const struct cmd cmd_rerun = {
    .name = "rerun",
    .summary = "give the command of an earlier step again",
    .help = "With its heredoc, in the environment that is the current one now. "
	    "It is a step of its own, which diff compares with the first.",
    .examples = "rerun @5\ntime -n 20 rerun @5",
    .args = {ARG("@K", COMP_STEP)},
    .flags = CMD_NO_STEP,
    .exec = rerun_exec,
};
