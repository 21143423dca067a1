/*
 * Growing byte strings.  buf is never NULL and always NUL-terminated behind
 * len, but may hold NULs.  A zeroed struct is not valid: use STRBUF_INIT or
 * strbuf_init().
 */
#ifndef ADDESH_BASE_STRBUF_H
#define ADDESH_BASE_STRBUF_H

#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>

#include "base/xalloc.h"

struct strbuf {
	char *buf;
	size_t len, cap;
};

extern char strbuf_empty[];
#define STRBUF_INIT {.buf = strbuf_empty}

void strbuf_init(struct strbuf *sb);
void strbuf_release(struct strbuf *sb); /* frees; sb is empty and valid */
void strbuf_reset(struct strbuf *sb);	/* empty, keeps the memory */
char *strbuf_detach(struct strbuf *sb); /* the caller's; never NULL */

void strbuf_grow(struct strbuf *sb, size_t extra); /* room beyond len */
void strbuf_add(struct strbuf *sb, const void *p, size_t n);
void strbuf_adds(struct strbuf *sb, const char *s);
void strbuf_addc(struct strbuf *sb, char c);
void strbuf_addf(struct strbuf *sb, const char *fmt, ...) PRINTF_LIKE(2, 3);
void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap)
    PRINTF_LIKE(2, 0);
void strbuf_prepend(struct strbuf *sb, const char *s);
/* Drops n bytes at the front (n <= len). */
void strbuf_consume(struct strbuf *sb, size_t n);
void strbuf_truncate(struct strbuf *sb, size_t len);
/* As one word of a command line: in quotes where a shell, ours or another,
   would read something else. */
void strbuf_add_word(struct strbuf *sb, const char *s);

#define autobuf __attribute__((cleanup(strbuf_release)))

bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
bool str_in(const char *s, const char *const *list); /* NULL-terminated */

#endif
