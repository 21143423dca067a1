/*
 * A directory or file of this host that an environment sees, HOSTDIR:PATH[:ro].
 *
 * What is in one is all that programs get of this host: file systems that are
 * mounted below it stay out, since read-only would not hold for them, and
 * whoever listens on a socket in it would be within their reach.
 */
#ifndef ADDESH_SANDBOX_VOLUME_H
#define ADDESH_SANDBOX_VOLUME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct volume {
	char *source; /* as written; after volume_resolve() without links */
	char *target; /* absolute, without "." and "..", no '/' at its end */
	bool read_only;
};

/* Reads HOSTDIR:PATH[:ro|:rw]; what it holds then is the caller's.  ERR_USAGE
   also for a target that an environment needs for itself. */
int volume_parse(struct volume *v, const char *text, struct err *err);
/*
 * Finds what source names: ERR_USAGE unless it is a directory or a regular
 * file that can be given away.  socket (may be NULL) is the path of one more
 * socket that must not be reached through it, that of the engine.
 */
int volume_resolve(struct volume *v, const char *socket, struct err *err);
void volume_copy(struct volume *dst, const struct volume *src);
void volume_release(struct volume *v);
/* Is path below dir, or dir itself?  Both without '/' at the end. */
bool volume_is_below(const char *path, const char *dir);

struct engine;
/* Does the engine see the same file under this path, and would a missing one
   not be made? */
bool engine_can_bind(struct engine *e, const char *path);

#endif
