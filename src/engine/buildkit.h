/*
 * BuildKit's progress: StatusResponse of api/services/control/control.proto in
 * moby/buildkit, in the wire format of protocol buffers (version 3).  Fields
 * that are not known are skipped, as that format asks.
 */
#ifndef ADDESH_ENGINE_BUILDKIT_H
#define ADDESH_ENGINE_BUILDKIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Bytes of the message, not terminated; p is NULL if the field is absent. */
struct buildkit_text {
	const char *p;
	size_t n;
};

/* Times are milliseconds since the epoch on the engine's clock, or -1. */
struct buildkit_vertex {
	struct buildkit_text digest, name, error;
	int64_t started, completed;
	bool cached;
};

struct buildkit_log {
	struct buildkit_text vertex; /* its digest */
	struct buildkit_text data;
	int64_t stream; /* 1 or 2 */
};

struct buildkit_sink {
	void (*vertex)(void *arg, const struct buildkit_vertex *v);
	void (*log)(void *arg, const struct buildkit_log *log);
	/* A warning about a vertex, one line. */
	void (*warning)(void *arg, struct buildkit_text vertex,
	    struct buildkit_text text);
	void *arg;
};

/* Calls the sink for all that it says, in its order. */
int buildkit_read(const void *p, size_t n, const struct buildkit_sink *sink,
    struct err *err);

#endif
