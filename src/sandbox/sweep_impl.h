/* What the parts of the sweep share. */
#ifndef ADDESH_SANDBOX_SWEEP_IMPL_H
#define ADDESH_SANDBOX_SWEEP_IMPL_H

#include "base/json.h"
#include "sandbox/sweep.h"

struct sweep {
	bool dry, failed;
	bool gc; /* somebody listens: look at everything */
	const char *engine; /* URL of the one that is swept, or NULL */
	sweep_fn *fn;
	void *arg;
	struct err *err; /* of the first failure */
	const struct runtime *rt;
	json *containers; /* of ours on the engine; NULL: it was not asked */
};

/* Reports it; 1: it is to be removed now. */
int sweep_item(struct sweep *s, const char *kind, const char *name,
    const char *why, bool keep);
void sweep_failed(struct sweep *s, struct err *e);
/* Containers and volumes; engine_sweep.c. */
void sweep_engine(struct sweep *s, struct engine *engine);

#endif
