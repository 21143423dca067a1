/*
 * The configuration directory of Docker's client (docker/cli cli/config and
 * cli/context/store):
 *
 *	config.json
 *	contexts/meta/ID/meta.json
 *	contexts/tls/ID/docker/{ca,cert,key}.pem
 *
 * where ID is the SHA-256 of the context's name in hexadecimal.  Keys are read
 * in any case, as Go reads them.
 */
#ifndef ADDESH_ENGINE_CONTEXT_H
#define ADDESH_ENGINE_CONTEXT_H

#include "base/err.h"
#include "base/json.h"
#include "base/strvec.h"
#include "engine/endpoint.h"

/* $DOCKER_CONFIG or HOME/.docker, the caller's; NULL if neither is known. */
char *context_config_dir(const struct strvec *env, const char *home);
/* Its config.json; *config is NULL if there is none. */
int context_config(const struct strvec *env, const char *home, json **config,
    struct err *err);
/* The caller's, or NULL if config.json does not name one. */
int context_current(const struct strvec *env, const char *home, char **name,
    struct err *err);
/* Sets all of ep but why from a stored context. */
int context_load(struct endpoint *ep, const struct strvec *env,
    const char *home, const char *name, struct err *err);
/*
 * The part that depends on nothing else: ep's URL and the rest from the text
 * of a meta.json.  tls: the context has TLS files.
 */
int context_parse(struct endpoint *ep, const char *name, const char *text,
    size_t n, bool tls, struct err *err);
/* "Name: value" of config.json's HttpHeaders and DOCKER_CUSTOM_HEADERS. */
int context_headers(struct strvec *headers, const struct strvec *env,
    const char *home, struct err *err);

#endif
