/*
 * Containers, as the Engine API has them.  A container is named by its id or
 * its name.
 */
#ifndef ADDESH_ENGINE_CONTAINER_H
#define ADDESH_ENGINE_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "base/stream.h"
#include "base/strvec.h"
#include "engine/engine.h"

/*
 * POST /containers/create.  name and platform may be NULL, body is borrowed.
 * Returns the id, the caller's; warnings (may be NULL) gets what the engine
 * said.  err->code is 404 if the image or a named network is missing, 409 if
 * the name is taken, 400 if the body is refused.  Interrupted once it waits for
 * the id all the same, without which the container would stay, and removes it.
 */
char *container_create(struct engine *e, const char *name,
    const char *platform, const json *body, struct strvec *warnings,
    struct err *err);
/* Stdin, stdout and stderr of a container from now on: see engine/attach.h. */
struct stream *container_attach(struct engine *e, const char *id, bool tty,
    struct err *err);
int container_start(struct engine *e, const char *id, struct err *err);
int container_rename(struct engine *e, const char *id, const char *name,
    struct err *err);
/* err->code is 404 if there is none. */
json *container_inspect(struct engine *e, const char *id, struct err *err);
/* POST /update; Podman before 4.5 does not have it: 404. */
int container_set_cpus(struct engine *e, const char *id, int64_t nano_cpus,
    struct err *err);
/*
 * Removes it with its anonymous volumes, running or not, and returns 0 when it
 * is gone; that it was gone already is fine.  Tries for at most timeout_ms.
 */
int container_remove(struct engine *e, const char *id, int64_t timeout_ms,
    struct err *err);
/*
 * An array as GET /containers/json gives it: all states, those that have every
 * one of the labels ("NAME" or "NAME=VALUE").
 */
json *container_list(struct engine *e, const struct strvec *labels,
    struct err *err);
/* Unpacks n bytes of tar at path (a directory) in the container. */
int container_put_tar(struct engine *e, const char *id, const char *path,
    const void *tar, size_t n, struct err *err);

struct log_query {
	bool follow;	  /* what comes until the container ends, too */
	bool timestamps;  /* RFC 3339, before each line */
	int64_t since_ms; /* of the wall clock; 0: from its beginning */
	size_t tail;	  /* so many of the last lines; 0: all */
	/* Gets the bytes of stdout (fd 1) and stderr (2) as they come; makes no
	   requests itself. */
	void (*out)(void *arg, int fd, const void *p, size_t n);
	void *arg;
};
/* What PID 1 of a container without a terminal has written, from the engine's
   log. */
int container_logs(struct engine *e, const char *id,
    const struct log_query *q, struct err *err);

/* POST /exec: returns the id of the exec, the caller's. */
char *container_exec_create(struct engine *e, const char *id, const json *body,
    struct err *err);
/*
 * Starts it; tty as in its body.  Podman does not take empty detach keys here:
 * where it reads a single byte 0x10 it keeps it until another one comes, so
 * whoever waits for an answer must send a byte more that means nothing.
 */
struct stream *container_exec_start(struct engine *e, const char *exec_id,
    bool tty, struct err *err);
json *container_exec_inspect(struct engine *e, const char *exec_id,
    struct err *err);

/* Named volumes.  labels: NAME=VALUE; create is fine if it exists. */
int volume_create(struct engine *e, const char *name,
    const struct strvec *labels, struct err *err);
json *volume_inspect(struct engine *e, const char *name, struct err *err);
/* That it is gone already is fine; 409: a container uses it. */
int volume_remove(struct engine *e, const char *name, struct err *err);
/*
 * The size of a volume's files as the engine counts them, which takes it a
 * while where volumes are large; -1 with err, also where it does not know.
 */
int64_t volume_size(struct engine *e, const char *name, struct err *err);
/* An array of volumes with every one of the labels. */
json *volume_list(struct engine *e, const struct strvec *labels,
    struct err *err);

#endif
