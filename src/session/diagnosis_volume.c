/* Which read-only directory of this host a line is about. */
#include <ctype.h>
#include <string.h>

#include "session/diagnosis_impl.h"

static bool
is_in_name(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("._-/", c));
}

/* Whether the line has this path or one below it. */
static bool
names_path(const char *line, const char *path)
{
	size_t n = strlen(path);

	for (const char *p = line; (p = strstr(p, path)); p++)
		if ((p == line || !is_in_name(p[-1])) &&
		    (p[n] == '/' || !is_in_name(p[n])))
			return true;
	return false;
}

/* Whether it has any path from the root on. */
static bool
names_root(const char *line)
{
	for (const char *p = line; (p = strchr(p, '/')); p++)
		if (p == line || !is_in_name(p[-1]))
			return true;
	return false;
}

/* The read-only one that a line is about: the deepest that it names, or where
   programs start if it names no place at all. */
const struct volume *
diagnosis_volume(const struct diagnosis_input *in, const char *line)
{
	const struct volume *found = NULL;
	bool here = in->workdir && !names_root(line);

	for (size_t i = 0; i < in->nvolumes; i++) {
		const struct volume *v = &in->volumes[i];

		if (v->read_only &&
		    (names_path(line, v->target) ||
			(here && volume_is_below(in->workdir, v->target))) &&
		    (!found || strlen(v->target) > strlen(found->target)))
			found = v;
	}
	return found;
}
