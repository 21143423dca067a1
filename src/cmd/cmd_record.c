/* record: the session becomes a file. */
#include <string.h>

#include "cmd/call.h"
#include "cmd/host.h"

static int
record_exec(struct call *c)
{
	const char *path = c->argv[0];

	if (c->host->replaying)
		return err_set(&c->err, ERR_USAGE,
		    "a session file is not recorded while it is replayed");
	if (!strcmp(path, "stop"))
		return c->host->record(c, NULL, false, false);
	if (call_may_use_path(c, SET_HOST_WRITE, path))
		return -1;
	return c->host->record(c, path, call_has(c, "force"),
	    call_has(c, "cast"));
}

static const struct opt record_opts[] = {
    OPT_FLAG('f', "force", "replace a file that is there"),
    OPT_FLAG(0, "cast", "make FILE.cast of it at the end, as export does"),
    OPT_END,
};

const struct cmd cmd_record = {
    .name = "record",
    .summary = "write what is typed and what comes of it to a session file",
    .help = "Until 'record stop' or the end of the session. Values that change "
	    "from run to run are written as [TIME], [ID] and so on, so that "
	    "'replay FILE' finds all as expected. Beside it FILE.rec.jsonl "
	    "has what was shown, for 'replay --offline'.\n"
	    "'addesh record FILE' begins a shell with it. A file of the name "
	    "stop is written ./stop.",
    .examples = "record lesson.md\nrecord stop",
    .opts = record_opts,
    .args = {ARG("FILE|stop", COMP_HOST_FILE)},
    .flags = CMD_NO_SESSION | CMD_NO_STEP,
    .exec = record_exec,
};
