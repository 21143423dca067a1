/* What the files of languages share: languages.c and languages_read.c. */
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

#endif
