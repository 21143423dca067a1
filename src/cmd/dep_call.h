/* What `env new --dep` and the commands `dep` share. */
#ifndef ADDESH_CMD_DEP_CALL_H
#define ADDESH_CMD_DEP_CALL_H

#include "cmd/call.h"
#include "sandbox/spec.h"
#include "session/deps.h"
#include "session/session.h"

/* How a layer was had. */
struct dep_layer {
	char *id;
	bool built;	/* else it was there */
	int64_t ms;
};
void dep_layer_release(struct dep_layer *l);

/*
 * Adds packages (may be NULL) and the files named by paths (may be NULL; of
 * this host).  The language is --lang's, else that of the files, of image, of
 * what env (may be NULL) has, or of what ran there.
 */
int dep_take(struct call *c, const struct strvec *packages,
    const struct strvec *paths, const char *image, const struct env *env,
    struct deps *d);

/* ERR_USAGE unless images can be built for it. */
int dep_check_kind(struct call *c, enum box_kind kind);
/*
 * The layer for an environment like spec with these packages.  A failure has
 * shown what the installer printed; the record of a build is in the result as
 * `install`.
 */
int dep_make(struct call *c, const struct policy *p,
    const struct env_spec *spec, const struct deps *d, bool again,
    struct dep_layer *out);

/* Members of the result: dependencies and layer (NULL: null). */
void dep_put(json *j, const struct deps *d, const char *layer);

#endif
