/*
 * The keeper of a build on Podman: an environment that does nothing but hold
 * the namespaces that the programs of RUN join (build_spec.keeper).  They die
 * with it: at box_close(), and as the runner is its PID 1 also when addesh is
 * killed.
 */
#ifndef ADDESH_SANDBOX_KEEPER_H
#define ADDESH_SANDBOX_KEEPER_H

#include "sandbox/box.h"

/* image: any that is there; nothing of it is run. */
struct box *keeper_open(const char *image, enum net_mode network,
    const struct box_ctx *ctx, struct err *err);
/* The id of its container, as long as it is open. */
const char *keeper_id(const struct box *keeper);

#endif
