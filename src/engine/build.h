/*
 * Building images: the classic builder and BuildKit of Docker, and buildah
 * behind Podman's API, with one stream of events for the three.
 *
 * POST /build takes the context as a tar, which is sent while it is read.
 * BuildKit is asked for with version=2; without a session it takes the same
 * body, and tells its progress as {"id":"moby.buildkit.trace","aux":BASE64},
 * a StatusResponse of moby/buildkit's api/services/control/control.proto.
 */
#ifndef ADDESH_ENGINE_BUILD_H
#define ADDESH_ENGINE_BUILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/strvec.h"
#include "engine/engine.h"

enum builder_kind { BUILDER_CLASSIC, BUILDER_BUILDKIT, BUILDER_BUILDAH };

struct builder {
	enum builder_kind kind;
	/* What it can do with a plain tar and no session. */
	bool heredocs;	/* RUN <<EOF, COPY <<EOF */
	bool mounts;	/* RUN --mount=type=bind|cache|tmpfs */
	bool links;	/* COPY --link */
	bool limits;	/* memory is honoured */
	/* For people: "the classic builder of Docker 20.10.24". */
	char *title;
};

/* What DOCKER_BUILDKIT asks Docker's client for: unset, 1, 0. */
enum builder_wish { BUILDER_ANY, BUILDER_WANT_BUILDKIT, BUILDER_WANT_CLASSIC };

/*
 * The builder that the engine offers by itself (Builder-Version of GET
 * /_ping), or the one that is wished for.  Podman has only buildah.
 */
int builder_find(struct engine *e, enum builder_wish wish, struct builder *b,
    struct err *err);
void builder_release(struct builder *b);

struct build_spec {
	const struct builder *builder;
	const char *dockerfile; /* its path in the context */
	/* args, labels: NAME=VALUE; an ARG without a value is not sent. */
	struct strvec tags, args, labels;
	const char *target;   /* or NULL */
	const char *platform; /* NULL: the endpoint's, else the engine's own */
	bool no_cache;
	bool network;	     /* for RUN; never the host's own */
	/*
	 * For buildah, else not looked at: a container that runs and does
	 * nothing.  RUN joins its PID namespace, so that it is killed with it:
	 * Podman has no other way to end a RUN, not even that its client goes.
	 * With network RUN joins its network too.  A build that did not succeed
	 * removes the container; else it stays the caller's.  NULL: there is
	 * no RUN.
	 */
	const char *keeper;
	uint64_t memory;     /* bytes for RUN; 0: no limit */
	uint64_t timeout_ms; /* of the whole build; 0: none */
	/* The context: as the source of an http_request. */
	ssize_t (*read)(void *arg, void *p, size_t n, struct err *err);
	void *read_arg;
};

#define BUILD_SPEC_INIT                                                        \
	{.tags = STRVEC_INIT, .args = STRVEC_INIT, .labels = STRVEC_INIT}

/*
 * WAITING: known, and not begun; also what a step becomes again that a program
 * had forged (see build_text.h).  STOPPED: because another one failed, or by
 * Ctrl-C or the time limit.
 */
enum build_state {
	BUILD_WAITING,
	BUILD_RUNNING,
	BUILD_CACHED,
	BUILD_DONE,
	BUILD_FAILED,
	BUILD_STOPPED,
};

/* A step as the builder tells it; strings are valid during the call. */
struct build_step {
	unsigned id;	   /* the same in all events of this step, from 1 */
	unsigned n, total; /* "2/5"; 0: it is none of the Dockerfile's */
	const char *stage; /* its stage's name or number, or "" */
	const char *text;  /* the instruction as the builder writes it */
	enum build_state state;
	int64_t began_ms, ended_ms; /* clock_ms(); 0: not yet */
	const char *error; /* of BUILD_FAILED; else "" */
	int exit_code;	   /* of a RUN that failed; else 0 */
};

/* Each may be NULL. */
struct build_events {
	void (*step)(void *arg, const struct build_step *step);
	/* Bytes of a step's log; fd 1 or 2 as far as the builder keeps them
	   apart.  step 0: said of none. */
	void (*log)(void *arg, unsigned step, int fd, const void *p, size_t n);
	void (*sent)(void *arg, uint64_t bytes); /* of the context, so far */
	/* It did not succeed; now what it left on the engine is removed. */
	void (*cleaning)(void *arg);
	void *arg;
};

/*
 * Builds; the id ("sha256:...") is the caller's, NULL with err, and size is the
 * image's in bytes.  Interrupted, out of time or failed: the build is stopped
 * on the engine, and neither its containers nor images without a name that it
 * made are left.
 *
 * err: ERR_IMAGE with the builder's words if the build failed, ERR_TIMEOUT,
 * ERR_INTERRUPTED, ERR_ENGINE if the engine did, or what read() said.
 */
char *build_run(struct engine *e, const struct build_spec *spec,
    const struct build_events *ev, uint64_t *size, struct err *err);

#endif
