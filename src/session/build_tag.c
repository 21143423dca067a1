/* Names of images that are built. */
#include <string.h>
#include <time.h>

#include "engine/reference.h"
#include "session/build.h"

#define REPOSITORY "agent-env"

/*
 * To github.com/distribution/reference "Team/app" is "app" of a registry
 * "Team"; Docker 20.10 and Podman refuse it once they have the files.
 */
static bool
is_upper_path(const struct reference *ref)
{
	return !strpbrk(ref->domain, ".:") &&
	       strpbrk(ref->domain, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

char *
build_tag(const char *name, int64_t wall_us, struct err *err)
{
	struct reference ref = {0};
	time_t now = wall_us / 1000000;
	char when[32];
	struct tm tm;
	char *tag;

	if (!*name) {
		err_set(err, ERR_USAGE, "the name of an image is empty");
		return NULL;
	}
	if (strpbrk(name, "/:")) {
		tag = xstrdup(name);
	} else {
		if (!gmtime_r(&now, &tm) ||
		    !strftime(when, sizeof(when), "%Y%m%d-%H%M%S", &tm))
			*when = '\0';
		/* Of builds in the same second none takes another's name. */
		tag = xasprintf(REPOSITORY ":%s-%s-%06d", name, when,
		    (int)(wall_us % 1000000));
	}
	if (!reference_parse(&ref, tag, err) && !ref.digest &&
	    !is_upper_path(&ref)) {
		reference_release(&ref);
		return tag;
	}
	if (!err->kind && ref.digest)
		err_set(err, ERR_USAGE, "'%s': a digest is no tag", name);
	else if (!err->kind)
		err_set(err, ERR_USAGE, "image '%s': the names of images are in "
		    "lower case", name);
	reference_release(&ref);
	free(tag);
	return NULL;
}
