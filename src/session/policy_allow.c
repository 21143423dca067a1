/* What the policy refuses, in sentences that say where it was set. */
#include "session/policy_impl.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/glob.h"
#include "base/io.h"

static int
refuse_switch(const struct policy *p, enum setting_id id, struct err *err)
{
	const char *where = policy_where(p, id);

	err_set(err, ERR_POLICY, "running code is disabled: %s is %s (%s)",
	    settings_table[id].path, policy_text(p, id), where);
	return strrchr(where, ':') ? err_hint(err, "to allow it, change %s",
					 where)
				   : -1;
}

int
policy_may_execute(const struct policy *p, struct err *err)
{
	static const enum setting_id switches[] = {SET_ENABLED, SET_SANDBOX};

	for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
		const struct setting *s = &settings_table[switches[i]];

		if (!strcmp(policy_text(p, switches[i]), s->only))
			return refuse_switch(p, switches[i], err);
	}
	return 0;
}

/* All lists that count must have an item for which match() holds. */
static int
check_lists(const struct policy *p, enum setting_id id,
    bool (*match)(const char *item, const void *arg), const void *arg,
    const char *what, struct err *err)
{
	const struct value *v;

	for (size_t i = 0; (v = policy_constraint(p, id, i)); i++) {
		bool found = false;

		for (size_t j = 0; j < v->list.n && !found; j++)
			found = match(v->list.v[j], arg);
		if (!found)
			return err_set(err, ERR_POLICY,
			    "%s is not allowed: %s is %s (%s)", what,
			    settings_table[id].path, v->text, v->where);
	}
	return 0;
}

struct named_image {
	char *name;   /* without the registry and namespace that are implied */
	char *tagged; /* with the tag that is implied */
	const char *digest; /* or NULL */
};

/* "docker.io/library/python" and "python" are the same image. */
static const char *
familiar_name(const char *name)
{
	static const char *const prefixes[] = {
	    "docker.io/", "index.docker.io/", "library/"};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (str_starts(name, prefixes[i]))
			name += strlen(prefixes[i]);
	return name;
}

static bool
has_tag(const char *name)
{
	const char *slash = strrchr(name, '/');

	return strchr(slash ? slash : name, ':') || strchr(name, '@');
}

static bool
match_image(const char *pattern, const void *arg)
{
	const struct named_image *image = arg;

	if (str_starts(pattern, "sha256:"))
		return image->digest && !strcmp(pattern, image->digest);
	pattern = familiar_name(pattern);
	return glob_match(pattern, image->name) ||
	    glob_match(pattern, image->tagged);
}

int
policy_may_use_image(const struct policy *p, const char *image,
    const char *digest, struct err *err)
{
	const char *name = familiar_name(image), *at = strchr(name, '@');
	autofree char *copy = xstrdup(name);
	autofree char *tagged =
	    xasprintf("%s%s", name, has_tag(name) ? "" : ":latest");
	autofree char *what = xasprintf("the image %s", image);
	struct named_image im = {.name = copy, .tagged = tagged,
	    .digest = digest ? digest : at ? at + 1 : NULL};

	return check_lists(p, SET_IMAGES, match_image, &im, what, err);
}

/* A `*` of the registry's part does not reach into the path: "*.example.com"
   is not evil.test/x.example.com. */
static bool
match_registry(const char *pattern, const void *arg)
{
	const struct reference *ref = arg;
	const char *slash = strchr(pattern, '/');
	autofree char *domain = slash
	    ? xstrndup(pattern, (size_t)(slash - pattern))
	    : xstrdup(pattern);

	return glob_match(domain, ref->domain) &&
	    (!slash || glob_match(slash + 1, ref->path));
}

int
policy_may_push(const struct policy *p, const struct reference *ref,
    struct err *err)
{
	autofree char *what =
	    xasprintf("pushing to %s/%s", ref->domain, ref->path);

	const struct value *v = policy_value(p, SET_ENGINE_PUSH_REGISTRIES);

	if (!check_lists(p, SET_ENGINE_PUSH_REGISTRIES, match_registry, ref,
		what, err))
		return 0;
	for (size_t i = 0; i < v->list.n; i++)
		if (match_registry(v->list.v[i], ref))
			return -1; /* a project's list is what refuses it */
	/* What names no registry would go among Docker's own images. */
	if (!strcmp(ref->domain, "docker.io") &&
	    str_starts(ref->path, "library/")) {
		autofree char *name = reference_familiar(ref);

		return err_hint(err, "its name begins with no registry; give "
		    "it one that does:  image tag %s REGISTRY/%s", name, name);
	}
	return err_hint(err, "for this session:  set "
	    "engine.push_registries %s", ref->domain);
}

static bool
match_language(const char *item, const void *arg)
{
	const char *const *names = arg;

	if (!strcmp(item, "*"))
		return true;
	for (; *names; names++)
		if (!strcasecmp(item, *names))
			return true;
	return false;
}

int
policy_may_use_language(const struct policy *p, const char *const *names,
    struct err *err)
{
	autofree char *what = xasprintf("the language %s", names[0]);

	return check_lists(p, SET_ALLOWED_LANGUAGES, match_language, names,
	    what, err);
}

static char *
fail_path(int sys)
{
	errno = sys;
	return NULL;
}

/*
 * The path without links; what is not there yet lies in a directory that is.
 * A link to nothing is refused, as writing would go where it points.  The
 * caller's, or NULL and errno.
 */
static char *
resolve_path(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *last = slash ? slash + 1 : path;
	autofree char *dir = NULL, *real = NULL;
	char *whole = realpath(path, NULL);
	struct stat st;

	if (whole || errno != ENOENT)
		return whole;
	if (!lstat(path, &st))
		return fail_path(ELOOP);
	if (!strcmp(last, "..") || !strcmp(last, ".") || !*path)
		return fail_path(ENOENT);
	dir = slash ? xstrndup(path, (size_t)(slash - path) + (slash == path))
		    : xstrdup(".");
	real = resolve_path(dir);
	if (!real || !*last) /* "out/" */
		return real ? steal(&real) : NULL;
	return io_join(real, last);
}

/* "~/x" of a settings file. */
static char *
expand_home(const char *item)
{
	const char *home = getenv("HOME");

	if (*item != '~' || (item[1] && item[1] != '/') || !home)
		return xstrdup(item);
	return xasprintf("%s%s", home, item + 1);
}

static bool
match_path(const char *item, const void *arg)
{
	const char *path = arg;
	autofree char *expanded = expand_home(item);
	autofree char *dir = resolve_path(expanded);
	size_t n = dir ? strlen(dir) : 0;

	if (!dir)
		return false;
	if (!strcmp(dir, "/"))
		return true;
	return !strncmp(path, dir, n) && (!path[n] || path[n] == '/');
}

/* Words mean the same for programs of an environment, whose home is another. */
static int
refuse_tilde(const char *path, struct err *err)
{
	const char *home = getenv("HOME");

	err_sys(err, ENOENT, "%s", path);
	return home ? err_hint(err, "~ is not replaced by a directory here; "
			  "yours is %s", home)
		    : -1;
}

int
policy_may_use_path(const struct policy *p, enum setting_id id,
    const char *path, struct err *err)
{
	autofree char *real = resolve_path(path);
	autofree char *what = NULL;

	if (str_starts(path, "~/") && access("~", F_OK))
		return refuse_tilde(path, err);
	if (!real)
		return err_sys(err, errno, "%s", path);
	what = xasprintf("%s %s", id == SET_HOST_READ ? "reading" : "writing",
	    real);
	return check_lists(p, id, match_path, real, what, err);
}
