/*
 * A connection to a Docker or Podman engine: the endpoint, the API version that
 * both sides speak, and what the engine says about itself.  All calls of this
 * directory wait on the loop; while they wait, the loop's own callbacks run.
 *
 * Ctrl-C: when *interrupts grows during a call, it ends with ERR_INTERRUPTED.
 *
 * Errors have kind ERR_ENGINE (ERR_IMAGE where an image is the matter), in code
 * the HTTP status that the engine gave, else an errno or 0, and say what was
 * being done: "creating the container: no such network".
 */
#ifndef ADDESH_ENGINE_ENGINE_H
#define ADDESH_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "base/loop.h"
#include "engine/endpoint.h"

struct engine;
struct http;

/* The API versions that we speak: 1.MIN to 1.MAX. */
#define ENGINE_API_MIN 41
#define ENGINE_API_MAX 52

/* Deadlines, in milliseconds. */
struct engine_settings {
	int64_t connect_ms;
	int64_t startup_ms;    /* for an answer to the first questions */
	int64_t first_byte_ms; /* for any other answer to begin, and the longest
				  silence within one that is not a stream */
};

#define ENGINE_SETTINGS_DEFAULT                                                \
	{.connect_ms = 2000, .startup_ms = 5000, .first_byte_ms = 30000}

enum engine_kind { ENGINE_DOCKER, ENGINE_PODMAN };

/* Strings are the engine's own words; "" where it did not say. */
struct engine_facts {
	char *name;	      /* its host's name */
	char *kernel;	      /* of its host, as uname -r */
	char *os;	      /* "Debian GNU/Linux 12", "Docker Desktop" */
	char *arch;	      /* as in images: amd64, arm64 */
	char *cgroup_driver;  /* systemd, cgroupfs, none */
	char *storage_driver; /* overlay2, overlay, vfs ... */
	unsigned cgroup_version; /* 1, 2; 0: not said */
	bool rootless;
	struct strvec security; /* "name=seccomp,profile=default" */
	struct strvec warnings; /* "No swap limit support" */
	uint64_t cpus, memory;	/* of its host; memory in bytes */
};

/*
 * Connects: asks GET /version (Podman: /_ping) and settles the API version.
 * Everything that is
 * passed is copied, except loop and interrupts (which may be NULL).
 */
struct engine *engine_open(const struct endpoint *ep,
    const struct engine_settings *settings, struct loop *loop,
    const unsigned *interrupts, struct err *err);
void engine_close(struct engine *e); /* NULL is fine */

const struct endpoint *engine_endpoint(const struct engine *e);
enum engine_kind engine_kind(const struct engine *e);
/* "Docker 20.10.24", "Podman 4.3.1". */
const char *engine_title(const struct engine *e);
/* The settled API's minor number (41 is 1.41). */
unsigned engine_api(const struct engine *e);
/* As GET /info says; asked once.  NULL with err. */
const struct engine_facts *engine_facts(struct engine *e, struct err *err);
/* True if the engine runs on this very host and kernel (not: that it sees the
   same files). */
bool engine_is_here(struct engine *e);
/*
 * For the end of a session whose engine was silent once, or whose user has no
 * patience: from now on no answer is waited for longer than connecting may
 * take.
 */
void engine_hurry(struct engine *e);
bool engine_hurries(const struct engine *e);
/* A round trip; what the engine says of itself is in the lines of the answer's
   head, see struct http_request.  headers may be NULL. */
int engine_ping(struct engine *e, const char *doing, struct strvec *headers,
    struct err *err);

/*
 * For the other files of this directory.  A path for engine_call() comes from
 * engine_path(), which puts "/v1.41" in front; the format's arguments must have
 * been escaped (http_add_escaped()).
 */
struct http *engine_http(struct engine *e);
struct loop *engine_loop(const struct engine *e);
const unsigned *engine_interrupts(const struct engine *e);
const struct engine_settings *engine_settings(const struct engine *e);
/* Appends ?filters={"label":[...]}, escaped; nothing without labels. */
void engine_add_filter(struct strbuf *path, const struct strvec *labels);
char *engine_path(const struct engine *e, const char *fmt, ...)
    PRINTF_LIKE(2, 3);
/*
 * One request with a JSON answer (an empty one is an empty object); body may
 * be NULL.  doing is for errors: "creating the container".
 */
json *engine_call(struct engine *e, const char *doing, const char *method,
    const char *path, const json *body, struct err *err);
/* The same, for answers that do not matter. */
int engine_do(struct engine *e, const char *doing, const char *method,
    const char *path, const json *body, struct err *err);

#endif
