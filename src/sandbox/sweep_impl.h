/* What the parts of the sweep share. */
#ifndef ADDESH_SANDBOX_SWEEP_IMPL_H
#define ADDESH_SANDBOX_SWEEP_IMPL_H

#include "base/json.h"
#include "base/strvec.h"
#include "sandbox/sweep.h"

struct sweep {
	bool dry, failed;
	bool gc; /* somebody listens: look at everything */
	struct engine *asked; /* the one that is swept, or NULL */
	const char *engine; /* its URL, or NULL */
	sweep_fn *fn;
	void *arg;
	struct err *err; /* of the first failure */
	const struct runtime *rt;
	json *records; /* of the register */
	struct strvec wrong; /* paths of those that cannot be read */
	json *containers; /* of ours on the engine; NULL: it was not asked */
};

/* Reports it; 1: it is to be removed now. */
int sweep_item(struct sweep *s, const char *kind, const char *name,
    const char *why, bool keep);
void sweep_failed(struct sweep *s, struct err *e);
/* False: it could not be removed. */
bool sweep_cgroup(struct sweep *s, const char *path);
/* Containers and volumes; engine_sweep.c. */
void sweep_engine(struct sweep *s, struct engine *engine);
/* The container of the kept environment with this id, if there is one. */
int sweep_container_of(struct sweep *s, const char *id, struct err *err);
/* The register of kept environments: reads it, and later judges what it tells
   of; sweep_kept.c. */
void sweep_kept_begin(struct sweep *s);
void sweep_kept(struct sweep *s);
/* Ends the environment of a record in a register that nobody needs any more,
   unless (spare) it lives; false: it does, or something of it is left. */
bool sweep_kept_end(struct sweep *s, const json *record, bool spare);
/* What replays left; sweep_scratch.c. */
void sweep_scratch(struct sweep *s);

#endif
