#include "session/own_image.h"

#include <string.h>

#include "engine/image.h"

bool
own_image(const json *labels)
{
	const json *label;

	json_each (label, labels) {
		if (label->string && str_starts(label->string, "addesh."))
			return true;
	}
	return false;
}

/* Podman puts a registry in front of every name, "localhost" among them. */
bool
own_image_is_deps(const json *labels, const char *name)
{
	const char *key = json_str(labels, LABEL_DEPS_KEY, "");
	const char *last = strrchr(name, '/');
	autofree char *wanted = xasprintf(OWN_DEPS_REPO ":%s", key);

	return *key && !strcmp(last ? last + 1 : name, wanted) &&
	       !strcmp(json_str(labels, LABEL_IMAGE, ""), LABEL_IMAGE_DEPS);
}

char *
own_image_other(struct engine *e, const char *name)
{
	struct image img = IMAGE_INIT;
	autoerr struct err ignored = ERR_INIT;
	char *id = NULL;

	if (!image_look_up(e, name, &img, &ignored) && !own_image(img.labels))
		id = xstrdup(img.id);
	image_release(&img);
	return id;
}

char *
own_image_lost(const char *name, const char *id)
{
	autofree char *digits = image_id_short(id);

	return xasprintf("%s was a name of %s, which addesh did not make; to "
	    "give it back:  image tag %s %s", name, digits, digits, name);
}
