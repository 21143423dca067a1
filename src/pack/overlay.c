#include "pack/overlay.h"

#include <string.h>

#include "pack/path.h"

static int
compare(const void *a, const void *b)
{
	const struct context_file *x = a, *y = b;

	return strcmp(x->path, y->path);
}

size_t
overlay_bound(const struct context_file *files, size_t n, const char *path)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(files[mid].path, path) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int
check(const struct overlay *o, size_t i, struct err *err)
{
	const char *path = o->files[i].path;

	if (!path_is_below(path))
		return err_set(
		    err, ERR_CONFIG, "%s: not a path below the context", path);
	if (i && !strcmp(o->files[i - 1].path, path))
		return err_set(err, ERR_CONFIG, "%s: given twice", path);
	if (overlay_has_below(o, path))
		return err_set(err, ERR_CONFIG,
		    "%s: given as a file and as a directory", path);
	return 0;
}

int
overlay_init(struct overlay *o, const struct context_file *files, size_t n,
    struct err *err)
{
	o->files = xcalloc(n ? n : 1, sizeof(*o->files));
	o->n = n;
	for (size_t i = 0; i < n; i++)
		o->files[i] = files[i];
	qsort(o->files, n, sizeof(*o->files), compare);
	for (size_t i = 0; i < n; i++)
		if (check(o, i, err))
			return -1;
	return 0;
}

void
overlay_release(struct overlay *o)
{
	free(o->files);
	*o = (struct overlay){0};
}

const struct context_file *
overlay_find(const struct overlay *o, const char *path)
{
	size_t i = overlay_bound(o->files, o->n, path);

	return i < o->n && !strcmp(o->files[i].path, path) ? &o->files[i]
							   : NULL;
}

bool
overlay_has_below(const struct overlay *o, const char *dir)
{
	autofree char *prefix = NULL;
	size_t i;

	if (!o->n)
		return false;
	prefix = xasprintf("%s/", dir);
	i = overlay_bound(o->files, o->n, prefix);
	return i < o->n && str_starts(o->files[i].path, prefix);
}

void
overlay_names(const struct overlay *o, const char *prefix, struct names *names)
{
	size_t len = strlen(prefix);

	for (size_t i = overlay_bound(o->files, o->n, prefix); i < o->n; i++) {
		const char *path = o->files[i].path;

		if (strncmp(path, prefix, len))
			break;
		names_add(names, path + len, strcspn(path + len, "/"));
	}
}
