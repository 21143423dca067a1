/* What can be chosen where a replay has stopped. */
#include "cmd/call.h"
#include "cmd/host.h"
#include "cmd/replay_call.h"

static int
choose(struct call *c, enum break_choice choice)
{
	if (c->host->choose)
		return c->host->choose(c, choice);
	return err_set(&c->err, ERR_USAGE,
	    "that is for a step at which 'replay --break' has stopped");
}

static int
accept_exec(struct call *c)
{
	return choose(c, BREAK_ACCEPT);
}

static int
continue_exec(struct call *c)
{
	return choose(c, BREAK_CONTINUE);
}

static int
edit_exec(struct call *c)
{
	return choose(c, BREAK_EDIT);
}

static int
retry_exec(struct call *c)
{
	return choose(c, BREAK_RETRY);
}

static int
skip_exec(struct call *c)
{
	return choose(c, BREAK_SKIP);
}

const struct cmd cmd_accept = {
    .name = "accept",
    .summary = "replay --break: write what came out into the file, go on",
    .flags = CMD_NO_SESSION | CMD_NO_STEP,
    .exec = accept_exec,
};

const struct cmd cmd_continue = {
    .name = "continue",
    .summary = "replay --break: go on, the step counts as not as expected",
    .flags = CMD_NO_SESSION | CMD_NO_STEP,
    .exec = continue_exec,
};

const struct cmd cmd_edit = {
    .name = "edit",
    .summary = "replay --break: open the file at the step, and read it again",
    .flags = CMD_NO_SESSION | CMD_NO_STEP,
    .exec = edit_exec,
};

const struct cmd cmd_retry = {
    .name = "retry",
    .summary = "replay --break: execute the step once more",
    .flags = CMD_NO_SESSION | CMD_NO_STEP,
    .exec = retry_exec,
};

const struct cmd cmd_skip = {
    .name = "skip",
    .summary = "replay --break: go on, the step does not count",
    .flags = CMD_NO_SESSION | CMD_NO_STEP,
    .exec = skip_exec,
};
