/* The commands that are the shell's own. */
#include <stdlib.h>
#include <string.h>

#include "cmd/call.h"
#include "cmd/dispatch.h"
#include "cmd/help.h"
#include "cmd/host.h"
#include "cmd/output.h"

const char *const host_readonly[] = {"container", "engine", "env", "image",
    "last", "n", "workspace", NULL};

static json *
row_json(const struct cmd *row)
{
	autobuf struct strbuf usage = STRBUF_INIT;
	json *j = json_object();

	help_usage(&usage, row);
	json_put_str(j, "name", row->name);
	json_put_str(j, "summary", row->summary);
	json_put_str(j, "usage", usage.buf);
	return j;
}

static int
help_exec(struct call *c)
{
	autobuf struct strbuf text = STRBUF_INIT;
	const struct cmd *row;
	size_t used;

	if (call_has(c, "keys")) {
		c->host->keys(&text);
	} else if (c->argc) {
		row = dispatch_resolve(c->argv, c->argc, true, &used, &c->err);
		if (!row)
			return -1;
		help_row(&text, row, output_columns(c->out));
		json_put(call_data(c), "command", row_json(row));
	} else {
		json *list = json_array();

		if (call_has(c, "list"))
			help_list(&text);
		else
			help_all(&text, output_columns(c->out));
		for (size_t i = 0; cmd_table[i]; i++)
			if (cmd_table[i]->exec)
				json_push(list, row_json(cmd_table[i]));
		json_put(call_data(c), "commands", list);
	}
	call_bytes(c, text.buf, text.len);
	json_put_str(call_data(c), "text", text.buf);
	return 0;
}

static const struct opt help_opts[] = {
    OPT_FLAG('k', "keys", "the keys of the prompt"),
    OPT_FLAG('l', "list", "names and summaries, one command per line"),
    OPT_END,
};

const struct cmd cmd_help = {
    .name = "help",
    .summary = "say what the commands are and how one is used",
    .examples = "help\nhelp env new\nrun --help\nhelp --keys",
    .opts = help_opts,
    .args = {ARG_REST("COMMAND", COMP_COMMAND)},
    .flags = CMD_NO_SESSION | CMD_NO_STEP | CMD_PAGEABLE,
    .exec = help_exec,
};

static int
quit_exec(struct call *c)
{
	char *end;
	long n = -1;

	if (c->argc) {
		n = strtol(c->argv[0], &end, 10);
		if (*end || !*c->argv[0] || n < 0 || n > 255)
			return err_set(&c->err, ERR_USAGE,
			    "STATUS is a number from 0 to 255, not '%s'",
			    c->argv[0]);
	}
	if (c->interactive && c->host->leave(c->host, c->out, &c->err))
		return -1;
	c->host->quit = true;
	c->host->quit_status = n;
	return 0;
}

const struct cmd cmd_quit = {
    .name = "quit",
    .alias = "exit",
    .summary = "end the session and close its environments",
    .examples = "quit\nquit 3",
    .args = {ARG_OPTIONAL("STATUS", COMP_NONE)},
    .flags = CMD_NO_SESSION | CMD_NO_STEP,
    .exec = quit_exec,
};

static int
true_exec(struct call *c)
{
	return 0;
}

const struct cmd cmd_true = {
    .name = "true",
    .summary = "do nothing, successfully",
    .help = "For a script that goes on whatever a command came to.  As every "
	    "command that is a step, it removes what a dead session left on "
	    "this host.",
    .examples = "run tests.py || true",
    .exec = true_exec,
};

static int
source_exec(struct call *c)
{
	if (call_may_use_path(c, SET_HOST_READ, c->argv[0]))
		return -1;
	return c->host->source(c, c->argv[0]);
}

const struct cmd cmd_source = {
    .name = "source",
    .summary = "execute the commands of a file",
    .help = "The file's commands run as if they stood here. The first one that "
	    "does not end with status 0 ends the file, unless addesh was "
	    "started with -k. A name of - is not known: addesh < FILE does "
	    "that.",
    .examples = "source setup.addesh",
    .args = {ARG("FILE", COMP_HOST_FILE)},
    .flags = CMD_NO_SESSION | CMD_NO_STEP,
    .exec = source_exec,
};

static bool
is_readonly(const char *name, size_t n)
{
	for (size_t i = 0; host_readonly[i]; i++)
		if (strlen(host_readonly[i]) == n &&
		    !strncmp(host_readonly[i], name, n))
			return true;
	return false;
}

static bool
is_name(const char *s, size_t n)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

	return n && !(*s >= '0' && *s <= '9') && strspn(s, letters) >= n;
}

static int
var_set(struct call *c, const char *text)
{
	size_t n = strcspn(text, "=");

	if (text[n] != '=' || !is_name(text, n)) {
		err_set(&c->err, ERR_USAGE, "'%s' is not NAME=VALUE", text);
		return err_hint(&c->err, "show them all:  var      a setting:  "
					 "set NAME VALUE");
	}
	if (is_readonly(text, n))
		return err_set(&c->err, ERR_USAGE,
		    "$%.*s cannot be set: it shows the state of the session",
		    (int)n, text);
	c->host->set_variable(c->host, text);
	return 0;
}

static void
var_list(struct call *c)
{
	static const struct column cols[] = {
	    {"name", "NAME", false, 0}, {"value", "VALUE", false, 0, true}};
	struct call_table *t = call_table_new(c, "variables", cols, 2);
	autovec struct strvec sorted = STRVEC_INIT;

	c->host->variables(c->host, &sorted);
	strvec_sort(&sorted);
	for (size_t i = 0; i < sorted.n; i++) {
		char *eq = strchr(sorted.v[i], '=');
		const char *cells[2] = {sorted.v[i], eq + 1};
		json *j = json_object();

		*eq = 0;
		json_put_str(j, "name", sorted.v[i]);
		json_put_bytes(j, "value", eq + 1, strlen(eq + 1));
		call_table_row(t, cells, j);
	}
	call_table_end(t);
}

static int
var_exec(struct call *c)
{
	for (size_t i = 0; i < c->argc; i++)
		if (var_set(c, c->argv[i]) < 0)
			return -1;
	if (!c->argc)
		var_list(c);
	return 0;
}

const struct cmd cmd_var = {
    .name = "var",
    .summary = "define variables, or show those that are defined",
    .help = "A variable is used as $NAME or ${NAME}; what it stands for is "
	    "always one word. $? is the last status; $env, $image, $container, "
	    "$workspace, $engine, $n and $last.exit_code, $last.stdout, "
	    "$last.stderr, $last.duration_ms show the state of the session.",
    .examples = "var FILE=main.py\nrun $FILE\nvar",
    .args = {ARG_REST("NAME=VALUE", COMP_VARIABLE)},
    .flags = CMD_NO_SESSION | CMD_NO_STEP,
    .exec = var_exec,
};
