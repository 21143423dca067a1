/* Finding settings. */
#include "session/settings.h"

#include <string.h>

#include "base/nearest.h"
#include "base/strbuf.h"

const struct setting *
settings_find(const char *name)
{
	for (size_t i = 0; i < SET_COUNT; i++) {
		const struct setting *s = &settings_table[i];

		if (!strcmp(s->path, name) ||
		    (s->name && !strcmp(s->name, name)))
			return s;
	}
	return NULL;
}

/* The first whose name begins with the word, as memory_limit with memory. */
static const char *
longer_name(const char *word)
{
	for (size_t i = 0; *word && i < SET_COUNT; i++)
		if (settings_table[i].name &&
		    str_starts(settings_table[i].name, word))
			return settings_table[i].name;
	return NULL;
}

const struct setting *
settings_lookup(const char *name, struct err *err)
{
	const struct setting *s = settings_find(name);
	struct nearest near = NEAREST_INIT(name);

	if (s)
		return s;
	for (size_t i = 0; i < SET_COUNT; i++) {
		nearest_try(&near, settings_table[i].path);
		if (settings_table[i].name)
			nearest_try(&near, settings_table[i].name);
	}
	if (!near.best)
		near.best = longer_name(name);
	err_set(err, ERR_USAGE, "no setting is named '%s'", name);
	if (near.best)
		err_hint(err, "the nearest is %s", near.best);
	else
		err_hint(err, "all of them:  policy show");
	return NULL;
}

enum setting_id
settings_id(const struct setting *s)
{
	return (enum setting_id)(s - settings_table);
}

const char *
settings_name(const struct setting *s)
{
	return s->name ? s->name : s->path;
}

bool
settings_is_section(const char *path)
{
	size_t n = strlen(path);

	if (!strcmp(path, SETTINGS_MAX))
		return true;
	for (size_t i = 0; i < SET_COUNT; i++)
		if (!strncmp(settings_table[i].path, path, n) &&
		    settings_table[i].path[n] == '.')
			return true;
	return false;
}
