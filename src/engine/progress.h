/*
 * The progress stream of pull (and push, and build): JSON objects one after
 * the other, cut anywhere.  Their form is moby's pkg/jsonmessage.JSONMessage.
 * Since API 1.48 `error` and `progress` are deprecated for errorDetail and
 * progressDetail, which every version sends.
 */
#ifndef ADDESH_ENGINE_PROGRESS_H
#define ADDESH_ENGINE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

/* No object of an engine is longer: BuildKit's hold 4 MB at most, as gRPC's
   messages do, in base64. */
#define PROGRESS_OBJECT_MAX (8u << 20)

/* Cuts a stream of bytes into objects. */
struct objects {
	struct strbuf buf; /* the object so far */
	unsigned depth;
	bool in_string, escaped;
};

#define OBJECTS_INIT {.buf = STRBUF_INIT}
typedef int objects_fn(void *arg, const json *object, struct err *err);

/* Calls fn for each object that is complete; -1 as soon as fn returns that, or
   at what is no object, or at one that is too long. */
int objects_feed(struct objects *o, const void *p, size_t n, objects_fn *fn,
    void *arg, struct err *err);
/* True if the stream may end here. */
bool objects_at_end(const struct objects *o);
void objects_release(struct objects *o);

/* The whole of a pull or push, added up over its layers. */
struct progress {
	uint64_t current, total; /* bytes that were moved; total grows as
				    layers become known */
	unsigned layers, layers_done; /* "done" is fetched, unpacked, there */
	const char *status; /* the engine's last words: "Extracting", "Digest:
			       sha256:..." */
};
typedef void progress_fn(void *arg, const struct progress *p);

struct pull_layer;
struct pull {
	struct pull_layer *layers;
	size_t n, cap;
	struct strbuf status;
	char *digest; /* "sha256:...", or NULL */
	progress_fn *tell;
	void *arg;
};

void pull_init(struct pull *p, progress_fn *tell, void *arg);
void pull_release(struct pull *p);
/* An objects_fn: -1 with the engine's words at an errorDetail. */
int pull_object(void *pull, const json *object, struct err *err);

#endif
