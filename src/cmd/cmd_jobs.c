/* jobs, wait, kill: what run -d and exec -d have started. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/units.h"
#include "cmd/call.h"
#include "cmd/host.h"
#include "cmd/job_call.h"
#include "cmd/run_result.h"
#include "session/env_jobs.h"
#include "session/execute.h"

int
job_parse(const char *word, unsigned *number, struct err *err)
{
	const char *digits = word + (*word == '%');
	size_t n = strspn(digits, "0123456789");

	if (!n || n > 9 || digits[n]) {
		err_set(err, ERR_USAGE, "'%s' is not the number of a job",
		    word);
		return err_hint(err, "see them:  jobs");
	}
	*number = (unsigned)strtoul(digits, NULL, 10);
	return 0;
}

/* ---- jobs ---- */

static json *
listed_json(const struct env_job *l)
{
	json *j = json_object();

	json_put_int(j, "job", l->number);
	json_put_str(j, "state",
	    l->running ? "running" : run_status_name(l->r.status));
	if (!l->running)
		json_put_int(j, "exit_code", l->r.exit_code);
	json_put_int(j, "duration_ms", (int64_t)(l->r.wall_us / 1000));
	json_put_int(j, "stdout_bytes", (int64_t)l->r.stdout_bytes);
	json_put_int(j, "stderr_bytes", (int64_t)l->r.stderr_bytes);
	json_put_str(j, "command", l->command);
	return j;
}

static void
show_listed(struct call_table *t, const struct env_job *l)
{
	autobuf struct strbuf state = STRBUF_INIT, time = STRBUF_INIT;
	char number[16];
	const char *cells[] = {number, NULL, NULL, l->command};

	snprintf(number, sizeof(number), "%u", l->number);
	env_job_state(l, &state);
	units_add_duration(&time, l->r.wall_us / 1000);
	cells[1] = state.buf;
	cells[2] = time.buf;
	call_table_row(t, cells, listed_json(l));
}

/* What is shown here need not be told at the prompt. */
static void
note_seen(struct call *c, const struct env_jobs *list)
{
	for (size_t i = 0; i < list->n; i++) {
		if (list->v[i].running)
			env_job_runs(c->session, c->env, list->v[i].number);
		else
			env_job_forget(c->env, list->v[i].number);
	}
}

static int
jobs_exec(struct call *c)
{
	static const struct column cols[] = {{"job", "JOB", true, 0},
	    {"state", "STATE", false, 0},
	    {"duration_ms", "TIME", true, 0},
	    {"command", "COMMAND", false, 0}};
	struct env_jobs list = ENV_JOBS_INIT;
	struct call_table *t;
	int rc = env_jobs_list(c->env, &list, &c->err);

	if (!rc) {
		t = call_table_new(c, "jobs", cols, ARRAY_SIZE(cols));
		for (size_t i = 0; i < list.n; i++)
			show_listed(t, &list.v[i]);
		note_seen(c, &list);
		call_table_end(t);
	}
	env_jobs_release(&list);
	return rc;
}

const struct cmd cmd_jobs = {
    .name = "jobs",
    .summary = "what runs in the background of the environment",
    .help = "And what has ended there, until 'wait' has told its result.",
    .flags = CMD_NEEDS_ENV | CMD_NO_STEP | CMD_PAGEABLE,
    .exec = jobs_exec,
};

/* ---- wait ---- */

static void
on_out(void *arg, int fd, const void *p, size_t n, bool tail)
{
	struct call *c = arg;

	if (tail)
		run_result_cut(c);
	call_stream(c, fd, p, n);
}

/* The time that wait -t gives: what waits is ended as Ctrl-C would end it. */
struct deadline {
	struct host *host;
	struct loop_timer *timer;
	uint64_t ms;
	bool over;
};

static void
deadline_over(void *arg)
{
	struct deadline *d = arg;

	d->over = true;
	d->host->interrupted++;
}

static void
deadline_begin(struct deadline *d, struct call *c)
{
	*d = (struct deadline){.host = c->host,
	    .ms = call_ms(c, "timeout", 0)};
	if (call_has(c, "timeout"))
		d->timer = loop_timer_add(c->host->loop,
		    clock_ms() + (int64_t)d->ms, deadline_over, d);
}

static void
deadline_end(struct deadline *d)
{
	loop_timer_remove(d->timer);
	if (d->over)
		d->host->interrupted--;
}

static int
not_ended(struct call *c, const struct deadline *d, unsigned number)
{
	autobuf struct strbuf time = STRBUF_INIT;

	if (!d->over)
		return err_set(&c->err, ERR_INTERRUPTED,
		    "interrupted; job %u goes on", number);
	units_add_duration_exact(&time, d->ms);
	return err_set(&c->err, ERR_TIMEOUT, "job %u has not ended in %s, and "
	    "goes on", number, time.buf);
}

static int
collect(struct call *c, const struct env_jobs *list, unsigned number,
    const struct deadline *d, struct result *r)
{
	const struct env_job *l = env_jobs_find(list, number);
	struct program p = PROGRAM_INIT;
	struct box_sink sink = {.out = on_out, .arg = c};
	int rc;

	p.log_max = policy_num(c->session->policy, SET_OUTPUT_LIMIT);
	r->step = c->step;
	if (l && l->started_ms)
		r->started_ms = l->started_ms;
	rc = execute_collect(c->session, c->env, &p, number, &sink, r, &c->err);
	if (rc && c->err.kind == ERR_INTERRUPTED)
		return not_ended(c, d, number);
	if (!rc) {
		c->status = r->exit_code;
		env_job_waited(c->env, number);
	}
	return rc;
}

/* The object is that of a run. */
static int
wait_one(struct call *c, const struct env_jobs *list, unsigned number,
    const struct deadline *d)
{
	struct result r;
	int rc;

	result_init(&r);
	rc = collect(c, list, number, d, &r);
	if (!rc) {
		run_result_show(c, &r);
		run_result_keep(c, &r);
	}
	result_release(&r);
	return rc;
}

/* The streams are one in the log: it cannot be told whose a line was. */
static int
wait_each(struct call *c, const struct env_jobs *list, const unsigned *numbers,
    size_t n, const struct deadline *d)
{
	json *all = json_array();
	int rc = 0;

	json_put(call_data(c), "ended", all);
	for (size_t i = 0; i < n && !rc; i++) {
		const struct env_job *l = env_jobs_find(list, numbers[i]);
		struct result r;

		result_init(&r);
		if (l)
			call_note(c, "job %u: %s", numbers[i], l->command);
		rc = collect(c, list, numbers[i], d, &r);
		if (!rc) {
			run_result_show(c, &r);
			json_push(all, result_json(&r, NULL, NULL));
		}
		result_release(&r);
	}
	return rc;
}

/* The numbers, the caller's: of the operands, or of all that there are. */
static int
take_numbers(struct call *c, const struct env_jobs *list, unsigned **numbers,
    size_t *n)
{
	*n = c->argc ? c->argc : list->n;
	*numbers = xcalloc(*n + 1, sizeof(**numbers));
	for (size_t i = 0; i < *n; i++) {
		if (!c->argc)
			(*numbers)[i] = list->v[i].number;
		else if (job_parse(c->argv[i], &(*numbers)[i], &c->err))
			return -1;
	}
	return 0;
}

static int
wait_exec(struct call *c)
{
	struct env_jobs list = ENV_JOBS_INIT;
	autofree unsigned *numbers = NULL;
	struct deadline d;
	size_t n = 0;
	int rc = env_jobs_list(c->env, &list, &c->err);

	if (!rc)
		rc = take_numbers(c, &list, &numbers, &n);
	if (!rc && c->session->step)
		step_log_begin(c->session->step);
	deadline_begin(&d, c);
	if (!rc && n == 1)
		rc = wait_one(c, &list, numbers[0], &d);
	else if (!rc)
		rc = wait_each(c, &list, numbers, n, &d);
	deadline_end(&d);
	env_jobs_release(&list);
	return rc;
}

static const struct opt wait_opts[] = {
    OPT_TIME('t', "timeout", "wait no longer than this, in all"),
    OPT_END,
};

const struct cmd cmd_wait = {
    .name = "wait",
    .summary = "follow what runs in the background until it has ended",
    .help =
	"Shows what it has written so far and what it still writes, then its "
	"result, as 'run' would have done; without a number that of all jobs, "
	"one after the other.  The status is the last one's.  After that "
	"'jobs' does not list it any more, and its output is in the log of "
	"this step.\n"
	"Ctrl-C ends the waiting, and not the job; so does -t, with status "
	"124.",
    .examples = "wait\nwait -t 10 2",
    .opts = wait_opts,
    .args = {ARG_REST("JOB", COMP_JOB)},
    .flags = CMD_NEEDS_ENV,
    .exec = wait_exec,
};

/* ---- kill ---- */

static const struct opt kill_opts[] = {
    {OPT_TYPE_STR, 's', "signal", "SIGNAL",
	"send this one, and no other after it", COMP_NONE, .bare = true},
    OPT_END,
};

static int
kill_exec(struct call *c)
{
	const char *name = call_str(c, "signal");
	int number = name ? signal_number(name) : 0;
	json *all = json_array(), *one;
	unsigned job;

	json_put(call_data(c), "killed", all);
	if (name && number < 1)
		return err_set(&c->err, ERR_USAGE, "'%s' is not a signal",
		    name);
	for (size_t i = 0; i < c->argc; i++) {
		if (job_parse(c->argv[i], &job, &c->err) ||
		    job_kill(c->env->box, job, number, &c->err))
			return -1;
		one = json_object();
		json_put_int(one, "job", job);
		json_push(all, one);
	}
	return 0;
}

const struct cmd cmd_kill = {
    .name = "kill",
    .summary = "end what runs in the background",
    .help = "Asks it to end, as the time limit does, and kills all of it if "
	    "it has not ended 2 s later; a second time it is killed at once.  "
	    "With -s its process group gets that signal, and with -s KILL all "
	    "of it is killed; -HUP and -9 are the same as -s HUP and -s 9.  "
	    "What came of it says 'wait'.",
    .examples = "kill 1\nkill -HUP 1",
    .opts = kill_opts,
    .args = {ARG_SOME("JOB", COMP_JOB)},
    .flags = CMD_NEEDS_ENV,
    .exec = kill_exec,
};
