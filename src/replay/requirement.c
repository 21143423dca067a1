#include "replay/requirement.h"

#include <string.h>

#include "base/nearest.h"

/* "image:" takes an argument. */
static const char *const words[] = {
    [REQUIRE_ENGINE] = "engine",
    [REQUIRE_DOCKER] = "docker",
    [REQUIRE_PODMAN] = "podman",
    [REQUIRE_RESTRICTED] = "restricted",
    [REQUIRE_IMAGE] = "image:",
};

static int
unknown(const char *s, struct err *err)
{
	struct nearest near = NEAREST_INIT(s);

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		nearest_try(&near, words[i]);
	if (near.best)
		return err_set(err, ERR_CONFIG,
		    "'%s' is not known; the nearest is %s", s, near.best);
	return err_set(err, ERR_CONFIG,
	    "'%s' is not known: engine, docker, podman, restricted or "
	    "image:REFERENCE",
	    s);
}

int
requirement_parse(struct requirement *r, const char *s, struct err *err)
{
	static const char not [] = "not ";
	size_t image = strlen(words[REQUIRE_IMAGE]);

	*r = (struct requirement){.negated = str_starts(s, not )};
	if (r->negated)
		s += strlen(not );
	if (!strncmp(s, words[REQUIRE_IMAGE], image) && s[image]) {
		r->kind = REQUIRE_IMAGE;
		r->arg = xstrdup(s + image);
		return 0;
	}
	for (size_t i = 0; i < REQUIRE_IMAGE; i++)
		if (!strcmp(s, words[i])) {
			r->kind = i;
			return 0;
		}
	return unknown(s, err);
}

void
requirement_release(struct requirement *r)
{
	free(r->arg);
	r->arg = NULL;
}

void
requirement_add(struct strbuf *sb, const struct requirement *r)
{
	strbuf_addf(sb, "%s%s%s", r->negated ? "not " : "", words[r->kind],
	    r->arg ? r->arg : "");
}
