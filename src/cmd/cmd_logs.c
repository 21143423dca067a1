/* logs, show, history: what earlier steps wrote and came to. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "cmd/call.h"
#include "cmd/host.h"
#include "cmd/job_call.h"
#include "cmd/log_tail.h"
#include "cmd/output.h"
#include "cmd/run_result.h"
#include "cmd/step_call.h"
#include "session/session.h"

static void
show_line(struct call *c, const struct line *l, bool both, bool timed)
{
	struct strbuf *sb = &c->body;

	/* The engine has put them before those of a server. */
	if (call_has(c, "timestamps") && timed)
		strbuf_addf(sb, "%9.3f ", (double)l->us / 1e6);
	/* Streams are told apart by a mark and not by colour alone. */
	if (both && l->err)
		strbuf_adds(sb, "! ");
	strbuf_add(sb, l->text.buf, l->text.len);
	strbuf_addc(sb, '\n');
}

static json *
line_json(const struct line *l, bool timed)
{
	json *j = json_object();

	json_put_str(j, "stream", l->err ? "stderr" : "stdout");
	if (timed)
		json_put_int(j, "t_ms", (int64_t)(l->us / 1000));
	json_put_bytes(j, "text", l->text.buf, l->text.len);
	return j;
}

static int
not_operand(struct call *c, const char *word, bool steps)
{
	err_set(&c->err, ERR_USAGE, steps
	    ? "'%s' is neither a number of lines nor a step @N"
	    : "'%s' is not a number of steps", word);
	if (*word == '%')
		return err_hint(&c->err, "what a job writes:  logs %s", word);
	if (steps)
		return err_hint(&c->err, "the steps:  history");
	return err_hint(&c->err, "all of them:  history");
}

/* "50" and, unless step is NULL, "@7", in any order. */
static int
parse_operands(struct call *c, size_t *lines, unsigned *step)
{
	for (size_t i = 0; i < c->argc; i++) {
		const char *word = c->argv[i];
		char *end;
		unsigned long n = strtoul(word, &end, 10);

		if (*word == '@' && step) {
			if (step_parse(word, step, &c->err))
				return -1;
			continue;
		}
		if (!isdigit((unsigned char)*word) || *end || n > 100000000)
			return not_operand(c, word, step != NULL);
		if (!n)
			return err_set(&c->err, ERR_USAGE,
			    "'%s': lines count from 1", word);
		*lines = n;
	}
	return 0;
}

static int
no_log(struct call *c)
{
	err_set(&c->err, ERR_USAGE, "nothing was run in this session");
	if (c->session->name)
		return err_hint(&c->err, "other sessions:  session ls");
	return err_hint(&c->err,
	    "logs live as long as their session; those with a name stay (-s)");
}

/* Step 0: of a server. */
static void
show_tail(struct call *c, struct tail *t, unsigned step)
{
	json *lines = json_array();
	bool both = t->want[0] && t->want[1];

	for (size_t i = 0; i < t->n; i++) {
		const struct line *l =
		    &t->ring[t->max ? (t->next + i) % t->n : i];

		show_line(c, l, both, step != 0);
		json_push(lines, line_json(l, step != 0));
	}
	if (step)
		json_put_int(call_data(c), "step", step);
	json_put(call_data(c), "lines", lines);
}

struct following {
	struct call *call;
	struct tail *wanted;
};

/* What follows has no end that JSON could have. */
static int
check_follow(struct call *c)
{
	if (!call_has(c, "follow") || c->out->mode != OUTPUT_JSON)
		return 0;
	return err_set(&c->err, ERR_USAGE,
	    "--follow does not go with --json: there is no end of it");
}

/* ---- of a job ---- */

static void
on_job_out(void *arg, int fd, const void *p, size_t n, bool tail)
{
	struct following *f = arg;
	const struct step_record r = {.flags = (fd == 2 ? STEP_LOG_STDERR : 0) |
					       (tail ? STEP_LOG_TAIL : 0),
	    .p = p, .n = n};

	if (!call_has(f->call, "follow")) {
		tail_add(f->wanted, &r);
	} else if (f->wanted->want[fd == 2]) {
		if (tail)
			run_result_cut(f->call);
		call_program(f->call, fd, p, n);
	}
}

/* What it has written so far, and with -f what it writes until it has ended:
   it is looked at, and still to be waited for. */
static int
job_logs(struct call *c, struct tail *t, unsigned job)
{
	struct following f = {c, t};
	const struct box_sink sink = {.out = on_job_out, .arg = &f};
	struct verdict v = VERDICT_INIT;
	bool running = false;
	int rc;

	if (check_follow(c) || c->host->need_env(c, NULL))
		return -1;
	rc = job_output(c->env->box, job, call_has(c, "follow"), &sink,
	    &running, &v, &c->err);
	verdict_release(&v);
	if (rc && call_has(c, "follow") && c->err.kind == ERR_INTERRUPTED) {
		err_clear(&c->err);
		return 0;
	}
	if (rc || call_has(c, "follow"))
		return rc;
	json_put_int(call_data(c), "job", job);
	json_put_bool(call_data(c), "running", running);
	tail_finish(t);
	show_tail(c, t, 0);
	return 0;
}

/* The operand %JOB, which is none any more; NULL: there is none. */
static const char *
take_job(struct call *c)
{
	for (size_t i = 0; i < c->argc; i++) {
		char *word = c->argv[i];

		if (*word != '%')
			continue;
		c->argv[i] = c->argv[--c->argc];
		return c->argv[c->argc] = word;
	}
	return NULL;
}

/* ---- of the image's own command ---- */

static void
tail_server(void *arg, int fd, const void *p, size_t n)
{
	const struct step_record r = {
	    .flags = fd == 2 ? STEP_LOG_STDERR : 0, .p = p, .n = n};

	tail_add(arg, &r);
}

static void
follow_server(void *arg, int fd, const void *p, size_t n)
{
	const struct following *f = arg;

	if (f->wanted->want[fd == 2])
		call_program(f->call, fd, p, n);
}

static bool
wants_server(const struct call *c)
{
	return call_has(c, "follow") || call_has(c, "since") ||
	       call_has(c, "server");
}

static int
server_logs(struct call *c, struct tail *t)
{
	struct following f = {c, t};
	bool follow = call_has(c, "follow");
	struct box_log log = {.follow = follow,
	    .timestamps = call_has(c, "timestamps"),
	    .tail = t->max,
	    .out = follow ? follow_server : tail_server,
	    .arg = follow ? (void *)&f : t};
	int rc;

	if (check_follow(c))
		return -1;
	if (call_has(c, "since"))
		log.since_ms =
		    clock_wall_ms() - (int64_t)call_ms(c, "since", 0);
	if (c->host->need_env(c, NULL))
		return -1;
	rc = box_service_log(c->env->box, &log, &c->err);
	if (!rc && !follow) {
		tail_finish(t);
		show_tail(c, t, 0);
	}
	return rc;
}

/* What run -d has started writes into the log of whoever waits for it. */
static void
note_job(struct call *c, unsigned step)
{
	autoerr struct err ignored = ERR_INIT;
	autojson json *j = steps_load(c->session->steps, step, &ignored);
	long long job = json_int(json_get(j, "result"), "job", 0);

	if (job)
		call_note(c, "@%u started job %lld:  logs %%%lld  shows what "
		    "it writes", step, job, job);
}

static int
logs_exec(struct call *c)
{
	struct session *s = c->session;
	struct tail t = {.open = {{.err = false, .text = STRBUF_INIT},
			     {.err = true, .text = STRBUF_INIT}},
	    .want = {!call_has(c, "stderr"), !call_has(c, "stdout")}};
	unsigned step = 0, number;
	const char *job = take_job(c);
	int rc;

	if (call_has(c, "stderr") && call_has(c, "stdout"))
		t.want[0] = t.want[1] = true;
	if ((job && job_parse(job, &number, &c->err)) ||
	    parse_operands(c, &t.max, &step))
		return -1;
	t.max = call_int(c, "tail", t.max);
	if (call_has(c, "tail") && !t.max)
		return err_set(&c->err, ERR_USAGE,
		    "--tail 0: lines count from 1");
	if (step && wants_server(c))
		return err_set(&c->err, ERR_USAGE, "@%u has ended: a server's "
		    "output or a job's (%%1) can be followed", step);
	if (job || wants_server(c)) {
		rc = job ? job_logs(c, &t, number) : server_logs(c, &t);
		tail_release(&t);
		return rc;
	}
	step = step ? step : steps_last_log(s->steps);
	if (!step)
		return no_log(c);
	rc = steps_read_log(s->steps, step, tail_add, &t, &c->err);
	if (!rc) {
		tail_finish(&t);
		show_tail(c, &t, step);
		if (!t.n)
			note_job(c, step);
	}
	tail_release(&t);
	return rc;
}

static const struct opt logs_opts[] = {
    OPT_FLAG(0, "stdout", "that stream only"),
    OPT_FLAG(0, "stderr", "that stream only"),
    OPT_INT('n', "tail", "N", "as N alone: how many of the last lines"),
    OPT_FLAG('t', "timestamps",
	"the time before each line: seconds since the step began"),
    OPT_FLAG(0, "server", "of the image's own command: env new --image-cmd"),
    OPT_FLAG('f', "follow",
	"the server's or the job's, and what it writes from now on"),
    OPT_TIME(0, "since", "the server's, of the last TIME only"),
    OPT_END,
};

const struct cmd cmd_logs = {
    .name = "logs",
    .summary = "the output of the last run or build, or of a step",
    .help = "Both streams in the order in which their lines came; those of "
	    "stderr are marked with \"! \".  N is how many of the last lines, "
	    "@K the number of the step.\n"
	    "%J stands for job J of the environment: what it has written so "
	    "far, and with -f until it has ended.\n"
	    "In an environment of --image-cmd --server, -f and --since show "
	    "what the server writes; Ctrl-C ends -f.",
    .examples = "logs 50\nlogs @3 --stderr\nlogs -f %1\nlogs -f --since 10m",
    .opts = logs_opts,
    .args = {ARG_OPTIONAL("N", COMP_STEP), ARG_OPTIONAL("@K", COMP_STEP)},
    .flags = CMD_NO_STEP | CMD_PAGEABLE,
    .exec = logs_exec,
};

/* What a build came to, step by step. */
static void
show_build(struct call *c, const json *result)
{
	const json *step, *tag;

	call_text(c, "%s by %s\n", json_str(result, "status", ""),
	    json_str(result, "builder", ""));
	json_each (step, json_get(result, "steps")) {
		autobuf struct strbuf time = STRBUF_INIT;

		units_add_duration(&time, json_int(step, "duration_ms", 0));
		call_text(c, "[%lld] %s  %s, %s\n",
		    (long long)json_int(step, "step", 0),
		    json_str(step, "instruction", ""),
		    json_str(step, "status", ""), time.buf);
	}
	json_each (tag, json_get(result, "tags"))
		call_text(c, "%s\n",
		    cJSON_IsString(tag) ? tag->valuestring : "");
}

/* The command with its heredoc, each line of which is indented. */
static void
show_command(struct call *c, const json *j)
{
	const char *line = json_str(j, "input", "");

	call_text(c, "@%lld %s\n", (long long)json_int(j, "step", 0),
	    json_str(j, "command", ""));
	while (*line) {
		size_t n = strcspn(line, "\n");

		call_text(c, "  | %.*s\n", (int)n, line);
		line += n + (line[n] == '\n');
	}
	if (json_bool(j, "input_truncated", false))
		call_text(c, "  ... (not kept) ...\n");
}

/* Of a step that has not come to its end. */
static void
show_unfinished(struct call *c, const json *j)
{
	const char *state = json_str(j, "state", "");

	show_command(c, j);
	if (!strcmp(state, "damaged"))
		call_text(c, "damaged: its record cannot be read\n");
	else
		call_text(c, "%s, process %lld, %s\n", state,
		    (long long)json_int(j, "process", 0),
		    json_str(j, "started", ""));
}

static void
show_step(struct call *c, const json *j)
{
	const json *result = json_get(j, "result");
	autobuf struct strbuf time = STRBUF_INIT;
	const char *message = json_str(result, "message", NULL);
	const char *hint = json_str(result, "hint", NULL);

	if (!cJSON_IsNumber(json_get(j, "status"))) {
		show_unfinished(c, j);
		return;
	}
	units_add_duration(&time, json_int(j, "duration_ms", 0));
	show_command(c, j);
	call_text(c, "status %lld, %s, %s\n",
	    (long long)json_int(j, "status", 0), time.buf,
	    json_str(j, "started", ""));
	if (json_get(result, "steps"))
		show_build(c, result);
	else if (json_str(result, "status", NULL))
		call_text(c, "%s: %lld bytes of stdout, %lld of stderr%s\n",
		    json_str(result, "status", ""),
		    (long long)json_int(result, "stdout_bytes", 0),
		    (long long)json_int(result, "stderr_bytes", 0),
		    json_bool(result, "stdout_truncated", false) ||
			    json_bool(result, "stderr_truncated", false)
			? ", cut"
			: "");
	if (!result) {
		message = json_str(json_get(j, "error"), "message", NULL);
		hint = json_str(json_get(j, "error"), "hint", NULL);
	}
	if (message)
		call_text(c, "%s\n", message);
	if (hint)
		call_text(c, "  %s\n", hint);
}

static int
show_exec(struct call *c)
{
	struct session *s = c->session;
	unsigned step = steps_last(s->steps);
	size_t lines = 0;
	json *j;

	if (parse_operands(c, &lines, &step))
		return -1;
	if (lines)
		return err_set(&c->err, ERR_USAGE,
		    "a step is written @%zu", lines);
	if (!step)
		return no_log(c);
	j = steps_load_whole(s->steps, step, &c->err);
	if (!j)
		return -1;
	show_step(c, j);
	call_set_data(c, j);
	return 0;
}

const struct cmd cmd_show = {
    .name = "show",
    .summary = "what a step was and what it came to",
    .help = "Without @K the last one.  With --json the whole record.",
    .examples = "show @3",
    .args = {ARG_OPTIONAL("@K", COMP_STEP)},
    .flags = CMD_NO_STEP | CMD_PAGEABLE,
    .exec = show_exec,
};

/* What `show` has and a list has not. */
static const char *const only_shown[] = {
    "result", "error", "input", "input_b64", "input_truncated", "about",
    "shown", NULL};

static void
history_row(struct call_table *t, const json *j)
{
	autofree char *number =
	    xasprintf("@%lld", (long long)json_int(j, "step", 0));
	bool ended = cJSON_IsNumber(json_get(j, "status"));
	autofree char *status =
	    ended ? xasprintf("%lld", (long long)json_int(j, "status", 0))
		  : xstrdup(json_str(j, "state", ""));
	autobuf struct strbuf time = STRBUF_INIT;
	json *data = json_copy(j);

	if (ended)
		units_add_duration(&time, json_int(j, "duration_ms", 0));
	const char *cells[] = {
	    number, status, time.buf, json_str(j, "command", "")};

	for (size_t i = 0; only_shown[i]; i++)
		json_remove(data, only_shown[i]);
	call_table_row(t, cells, data);
}

static int
history_exec(struct call *c)
{
	static const struct column cols[] = {{"step", "STEP", true, 0},
	    {"status", "STATUS", true, 0}, {"time", "TIME", true, 1},
	    {"command", "COMMAND", false, 0}};
	struct session *s = c->session;
	struct call_table *t =
	    call_table_new(c, "steps", cols, ARRAY_SIZE(cols));
	unsigned last = steps_last(s->steps), first = 1;
	size_t lines = 0;
	int rc = parse_operands(c, &lines, NULL);

	if (lines && lines < last)
		first = last - lines + 1;
	for (unsigned n = first; !rc && n <= last; n++) {
		autoerr struct err ignored = ERR_INIT;
		autojson json *j = steps_load(s->steps, n, &ignored);

		if (j)
			history_row(t, j);
	}
	call_table_end(t);
	return rc;
}

const struct cmd cmd_history = {
    .name = "history",
    .summary = "the steps of this session",
    .examples = "history 10",
    .args = {ARG_OPTIONAL("N", COMP_NONE)},
    .flags = CMD_NO_STEP | CMD_PAGEABLE,
    .exec = history_exec,
};
