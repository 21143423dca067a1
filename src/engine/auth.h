/*
 * Credentials for registries, from the places where Docker's and Podman's
 * clients keep them (docker/cli cli/config, moby api/pkg/authconfig,
 * containers-auth.json(5)).  They are never logged; buffers are wiped.
 */
#ifndef ADDESH_ENGINE_AUTH_H
#define ADDESH_ENGINE_AUTH_H

#include <stdbool.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/strvec.h"

struct auth_inputs {
	const struct strvec *env; /* NAME=VALUE */
	const char *home;	  /* or NULL */
	uid_t uid;
	bool podman; /* the engine is Podman: its auth.json comes first */
};

struct auth {
	char *username, *password, *serveraddress;
	char *identitytoken, *registrytoken;
};

void auth_release(struct auth *a); /* wipes */
/* The key of a registry in auths: Docker Hub's is a URL of its own. */
const char *auth_registry_key(const char *domain);
/*
 * The credentials for the registry of a reference's domain.  Returns 1 if
 * there are some, 0 if there are none, -1 if a file or helper is broken.
 */
int auth_find(struct auth *a, const char *domain,
    const struct auth_inputs *in, struct err *err);
/*
 * The value of the header X-Registry-Auth: padded base64url of compact JSON
 * without the fields that are empty.  NULL gives that of "{}".  The caller's,
 * to be freed with auth_header_free(), which wipes it.
 */
char *auth_header(const struct auth *a);
void auth_header_free(char *header);

#endif
