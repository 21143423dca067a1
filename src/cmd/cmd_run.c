/* run and exec: a program in the environment. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/units.h"
#include "cmd/call.h"
#include "cmd/docker_words.h"
#include "cmd/host.h"
#include "cmd/run_check.h"
#include "cmd/run_result.h"
#include "cmd/text_input.h"
#include "session/env_jobs.h"
#include "session/execute.h"

#define PROGRAM_MAX (64u << 20)

static const struct opt run_opts[] = {
    OPT_TIME('t', "timeout", "stop it after this long"),
    OPT_LIST('e', "env", "NAME=VALUE",
	"set a variable for this run; NAME alone takes yours", COMP_NONE),
    OPT_STR('w', "workdir", "DIR", "run it in DIR", COMP_ENV_FILE),
    OPT_STR(0, "lang", "LANGUAGE", "what it is written in, whatever its name",
	COMP_LANGUAGE),
    OPT_STR(0, "stdin", "FILE", "its standard input, else it is empty",
	COMP_HOST_FILE),
    OPT_FLAG('d', "detach", "in the background, as a job"),
    OPT_FLAG(0, "check", "check it first, and run nothing that is refused"),
    OPTS_REFUSED,
    OPTS_REFUSED_LATER,
    OPT_END,
};

/* A call of run or exec while it is on. */
struct running {
	struct call *c;
	struct program p;
	struct language_choice choice;
	struct strbuf text;
	char *name; /* of the file in the workspace */
	json *checks; /* of --check, until they are in the record */
	bool cut[2]; /* that bytes of a stream are missing was said */
};

static void
on_out(void *arg, int fd, const void *p, size_t n, bool tail)
{
	struct running *r = arg;

	if (tail && !r->cut[fd == 2])
		run_result_cut(r->c);
	r->cut[fd == 2] |= tail;
	call_stream(r->c, fd, p, n);
}

static void
tell_job(struct call *c, const struct result *r)
{
	call_note(c, "job %u started:  wait %u  shows what it writes", r->job,
	    r->job);
	json_put_int(call_data(c), "job", r->job);
}

static int
run_it(struct running *x)
{
	struct call *c = x->c;
	struct box_sink sink = {.out = on_out, .arg = x};
	autofree char *label = call_has(c, "detach") ? env_job_label(c->text) : NULL;
	struct result r;
	int rc;

	result_init(&r);
	r.step = c->step;
	x->p.label = label;
	if (c->session->step)
		step_log_begin(c->session->step);
	rc = execute_program(c->session, c->env, &x->p, &sink, &r, &c->err);
	if (!rc && r.job) {
		env_job_runs(c->session, c->env, r.job);
		tell_job(c, &r);
	} else if (!rc) {
		c->status = r.exit_code;
		run_result_show(c, &r);
		run_result_keep(c, &r);
	}
	if (!rc && x->checks)
		json_put(call_data(c), "checks", steal(&x->checks));
	result_release(&r);
	return rc;
}

/* Nobody wants a server to end after the time that others have: only what
   binds all is a limit. */
static void
set_background_limit(struct running *x, const struct policy *p)
{
	const struct value *most = policy_ceiling(p, SET_TIMEOUT);

	x->p.timeout_ms = most ? most->num : 0;
	x->p.timeout_where = most ? most->where : "";
}

/* The time limit: -t within the ceiling, else the policy's. */
static int
set_limits(struct running *x)
{
	struct call *c = x->c;
	struct policy *p = c->session->policy, *copy = NULL;
	enum setting_id id = SET_TIMEOUT;
	int rc = 0;

	if (c->env->project && !call_has(c, "timeout"))
		id = SET_PROJECT_TIMEOUT;
	if (call_has(c, "timeout")) {
		autofree char *text = xasprintf("%llums",
		    (unsigned long long)call_ms(c, "timeout", 0));

		p = copy = policy_copy(p);
		rc = policy_override(p, "timeout", text, "run -t", &c->err);
	}
	x->p.timeout_ms = policy_num(p, id);
	x->p.timeout_where = call_has(c, "timeout")
	    ? "-t"
	    : policy_where(c->session->policy, id);
	if (call_has(c, "detach") && !call_has(c, "timeout"))
		set_background_limit(x, p);
	x->p.log_max = policy_num(p, SET_OUTPUT_LIMIT);
	x->p.output_max = c->redirected ? 0 : x->p.log_max;
	policy_free(copy);
	return rc;
}

static int
set_common(struct running *x)
{
	struct call *c = x->c;
	const struct strvec *vars = call_list(c, "env");
	const char *input = call_str(c, "stdin");
	struct stat st;

	for (size_t i = 0; vars && i < vars->n; i++)
		if (call_variable(c, vars->v[i], &x->p.env))
			return -1;
	x->p.env_below = &c->host->program_env;
	x->p.cwd = call_str(c, "workdir");
	if (!input)
		return set_limits(x);
	if (call_has(c, "detach"))
		return err_set(&c->err, ERR_USAGE,
		    "what runs in the background reads nothing: --stdin does "
		    "not go with -d");
	if (call_may_use_path(c, SET_HOST_READ, input))
		return -1;
	x->p.stdin_fd = open(input, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (x->p.stdin_fd < 0)
		return err_sys(&c->err, errno, "%s", input);
	/* To read it fails, which a program would take for an end. */
	if (!fstat(x->p.stdin_fd, &st) && S_ISDIR(st.st_mode))
		return err_sys(&c->err, EISDIR, "%s", input);
	return set_limits(x);
}

/* The name in the workspace for a file of this host: as it was typed when
   that is a path below here, else its last part. */
static char *
name_in_workspace(const char *file)
{
	autoerr struct err ignored = ERR_INIT;
	const char *slash = strrchr(file, '/');

	while (str_starts(file, "./"))
		file += 2;
	if (!program_path_check(file, &ignored))
		return xstrdup(file);
	return xstrdup(slash ? slash + 1 : file);
}

/* The text and its name: the heredoc's, standard input's, or a file's. */
static int
take_text(struct running *x)
{
	struct call *c = x->c;
	const char *file = c->argv[0];

	if (c->heredoc) {
		x->name = xstrdup(!strcmp(file, "-") ? "program" : file);
		strbuf_add(&x->text, c->heredoc->buf, c->heredoc->len);
		return program_path_check(x->name, &c->err);
	}
	if (!strcmp(file, "-")) {
		x->name = xstrdup("program");
		return text_input(c, file, PROGRAM_MAX, &x->text);
	}
	if (text_input(c, file, PROGRAM_MAX, &x->text)) {
		if (c->err.code == ENOENT)
			err_hint(&c->err, "with a heredoc the program stands "
			    "here:  run %s <<EOF\nwhat is in the environment "
			    "already:  exec PROGRAM %s", file, file);
		return -1;
	}
	x->name = name_in_workspace(file);
	return 0;
}

static int
choose_language(struct running *x)
{
	struct call *c = x->c;
	struct languages *all = session_languages(c->session, &c->err);

	if (!all)
		return -1;
	if (languages_choose(all, call_str(c, "lang"), x->name, x->text.buf,
		x->text.len, &x->choice, &c->err)) {
		if (!call_str(c, "lang") && !strcmp(c->argv[0], "-")) {
			strbuf_reset(&c->err.hint);
			err_hint(&c->err,
			    "name the language:  run --lang NAME -");
		}
		return -1;
	}
	x->p.choice = &x->choice;
	if (!x->choice.language)
		return 0;
	return policy_may_use_language(c->session->policy,
	    (const char *const *)x->choice.language->names.v, &c->err);
}

static void
running_release(struct running *x)
{
	if (x->p.stdin_fd >= 0)
		close(x->p.stdin_fd);
	program_release(&x->p);
	language_choice_release(&x->choice);
	strbuf_release(&x->text);
	json_free(x->checks);
	free(x->name);
}

/* 1: it is refused, and nothing runs. */
static int
check_first(struct running *x)
{
	const struct language *l = x->choice.language;

	if (!call_has(x->c, "check"))
		return 0;
	return run_check(x->c, x->name, &x->text, l ? l->name : NULL,
	    &x->checks);
}

static int
run_exec(struct call *c)
{
	struct running x = {
	    .c = c, .p = PROGRAM_INIT, .text = STRBUF_INIT};
	int rc = -1;

	if (!take_text(&x) && !choose_language(&x) && !set_common(&x))
		rc = check_first(&x);
	if (!rc) {
		x.p.file = x.name;
		x.p.text = x.text.buf;
		x.p.len = x.text.len;
		strvec_pushv(&x.p.args, c->argv + 1, c->argc - 1);
		rc = run_it(&x);
	}
	running_release(&x);
	return rc < 0 ? -1 : 0;
}

const struct cmd cmd_run = {
    .name = "run",
    .summary = "run a file, or the heredoc that follows",
    .help =
	"Writes the file into /workspace and runs it with what its extension, "
	"--lang or its #! line says.  With a heredoc the text stands in the "
	"command itself; FILE is then only its name.\n"
	"The status is the program's own; 124 at the time limit, 126 and 127 "
	"if it could not be started, 130 after Ctrl-C.\n"
	"With --check it is looked at first, as by 'check', and what the "
	"settings checks.* refuse is not run: the status is then 125.\n"
	"With -d it goes on in the background, without a time limit unless -t "
	"or the policy's ceiling sets one:  jobs, wait, kill\n"
	"Words after FILE are the program's.",
    .examples = "run main.py <<EOF\nprint(1 / 0)\nEOF\n"
		"run -t 5 loop.js\n"
		"run --stdin data.csv report.py --verbose\n"
		"run -d server.py",
    .opts = run_opts,
    .args = {ARG("FILE", COMP_HOST_FILE), ARG_REST("ARG", COMP_NONE)},
    .flags = CMD_NEEDS_ENV | CMD_TAKES_HEREDOC | CMD_OPTS_FIRST |
	     CMD_RUNS_CODE,
    .exec = run_exec,
};

static const struct opt exec_opts[] = {
    OPT_TIME('t', "timeout", "stop it after this long"),
    OPT_LIST('e', "env", "NAME=VALUE",
	"set a variable for this run; NAME alone takes yours", COMP_NONE),
    OPT_STR('w', "workdir", "DIR", "run it in DIR", COMP_ENV_FILE),
    OPT_STR(0, "stdin", "FILE", "its standard input, else it is empty",
	COMP_HOST_FILE),
    OPT_FLAG('d', "detach", "in the background, as a job"),
    OPTS_REFUSED,
    OPTS_REFUSED_LATER,
    OPT_END,
};

static int
exec_exec(struct call *c)
{
	struct running x = {
	    .c = c, .p = PROGRAM_INIT, .text = STRBUF_INIT};
	int rc = -1;

	if (!set_common(&x)) {
		strvec_pushv(&x.p.args, c->argv, c->argc);
		rc = run_it(&x);
	}
	running_release(&x);
	return rc;
}

const struct cmd cmd_exec = {
    .name = "exec",
    .summary = "run a program that is in the environment",
    .help = "The words are the program and its arguments; no shell reads "
	    "them.",
    .examples = "exec ls -l\nexec -- sh -c 'ls | wc -l'",
    .opts = exec_opts,
    .args = {ARG_SOME("WORD", COMP_ENV_FILE)},
    .flags = CMD_NEEDS_ENV | CMD_OPTS_FIRST,
    .exec = exec_exec,
};
