/*
 * JSON, over cJSON: the only place that includes it.  A tree owns its members;
 * getters borrow and tolerate NULL and wrong types, since most of what is read
 * comes from a peer.
 */
#ifndef ADDESH_BASE_JSON_H
#define ADDESH_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/err.h"
#include "base/strvec.h"

typedef cJSON json;

/* Parses exactly n bytes, depth-limited; ERR_IO with what is wrong. */
json *json_parse(const char *s, size_t n, struct err *err);
/* The same where a stranger wrote it, with so many values at most: a tree takes
   a hundred bytes for each.  Escapes of NULs and of halves of surrogates, which
   JavaScript writes where a string has them, are read as U+FFFD. */
json *json_parse_bounded(const char *s, size_t n, size_t values,
    struct err *err);
void json_free(json *j);
json *json_copy(const json *j); /* deep */
/* One line without blanks; the caller's. */
char *json_print(const json *j);

/* Member or element, NULL if absent or if j is not an object/array. */
const json *json_get(const json *j, const char *name);
/* "HostConfig.Memory": a chain of json_get(). */
const json *json_path(const json *j, const char *path);
/* Defaults where absent or of another type. */
const char *json_str(const json *j, const char *name, const char *def);
int64_t json_int(const json *j, const char *name, int64_t def);
double json_num(const json *j, const char *name, double def);
bool json_bool(const json *j, const char *name, bool def);

/* Appends the strings of an array; anything else in it is skipped. */
void json_strings(const json *array, struct strvec *sv);

json *json_object(void);
json *json_array(void);
void json_put(json *obj, const char *name, json *value); /* takes value */
void json_put_str(json *obj, const char *name, const char *s); /* NULL: null */
/* Exact up to 2^53, as JSON readers are. */
void json_put_int(json *obj, const char *name, int64_t n);
void json_put_num(json *obj, const char *name, double n);
void json_put_bool(json *obj, const char *name, bool b);
void json_remove(json *obj, const char *name); /* absent is fine */
void json_push(json *array, json *value); /* takes value */
void json_push_str(json *array, const char *s);
json *json_from_strings(const struct strvec *sv); /* an array */
json *json_string(const char *s); /* what is not UTF-8 becomes U+FFFD */
/*
 * Bytes of a program: under NAME as a string if they are UTF-8 without NUL,
 * else under NAME_b64 in base64.
 */
void json_put_bytes(json *obj, const char *name, const void *p, size_t n);
/* The same as a value: a string, or {"b64":BASE64}. */
json *json_text(const void *p, size_t n);
/* Appends what json_text() made; anything else is nothing. */
void json_add_text(const json *j, struct strbuf *out);

#define json_each(item, j) cJSON_ArrayForEach(item, j)
static inline void
json_cleanup_(json **j)
{
	json_free(*j);
}
#define autojson __attribute__((cleanup(json_cleanup_)))

#endif
