/* Growing lists of strings that the list owns; v is NULL-terminated. */
#ifndef ADDESH_BASE_STRVEC_H
#define ADDESH_BASE_STRVEC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/xalloc.h"

struct strvec {
	char **v;
	size_t n, cap;
};

extern char *strvec_empty[];
#define STRVEC_INIT {.v = strvec_empty}

void strvec_init(struct strvec *sv);
void strvec_release(struct strvec *sv);
void strvec_push(struct strvec *sv, const char *s); /* copies */
void strvec_push_owned(struct strvec *sv, char *s); /* takes s */
void strvec_pushf(struct strvec *sv, const char *fmt, ...) PRINTF_LIKE(2, 3);
void strvec_pushv(struct strvec *sv, char *const *v, size_t n); /* copies */
void strvec_remove(struct strvec *sv, size_t i);
bool strvec_has(const struct strvec *sv, const char *s);
void strvec_sort(struct strvec *sv); /* bytewise */

/* NAME=VALUE lists: replaces the entry of the same name, or adds one. */
void strvec_env_set(struct strvec *sv, const char *name_value);
/* The value, borrowed, or NULL. */
const char *strvec_env_get(const struct strvec *sv, const char *name);

#define autovec __attribute__((cleanup(strvec_release)))

#endif
