/*
 * Where in the user's own code a failure was: languages differ in whether the
 * innermost call stands first or last, and name the files of libraries too.
 */
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "session/diagnosis_impl.h"

#define FAR 200 /* lines from the one that matched */

void
place_release(struct place *place)
{
	free(place->path);
	*place = (struct place){0};
}

static bool
is_library(const struct yaml_node *data, const char *path)
{
	const struct yaml_node *names = yaml_get(data, "libraries");

	for (const char *p = path; names && *p; p += strspn(p, "/")) {
		size_t n = strcspn(p, "/");

		for (size_t i = 0; i < names->n; i++) {
			const char *name = names->items[i]->text;

			if (name && strlen(name) == n && !strncmp(p, name, n))
				return true;
		}
		p += n;
	}
	return false;
}

/* Whether it can be a path at all that a program was read from. */
static bool
is_plain(const char *path)
{
	if (!*path || strlen(path) > 1024 || strpbrk(path, "<>:\\"))
		return false;
	for (const char *p = path; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	return !strstr(path, "..");
}

static bool
is_below(const char *path, const char *dir)
{
	return dir && strcmp(dir, "/") && volume_is_below(path, dir) &&
	    path[strlen(dir)] && !str_ends(path, "/");
}

/* The absolute path of a file of the user's, or NULL. */
static char *
own_path(const struct diagnosis_input *in, const struct yaml_node *data,
    const char *name)
{
	const char *cwd = in->cwd ? in->cwd : in->workdir;
	autofree char *path = NULL;

	if (str_starts(name, "file://"))
		name += strlen("file://");
	while (str_starts(name, "./"))
		name += strlen("./");
	if (!is_plain(name) || (*name != '/' && !cwd))
		return NULL;
	path = *name == '/' ? xstrdup(name) : io_join(cwd, name);
	if (is_library(data, path) ||
	    (!is_below(path, in->workspace) && !is_below(path, in->workdir) &&
		!is_below(path, cwd)))
		return NULL;
	return steal(&path);
}

static unsigned
number(const struct yaml_node *map, const char *key, const char *line,
    const regmatch_t *m)
{
	autofree char *text =
	    diagnosis_fill(yaml_text(map, key, ""), line, m, NULL);
	size_t n = strspn(text, "0123456789");

	return n && n < 10 && !text[n] ? (unsigned)strtoul(text, NULL, 10) : 0;
}

/* What `file`, `line` and `column` of a map say of a line that it matched. */
static bool
take(const struct diagnosis_input *in, const struct yaml_node *data,
    const struct yaml_node *map, const char *line, const regmatch_t *m,
    struct place *place)
{
	autofree char *name =
	    diagnosis_fill(yaml_text(map, "file", ""), line, m, NULL);

	place->path = own_path(in, data, name);
	if (!place->path)
		return false;
	place->line = number(map, "line", line, m);
	place->column = number(map, "column", line, m);
	return true;
}

/* ---- the lines around ---- */

/* One of the expressions of a place; false: there is none. */
static bool
compile(const struct yaml_node *rule, const char *key, regex_t *re)
{
	const char *text = yaml_text(rule, key, NULL);

	return text && !regcomp(re, text, REG_EXTENDED);
}

struct look {
	regex_t pattern, until, not;
	bool has_until, has_not;
};

/* 1: it is one; -1: those beyond are of something else. */
static int
look_at(const struct look *l, const char *line, regmatch_t *m)
{
	if (!regexec(&l->pattern, line, DIAGNOSIS_GROUPS, m, 0) &&
	    (!l->has_not || regexec(&l->not, line, 0, NULL, 0)))
		return 1;
	return l->has_until && !regexec(&l->until, line, 0, NULL, 0) ? -1 : 0;
}

static bool
walk(const struct diagnosis_input *in, const struct yaml_node *data,
    const struct yaml_node *rule, const struct look *l,
    const struct matched *found, struct place *place)
{
	const char *where = yaml_text(rule, "look", "here");
	const struct strvec *lines = found->lines;
	bool after = !strcmp(where, "after");
	size_t at = found->at, steps = strcmp(where, "here") ? FAR : 0;
	regmatch_t m[DIAGNOSIS_GROUPS];

	if (!steps)
		return look_at(l, lines->v[at], m) == 1 &&
		    take(in, data, rule, lines->v[at], m, place);
	while (steps-- && (after ? at-- > 0 : ++at < lines->n)) {
		int rc = look_at(l, lines->v[at], m);

		if (rc == 1 && take(in, data, rule, lines->v[at], m, place))
			return true;
		if (rc < 0)
			break;
	}
	return false;
}

static bool
try_rule(const struct diagnosis_input *in, const struct yaml_node *data,
    const struct yaml_node *rule, const struct matched *found,
    struct place *place)
{
	struct look l;
	bool ok;

	if (!compile(rule, "pattern", &l.pattern))
		return false;
	l.has_until = compile(rule, "until", &l.until);
	l.has_not = compile(rule, "not", &l.not);
	ok = walk(in, data, rule, &l, found, place);
	regfree(&l.pattern);
	if (l.has_until)
		regfree(&l.until);
	if (l.has_not)
		regfree(&l.not);
	return ok;
}

/* Of the languages of the entry; where it has none, of the program's. */
static bool
fits(const struct yaml_node *rule, const struct yaml_node *entry,
    const char *language)
{
	const struct yaml_node *list = yaml_get(entry, "languages");

	if (language || !list)
		return diagnosis_for_language(rule, language);
	for (size_t i = 0; i < list->n; i++)
		if (diagnosis_for_language(rule, list->items[i]->text))
			return true;
	return false;
}

void
diagnosis_place(const struct diagnosis_input *in, const struct yaml_node *data,
    const struct matched *found, struct place *place)
{
	const struct yaml_node *rules = yaml_get(data, "places");

	*place = (struct place){0};
	if (take(in, data, found->entry, found->lines->v[found->at], found->m,
		place))
		return;
	for (size_t i = 0; rules && i < rules->n; i++)
		if (fits(rules->items[i], found->entry, in->language) &&
		    try_rule(in, data, rules->items[i], found, place))
			return;
	if (in->file)
		place->path = io_join(in->workspace, in->file);
}
