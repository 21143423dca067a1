/*
 * addesh: options, locale, exit status.  Whatever can be left out before the
 * first command is left out: `addesh -c help` is over in milliseconds.
 */
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adde/adde.h"
#include "base/io.h"
#include "base/loop.h"
#include "cmd/dispatch.h"
#include "cmd/help.h"
#include "cmd/host.h"
#include "cmd/job_notes.h"
#include "cmd/opts.h"
#include "cmd/output.h"
#include "cmd/session_host.h"
#include "cmd/terminal.h"
#include "present/present.h"
#include "shell/complete.h"
#include "session/policy.h"
#include "shell/edit.h"
#include "shell/interp.h"
#include "shell/recorder.h"
#include "shell/session_file.h"
#include "shell/signals.h"
#include "shell/source.h"

enum { STATUS_FAILED = 125 };

static const struct opt main_opts[] = {
    OPT_LIST('c', "command", "CMD", "execute CMD, then end", COMP_NONE),
    OPT_FLAG('i', "interactive", "stay in the shell after -c or FILE"),
    OPT_FLAG('k', "keep-going", "do not end at the first failure"),
    OPT_FLAG('q', "quiet", "results and errors only"),
    OPT_FLAG('v', "verbose", "say what is done, and how long it took"),
    OPT_FLAG(0, "json", "one JSON object per command"),
    OPT_FLAG(0, "plain", "lists as tab-separated lines without a header"),
    OPT_STR('C', "config", "FILE", "configuration instead of the user's",
	COMP_HOST_FILE),
    OPT_FLAG(0, "no-config", "read neither the user's nor the project's file"),
    OPT_STR('P', "policy", "NAME|FILE", "a ready-made policy, or a file",
	COMP_POLICY),
    OPT_STR('s', "session", "NAME", "resume the session NAME, or begin it",
	COMP_NAMED),
    OPT_STR('E', "engine", "URL|NAME", "the engine, or the name of a context",
	COMP_NONE),
    OPT_FLAG('y', "yes", "say yes to every question"),
    OPT_FLAG(0, "allow-host", "allow | to commands of this host in scripts"),
    OPT_CHOICE(0, "color", "auto|always|never", "colours on the terminal"),
    OPT_FLAG(0, "no-history", "neither read nor keep what is typed"),
    OPT_INT(0, "status-fd", "N", "write each command's status to descriptor N"),
    OPT_STR(0, "complete", "LINE", "print what could follow LINE", COMP_NONE),
    OPT_INT(0, "point", "N", "complete at byte N of LINE, not at its end"),
    OPT_FLAG('V', "version", "print the version"),
    OPT_END,
};

/* The command line of addesh itself, parsed as those of commands are. */
static const struct cmd main_row = {
    .name = "addesh",
    .summary = "run code in isolated environments and see what it does",
    .opts = main_opts,
    .args = {ARG_REST("FILE", COMP_HOST_FILE)},
    .flags = CMD_OPTS_FIRST,
};

struct program {
	struct optset opts;
	struct host host;
	struct output out;
	struct signals signals;
	struct interp interp;
};

static bool
given(const struct program *p, const char *name)
{
	return optset_get(&p->opts, name)->given;
}

static const char *
value(const struct program *p, const char *name)
{
	const struct strvec *v = &optset_get(&p->opts, name)->values;

	return v->n ? v->v[v->n - 1] : NULL;
}

/* Without what was to be printed there is no success. */
static int
print(const char *text, size_t n)
{
	if (io_write_all(STDOUT_FILENO, text, n) == 0)
		return 0;
	perror("addesh: stdout");
	return STATUS_FAILED;
}

static int
print_help(void)
{
	autobuf struct strbuf text = STRBUF_INIT;

	strbuf_adds(&text,
	    "Usage: addesh [OPTION]... [FILE]\n"
	    "  or:  addesh [OPTION]... COMMAND [WORD]...\n"
	    "Run code in isolated environments and see what it does.\n"
	    "\n"
	    "Examples:\n"
	    "  addesh                        the shell; help lists its "
	    "commands\n"
	    "  addesh -c 'env new' -c 'run main.py'\n"
	    "  addesh lesson.addesh          the commands of a file\n"
	    "  addesh help run               how a command is used\n");
	help_options(&text, &main_row, 80);
	strbuf_addf(&text, "\nReport bugs to: %s\nHome page: %s\n",
	    PACKAGE_BUGREPORT, PACKAGE_URL);
	return print(text.buf, text.len);
}

static int
print_version(void)
{
	static const char text[] =
	    "addesh (ADDE) " PACKAGE_VERSION "\n"
	    "Copyright (C) 2026 the addesh authors\n"
	    "License MIT: <https://opensource.org/license/mit>.\n"
	    "This is free software: you are free to change and redistribute "
	    "it.\n"
	    "There is NO WARRANTY, to the extent permitted by law.\n"
	    "Built with " LIBRARY_VERSIONS "\n";

	return print(text, sizeof(text) - 1);
}

/* Descriptors 0 to 2 are open, whatever we were started with: a file opened
   later must not become stdout. */
static void
open_missing_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/* Text is UTF-8, whatever the locale says of messages and numbers. */
static void
set_locale(void)
{
	if (!setlocale(LC_CTYPE, "") ||
	    strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
}

static int
use_status_fd(struct program *p, struct err *err)
{
	uint64_t n = optset_get(&p->opts, "status-fd")->number;

	if (!given(p, "status-fd"))
		return 0;
	if (n > 1 << 20 || fcntl((int)n, F_SETFD, FD_CLOEXEC) < 0)
		return err_set(err, ERR_USAGE,
		    "--status-fd %s is no open descriptor",
		    value(p, "status-fd"));
	p->out.status_fd = (int)n;
	return 0;
}

static int
apply_options(struct program *p, struct err *err)
{
	if (given(p, "json"))
		p->out.mode = OUTPUT_JSON;
	p->out.quiet = given(p, "quiet");
	p->out.verbose = given(p, "verbose");
	p->host.inv = (struct invocation){.config = value(p, "config"),
	    .policy = value(p, "policy"),
	    .engine = value(p, "engine"),
	    .no_config = given(p, "no-config"),
	    .no_history = given(p, "no-history"),
	    .format = given(p, "json")	  ? "json"
		      : given(p, "plain") ? "plain"
					  : NULL,
	    .color = value(p, "color"),
	    .yes = given(p, "yes"),
	    .allow_host = given(p, "allow-host"),
	    .quiet = given(p, "quiet")};
	p->interp.keep_going = given(p, "keep-going");
	if (host_choose_session(&p->host, value(p, "session"), err))
		return -1;
	return use_status_fd(p, err);
}

/* Is the first operand a command of the table?  Then all are its words. */
static bool
is_command(const struct program *p)
{
	const struct strvec *words = &p->opts.operands;

	return words->n && !strchr(words->v[0], ' ') && table_find(words->v[0]);
}

/* A word that is no command either: then err says so, and what is near. */
static bool
is_unknown(const char *file, struct err *err)
{
	autovec struct strvec near = STRVEC_INIT;

	if (strchr(file, '/') || !access(file, F_OK) || errno != ENOENT)
		return false;
	err_set(err, ERR_USAGE, "'%s' is neither a file nor a command", file);
	help_near(&near, file);
	if (near.n)
		err_hint(err, "near: %s", near.v[0]);
	else
		err_hint(err, "help lists the commands");
	return true;
}

/* The other kind of operand is a file, behind which options may follow. */
static int
parse(struct program *p, int argc, char **argv, struct err *err)
{
	struct strvec *operands = &p->opts.operands;
	autovec struct strvec rest = STRVEC_INIT;
	char *file;

	optset_init(&p->opts, &main_row);
	if (opts_parse(&p->opts, &main_row, argv + 1, argc - 1, err) < 0)
		return -1;
	if (!operands->n || is_command(p))
		return 0;
	file = xstrdup(operands->v[0]);
	strvec_pushv(&rest, operands->v + 1, operands->n - 1);
	strvec_release(operands);
	if (opts_parse(&p->opts, &main_row, rest.v, rest.n, err) == 0 &&
	    operands->n && !is_unknown(file, err))
		err_set(err, ERR_USAGE, "'%s' is one word too many",
		    operands->v[0]);
	strvec_release(operands);
	strvec_push_owned(operands, file);
	return err->kind ? -1 : 0;
}

static void
run_source(struct program *p, struct source *src)
{
	interp_run(&p->interp, src);
	source_release(src);
}

static bool
goes_on(const struct program *p)
{
	return !p->interp.stop && !p->host.quit && !p->host.terminated;
}

static void
run_commands(struct program *p)
{
	const struct strvec *v = &optset_get(&p->opts, "command")->values;
	struct source src;

	for (size_t i = 0; i < v->n && goes_on(p); i++) {
		source_init_text(&src, NULL, v->v[i]);
		p->interp.more = i + 1 < v->n;
		run_source(p, &src);
	}
}

static int
run_file(struct program *p, const char *path, struct err *err)
{
	struct source src;
	autoclose int fd = -1;

	if (session_file_is(path))
		return session_file_run(&p->interp, path, err);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && is_unknown(path, err))
		return -1;
	if (fd < 0)
		return err_sys(err, errno, "%s", path);
	source_init_fd(&src, path, fd);
	run_source(p, &src);
	return 0;
}

/* shell.init: what a person wants done at the beginning. */
static void
run_init(struct program *p)
{
	autovec struct strvec init = STRVEC_INIT;
	const struct strvec *v = policy_list(host_policy(&p->host), SET_INIT);
	bool keep_going = p->interp.keep_going;
	struct source src;

	strvec_pushv(&init, v->v, v->n);
	p->interp.keep_going = true;
	for (size_t i = 0; i < init.n && goes_on(p); i++) {
		source_init_text(&src, "shell.init", init.v[i]);
		run_source(p, &src);
	}
	p->interp.keep_going = keep_going;
	p->interp.failed = 0;
}

/* Files that are wrong are told to a person at once; else the first command
   that needs them says so. */
static void
open_session(struct program *p)
{
	struct locus nowhere = {NULL, 0};
	autoerr struct err err = ERR_INIT;

	if (!p->host.session && p->host.open(&p->host, &err) < 0)
		dispatch_error(&p->host, &p->out, nowhere, NULL, &err);
}

/* Whoever comes back sees where. */
static void
tell_resumed(struct program *p)
{
	autobuf struct strbuf line = STRBUF_INIT;

	if (!p->host.session || p->out.mode != OUTPUT_TEXT || p->out.quiet)
		return;
	session_host_resumed(p->host.session, &line);
	if (!line.len)
		return;
	job_notes_resumed(&p->host, &line);
	strbuf_addc(&line, '\n');
	(void)io_write_all(STDERR_FILENO, line.buf, line.len);
}

static void
run_prompt(struct program *p)
{
	struct edit *edit;
	struct source src;

	/* How it ended before does not matter to who goes on typing. */
	p->interp.stop = false;
	p->interp.failed = 0;
	open_session(p);
	tell_resumed(p);
	run_init(p);
	edit = edit_new(&p->host, &p->out, &p->signals);
	source_init_edit(&src, edit);
	run_source(p, &src);
	edit_free(edit);
}

/* For whoever sees it for the first time; not to a prompt after a script, whose
   output it would stand in. */
static void
greet(const struct program *p)
{
	static const char text[] = "addesh " PACKAGE_VERSION
	    ": env new opens an environment, help lists the commands\n";

	if (p->out.mode == OUTPUT_TEXT && !p->out.quiet)
		(void)io_write_all(STDERR_FILENO, text, sizeof(text) - 1);
}

static bool
is_prompt(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

/* A person at a terminal, or the commands of a pipe. */
static void
run_stdin(struct program *p)
{
	struct source src;

	if (is_prompt()) {
		if (!given(p, "interactive"))
			greet(p);
		terminal_open();
		run_prompt(p);
		terminal_close();
		return;
	}
	source_init_fd(&src, "stdin", STDIN_FILENO);
	run_source(p, &src);
}

static int
run(struct program *p, struct err *err)
{
	const struct strvec *operands = &p->opts.operands;
	bool nothing = !operands->n && !given(p, "command");

	/* What it says is of interest when a command needs it. */
	if (p->host.inv.config && access(p->host.inv.config, R_OK))
		return err_sys(err, errno, "--config %s",
		    p->host.inv.config);
	run_commands(p);
	if (operands->n && goes_on(p)) {
		if (is_command(p))
			interp_words(&p->interp, operands->v, operands->n);
		else if (run_file(p, operands->v[0], err) < 0)
			return -1;
	}
	/* `addesh record FILE` is for what is typed then. */
	if ((nothing || given(p, "interactive") ||
		(p->host.recorder && is_command(p))) &&
	    !p->host.quit && !p->host.terminated)
		run_stdin(p);
	return 0;
}

/* Ends what was opened, and says so if something of it may be left. */
static int
close_host(struct program *p, int status)
{
	autoerr struct err err = ERR_INIT;
	struct locus nowhere = {NULL, 0};
	int r = 0;

	if (p->host.session && p->host.close(&p->host, &err) < 0)
		r = dispatch_error(&p->host, &p->out, nowhere, NULL, &err);
	return status ? status : r;
}

/* Called as `adde`: no shell, and nothing but JSON on stdout. */
static int
run_adde(struct program *p, int argc, char **argv)
{
	autoerr struct err err = ERR_INIT;
	int status;

	p->host.loop = loop_new();
	signals_init(&p->signals, &p->host, &p->out);
	status = adde_main(&p->host, &p->out, argc, argv);
	if (p->host.session && p->host.close(&p->host, &err) < 0)
		fprintf(stderr, "adde: %s\n", err.msg.buf);
	signals_release(&p->signals);
	loop_free(p->host.loop);
	return status;
}

static int
run_program(struct program *p)
{
	autoerr struct err err = ERR_INIT;
	struct locus nowhere = {NULL, 0};
	int status;

	p->host.loop = loop_new();
	signals_init(&p->signals, &p->host, &p->out);
	p->interp.signals = &p->signals;
	status = run(p, &err) < 0
		     ? dispatch_error(&p->host, &p->out, nowhere, NULL, &err)
		     : interp_status(&p->interp);
	status = close_host(p, status);
	recorder_end(p->host.recorder, &p->out);
	signals_release(&p->signals);
	loop_free(p->host.loop);
	return status;
}

static void
complete(struct program *p)
{
	const char *line = value(p, "complete");
	size_t point = optset_get(&p->opts, "point")->number;
	autoerr struct err ignored = ERR_INIT;

	/* Looking for names begins no session. */
	p->host.inv.session = NULL;
	if (!given(p, "point") || point > strlen(line))
		point = strlen(line);
	p->host.loop = loop_new();
	complete_print(&p->host, &main_row, line, point);
	if (p->host.session)
		p->host.close(&p->host, &ignored);
	loop_free(p->host.loop);
}

int
main(int argc, char **argv)
{
	autoerr struct err err = ERR_INIT;
	struct locus nowhere = {NULL, 0};
	struct program p = {0};
	int status = 0;

	open_missing_streams();
	set_locale();
	host_init(&p.host);
	interp_init(&p.interp, &p.host, &p.out);
	present_init(&p.host);
	output_init(&p.out);
	if (adde_is_name(argv[0]))
		status = run_adde(&p, argc, argv);
	else if (parse(&p, argc, argv, &err) < 0)
		status = dispatch_error(&p.host, &p.out, nowhere, NULL, &err);
	else if (given(&p, "help"))
		status = print_help();
	else if (given(&p, "version"))
		status = print_version();
	else if (apply_options(&p, &err) < 0)
		status = dispatch_error(&p.host, &p.out, nowhere, NULL, &err);
	else if (given(&p, "complete"))
		complete(&p);
	else
		status = run_program(&p);
	output_release(&p.out);
	host_release(&p.host);
	optset_release(&p.opts);
	return status;
}
