/*
 * JSON as ADDE's clients send and expect it, which is as Go's encoding/json
 * reads and writes it.
 *
 * A NUL, which a C string cannot hold, stands in the strings of a tree as the
 * bytes C0 80 (as in Java's class files); no valid UTF-8 has them, so they mean
 * nothing else.
 */
#ifndef ADDESH_ADDE_WIRE_H
#define ADDESH_ADDE_WIRE_H

#include <stddef.h>

#include "base/json.h"
#include "base/strbuf.h"

/*
 * Reads n bytes.  Stricter than json_parse(): the grammar is that of RFC 8259.
 * Bytes that are not UTF-8 become U+FFFD.  A number that is written with a
 * fraction or an exponent is never a whole one, as in Go: wire_is_int() says no.
 * NULL with ERR_USAGE.
 */
json *wire_parse(const char *s, size_t n, struct err *err);

/* One line: <, > and & as they are, U+2028 and U+2029 escaped; the caller's. */
char *wire_print(const json *j);

/* Is it a number written without fraction and exponent that fits an int64? */
bool wire_is_int(const json *j);

/* Appends the bytes of a string of a tree. */
void wire_bytes(struct strbuf *out, const char *s);
/* Has it a NUL, and so is nothing but bytes? */
bool wire_has_nul(const char *s);
/* A string for a tree; each byte that is not UTF-8 becomes U+FFFD. */
json *wire_string(const void *p, size_t n);
/* Appends what json_put_bytes() put under this name; nothing if it is absent. */
void wire_take_bytes(const json *obj, const char *name, struct strbuf *out);
/* The shortest form that reads as the same double. */
json *wire_number(double n);

#endif
