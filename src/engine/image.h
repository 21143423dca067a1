/* Images: what is there, what they say about themselves, and pulling them. */
#ifndef ADDESH_ENGINE_IMAGE_H
#define ADDESH_ENGINE_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "base/strvec.h"
#include "engine/engine.h"
#include "engine/progress.h"
#include "engine/reference.h"

struct image {
	char *id;	/* "sha256:..." */
	char *arch;	/* Go's names: amd64, arm64 */
	char *variant;	/* of the architecture: v7, v8; or "" */
	char *os;
	char *user;	/* USER: "" is root */
	char *workdir;	/* "" is / */
	struct strvec env; /* NAME=VALUE */
	struct strvec entrypoint, cmd;
	struct strvec volumes; /* paths of VOLUME */
	struct strvec triggers; /* of ONBUILD: "RUN make" */
	struct strvec tags;    /* "python:3.11-slim" */
	struct strvec digests;
	json *labels;	/* an object, or NULL */
	uint64_t size;	/* bytes */
	char *created;	/* in the form of RFC 3339 */
	size_t layers;	/* how many */
};

#define IMAGE_INIT                                                             \
	{.env = STRVEC_INIT, .entrypoint = STRVEC_INIT, .cmd = STRVEC_INIT,    \
	    .volumes = STRVEC_INIT, .triggers = STRVEC_INIT,                   \
	    .tags = STRVEC_INIT, .digests = STRVEC_INIT}
void image_release(struct image *img);

/* Is it for "os/arch[/variant]", or for one of them alone?  Variants do not
   count: most run on the later ones. */
bool image_is_for(const struct image *img, const char *platform);

/* An id without its algorithm: not everything that names one says it. */
const char *image_id_digits(const char *id);
/* The digits that people compare, as Docker's client shows them; the
   caller's. */
char *image_id_short(const char *id);
/* Nothing is the same as an empty one. */
bool image_id_same(const char *a, const char *b);

/* ERR_USAGE unless it can be the name of an image, or an id. */
int image_check_name(const char *name, struct err *err);
/*
 * By name or id.  err->code is 404 (kind ERR_IMAGE) if it is not there; then
 * the hint has names that are near and how to pull it.
 */
int image_inspect(struct engine *e, const char *name, struct image *img,
    struct err *err);
/* The same without that hint, for which the engine lists all its images: where
   nobody is told that it is not there. */
int image_look_up(struct engine *e, const char *name, struct image *img,
    struct err *err);
/* GET /images/json: an array; labels as in container_list(), NULL: all. */
json *image_list(struct engine *e, const struct strvec *labels,
    struct err *err);
/*
 * Podman fails to list its images while somebody removes one.  True, after a
 * pause, if err is that and is worth another try; *tries begins with 0.
 */
bool image_ask_again(struct engine *e, unsigned *tries, struct err *err);
/*
 * The names of one of its elements, as the engine writes them: its tags, and
 * without any its digests ("python@sha256:...").
 */
void image_names(const json *element, struct strvec *names);
/*
 * Up to max tags of images that are there and look like name: the same
 * repository first, then names within a few slips of the finger; of each the
 * nearest tags first.
 */
int image_near(struct engine *e, const char *name, size_t max,
    struct strvec *names, struct err *err);
/* Adds those to the hint, if there are any; returns -1. */
int image_hint_near(struct engine *e, const char *name, struct err *err);
/* Sets the error of an image that is not there, with what is near it. */
int image_not_found(struct engine *e, const char *name, struct err *err);
/*
 * Pulls it with the user's credentials for its registry.  platform may be NULL
 * (the endpoint's, then the engine's own).  tell is called as the state
 * changes; it may be NULL.  A failure inside the progress stream is a failure.
 * ERR_POLICY if image_check_trust() refuses it.
 */
int image_pull(struct engine *e, const char *name, const char *platform,
    progress_fn *tell, void *arg, struct err *err);
/* When an image is pulled. */
enum pull_policy { PULL_MISSING, PULL_NEVER, PULL_ALWAYS };
struct image_pull {
	enum pull_policy policy;
	const char *platform;	  /* or NULL */
	void (*begin)(void *arg); /* before it is pulled; or NULL */
	progress_fn *tell;	  /* or NULL */
	void *arg;
};
/*
 * The image that something is made from or opened on: looked up, and pulled if
 * the policy says so.  ERR_POLICY if image_check_trust_name() refuses it.  The
 * hint has names that are near if it is neither here nor can be pulled.
 */
int image_obtain(struct engine *e, const char *name,
    const struct image_pull *how, struct image *img, struct err *err);
/*
 * Pushes one tag to its registry in the same way.  The digest that the engine
 * says it has there is the caller's, or NULL.  err->code is 404 if it is not
 * on the engine.
 */
int image_push(struct engine *e, const struct reference *ref,
    progress_fn *tell, void *arg, char **digest, struct err *err);
/*
 * DOCKER_CONTENT_TRUST asks for signatures (docker/cli cli/command/trust),
 * which are not checked here: then ERR_POLICY for a name whose content a
 * registry decides.  With a digest it is what the digest says.
 */
int image_check_trust(const struct reference *ref, struct err *err);
/* The same for what is on the engine already: an id says what it is, too. */
int image_check_trust_name(const char *name, struct err *err);
/* One more name for it, implicitly :latest; err->code: 404 not there. */
int image_tag(struct engine *e, const char *name, const struct reference *as,
    struct err *err);
/*
 * err->code: 404 not there, 409 in use.  gone (may be NULL) gets what the
 * engine says of it, the caller's: objects with Untagged or Deleted.
 */
int image_remove(struct engine *e, const char *name, bool force, json **gone,
    struct err *err);

#endif
