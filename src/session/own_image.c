#include "session/own_image.h"

#include <string.h>

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
