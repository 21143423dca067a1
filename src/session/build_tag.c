/* Names of images that are built. */
#include <string.h>
#include <time.h>

#include "engine/reference.h"
#include "session/build.h"

#define REPOSITORY "agent-env"

char *
build_tag(const char *name, int64_t wall_ms, struct err *err)
{
	struct reference ref = {0};
	time_t now = wall_ms / 1000;
	char when[32];
	struct tm tm;
	char *tag;

	if (strpbrk(name, "/:")) {
		tag = xstrdup(name);
	} else {
		if (!gmtime_r(&now, &tm) ||
		    !strftime(when, sizeof(when), "%Y%m%d-%H%M%S", &tm))
			*when = '\0';
		tag = xasprintf(REPOSITORY ":%s-%s", name, when);
	}
	if (!reference_parse(&ref, tag, err) && !ref.digest) {
		reference_release(&ref);
		return tag;
	}
	if (!err->kind)
		err_set(err, ERR_USAGE, "'%s': a digest is no tag", name);
	else if (!strpbrk(name, "/:"))
		err_hint(err, "a tag has letters, digits, '.', '_' and '-'");
	reference_release(&ref);
	free(tag);
	return NULL;
}
