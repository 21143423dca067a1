/*
 * What a build that did not succeed leaves on the engine, and removing it.
 *
 * The classic builder is told to remove its containers (forcerm), but one that
 * is cancelled may not come to it; images of its steps stay as its cache, and
 * so do buildah's.  Only what this build made is removed: images that its
 * stream named, that have no name and that were made since it began, and their
 * children.  BuildKit leaves nothing but its own cache.
 */
#ifndef ADDESH_ENGINE_BUILD_LEFTOVERS_H
#define ADDESH_ENGINE_BUILD_LEFTOVERS_H

#include "engine/build_stream.h"

/* Is image (id or name) there, made at or after began or before it?  began is
   in seconds of the engine's clock. */
bool leftovers_is_made(struct engine *e, const char *id, int64_t began,
    bool during);
/* The engine's clock, in seconds since the epoch; -1 with err. */
int64_t leftovers_clock(const struct strvec *headers);
/*
 * Removes what s made; the build's connection is closed already.  keeper: see
 * build_spec; its container goes first, as a RUN may still go on in there.
 */
int leftovers_remove(struct engine *e, const struct build_stream *s,
    const char *keeper, int64_t began, struct err *err);

#endif
