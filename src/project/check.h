/*
 * What is found in a program's text before it runs: findings of the layers
 * syntax, structure, security, performance and lint.  Nothing here runs
 * anything; session/check.h has the languages' own parsers look at the text.
 */
#ifndef ADDESH_PROJECT_CHECK_H
#define ADDESH_PROJECT_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"

enum check_layer {
	CHECK_SYNTAX,
	CHECK_STRUCTURE,
	CHECK_SECURITY,
	CHECK_PERFORMANCE,
	CHECK_LINT,
	CHECK_LAYERS
};
/* "syntax", ..., in options, records and settings; ends with NULL. */
extern const char *const check_layer_names[];
/* Of one of those names; -1: it is none. */
int check_layer_by_name(const char *name);

/* How bad it is; what becomes of it is the policy's (enum check_action). */
enum check_severity { CHECK_ERROR, CHECK_WARNING, CHECK_INFO };
extern const char *const check_severity_names[]; /* "error"; NULL at the end */

/* In the order of the words of the settings, the stricter first. */
enum check_action { CHECK_REFUSE, CHECK_WARN, CHECK_ALLOW };
extern const char *const check_action_names[]; /* "refuse" */

struct check_finding {
	enum check_layer layer;
	char *rule; /* "eval" */
	const char *severity; /* static: check_severity_names, or of a
				 Dockerfile "deny" or "warn" */
	enum check_action action;
	char *file;
	unsigned line, column; /* from 1, as the language's own parser counts;
				  0: not known */
	bool by_text; /* found without the language's own parser */
	char *message;
	char *remedy; /* lines, or NULL */
};

/* More than these are not kept: the last one, an error, says so. */
#define CHECK_FINDINGS_MAX 10000

struct check_findings {
	struct check_finding *v;
	size_t n, cap;
};

void check_findings_release(struct check_findings *f);
/* A new one of this layer, rule and severity; texts are copied, remedy may be
   NULL.  One that says of the same place the same is not added again, but takes
   the worse severity. */
struct check_finding *check_add(struct check_findings *f,
    enum check_layer layer, const char *rule, enum check_severity severity,
    const char *file, unsigned line, unsigned column, const char *message,
    const char *remedy);
/* By file, line and column; what has no line comes first. */
void check_findings_sort(struct check_findings *f);

/* Of one text larger than this many bytes: a warning (performance). */
void check_size(struct check_findings *f, const char *file, size_t n,
    size_t limit);

/*
 * How bad is value, the content of a string, NUL behind it, to which the code
 * gives this name (NULL: none), as a secret?  CHECK_ERROR: it may be one that
 * something is protected with.  CHECK_WARNING: a word, as tests and examples
 * have them.  -1: it is none.  What a name or a value must be for that is
 * base/mask.h's.
 */
int check_secret(const char *name, const char *value, size_t n);

#endif
