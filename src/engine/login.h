/*
 * Logging in to a registry: the engine tries the credentials, and they are kept
 * where Docker's client, or Podman's, looks for them (engine/auth.h): with the
 * credential helper that its file names for the registry; if Docker's names
 * none and is empty of credentials, with one that its client would take, which
 * the file then names; else in the file itself, which then holds them in
 * base64.  All other keys of the file stay.
 */
#ifndef ADDESH_ENGINE_LOGIN_H
#define ADDESH_ENGINE_LOGIN_H

#include "engine/auth.h"

/* Where they are kept. */
struct login_place {
	char *file;   /* config.json of Docker's client, auth.json of Podman's */
	char *helper; /* "pass" of docker-credential-pass; NULL: in the file */
};
void login_place_release(struct login_place *p);

/*
 * POST /auth with user name and password for a registry's domain, which may
 * give an identity token instead of the password.  err->code is 401 if they
 * are refused.
 */
int login_verify(struct engine *e, const char *domain, struct auth *a,
    struct err *err);
int login_store(const struct auth *a, const char *domain,
    const struct auth_inputs *in, struct login_place *place, struct err *err);
/* 1, or 0 if nothing was kept for the domain. */
int login_erase(const char *domain, const struct auth_inputs *in,
    struct login_place *place, struct err *err);

#endif
