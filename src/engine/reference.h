/*
 * Names of images, by the grammar and the normal form of
 * github.com/distribution/reference:
 *
 *	[domain[:port]/]path[:tag][@algorithm:hex]
 *
 * "python" is docker.io/library/python, and without tag and digest a pull
 * means :latest.
 */
#ifndef ADDESH_ENGINE_REFERENCE_H
#define ADDESH_ENGINE_REFERENCE_H

#include <stdbool.h>

#include "base/err.h"

struct reference {
	char *domain; /* "docker.io", "localhost:5000" */
	char *path;   /* "library/python" */
	char *tag;    /* or NULL */
	char *digest; /* "sha256:..." or NULL */
};

/* ERR_USAGE with what is wrong. */
int reference_parse(struct reference *ref, const char *name, struct err *err);
void reference_release(struct reference *ref);
/*
 * The domain of a registry as in the names of its images, of "ghcr.io" or
 * "https://ghcr.io/v1/"; NULL with ERR_USAGE.  The caller's.
 */
char *reference_registry(const char *name, struct err *err);

/* True if it means :latest without saying so. */
bool reference_is_implicit(const struct reference *ref);
/* "docker.io/library/python:3.11"; :latest where implicit.  The caller's. */
char *reference_full(const struct reference *ref);
/* As people write it, "python:3.11"; :latest where implicit.  The caller's. */
char *reference_familiar(const struct reference *ref);
/* The same without tag and digest. */
char *reference_familiar_name(const struct reference *ref);
/* A name as an engine gives it (Podman's are full) as people write it; itself
   if it is no reference.  The caller's. */
char *reference_shorten(const char *name);

#endif
