/*
 * Images that addesh made, and how they are told from those of others: by
 * labels.  Whatever is built from an image inherits its labels, so only their
 * names decide what may be removed without being asked for:
 *
 *	a build		LABEL_IMAGE=build; `prune` removes those without a name
 *	dependencies	LABEL_IMAGE=deps, LABEL_DEPS, LABEL_DEPS_KEY=KEY and
 *			the name OWN_DEPS_REPO:KEY; `prune` removes that name,
 *			and with its last name the engine removes the image
 *
 * An image never carries a label of containers (addesh.owner ...): a container
 * that somebody makes from it would be taken for ours, and be swept.
 */
#ifndef ADDESH_SESSION_OWN_IMAGE_H
#define ADDESH_SESSION_OWN_IMAGE_H

#include <stdbool.h>

#include "base/json.h"

#define LABEL_IMAGE "addesh.image"
#define LABEL_IMAGE_BUILT "build"
#define LABEL_IMAGE_DEPS "deps"
#define LABEL_BASE "addesh.base" /* name of the image below a layer */
#define LABEL_DEPS "addesh.deps" /* for people: "requests==2.31 six" */
#define LABEL_DEPS_KEY "addesh.deps.key" /* what the layer is found by */

#define OWN_DEPS_REPO "addesh-deps"

struct engine;

/* labels: of an image or a list's entry; an object, or NULL. */
bool own_image(const json *labels);
/* Is name ("docker.io/library/addesh-deps:KEY", or shorter) the one that these
   labels give a layer of dependencies? */
bool own_image_is_deps(const json *labels, const char *name);

/*
 * Names are moved from image to image without a question, as Docker does; where
 * an image loses one that addesh did not make, it is said.
 *
 * The id of such an image that has this name now, the caller's; else NULL, also
 * where the engine does not say.
 */
char *own_image_other(struct engine *e, const char *name);
/* The sentence once it has lost the name; the caller's. */
char *own_image_lost(const char *name, const char *id);

#endif
