/*
 * When a layer of dependencies was used last.  Images cannot be written to, so
 * a use is kept on this host: an empty file STATE/deps/ID, ID being the image's
 * in hexadecimal without "sha256:", whose modification time is the use.  What
 * other hosts do with the same engine is not known here.
 */
#ifndef ADDESH_SESSION_DEP_USE_H
#define ADDESH_SESSION_DEP_USE_H

#include <stdint.h>

#include "base/err.h"
#include "base/strvec.h"
#include "sandbox/runtime.h"

/* It is used now.  id: "sha256:..." or without the algorithm. */
int dep_use_note(const struct runtime *rt, const char *id, struct err *err);
/* Seconds since the epoch; 0: no use is known. */
int64_t dep_use_time(const struct runtime *rt, const char *id);
/* For when the image is removed; that nothing was kept is fine. */
void dep_use_forget(const struct runtime *rt, const char *id);
/* The ids, without algorithm, of all that a use is kept of. */
void dep_use_list(const struct runtime *rt, struct strvec *ids);

#endif
