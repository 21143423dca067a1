#include "session/env_jobs.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mask.h"
#include "sandbox/jobs.h"
#include "session/session_impl.h"

/* ---- what there is ---- */

/* "MILLISECONDS COMMAND", or a foreign one. */
static void
take_label(struct env_job *job, const char *label)
{
	char *end;

	job->started_ms = strtoll(label, &end, 10);
	if (end == label || *end != ' ' || job->started_ms < 0)
		job->started_ms = 0;
	else
		label = end + 1;
	job->command = xstrdup(label);
}

char *
env_job_label(const char *command)
{
	autobuf struct strbuf kept = STRBUF_INIT;

	mask_secrets(&kept, command, strlen(command));
	return xasprintf("%lld %s", (long long)clock_wall_ms(), kept.buf);
}

static void
on_job(void *arg, const struct job *job)
{
	struct env_jobs *jobs = arg;
	struct env_job *j;

	GROW(jobs->v, jobs->n, &jobs->cap);
	j = &jobs->v[jobs->n++];
	memset(j, 0, sizeof(*j));
	j->number = job->number;
	j->running = job->running;
	take_label(j, job->label);
	result_init(&j->r);
	j->r.job = job->number;
	result_verdict(&j->r, job->v);
}

int
env_jobs_list(struct env *env, struct env_jobs *jobs, struct err *err)
{
	*jobs = (struct env_jobs)ENV_JOBS_INIT;
	return job_list(env->box, on_job, jobs, err);
}

void
env_jobs_release(struct env_jobs *jobs)
{
	for (size_t i = 0; i < jobs->n; i++) {
		result_release(&jobs->v[i].r);
		free(jobs->v[i].command);
	}
	free(jobs->v);
}

const struct env_job *
env_jobs_find(const struct env_jobs *jobs, unsigned number)
{
	for (size_t i = 0; i < jobs->n; i++)
		if (jobs->v[i].number == number)
			return &jobs->v[i];
	return NULL;
}

void
env_job_state(const struct env_job *job, struct strbuf *sb)
{
	const struct result *r = &job->r;

	if (job->running)
		strbuf_adds(sb, "running");
	else if (r->timed_out)
		strbuf_adds(sb, "timeout");
	else if (r->status == RUN_OOM)
		strbuf_adds(sb, "out of memory");
	else if (r->disk_used)
		strbuf_adds(sb, "disk full");
	else if (r->signal)
		strbuf_addf(sb, "killed (%s)", signal_name(r->signal));
	else
		strbuf_addf(sb, "exit %d", r->exit_code);
}

/* ---- what ran when it was looked at ---- */

static size_t
find_running(const struct env *env, unsigned number)
{
	size_t i = 0;

	while (i < env->nrunning && env->running[i] != number)
		i++;
	return i;
}

/* Who comes later to a kept one looks for jobs only if there may be some. */
void
env_job_runs(struct session *s, struct env *env, unsigned number)
{
	autoerr struct err ignored = ERR_INIT;

	if (find_running(env, number) == env->nrunning &&
	    env->nrunning < ENV_RUNNING_MAX)
		env->running[env->nrunning++] = number;
	if (env->jobs)
		return;
	env->jobs = true;
	if (env->id)
		session_env_save(s, env, &ignored);
}

void
env_job_forget(struct env *env, unsigned number)
{
	size_t i = find_running(env, number);

	if (i == env->nrunning)
		return;
	env->nrunning--;
	memmove(env->running + i, env->running + i + 1,
	    (env->nrunning - i) * sizeof(*env->running));
}

void
env_job_waited(struct env *env, unsigned number)
{
	env_job_forget(env, number);
	if (env->nwaited < ENV_RUNNING_MAX)
		env->waited[env->nwaited++] = number;
}

void
env_jobs_settle(struct env *env)
{
	autoerr struct err ignored = ERR_INIT;

	for (size_t i = 0; i < env->nwaited && box_connected(env->box); i++)
		job_forget(env->box, env->waited[i], &ignored);
	env->nwaited = 0;
}

const struct env_job *
env_jobs_ended(struct env *env, const struct env_jobs *jobs)
{
	for (size_t i = 0; i < env->nrunning;) {
		const struct env_job *j = env_jobs_find(jobs, env->running[i]);

		if (j && j->running) {
			i++;
			continue;
		}
		env_job_forget(env, env->running[i]);
		/* One that is not there was waited for elsewhere. */
		if (j)
			return j;
	}
	return NULL;
}
