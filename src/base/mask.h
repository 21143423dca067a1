/*
 * Secrets in a command's text, for everything that is kept of it: values of
 * NAME=VALUE words whose name tells (…_KEY, …_TOKEN, …_SECRET, …PASSWORD…),
 * of options of such names, of headers (Authorization: ...) and members of JSON
 * ("password": "..."), the user part of URLs and that of curl -u, and tokens
 * that begin as those of well-known services do.
 */
#ifndef ADDESH_BASE_MASK_H
#define ADDESH_BASE_MASK_H

#include <stdbool.h>

#include "base/strbuf.h"

/* What stands for a secret. */
#define MASK_TEXT "***"

/* Does a name of so many bytes tell that its value is a secret? */
bool mask_is_secret_name(const char *name, size_t n);
/*
 * Calls found for each secret in n bytes of s, in order: where it begins and
 * how many bytes it has, quotes included.
 */
typedef void mask_found_fn(void *arg, size_t start, size_t n);
void mask_find(const char *s, size_t n, mask_found_fn *found, void *arg);
/* Appends n bytes of s with secrets replaced by MASK_TEXT. */
void mask_secrets(struct strbuf *out, const char *s, size_t n);

#endif
