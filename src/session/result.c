#include "session/result.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/units.h"

static const char *const status_names[] = {
    [RUN_COMPLETED] = "completed",
    [RUN_FAILED] = "failed",
    [RUN_ERROR] = "error",
    [RUN_TIMEOUT] = "timeout",
    [RUN_OOM] = "oom",
    [RUN_REFUSED] = "refused",
};

const char *
run_status_name(enum run_status status)
{
	return status_names[status];
}

/* sigabbrev_np(3) would do, but musl does not have it. */
static const char *const signal_names[] = {
    [SIGHUP] = "HUP",	  [SIGINT] = "INT",	[SIGQUIT] = "QUIT",
    [SIGILL] = "ILL",	  [SIGTRAP] = "TRAP",	[SIGABRT] = "ABRT",
    [SIGBUS] = "BUS",	  [SIGFPE] = "FPE",	[SIGKILL] = "KILL",
    [SIGUSR1] = "USR1",	  [SIGSEGV] = "SEGV",	[SIGUSR2] = "USR2",
    [SIGPIPE] = "PIPE",	  [SIGALRM] = "ALRM",	[SIGTERM] = "TERM",
    [SIGCHLD] = "CHLD",	  [SIGCONT] = "CONT",	[SIGSTOP] = "STOP",
    [SIGTSTP] = "TSTP",	  [SIGTTIN] = "TTIN",	[SIGTTOU] = "TTOU",
    [SIGURG] = "URG",	  [SIGXCPU] = "XCPU",	[SIGXFSZ] = "XFSZ",
    [SIGVTALRM] = "VTALRM", [SIGPROF] = "PROF", [SIGWINCH] = "WINCH",
    [SIGIO] = "IO",	  [SIGPWR] = "PWR",	[SIGSYS] = "SYS",
};

const char *
signal_name(int signal)
{
	static char number[16];

	if (signal > 0 && (size_t)signal < ARRAY_SIZE(signal_names) &&
	    signal_names[signal])
		return signal_names[signal];
	snprintf(number, sizeof(number), "%d", signal);
	return number;
}

int
signal_number(const char *name)
{
	size_t n = strspn(name, "0123456789");

	if (n > 0 && n < 3 && !name[n])
		return strtol(name, NULL, 10) < 65 ? (int)strtol(name, NULL, 10)
						   : -1;
	if (!strncasecmp(name, "SIG", 3))
		name += 3;
	for (size_t i = 1; i < ARRAY_SIZE(signal_names); i++)
		if (signal_names[i] && !strcasecmp(name, signal_names[i]))
			return (int)i;
	return -1;
}

void
result_init(struct result *r)
{
	*r = (struct result){.note = ERR_INIT};
	r->id = io_random_hex(8);
	r->started_ms = clock_wall_ms();
	r->events = json_array();
}

void
result_release(struct result *r)
{
	free(r->id);
	free(r->lost_why);
	json_free(r->limits);
	json_free(r->events);
	json_free(r->diagnosis);
	err_clear(&r->note);
	*r = (struct result){.note = ERR_INIT};
}

void
result_event(struct result *r, const char *phase, const char *text)
{
	json *e = json_object();

	json_put_int(e, "t_ms", clock_wall_ms() - r->started_ms);
	json_put_str(e, "phase", phase);
	json_put_str(e, "text", text);
	json_push(r->events, e);
}

/* The order of the questions decides: a run that was stopped at its deadline
   may also have been killed by a signal, and says 124 and not 137. */
static void
classify(struct result *r, const struct verdict *v)
{
	r->status = RUN_FAILED;
	if (v->lost) {
		r->status = RUN_ERROR;
		r->exit_code = 125;
	} else if (v->cancelled) {
		r->exit_code = 130;
	} else if (v->timed_out) {
		r->status = RUN_TIMEOUT;
		r->exit_code = 124;
	} else if (v->exec_errno) {
		r->exit_code = v->exec_errno == ENOENT ? 127 : 126;
	} else if (v->signal) {
		r->exit_code = 128 + v->signal;
	} else if (v->disk_used) {
		r->exit_code = 128 + SIGKILL; /* it was too quick for that */
	} else {
		r->exit_code = v->exit_code;
		if (!v->exit_code)
			r->status = RUN_COMPLETED;
	}
	if (r->oom_killed && r->status == RUN_FAILED && !v->cancelled)
		r->status = RUN_OOM;
}

void
result_verdict(struct result *r, const struct verdict *v)
{
	r->signal = v->signal;
	r->exec_errno = v->exec_errno;
	r->timed_out = v->timed_out;
	r->oom_killed = v->oom == OOM_YES;
	r->oom_unknown = v->oom == OOM_UNKNOWN;
	r->cancelled = v->cancelled;
	r->lost = v->lost;
	if (v->lost) {
		free(r->lost_why);
		r->lost_why = xstrdup(v->why.buf);
	}
	r->disk_used = v->disk_used;
	r->files = v->files;
	r->stdout_truncated |= v->out_truncated;
	r->stderr_truncated |= v->err_truncated;
	r->stdout_bytes += v->out_bytes;
	r->stderr_bytes += v->err_bytes;
	r->wall_us += v->wall_us;
	r->user_us += v->user_us;
	r->sys_us += v->sys_us;
	r->leftovers += v->leftovers;
	if (v->maxrss_kb * 1024 > r->largest)
		r->largest = v->maxrss_kb * 1024;
	if (v->peak > r->memory_peak)
		r->memory_peak = v->peak;
	else if (!v->peak && v->maxrss_kb * 1024 > r->memory_peak)
		r->memory_peak = v->maxrss_kb * 1024;
	classify(r, v);
}

static json *
gap_json(const struct limit_gap *gap)
{
	json *j = json_object();

	json_put_str(j, "name", gap->name);
	json_put_str(j, "asked", gap->asked);
	json_put_str(j, "got", gap->got);
	json_put_bool(j, "weak", gap->weak);
	json_put_str(j, "why", gap->why);
	return j;
}

void
result_limits(struct result *r, const struct box *box)
{
	const struct strvec *limits = box_limits(box);
	json *applied = json_object(), *missing = json_array();
	const struct limit_gap *gaps;
	size_t n;

	for (size_t i = 0; i < limits->n; i++) {
		size_t name = strcspn(limits->v[i], "=");
		autofree char *key = xstrndup(limits->v[i], name);

		json_put_str(applied, key, limits->v[i] + name + 1);
	}
	gaps = box_gaps(box, &n);
	for (size_t i = 0; i < n; i++)
		json_push(missing, gap_json(&gaps[i]));
	json_free(r->limits);
	r->limits = json_object();
	json_put(r->limits, "applied", applied);
	json_put(r->limits, "not_applied", missing);
}

void
result_diagnose(struct result *r, const char *kind, const char *suggestion)
{
	json_free(r->diagnosis);
	r->diagnosis = json_object();
	json_put_str(r->diagnosis, "kind", kind);
	if (suggestion)
		json_put_str(r->diagnosis, "suggestion", suggestion);
}

static void
put_outcome(json *j, const struct result *r)
{
	autofree char *time = xasprintf("%.2fs", (double)r->wall_us / 1e6);

	json_put_str(j, "execution_time", time);
	json_put_str(j, "signal", r->signal ? signal_name(r->signal) : NULL);
	json_put_bool(j, "timed_out", r->timed_out);
	json_put_bool(j, "oom_killed", r->oom_killed);
	json_put_bool(j, "cancelled", r->cancelled);
	json_put_bool(j, "environment_lost", r->lost);
	json_put_bool(j, "stdout_truncated", r->stdout_truncated);
	json_put_bool(j, "stderr_truncated", r->stderr_truncated);
	json_put_int(j, "stdout_bytes", (int64_t)r->stdout_bytes);
	json_put_int(j, "stderr_bytes", (int64_t)r->stderr_bytes);
	json_put_int(j, "duration_ms", (int64_t)(r->wall_us / 1000));
	json_put_int(j, "user_ms", (int64_t)(r->user_us / 1000));
	json_put_int(j, "sys_ms", (int64_t)(r->sys_us / 1000));
	json_put_int(j, "memory_peak", (int64_t)r->memory_peak);
	json_put_int(j, "leftover_processes", (int64_t)r->leftovers);
}

json *
result_json(const struct result *r, const struct strbuf *out,
    const struct strbuf *err)
{
	json *j = json_object();
	char when[32];

	clock_format_utc(r->started_ms, when);
	json_put_str(j, "id", r->id);
	if (r->job)
		json_put_int(j, "job", r->job);
	json_put_str(j, "status", run_status_name(r->status));
	json_put_str(j, "started", when);
	json_put_int(j, "exit_code", r->exit_code);
	if (out)
		json_put_bytes(j, "stdout", out->buf, out->len);
	if (err)
		json_put_bytes(j, "stderr", err->buf, err->len);
	put_outcome(j, r);
	if (r->limits)
		json_put(j, "limits", json_copy(r->limits));
	json_put(j, "events", json_copy(r->events));
	if (r->diagnosis)
		json_put(j, "diagnosis", json_copy(r->diagnosis));
	if (r->note.kind != ERR_NONE) {
		autobuf struct strbuf line = STRBUF_INIT;

		/* As it is said to people: the note alone begins in the middle
		   of a sentence. */
		result_summary(r, &line);
		json_put_str(j, "message", line.buf);
		if (r->note.hint.len)
			json_put_str(j, "hint", r->note.hint.buf);
	}
	return j;
}

void
result_summary(const struct result *r, struct strbuf *sb)
{
	if (r->status == RUN_REFUSED) {
		strbuf_addf(sb, "refused: %s", r->note.msg.buf);
		return;
	}
	if (r->lost)
		strbuf_adds(sb, "environment lost after ");
	else if (r->cancelled && r->job) /* by kill: Ctrl-C ends no job */
		strbuf_adds(sb, "killed after ");
	else if (r->cancelled)
		strbuf_adds(sb, "interrupted after ");
	else if (r->timed_out)
		strbuf_adds(sb, "stopped after ");
	else if (r->oom_killed)
		strbuf_adds(sb, "out of memory after ");
	else if (r->signal)
		strbuf_addf(sb, "killed by %s after ", signal_name(r->signal));
	else
		strbuf_addf(sb, "exit %d in ", r->exit_code);
	units_add_duration(sb, r->wall_us / 1000);
	if (r->memory_peak && r->status != RUN_OOM) { /* the note has it */
		strbuf_adds(sb, ", ");
		units_add_size(sb, r->memory_peak);
	}
	if (r->stdout_truncated || r->stderr_truncated)
		strbuf_adds(sb, ", output cut");
	if (r->leftovers)
		strbuf_addf(sb, ", %llu left-over process%s killed",
		    (unsigned long long)r->leftovers,
		    r->leftovers == 1 ? "" : "es");
	if (r->note.kind != ERR_NONE)
		strbuf_addf(sb, ": %s", r->note.msg.buf);
}
