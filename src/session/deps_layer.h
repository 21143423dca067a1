/*
 * The layer of an image that holds an environment's packages: found again by
 * its name, or built.
 *
 * The name is OWN_DEPS_REPO:KEY.  KEY is a digest of the id of the base image
 * and of everything that decides what is installed into it: the instructions
 * (with them the packages as they were asked for, in order, and the installer's
 * commands), the lists, and the variables that the installer gets.  What that
 * came to in the end, the versions of all packages, can only be known once it
 * is installed, and to find the layer without a network is the purpose of the
 * key; so the versions are kept in the layer, where DEPS_DIR/LANGUAGE.before
 * and .after are what the installer listed, and `dep ls` reads them.  A request
 * without versions means those of the day when it was installed, until the
 * layer is pruned or built again.
 *
 * It is always built on the base image, with all packages in one call of the
 * installer: only so do they fit together, and the same request comes to the
 * same layer in whatever order it was made.
 */
#ifndef ADDESH_SESSION_DEPS_LAYER_H
#define ADDESH_SESSION_DEPS_LAYER_H

#include "engine/image.h"
#include "session/build.h"
#include "session/deps.h"

#define DEPS_DIR "/.addesh-deps"
#define DEPS_LIST_MAX (1u << 20) /* bytes of what an installer lists */

struct deps_request {
	const struct policy *policy;
	const char *image; /* the base, as it was asked for */
	enum pull_policy pull;
	const struct deps *deps;
	const struct strvec *variables; /* of the environment: NAME=VALUE */
	bool again; /* even if it is there */
};

/*
 * The id of the layer, the caller's.  NULL: err, and r tells of the build if
 * one was begun (r->n is not 0).  A use of the layer is noted.  r is
 * initialised; r->id stays NULL if the layer was there already.
 */
char *session_deps_layer(struct session *s, const struct deps_request *q,
    const struct build_watch *watch, struct build_record *r, struct err *err);

/*
 * The instructions after FROM, and the ARGs that they take.  lists: the names
 * of the files in the context, in order.
 */
void deps_dockerfile(const struct deps *d, const struct image *base,
    const struct strvec *variables, struct strbuf *text, struct strvec *args,
    struct strvec *lists);

/* A package that is in a layer. */
struct dep_installed {
	char *name, *version;
};
/*
 * What the installer's list `after` has that is not in `before`, by the
 * language's pattern; *n of them, the caller's.
 */
struct dep_installed *deps_installed(const struct language *l,
    const struct strbuf *before, const struct strbuf *after, size_t *n);
void deps_installed_free(struct dep_installed *v, size_t n);

#endif
