/* From BuildKit's vertexes to steps. */
#ifndef ADDESH_ENGINE_BUILD_VERTEX_H
#define ADDESH_ENGINE_BUILD_VERTEX_H

#include "engine/build_stream.h"

/* A "moby.buildkit.trace": base64 of a StatusResponse. */
int build_vertex_read(struct build_stream *s, const char *base64,
    struct err *err);

#endif
