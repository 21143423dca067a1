#include "session/image_name.h"

#include <string.h>

#include "engine/image.h"
#include "session/own_image.h"

#define DEFAULT_REGISTRY "docker.io"
#define ID_DIGITS_MIN 12 /* as engines show them */

/* The first component is a registry if it could be a host: see
   engine/reference.h. */
static bool
has_registry(const char *name)
{
	size_t n = strcspn(name, "/");

	return name[n] && (memchr(name, '.', n) || memchr(name, ':', n) ||
			      (n == 9 && !memcmp(name, "localhost", n)));
}

static bool
is_id(const char *name)
{
	size_t n = strlen(name);

	return str_starts(name, "sha256:") ||
	       (n >= ID_DIGITS_MIN && strspn(name, "0123456789abcdef") == n);
}

static bool
is_own(struct session *s, const char *name)
{
	autoerr struct err ignored = ERR_INIT;
	struct image img = IMAGE_INIT;
	struct engine *e = session_engine(s, &ignored);
	bool own = e && !image_look_up(e, name, &img, &ignored) &&
	    own_image(img.labels);

	image_release(&img);
	return own;
}

char *
session_image_name(struct session *s, const char *name)
{
	const char *registry = policy_text(s->policy, SET_ENGINE_REGISTRY);
	size_t n = strlen(registry);

	while (n && registry[n - 1] == '/')
		n--;
	if (!n || !*name || has_registry(name) || is_id(name) ||
	    (n == strlen(DEFAULT_REGISTRY) &&
		!memcmp(registry, DEFAULT_REGISTRY, n)) ||
	    !strcmp(policy_text(s->policy, SET_SANDBOX), "restricted") ||
	    is_own(s, name))
		return xstrdup(name);
	return xasprintf("%.*s/%s", (int)n, registry, name);
}
