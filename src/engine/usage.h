/*
 * What takes room on an engine (GET /system/df, moby api/swagger.yaml), and the
 * cache of BuildKit, which all builds of the engine share.
 */
#ifndef ADDESH_ENGINE_USAGE_H
#define ADDESH_ENGINE_USAGE_H

#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "engine/engine.h"

struct usage {
	json *df; /* the engine's answer */
};

/* This may take an engine seconds, since it adds up the files of layers. */
int usage_get(struct engine *e, struct usage *u, struct err *err);
void usage_release(struct usage *u);

/* The bytes that no other image holds too; 0 if the engine does not know. */
uint64_t usage_of_image(const struct usage *u, const char *id);

struct cache_usage {
	size_t entries;
	uint64_t size; /* bytes that no image holds as well */
};
/* What of the build cache was not used since then, in seconds of the epoch. */
void usage_of_cache(const struct usage *u, int64_t since,
    struct cache_usage *cache);
/* POST /build/prune: removes what was not used for so long; the bytes of it, as
   the engine says, those that images hold too among them. */
int usage_prune_cache(struct engine *e, uint64_t unused_s, uint64_t *bytes,
    struct err *err);

#endif
