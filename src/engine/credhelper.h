/*
 * docker-credential-NAME programs (docker/docker-credential-helpers).  server
 * is what a helper knows the registry by: auth_key().
 */
#ifndef ADDESH_ENGINE_CREDHELPER_H
#define ADDESH_ENGINE_CREDHELPER_H

#include "engine/auth.h"

/* As auth_find(). */
int credhelper_get(struct auth *a, const char *helper, const char *server,
    const struct auth_inputs *in, struct err *err);
/* Its identity token if it has one, else user and password. */
int credhelper_store(const struct auth *a, const char *helper,
    const char *server, const struct auth_inputs *in, struct err *err);
/* 1, or 0 if the helper says that it had none. */
int credhelper_erase(const char *helper, const char *server,
    const struct auth_inputs *in, struct err *err);

#endif
