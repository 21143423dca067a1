/* Encodings of bytes: UTF-8, base64 (RFC 4648 sections 4 and 5), SHA-256. */
#ifndef ADDESH_BASE_ENCODE_H
#define ADDESH_BASE_ENCODE_H

#include <stdbool.h>

#include "base/strbuf.h"

/*
 * Length of the UTF-8 sequence at s (1 to 4), 0 if the n bytes there are not
 * the start of a valid one (overlong forms and surrogates are not), -1 if they
 * are a beginning that more bytes could complete.  *cp may be NULL.
 */
int utf8_next(const char *s, size_t n, unsigned *cp);
bool utf8_valid(const char *s, size_t n);
/* Columns of a terminal that the text takes. */
int text_width(const char *s);
/* Bytes of it that take at most so many columns. */
size_t text_fit(const char *s, size_t n, int columns);
/* Appends its words from the column indent on, in lines of at most so many
   columns; a newline begins a paragraph, and one is put behind the last. */
void text_wrap(struct strbuf *sb, const char *text, int indent, int columns);

/* Appends it with each byte that is not UTF-8 as U+FFFD. */
void utf8_repair(struct strbuf *out, const char *s, size_t n);

/* Appends; always padded with '='.  url: '-' and '_' for '+' and '/'. */
void base64_encode(struct strbuf *out, const void *p, size_t n, bool url);
/* Standard alphabet, padding required; -1 if it is not that. */
int base64_decode(struct strbuf *out, const char *s, size_t n);

/* The digest (FIPS 180-4) in lower-case hexadecimal, with a NUL. */
#define SHA256_HEX_SIZE 65
void sha256_hex(const void *p, size_t n, char hex[SHA256_HEX_SIZE]);

#endif
