/*
 * Credentials for registries, from the places where Docker's and Podman's
 * clients keep them (docker/cli cli/config, moby api/pkg/authconfig,
 * containers-auth.json(5)).  They are never logged; buffers are wiped.
 *
 *	1. DOCKER_AUTH_CONFIG: {"auths":{KEY:{"auth":...}}} and no other field
 *	2. credHelpers[KEY], else credsStore: docker-credential-NAME get
 *	3. auths[KEY], else the key of the same host
 *
 * in config.json of Docker's client.  For Podman its own file comes first:
 * REGISTRY_AUTH_FILE alone if set, else $XDG_RUNTIME_DIR/containers/auth.json,
 * else /run/containers/UID/auth.json; there a key may be of a namespace:
 * "quay.io/team".
 */
#ifndef ADDESH_ENGINE_AUTH_H
#define ADDESH_ENGINE_AUTH_H

#include <stdbool.h>

#include "base/err.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/strvec.h"
#include "engine/engine.h"
#include "engine/reference.h"

struct auth_inputs {
	const struct strvec *env; /* NAME=VALUE */
	const char *home;	  /* or NULL */
	bool podman;		  /* the engine is Podman */
	struct loop *loop;	  /* runs while a helper does */
	const unsigned *interrupts; /* as of engine_open(); may be NULL */
};

struct auth {
	char *username, *password, *serveraddress;
	char *identitytoken, *registrytoken;
};

void auth_release(struct auth *a); /* wipes */
/*
 * The credentials for a reference's registry.  Returns 1 if there are some, 0
 * if there are none, -1 if a file or helper is broken.  a is valid in any case.
 */
int auth_find(struct auth *a, const struct reference *ref,
    const struct auth_inputs *in, struct err *err);
/* The inputs of this process for an engine; env is the caller's to release. */
void auth_inputs_here(struct auth_inputs *in, struct engine *e,
    struct strvec *env);

/* Its fields that are not empty; for secret_free_json(). */
json *auth_json(const struct auth *a);
/*
 * The value of the header X-Registry-Auth: padded base64url of compact JSON
 * without the fields that are empty.  NULL gives that of "{}".  The caller's,
 * for secret_free().
 */
char *auth_header(const struct auth *a);

/* For those that write the files. */

/* What a file and its helpers know the registry of this domain by; borrowed. */
const char *auth_key(const char *domain, bool podman);
/* The file of Docker's client or Podman's, the caller's; NULL without a home. */
char *auth_file(const struct auth_inputs *in, bool podman);
/* The helper that a file names for a key, borrowed; NULL if it does not. */
const char *auth_helper(const json *config, const char *key);
/* Are two keys of one registry, scheme and path apart? */
bool auth_same_host(const char *a, const char *b);

#endif
