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
 * REGISTRY_AUTH_FILE alone if set, else $XDG_RUNTIME_DIR/containers/auth.json;
 * there a key may be of a namespace: "quay.io/team".
 */
#ifndef ADDESH_ENGINE_AUTH_H
#define ADDESH_ENGINE_AUTH_H

#include <stdbool.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/strvec.h"
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
/*
 * The value of the header X-Registry-Auth: padded base64url of compact JSON
 * without the fields that are empty.  NULL gives that of "{}".  The caller's,
 * to be freed with auth_header_free(), which wipes it.
 */
char *auth_header(const struct auth *a);
void auth_header_free(char *header);

#endif
