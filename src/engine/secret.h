/* Texts that must not stay in memory: passwords, and JSON that holds them. */
#ifndef ADDESH_ENGINE_SECRET_H
#define ADDESH_ENGINE_SECRET_H

#include "base/json.h"

/* Overwrites and frees *s, and sets it to NULL. */
void secret_free(char **s);
/* Overwrites every string of a tree and frees it; NULL is fine. */
void secret_free_json(json *j);
/* As text, in one line or in many, without copies that stay; for
   secret_free(). */
char *secret_print(const json *j, bool lines);
/* strbuf_release() of one that did not grow while it held a secret. */
void secret_release(struct strbuf *sb);

#define autosecret __attribute__((cleanup(secret_free)))

#endif
