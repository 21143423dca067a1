/* The languages of the files, and finding one. */
#include "project/languages_impl.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/io.h"
#include "base/xdg.h"
#include "sandbox/runtime.h"

void
languages_free(struct languages *ls)
{
	if (!ls)
		return;
	for (size_t i = 0; i < ls->n; i++)
		language_free(ls->v[i]);
	free(ls->v);
	free(ls);
}

static int
read_file(struct languages *ls, const char *path, bool added, struct err *err)
{
	struct yaml *y = yaml_parse_file(path, err);
	int r;

	if (!y)
		return -1;
	r = languages_read(ls, y, added, err);
	yaml_doc_free(y);
	return r;
}

static int
read_user_file(struct languages *ls, const char *path, struct err *err)
{
	autofree char *dir = *path ? NULL : xdg_config_dir();
	autofree char *found = dir ? io_join(dir, "languages.yaml") : NULL;

	if (*path)
		return read_file(ls, path, true, err);
	if (!found || !read_file(ls, found, true, err))
		return 0;
	if (err->code != ENOENT && err->code != ENOTDIR)
		return -1;
	err_clear(err);
	return 0;
}

struct languages *
languages_load(const char *path, const char *user, struct err *err)
{
	struct languages *ls = xcalloc(1, sizeof(*ls));
	autofree char *installed =
	    path ? NULL : runtime_data_path("languages.yaml", err);

	if ((!path && !installed) ||
	    read_file(ls, path ? path : installed, false, err) ||
	    (user && read_user_file(ls, user, err))) {
		languages_free(ls);
		return NULL;
	}
	return ls;
}

size_t
languages_count(const struct languages *ls)
{
	return ls->n;
}

const struct language *
languages_at(const struct languages *ls, size_t i)
{
	return ls->v[i];
}

/* All searches go backwards: what the user's file adds comes first. */
const struct language *
languages_by_name(const struct languages *ls, const char *name)
{
	for (size_t i = ls->n; i-- > 0;) {
		const struct strvec *names = &ls->v[i]->names;

		for (size_t j = 0; j < names->n; j++)
			if (!strcasecmp(names->v[j], name))
				return ls->v[i];
	}
	return NULL;
}

static const struct language *
find_extension(const struct languages *ls, const char *name,
    int (*compare)(const char *, const char *))
{
	size_t n = strlen(name);

	for (size_t i = ls->n; i-- > 0;) {
		const struct strvec *list = &ls->v[i]->extensions;

		for (size_t j = 0; j < list->n; j++) {
			size_t len = strlen(list->v[j]);

			if (n >= len && !compare(name + n - len, list->v[j]))
				return ls->v[i];
		}
	}
	return NULL;
}

/* ".C" is C++ where ".c" is C; ".PY" is Python all the same. */
const struct language *
languages_by_file(const struct languages *ls, const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *name = slash ? slash + 1 : file;
	const struct language *l = find_extension(ls, name, strcmp);

	return l ? l : find_extension(ls, name, strcasecmp);
}

const struct language *
languages_by_image(const struct languages *ls, const char *image)
{
	const char *slash = strrchr(image, '/');
	const char *start = slash ? slash + 1 : image;
	autofree char *name = xstrndup(start, strcspn(start, ":@"));

	for (size_t i = ls->n; i-- > 0;)
		if (strvec_has(&ls->v[i]->images, name))
			return ls->v[i];
	return NULL;
}
