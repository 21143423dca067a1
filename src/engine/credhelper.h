/* docker-credential-NAME programs (docker/docker-credential-helpers). */
#ifndef ADDESH_ENGINE_CREDHELPER_H
#define ADDESH_ENGINE_CREDHELPER_H

#include "base/json.h"
#include "engine/auth.h"

/* As auth_find(); server is what the helper knows the registry by. */
int credhelper_get(struct auth *a, const char *helper, const char *server,
    const struct auth_inputs *in, struct err *err);
/* Overwrites every string of a tree and frees it; NULL is fine. */
void auth_wipe_json(json *j);

#endif
