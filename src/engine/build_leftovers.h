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

/* The engine's clock, in whole seconds since the epoch; -1 with err. */
int64_t leftovers_clock(struct engine *e, struct err *err);
/* Is image (id or name) there, made not before began (during) or not after it?
   began is of the engine's clock. */
bool leftovers_is_made(struct engine *e, const char *id, int64_t began,
    bool during);

struct leftovers {
	struct engine *engine;
	const struct build_stream *stream;
	const char *keeper; /* see build_spec; its container goes first, as a
			       RUN may still go on in there */
	int64_t began;	    /* of the engine's clock */
	uint64_t sent;	    /* bytes of the context */
};

/*
 * Removes what the build made; its connection is closed already.  A COPY of the
 * classic builder is waited for, as it is finished before the builder sees that
 * nobody wants it: for as long as its bytes may take.
 */
int leftovers_remove(const struct leftovers *l, struct err *err);

#endif
