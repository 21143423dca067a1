/*
 * Running one program in an environment: the phases of its language (compile,
 * run), its output into the step's log and to whoever watches, and the record
 * of how it ended, with a sentence and a remedy where it failed.
 */
#ifndef ADDESH_SESSION_EXECUTE_H
#define ADDESH_SESSION_EXECUTE_H

#include "session/result.h"
#include "session/session.h"

struct program {
	/* A file with its language, or (choice NULL) argv alone. */
	const struct language_choice *choice;
	const char *file; /* relative to the workspace, checked by
			     program_path_check() */
	const void *text; /* written there first; NULL: it is there */
	size_t len;
	struct strvec args; /* after the file; without one: argv */
	const struct strvec *env_below; /* those of the environment win; NULL:
					   none */
	struct strvec env;
	const char *cwd; /* NULL: the workspace */
	int stdin_fd;	 /* -1: empty input */
	uint64_t timeout_ms;
	const char *timeout_where; /* who set it: "run -t" */
	/* For who wants more: NULL is "timeout", or of a project what its runs
	   have, */
	const char *timeout_setting;
	const char *command; /* and "run" or "exec" */
	uint64_t output_max;	   /* 0: all of it is passed on */
	uint64_t log_max;	   /* kept per stream in the step's log */
	/* NULL: it is waited for; else it becomes a job of this label */
	const char *label;
};

#define PROGRAM_INIT                                                           \
	{.args = STRVEC_INIT, .env = STRVEC_INIT, .stdin_fd = -1}
void program_release(struct program *p);

/* ERR_USAGE unless file is a relative path without "..". */
int program_path_check(const char *file, struct err *err);

/*
 * 0: r says how it ended, or r->job that it goes on in the background.  -1:
 * nothing could be run.  Output goes to sink as it
 * comes and to the session's open step.
 */
int execute_program(struct session *s, struct env *env,
    const struct program *p, const struct box_sink *sink, struct result *r,
    struct err *err);

/*
 * What a job has written, as of a program that ran now.  Of p only log_max
 * counts.  ERR_INTERRUPTED: it goes on.
 */
int execute_collect(struct session *s, struct env *env,
    const struct program *p, unsigned job, const struct box_sink *sink,
    struct result *r, struct err *err);

#endif
