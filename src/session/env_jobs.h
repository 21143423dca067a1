/*
 * The jobs of an environment as a session sees them: what the environment
 * itself knows (sandbox/jobs.h), with what `run -d` wrote into their labels, and
 * which of them ran when this process looked last.
 */
#ifndef ADDESH_SESSION_ENV_JOBS_H
#define ADDESH_SESSION_ENV_JOBS_H

#include "session/result.h"
#include "session/session.h"

struct env_job {
	unsigned number;
	int64_t started_ms; /* wall clock; 0: not known */
	char *command;	    /* hostile: anybody in there may have made it */
	bool running;
	struct result r;    /* what is known of it so far */
};

struct env_jobs {
	struct env_job *v;
	size_t n, cap;
};
#define ENV_JOBS_INIT {.v = NULL}

/*
 * Asks for them, in the order of their numbers.  The caller frees them whatever
 * is returned.
 */
int env_jobs_list(struct env *env, struct env_jobs *jobs, struct err *err);
void env_jobs_release(struct env_jobs *jobs);
const struct env_job *env_jobs_find(
    const struct env_jobs *jobs, unsigned number);
/* "running", "exit 3", "killed (TERM)". */
void env_job_state(const struct env_job *job, struct strbuf *sb);

/* The label of one that is started now. */
char *env_job_label(const char *command);

/* One was started, or is known to run. */
void env_job_runs(struct session *s, struct env *env, unsigned number);
/* Nothing need be said of it any more. */
void env_job_forget(struct env *env, unsigned number);
/* The step that is open has its result: it is forgotten where it ran when the
   command has ended. */
void env_job_waited(struct env *env, unsigned number);
/* That is now. */
void env_jobs_settle(struct env *env);
/* Of those that ran: takes out what does not any more, in the order in which
   they were started.  NULL: nothing of that kind is left; else borrowed. */
const struct env_job *env_jobs_ended(
    struct env *env, const struct env_jobs *jobs);

#endif
