/*
 * The record of one run: the same for a person, a program, the log and a
 * session file.  Its JSON form is documented in addesh-json(5).
 */
#ifndef ADDESH_SESSION_RESULT_H
#define ADDESH_SESSION_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "base/strvec.h"
#include "sandbox/box.h"

enum run_status {
	RUN_COMPLETED, /* exit status 0 */
	RUN_FAILED,    /* it ended otherwise by itself, or could not start */
	RUN_ERROR,     /* addesh or the sandbox failed */
	RUN_TIMEOUT,
	RUN_OOM,
	RUN_REFUSED,   /* by the policy; nothing ran */
};

struct result {
	char *id; /* of this run, unique */
	unsigned step; /* its number */
	unsigned job;  /* of what runs, or ran, in the background; else 0 */
	int64_t started_ms; /* wall clock */
	enum run_status status;
	int exit_code; /* always: 128+n by signal n, 124 at the time limit */
	int signal;    /* number, 0: none */
	int exec_errno; /* why it never started, 0: it did */
	bool timed_out, oom_killed, cancelled, lost;
	bool oom_unknown; /* no counter here: oom_killed says nothing */
	bool stdout_truncated, stderr_truncated;
	uint64_t stdout_bytes, stderr_bytes; /* that the program wrote */
	uint64_t wall_us, user_us, sys_us;
	uint64_t memory_peak; /* bytes */
	uint64_t largest; /* bytes, of one process; 0: not known */
	uint64_t leftovers;
	uint64_t files; /* so many that they were too much; else 0 */
	uint64_t disk_used; /* the workspace grew beyond its limit; else 0 */
	char *lost_why; /* or NULL */
	json *limits; /* {"applied":{},"not_applied":[]} */
	json *events; /* [{"t_ms","phase","text"}] */
	json *diagnosis; /* object, or NULL */
	struct err note; /* what a person is told: sentence and remedy;
			    ERR_NONE if there is nothing to say */
};

void result_init(struct result *r); /* draws the id, takes the time */
void result_release(struct result *r);

/* Adds something that happened, at the present time. */
void result_event(struct result *r, const char *phase, const char *text);
/* Takes over a verdict; of several phases the last one counts, times add up. */
void result_verdict(struct result *r, const struct verdict *v);
/* What the environment's limits are, as read back from inside. */
void result_limits(struct result *r, const struct box *box);
void result_diagnose(
    struct result *r, const char *kind, const char *suggestion);

/* "completed", "failed", ... */
const char *run_status_name(enum run_status status);
/* "KILL" for 9; "64" for one without a name. */
const char *signal_name(int signal);
/* 9 for "KILL", "SIGKILL" and "9"; -1: there is none of that name. */
int signal_number(const char *name);
/*
 * The object of addesh-json(5).  out and err are what was kept of the streams;
 * either may be NULL, then the fields are absent.
 */
json *result_json(const struct result *r, const struct strbuf *out,
    const struct strbuf *err);
/* "exit 1 in 0.21s, 18 MB", "stopped after 1.01s, 8 MB: the time limit is 1s
   (-t)": one line, the note's message included. */
void result_summary(const struct result *r, struct strbuf *sb);

#endif
