/*
 * Dockerfiles for directories that have none: share/addesh/templates, or
 * templates in the user's configuration directory, where a file of the same
 * name wins.  Which project file chooses which one is data: `project` in
 * languages.yaml.
 */
#ifndef ADDESH_PROJECT_TEMPLATE_H
#define ADDESH_PROJECT_TEMPLATE_H

#include "project/languages.h"

#define TEMPLATE_TEXT_MAX (64u << 10)

struct template_choice {
	const struct language *language; /* of the languages */
	char *name;	     /* of the template: "python-requirements" */
	struct strvec files; /* why: names that chose it, "requirements.txt" */
	char *text;	     /* the Dockerfile, ending in a newline */
	size_t len;
};

#define TEMPLATE_CHOICE_INIT {.files = STRVEC_INIT}
void template_choice_release(struct template_choice *c);

/*
 * names: the files at the top of a directory or context; those below it do not
 * choose.  The languages of the user's file come first, then those of the
 * installed one, in its order; within a language, its `project` in its order.
 *
 * ERR_USAGE if none of the names is a known project file: the message says so
 * of `where`, the hint names those that are known.
 */
int template_choose(const struct languages *ls, const struct strvec *names,
    const char *where, struct template_choice *c, struct err *err);
/* The first entry of this language whose files are all there; NULL: none. */
const struct project_kind *template_kind(const struct language *l,
    const struct strvec *names);
/* The text of templates/NAME, such as "dockerignore"; the caller's. */
char *template_read(const char *name, size_t *len, struct err *err);

#endif
