/* What a container uses, as the engine says. */
#ifndef ADDESH_ENGINE_STATS_H
#define ADDESH_ENGINE_STATS_H

#include "base/err.h"
#include "base/json.h"
#include "base/strvec.h"
#include "engine/engine.h"

/*
 * GET /containers/ID/stats, one request and one reading (one-shot): adds
 * NAME=VALUE of those names of runner/observe.h that the answer has, and
 * engine_at_us, when it looked.  Podman 4.3 tells neither the page cache nor
 * the peak nor the limit of processes, and before 5.0 what was sent as
 * received: its networks are left out.  A container without a network has no
 * `networks` on either.  err->code is 404 if there is no such container, ESRCH
 * if it does not run.
 */
int container_stats(
    struct engine *e, const char *id, struct strvec *out, struct err *err);
/* The same of an answer; -1: it is that of a container that does not run. */
int container_stats_read(
    const json *answer, enum engine_kind kind, struct strvec *out);

#endif
