/* Which image a name means that somebody typed. */
#ifndef ADDESH_SESSION_IMAGE_NAME_H
#define ADDESH_SESSION_IMAGE_NAME_H

#include "session/session.h"

/*
 * REGISTRY/NAME if the policy has an engine.registry and the name none of its
 * own, unless it is an id, or an image that addesh itself made under this name;
 * else the name.  The caller's.
 */
char *session_image_name(struct session *s, const char *name);

#endif
