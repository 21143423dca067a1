/*
 * YAML texts as trees, over libyaml: policy files, languages, the front matter
 * of session files.  Texts are hostile input: bytes, depth and the number of
 * nodes are bounded, where a node counts as often as aliases repeat it.
 *
 * What a tree holds is what such files need: maps whose keys are scalars,
 * sequences, and scalars as text.  Which type a scalar has is decided by the
 * reader's schema, so tags are ignored.  A key that stands twice in a map, a
 * second document, and a scalar with a NUL in it are errors, as is an alias
 * inside of what it names.  "<<" is a key like any other.
 */
#ifndef ADDESH_BASE_YAML_H
#define ADDESH_BASE_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define YAML_TEXT_MAX (1u << 20) /* bytes */
#define YAML_DEPTH_MAX 64
#define YAML_NODES_MAX 100000

enum yaml_kind { YAML_SCALAR, YAML_SEQ, YAML_MAP };

struct yaml_node {
	enum yaml_kind kind;
	unsigned line, column; /* where it begins, from 1 */
	const char *text;      /* of a scalar; else NULL */
	bool plain;	       /* a scalar without quotes, not a block */
	size_t n;	       /* items of a sequence, pairs of a map */
	struct yaml_node **keys; /* of a map: scalars */
	struct yaml_node **items; /* of a sequence; the values of a map */
};

struct yaml;

/*
 * Parses n bytes of UTF-8 (or UTF-16 with a BOM).  The error (ERR_CONFIG)
 * begins with "NAME:LINE:COLUMN: ".  The tree is the caller's and owns all its
 * nodes.
 */
struct yaml *yaml_parse(const char *name, const char *text, size_t n,
    struct err *err);
/* The same for a part of a file, whose first byte stands at this place. */
struct yaml *yaml_parse_at(const char *name, unsigned line, unsigned column,
    const char *text, size_t n, struct err *err);
struct yaml *yaml_parse_file(const char *path, struct err *err);
/* NULL is fine.  (libyaml itself has a yaml_free().) */
void yaml_doc_free(struct yaml *y);

const char *yaml_name(const struct yaml *y);
/* NULL if the text holds nothing but comments. */
const struct yaml_node *yaml_root(const struct yaml *y);

/* The value of a key; NULL if it is absent, or map is NULL or no map. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
/* The text of a scalar that is there, else def. */
const char *yaml_text(const struct yaml_node *map, const char *key,
    const char *def);
/* Absent (NULL), empty, "~" or "null". */
bool yaml_is_null(const struct yaml_node *node);
/* "a map", "a list", "text": for messages. */
const char *yaml_kind_name(const struct yaml_node *node);

/* Sets ERR_CONFIG "NAME:LINE:COLUMN: MESSAGE"; returns -1. */
int yaml_error(struct err *err, const struct yaml *y,
    const struct yaml_node *at, const char *fmt, ...) PRINTF_LIKE(4, 5);

#endif
