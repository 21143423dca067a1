/*
 * .dockerignore of a foreign repository: the text up to the first NUL, then
 * paths, each up to a NUL.  What a walk decides step by step is what is decided
 * of the whole path, and no directory is passed by that holds what is kept.
 */
#include <stdlib.h>
#include <string.h>

#include "pack/ignore.h"
#include "fuzz.h"

/* As a walk comes to path: is it left out, and was it ever passed by? */
static bool
walk(const struct ignore *ig, const char *path, bool *passed_by)
{
	size_t n = ignore_marks(ig);
	bool *marks = xcalloc(2 * n + 2, sizeof(*marks)), ignored;
	bool *parent = NULL, *own = marks;

	for (const char *s = strchr(path, '/'); s; s = strchr(s + 1, '/')) {
		autofree char *dir = xstrndup(path, (size_t)(s - path));

		if (ignore_directory(ig, parent, dir, own) !=
		    ignore_path(ig, dir))
			abort();
		if (ignore_path(ig, dir) && !ignore_keeps_below(ig, own, dir))
			*passed_by = true;
		parent = own;
		own = own == marks ? marks + n + 1 : marks;
	}
	ignored = ignore_file(ig, parent, path);
	free(marks);
	return ignored;
}

static void
check_path(const struct ignore *ig, const char *path)
{
	bool passed_by = false, ignored;

	if (!*path || *path == '/' || strstr(path, "//"))
		return;
	ignored = walk(ig, path, &passed_by);
	if (ignored != ignore_path(ig, path) || (passed_by && !ignored))
		abort();
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	autofree char *text = xstrndup((const char *)data, size);
	size_t len = strlen(text), paths = 0;
	struct err err = ERR_INIT;
	struct ignore *ig = ignore_parse("f", text, len, &err);

	if (!ig != (err.kind == ERR_CONFIG))
		abort();
	while (ig && len < size && paths++ < 64) {
		autofree char *path = NULL;

		len++;
		path = xstrndup((const char *)data + len, size - len);
		len += strlen(path);
		check_path(ig, path);
	}
	ignore_free(ig);
	err_clear(&err);
	return 0;
}
