#include "session/execute_impl.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "sandbox/jobs.h"

void
program_release(struct program *p)
{
	strvec_release(&p->args);
	strvec_release(&p->env);
}

int
program_path_check(const char *file, struct err *err)
{
	autofree char *copy = xstrdup(file);
	char *rest = copy, *part;

	if (!*file || *file == '/' || str_ends(file, "/"))
		return err_set(err, ERR_USAGE,
		    "'%s' is not a file name in the workspace", file);
	while ((part = strsep(&rest, "/")))
		if (!strcmp(part, ".."))
			return err_set(err, ERR_USAGE,
			    "'%s' leads out of the workspace", file);
	return 0;
}

static void
on_out(void *arg, int fd, const void *p, size_t n, bool tail)
{
	struct execution *x = arg;
	unsigned flags = (fd == 2 ? STEP_LOG_STDERR : 0) |
			 (tail ? STEP_LOG_TAIL : 0);

	if (x->s->step)
		step_log(x->s->step, flags, p, n, x->p->log_max);
	if (x->sink && x->sink->out)
		x->sink->out(x->sink->arg, fd, p, n, tail);
}

static void
on_event(void *arg, const char *text)
{
	struct execution *x = arg;

	result_event(x->r, "runner", text);
	if (x->sink && x->sink->event)
		x->sink->event(x->sink->arg, text);
}

static void
on_started(void *arg)
{
	result_event(((struct execution *)arg)->r, "started", "");
}

/*
 * The variables of every language, since a program may call any tool (a shell
 * script that calls npm), then those of its own language.  What people set,
 * for the environment or for the run, wins.
 */
static int
add_env(const struct execution *x, struct strvec *env, struct err *err)
{
	const struct program *p = x->p;
	const struct languages *all = session_languages(x->s, err);

	if (!all)
		return -1;
	for (size_t i = 0; i < languages_count(all); i++)
		language_env(languages_at(all, i), &x->places, env);
	if (p->choice && p->choice->language)
		language_env(p->choice->language, &x->places, env);
	for (size_t i = 0; p->env_below && i < p->env_below->n; i++)
		strvec_env_set(env, p->env_below->v[i]);
	for (size_t i = 0; i < x->env->spec.env.n; i++)
		strvec_env_set(env, x->env->spec.env.v[i]);
	for (size_t i = 0; i < p->env.n; i++)
		strvec_env_set(env, p->env.v[i]);
	/* Also of variables that another process has given the environment. */
	if (x->s->secrets)
		secrets_learn_env(x->s->secrets, env->v);
	return 0;
}

/* A Ctrl-C that came since the command began, while nothing was waited for
   that it would have ended, ends it here. */
static int
run_in_box(struct execution *x, const struct run_spec *run,
    const struct box_sink *sink, struct verdict *v, struct err *err)
{
	if (*x->s->interrupts)
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	return box_run(x->env->box, run, sink, v, err);
}

/* Who stops a server asks it first. */
#define JOB_GRACE_MS 2000

/* Starts what goes on without us: that is all there is to wait for. */
static int
start_in_box(struct execution *x, struct run_spec *run, struct verdict *v,
    struct err *err)
{
	if (*x->s->interrupts)
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	if (!run->interrupt)
		run->interrupt = SIGTERM;
	run->grace_ms = JOB_GRACE_MS;
	if (job_start(x->env->box, run, x->p->label, &x->r->job, v, err))
		return -1;
	v->exited = x->r->job != 0;
	return 0;
}

/* Runs one argv of a phase; the program's text goes with the first. */
static int
run_phase(struct execution *x, const char *phase, const struct strvec *argv,
    bool with_text, struct verdict *v, struct err *err)
{
	const struct program *p = x->p;
	struct box_sink sink = {
	    .out = on_out, .event = on_event, .started = on_started, .arg = x};
	struct run_spec run = RUN_SPEC_INIT;
	bool is_program = !strcmp(phase, "run");
	int rc = -1;

	if (add_env(x, &run.env, err))
		goto out;
	strvec_pushv(&run.argv, argv->v, argv->n);
	if (p->choice && p->choice->language)
		run.interrupt = p->choice->language->interrupt;
	run.cwd = p->cwd;
	run.timeout_ms = p->timeout_ms;
	run.output_max = p->output_max;
	if (is_program && p->stdin_fd >= 0) {
		run.stdin_kind = STDIN_FD;
		run.stdin_fd = p->stdin_fd;
	}
	if (with_text) {
		run.program_path = x->places.file;
		run.program_data = p->text;
		run.program_len = p->len;
	}
	result_event(x->r, phase, run.argv.v[0]);
	rc = is_program && p->label ? start_in_box(x, &run, v, err) :
	    run_in_box(x, &run, &sink, v, err);
out:
	run_spec_release(&run);
	return rc;
}

static bool
is_missing(const struct verdict *v)
{
	return v->exec_errno == ENOENT && !v->lost;
}

static bool
succeeded(const struct verdict *v)
{
	return v->exited && !v->exit_code && !v->lost && !v->timed_out &&
	       !v->cancelled && !v->exec_errno;
}

/* One argv of a recipe: 1 if it ended well and the recipe goes on. */
static int
run_step(struct execution *x, const struct strvec *argv, const char *phase,
    bool *with_text, bool *missing, struct err *err)
{
	struct verdict v = VERDICT_INIT;
	autovec struct strvec full = STRVEC_INIT;
	int rc;

	language_expand(argv, &x->places, &full);
	if (!strcmp(phase, "run"))
		strvec_pushv(&full, x->p->args.v, x->p->args.n);
	rc = run_phase(x, phase, &full, *with_text, &v, err);
	if (!rc) {
		*with_text = false;
		*missing = is_missing(&v);
		result_verdict(x->r, &v);
		rc = succeeded(&v);
	}
	verdict_release(&v);
	return rc;
}

/*
 * Some programs are there and too old for a recipe: its check tells.  What it
 * says is not the program's output, so nobody sees it.  1: the recipe fits; 0:
 * it does not (*missing), or the run is over.
 */
static int
check_recipe(struct execution *x, const struct recipe *recipe, bool *missing,
    struct err *err)
{
	static const struct box_sink nowhere;
	struct run_spec run = RUN_SPEC_INIT;
	struct verdict v = VERDICT_INIT;
	int rc;

	language_expand(&recipe->check, &x->places, &run.argv);
	run.timeout_ms = x->p->timeout_ms;
	rc = run_in_box(x, &run, &nowhere, &v, err);
	run_spec_release(&run);
	if (!rc && succeeded(&v)) {
		rc = 1;
	} else if (!rc) {
		*missing = !v.lost && !v.cancelled;
		if (*missing)
			v = (struct verdict){
			    .exec_errno = ENOENT, .why = v.why};
		result_verdict(x->r, &v);
	}
	verdict_release(&v);
	return rc;
}

static int
run_recipe(struct execution *x, const struct recipe *recipe, bool *with_text,
    bool *missing, struct err *err)
{
	int fits = 1;

	if (recipe->check.n)
		fits = check_recipe(x, recipe, missing, err);
	if (fits != 1)
		return fits;
	for (size_t i = 0; i < recipe->compile.n; i++) {
		int rc = run_step(x, &recipe->compile.v[i], "compile", with_text,
		    missing, err);

		if (rc != 1)
			return rc;
	}
	return run_step(x, &recipe->run, "run", with_text, missing, err) < 0
		   ? -1
		   : 0;
}

/* Where the recipe that worked last time is remembered: an environment keeps
   its programs, so the search is made once. */
static size_t
first_recipe(const struct execution *x)
{
	const struct language *l = x->p->choice->language;
	const char *known = l ? strvec_env_get(&x->env->tools, l->name) : NULL;

	return known ? strtoul(known, NULL, 10) : 0;
}

static void
remember_recipe(struct execution *x, size_t i)
{
	const struct language *l = x->p->choice->language;
	autofree char *entry = NULL;

	if (!l)
		return;
	entry = xasprintf("%s=%zu", l->name, i);
	strvec_env_set(&x->env->tools, entry);
}

/* A directory of the run's own to compile into: a file in it makes it. */
static int
make_outdir(struct execution *x, struct err *err)
{
	autofree char *mark = xasprintf("%s.addesh", x->places.out);

	return box_put_bytes(x->env->box, mark, "", 0, 0600, err);
}

static bool
compiles(const struct language_choice *c)
{
	for (size_t i = 0; i < c->n_recipes; i++)
		if (c->recipes[i].compile.n)
			return true;
	return false;
}

static int
run_language(struct execution *x, struct err *err)
{
	const struct language_choice *c = x->p->choice;
	bool with_text = x->p->text != NULL, missing = true;

	if (compiles(c) && make_outdir(x, err))
		return -1;
	for (size_t i = first_recipe(x); i < c->n_recipes; i++) {
		if (run_recipe(x, &c->recipes[i], &with_text, &missing, err))
			return -1;
		if (missing)
			continue;
		remember_recipe(x, i);
		return 0;
	}
	explain_missing(x);
	return 0;
}

static int
run_argv(struct execution *x, struct err *err)
{
	struct verdict v = VERDICT_INIT;
	int rc = run_phase(x, "run", &x->p->args, false, &v, err);

	if (!rc) {
		result_verdict(x->r, &v);
		if (is_missing(&v))
			explain_missing(x);
	}
	verdict_release(&v);
	return rc;
}

int
execute_program(struct session *s, struct env *env, const struct program *p,
    const struct box_sink *sink, struct result *r, struct err *err)
{
	autofree char *file = io_join(env_spec_workspace(&env->spec),
	    p->file ? p->file : "program");
	autofree char *out =
	    xasprintf("/tmp/.addesh-%u/program", r->step ? r->step : 1);
	struct execution x = {.s = s,
	    .env = env,
	    .p = p,
	    .sink = sink,
	    .r = r,
	    .places = {.file = file,
		.out = out,
		.home = SANDBOX_HOME,
		.tmp = "/tmp"}};

	for (int i = 0; s->step && i < 2; i++)
		x.before[i] = step_length(s->step, i);
	if (p->choice ? run_language(&x, err) : run_argv(&x, err))
		return -1;
	result_limits(r, env->box);
	explain_end(&x);
	return 0;
}

int
execute_collect(struct session *s, struct env *env, const struct program *p,
    unsigned job, const struct box_sink *sink, struct result *r,
    struct err *err)
{
	struct execution x = {.s = s, .env = env, .p = p, .sink = sink, .r = r};
	struct box_sink ours = {.out = on_out, .arg = &x};
	struct verdict v = VERDICT_INIT;
	bool running;
	int rc = job_output(env->box, job, true, &ours, &running, &v, err);

	if (!rc) {
		r->job = job;
		result_verdict(r, &v);
		result_limits(r, env->box);
		explain_end(&x);
	}
	verdict_release(&v);
	return rc;
}
