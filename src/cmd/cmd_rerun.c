/* rerun: an earlier command once more. */
#include <string.h>

#include "base/encode.h"
#include "base/mask.h"
#include "cmd/call.h"
#include "cmd/host.h"
#include "cmd/step_call.h"
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

/* What stood in the heredoc, whatever its bytes; false: it had none. */
static bool
get_input(const json *j, struct strbuf *input)
{
	const char *text = json_str(j, "input", NULL);
	const char *coded = json_str(j, "input_b64", NULL);

	if (text)
		strbuf_adds(input, text);
	else if (coded)
		base64_decode(input, coded, strlen(coded));
	return text || coded;
}

/* What is kept of a command has no secrets, and not all of a long input. */
static int
check_whole(struct call *c, const json *j, const struct strbuf *input)
{
	const char *command = json_str(j, "command", "");

	if (json_bool(j, "input_truncated", false))
		return err_set(&c->err, ERR_USAGE,
		    "%s: its heredoc was too long to be kept whole",
		    c->argv[0]);
	if (!strstr(command, MASK_TEXT) && !strstr(input->buf, MASK_TEXT))
		return 0;
	err_set(&c->err, ERR_USAGE,
	    "%s holds a secret, which was not kept", c->argv[0]);
	return err_hint(&c->err, "give the command again");
}

static int
rerun_exec(struct call *c)
{
	autobuf struct strbuf input = STRBUF_INIT;
	autojson json *j = NULL;
	unsigned step;
	bool has_input;

	j = step_call_load(c, c->argv[0], &step);
	if (!j)
		return -1;
	has_input = get_input(j, &input);
	if (check_whole(c, j, &input))
		return -1;
	return c->host->again(c, json_str(j, "command", ""),
	    has_input ? &input : NULL);
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
