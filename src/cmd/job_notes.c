#include "cmd/job_notes.h"

#include <string.h>

#include "base/sanitise.h"
#include "base/units.h"
#include "cmd/host.h"
#include "cmd/output.h"
#include "cmd/patience.h"
#include "session/env_jobs.h"

#define PROMPT_MS 500
#define RESUME_MS 2000

/* False: it cannot be had in time. */
static bool
list_in_passing(struct host *h, struct env *env, int64_t ms,
    struct env_jobs *jobs)
{
	autoerr struct err ignored = ERR_INIT;
	struct patience p;
	bool done;

	*jobs = (struct env_jobs)ENV_JOBS_INIT;
	patience_begin(&p, h, ms);
	done = patience_reach(&p, env) && !env_jobs_list(env, jobs, &ignored);
	patience_end(&p);
	return done;
}

/* On a terminal the line is not wrapped. */
static void
tell_line(struct output *o, struct strbuf *text)
{
	autobuf struct strbuf safe = STRBUF_INIT;
	struct sanitiser plain = {0};

	strbuf_truncate(text, strcspn(text->buf, "\n"));
	sanitise_add(&plain, &safe, text->buf, text->len);
	sanitise_end(&plain, &safe);
	output_line(o, safe.buf);
}

/* "job 1 has ended: exit 3 in 2.0s: run -d server.py" */
static void
tell_ended(struct host *h, struct output *o, const struct env *env,
    const struct env_job *job)
{
	autobuf struct strbuf text = STRBUF_INIT;

	strbuf_addf(&text, "job %u", job->number);
	if (env != h->session->current)
		strbuf_addf(&text, " of %s", env->spec.name);
	strbuf_adds(&text, " has ended: ");
	env_job_state(job, &text);
	strbuf_adds(&text, " in ");
	units_add_duration(&text, job->r.wall_us / 1000);
	strbuf_addf(&text, ": %s", job->command);
	tell_line(o, &text);
}

static bool
tells(const struct host *h, const struct output *o)
{
	return h->session && o->mode == OUTPUT_TEXT && !o->quiet;
}

static void
look(struct host *h, struct output *o, struct env *env)
{
	const struct env_job *job;
	struct env_jobs jobs;

	if (!env->id && (!env->box || !box_alive(env->box)))
		env->nrunning = 0; /* they went with it */
	if (!env->nrunning || !env->box || !box_connected(env->box))
		return;
	if (list_in_passing(h, env, PROMPT_MS, &jobs))
		while ((job = env_jobs_ended(env, &jobs)))
			if (tells(h, o))
				tell_ended(h, o, env, job);
	env_jobs_release(&jobs);
}

void
job_notes_tell(struct host *h, struct output *o)
{
	for (size_t i = 0; h->session && i < h->session->nenvs; i++)
		look(h, o, h->session->envs[i]);
}

static void
add_counts(struct strbuf *line, const struct env *env, size_t running,
    size_t ended)
{
	strbuf_addf(line, ", jobs in %s: ", env->spec.name);
	if (running)
		strbuf_addf(line, "%zu running", running);
	if (ended)
		strbuf_addf(line, "%s%zu ended", running ? ", " : "", ended);
}

void
job_notes_resumed(struct host *h, struct strbuf *line)
{
	struct session *s = h->session;

	for (size_t i = 0; i < s->nenvs; i++) {
		struct env *env = s->envs[i];
		struct env_jobs jobs = ENV_JOBS_INIT;
		size_t running = 0;

		if (env->jobs)
			list_in_passing(h, env, RESUME_MS, &jobs);
		for (size_t k = 0; k < jobs.n; k++) {
			running += jobs.v[k].running;
			if (jobs.v[k].running)
				env_job_runs(s, env, jobs.v[k].number);
		}
		if (jobs.n)
			add_counts(line, env, running, jobs.n - running);
		env_jobs_release(&jobs);
	}
}

static size_t
count_running(const struct session *s, bool kept, struct strbuf *names)
{
	size_t n = 0;

	for (size_t i = 0; s && i < s->nenvs; i++) {
		const struct env *env = s->envs[i];

		if (!env->nrunning || (env->id != NULL) != kept)
			continue;
		n += env->nrunning;
		strbuf_addf(names, "%s%s", names->len ? ", " : "",
		    env->spec.name);
	}
	return n;
}

int
job_notes_leave(struct host *h, struct output *o, struct err *err)
{
	autobuf struct strbuf names = STRBUF_INIT, kept = STRBUF_INIT;
	bool warned = h->warned && h->lines - h->warned <= 1;
	size_t n;

	job_notes_tell(h, o);
	n = count_running(h->session, false, &names);
	if (n && !warned) {
		h->warned = h->lines;
		err_set(err, ERR_USAGE, "%zu job%s in %s would end with the "
		    "shell", n, n == 1 ? "" : "s", names.buf);
		return err_hint(err, "to end it all the same: once more      "
		    "to let jobs go on:  env keep");
	}
	n = count_running(h->session, true, &kept);
	if (n && tells(h, o)) {
		autofree char *text = xasprintf("%zu job%s go%s on in %s", n,
		    n == 1 ? "" : "s", n == 1 ? "es" : "", kept.buf);

		output_line(o, text);
	}
	return 0;
}
