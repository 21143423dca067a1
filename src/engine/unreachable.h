/* What to say, and what to do, when nobody answers at an endpoint. */
#ifndef ADDESH_ENGINE_UNREACHABLE_H
#define ADDESH_ENGINE_UNREACHABLE_H

#include "base/err.h"
#include "engine/endpoint.h"

/* sys: the errno of connect(2).  Returns -1. */
int unreachable_error(struct err *err, const struct endpoint *ep, int sys);

#endif
