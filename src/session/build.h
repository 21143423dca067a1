/*
 * Building an image in a session: what the policy says of the Dockerfile, the
 * base images, the builder, the context, and a record of what every step came
 * to.  `build` and the installing of dependencies are both this.
 */
#ifndef ADDESH_SESSION_BUILD_H
#define ADDESH_SESSION_BUILD_H

#include "engine/build.h"
#include "engine/progress.h"
#include "pack/context.h"
#include "project/dockerfile.h"
#include "session/own_image.h"
#include "session/session.h"


/* Of a step's output, what is kept to be shown if it fails: the end. */
#define BUILD_LOG_MAX (1u << 20)
/* Of a build's, what is kept as the step's log. */
#define BUILD_OUTPUT_MAX (UINT64_C(256) << 20)

/* What is to be built; everything is borrowed. */
struct build_plan {
	const char *root; /* directory of the context; NULL: only files */
	const struct context_file *files;
	size_t nfiles;
	const char *ignore; /* where the context has no .dockerignore; or NULL */
	const char *name; /* of the Dockerfile, for people */
	const char *text;
	size_t len;
	/* The same file in the context, or NULL: it is sent beside it. */
	const char *inside;
	const struct strvec *tags, *args;
	struct strvec labels; /* LABEL_IMAGE comes by itself */
	const char *kind;     /* its value: LABEL_IMAGE_* */
	const char *target, *platform; /* or NULL */
	bool no_cache, pull;
	bool trusted; /* the Dockerfile is our own: no findings */
	uint64_t timeout_ms, memory;
	bool network;
};

/* A step of the Dockerfile. */
struct build_record_step {
	unsigned n;    /* among all of its steps, from 1 */
	unsigned line; /* of the Dockerfile */
	char *stage;   /* name or number; "" if there is but one */
	size_t nstage; /* its number, from 0 */
	char *text;    /* "RUN pip install x" */
	/* FROM: what its image has of triggers (ONBUILD), of the record; or
	   NULL, also where the engine does not say. */
	const struct strvec *triggers;
	char *trigger; /* the one that the builder spoke of last: "ONBUILD RUN
			  make"; the classic one does not say; or NULL */
	bool seen;     /* the builder spoke of it */
	enum build_state state;
	int64_t began_ms, ended_ms; /* clock_ms(), 0: not yet; of its trigger,
				       if there is one, and before that: */
	int64_t before_ms;
	struct strbuf log; /* the end of it; empty once it succeeded */
	bool log_cut;
};

enum build_status {
	BUILD_COMPLETED,
	BUILD_UNSUCCESSFUL, /* a step, or the builder, failed */
	BUILD_TIMEOUT,
	BUILD_INTERRUPTED,
};

struct build_record {
	enum build_status status;
	struct build_record_step *steps;
	size_t n;
	/* Or that was on at the time limit; or NULL. */
	const struct build_record_step *failed;
	int exit_code;	 /* of the RUN that failed; 0: none */
	char *id;	 /* "sha256:...", NULL unless it completed */
	struct strvec tags;
	uint64_t size;
	int64_t duration_ms;
	char *builder;
	struct context_count context;
	struct strvec skipped; /* files of no kind that can be sent */
	struct strvec ignored; /* files of the plan that are ignored */
	bool own_ignore; /* by a .dockerignore of the context's own */
	struct strvec warnings;
	struct build_triggers {
		char *image;
		struct strvec texts; /* "RUN make" */
	} *triggers; /* of those that have some */
	size_t ntriggers;
	uint64_t memory; /* that each step may have; 0: no limit */
	struct err why; /* the builder's words, and a remedy */
};

void build_record_init(struct build_record *r);
void build_record_release(struct build_record *r);
json *build_record_json(const struct build_record *r);
/* "completed", "failed", "timeout", "interrupted". */
const char *build_status_name(enum build_status status);

/* What is told while it goes on; any may be NULL. */
struct build_watch {
	void (*note)(void *arg, const char *text); /* a line worth telling */
	void (*warn)(void *arg, const char *text); /* one of the record's */
	void (*pull)(void *arg, const char *image, const struct progress *p);
	void (*sent)(void *arg, uint64_t bytes);
	void (*cleaning)(void *arg); /* of struct build_events */
	/* A step began or ended. */
	void (*step)(void *arg, const struct build_record_step *step,
	    size_t total);
	void (*log)(void *arg, const struct build_record_step *step,
	    const void *p, size_t n);
	void *arg;
};

/*
 * 0: r says how it ended.  -1: nothing was sent to the builder (a Dockerfile
 * that is wrong or refused, a base image that cannot be had, an engine that is
 * not there).  The whole output is the log of the session's open step.
 */
int session_build(struct session *s, const struct build_plan *plan,
    const struct build_watch *watch, struct build_record *r, struct err *err);

/*
 * The name of a new image: one with '/' or ':' as it is given, any other in
 * agent-env:NAME-TIME; NULL with ERR_USAGE if that is no name.  The caller's.
 */
char *build_tag(const char *name, int64_t wall_us, struct err *err);

#endif
