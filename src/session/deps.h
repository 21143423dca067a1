/*
 * The packages that an environment was given: what was asked for, by language.
 * They are installed into a layer over the environment's image, by the
 * installers of languages.yaml (project/languages.h).
 *
 * Packages are words of an argv and never text for a shell; what could be an
 * option, or could end an instruction of a Dockerfile, is refused here.
 */
#ifndef ADDESH_SESSION_DEPS_H
#define ADDESH_SESSION_DEPS_H

#include "project/languages.h"

#define DEPS_FILE_MAX (1u << 20)

/* A list of packages, such as requirements.txt. */
struct dep_file {
	char *name; /* without directories */
	char *text;
	size_t len;
	const struct installer_file *how;
};

struct dep_group {
	const struct language *language; /* borrowed of the session's */
	struct strvec packages; /* as they were asked for, sorted */
	struct dep_file *files;
	size_t n_files;
};

struct deps {
	struct dep_group *groups; /* none of them empty */
	size_t n;
};

#define DEPS_INIT {0}
void deps_copy(struct deps *dst, const struct deps *src);
void deps_release(struct deps *d); /* d is empty and valid */

/*
 * Replaces what was asked for under the same name: x==1.1 comes for x==1.0.
 * ERR_USAGE if it is no package, or the language's are not installed so.
 */
int deps_add(struct deps *d, const struct language *l, const char *package,
    struct err *err);
/* Of the language that deps_file_language() says; text is copied. */
int deps_add_file(struct deps *d, const struct languages *all,
    const struct language *likely, const char *path, const char *text,
    size_t len, struct err *err);
/* A package, by its name or as it was asked for, or a file by its name. */
int deps_remove(struct deps *d, const char *name, struct err *err);
/*
 * Which language a file of this name is of: the one that knows the name, else
 * the likely one (NULL: there is none) if its installer takes lists of any
 * name.  NULL with ERR_USAGE.
 */
const struct language *deps_file_language(const struct languages *all,
    const struct language *likely, const char *path, struct err *err);

/* The name in "requests[socks]>=2.31"; itself if it is an address.  The
   caller's. */
char *deps_name(const char *package);
/* Are two names the same to an installer?  Case, '-', '_' and '.' do not
   count. */
bool deps_same_name(const char *a, const char *b);
/* "package.json requests 'six>=1'", each as a word that could be typed; what
   does not fit into so many bytes is counted: "a b and 7 more". */
#define DEPS_LINE 200 /* as a part of a message */
void deps_describe(const struct deps *d, size_t room, struct strbuf *out);

#endif
