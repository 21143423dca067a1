#include "project/source_path.h"

#include <string.h>

#include "base/strbuf.h"
#include "pack/path.h"

/* Directories of what others wrote. */
static bool
is_foreign(const struct source_root *root, const char *path)
{
	static const char *const names[] = {"node_modules", "site-packages",
	    "dist-packages", ".venv", "venv", ".tox", ".nox", ".bundle",
	    ".cargo", "__pypackages__", NULL};
	autofree char *copy = xstrdup(path);
	char *rest = copy, *name;

	/* Go keeps its copies of modules there. */
	if (root->module && str_starts(path, "vendor/"))
		return true;
	while ((name = strsep(&rest, "/")))
		if (str_in(name, names) || (!strcmp(name, "vendor") && rest &&
					       str_starts(rest, "bundle/")))
			return true;
	return false;
}

/* What stands behind the directory in the path, or NULL. */
static const char *
behind(const char *path, const char *dir)
{
	size_t n = dir ? strlen(dir) : 0;

	while (n && dir[n - 1] == '/')
		n--;
	return n && !strncmp(path, dir, n) && path[n] == '/' ? path + n + 1
							     : NULL;
}

char *
source_path(const struct source_root *root, const char *path)
{
	autofree char *clean = NULL;
	const char *below, *in_module;

	if (str_starts(path, "file://"))
		path += strlen("file://");
	if (!*path || strlen(path) > SOURCE_PATH_MAX)
		return NULL;
	clean = path_clean(path);
	in_module = behind(clean, root->module);
	below = *clean == '/' ? behind(clean, root->dir)
		: in_module   ? in_module
			      : clean;
	if (!below || !path_is_below(below) || is_foreign(root, below))
		return NULL;
	if (root->exists && !root->exists(root->arg, below))
		return NULL;
	return xstrdup(below);
}

char *
source_path_at(
    const struct source_root *root, const char *dir, const char *path)
{
	autofree char *joined = NULL;

	if (*path == '/' || !dir || !*dir || str_starts(path, "file://"))
		return source_path(root, path);
	joined = xasprintf("%s/%s", dir, path);
	return source_path(root, joined);
}

char *
source_path_java(const struct source_root *root, const char *path)
{
	static const char *const dirs[] = {"src/main/java", "src/test/java",
	    "src/main/kotlin", "src/test/kotlin", "src", "test", "", NULL};
	char *found = NULL;

	if (*path == '/')
		return source_path(root, path);
	for (size_t i = 0; dirs[i] && !found; i++)
		found = source_path_at(root, dirs[i], path);
	return found;
}
