/*
 * Programs that run in the background of an environment, called jobs: they go
 * on while other commands run and when the client is gone, until they end by
 * themselves or with the environment.  Their numbers are the environment's own,
 * from 1.  As in box.h, a call waits on the loop and prints nothing.
 */
#ifndef ADDESH_SANDBOX_JOBS_H
#define ADDESH_SANDBOX_JOBS_H

#include "sandbox/box.h"

/* What is kept of a label, in bytes. */
#define JOB_LABEL_MAX 4096

struct job {
	unsigned number;
	const char *label; /* hostile: who else is a client may have set it */
	bool running;	   /* then v has wall_us and the bytes so far only */
	const struct verdict *v;
};
typedef void job_fn(void *arg, const struct job *job);

/*
 * Starts a program, whose stdin must be STDIN_NONE; timeout_ms counts for it,
 * output_max is bounded by the runner.  0: *number is its number, or 0 if it
 * was not executed, which v tells.  -1: nothing ran; with code EOPNOTSUPP it
 * cannot be done in this environment, with EUSERS there are too many.
 */
int job_start(struct box *box, const struct run_spec *run, const char *label,
    unsigned *number, struct verdict *v, struct err *err);
/* Calls fn for each, in the order of their numbers; all is valid during the
   call only. */
int job_list(struct box *box, job_fn *fn, void *arg, struct err *err);
/*
 * What is kept of its output, and with follow what comes until it has ended.
 * *running: it has not, and v has no end.  Ctrl-C ends the call, and not the
 * job, with ERR_INTERRUPTED.
 */
int job_output(struct box *box, unsigned number, bool follow,
    const struct box_sink *sink, bool *running, struct verdict *v,
    struct err *err);
/* signal 0: it is asked to end as at a time limit, then killed. */
int job_kill(struct box *box, unsigned number, int signal, struct err *err);
/* One that has ended. */
int job_forget(struct box *box, unsigned number, struct err *err);

#endif
