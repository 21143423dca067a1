/* What the files of languages and of their frameworks share. */
#ifndef ADDESH_PROJECT_LANGUAGES_IMPL_H
#define ADDESH_PROJECT_LANGUAGES_IMPL_H

#include "base/yaml.h"
#include "project/languages.h"

struct languages {
	struct language **v;
	size_t n, cap;
};

/* Adds what a file says; added: new languages are the user's. */
int languages_read(struct languages *ls, const struct yaml *y, bool added,
    struct err *err);
void language_free(struct language *l);

/* While a file is read. */
struct reader {
	struct languages *ls;
	struct language *l; /* the one that is being read */
	bool added;	    /* those that are new are the user's */
	const struct yaml *y;
	struct err *err;
};

/* Each sets *out, or adds to it, or fails with the node's place. */
int read_text(struct reader *r, const struct yaml_node *node, char **out);
int read_list(
    struct reader *r, const struct yaml_node *node, struct strvec *out);
int read_argv( /* at least a program */
    struct reader *r, const struct yaml_node *node, struct strvec *out);
int read_env(
    struct reader *r, const struct yaml_node *node, struct strvec *out);

/* frameworks_read.c: `tests` and `builds` of r->l; and freeing them. */
int read_frameworks(struct reader *r, const struct yaml_node *node);
int read_builds(struct reader *r, const struct yaml_node *node);
void drop_frameworks(struct language *l);
void drop_builds(struct language *l);

/*
 * A word with values for its placeholders; what stands in braces and is none
 * stays as it is.  value gives the caller's own text, or NULL.
 */
char *expand_word(const char *s,
    char *(*value)(const void *arg, const char *name, size_t n),
    const void *arg);

#endif
