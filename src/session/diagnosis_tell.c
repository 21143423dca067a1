/* What is said of a known failure, in the words of the data. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/units.h"
#include "session/diagnosis_impl.h"

#define AROUND 3 /* lines that are shown before and after one */

/* Keys that say how to match, or are told in a way of their own. */
static const char *const control_keys[] = {
    "beside", "column", "file", "first", "has", "languages",
    "line", "message_beside", "network", "not", "packages", "pattern",
    "read_only_volume", "suggestion", "suggestion_beside",
    "suggestion_offline", "suggestion_own", "suggestion_project",
    "suggestion_restricted", "suggestion_restricted_offline", "when", NULL};

char *
diagnosis_fill(const char *text, const char *line, const regmatch_t *m,
    const struct yaml_node *names)
{
	struct strbuf sb = STRBUF_INIT;

	for (; *text; text++) {
		if (*text != '\\' || !isdigit((unsigned char)text[1])) {
			strbuf_addc(&sb, *text);
			continue;
		}
		const regmatch_t *group = &m[*++text - '0'];

		if (group->rm_so >= 0) {
			autofree char *word = xstrndup(line + group->rm_so,
			    (size_t)(group->rm_eo - group->rm_so));

			strbuf_adds(&sb, yaml_text(names, word, word));
		}
	}
	return strbuf_detach(&sb);
}

static void
put_filled(json *j, const char *key, const char *text, const char *line,
    const regmatch_t *m, const struct yaml_node *names)
{
	autofree char *value = diagnosis_fill(text, line, m, names);

	if (*value)
		json_put_str(j, key, value);
}

static bool
is_plain_word(const char *p, size_t n)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@._/-";

	return n && *p != '-' && strspn(p, plain) >= n;
}

/*
 * Whether every group that text names is a plain word.  A suggestion is a
 * command, and some users follow it without looking: what the program wrote
 * must not bring an option, a second command or a redirection into it.
 */
static bool
is_safe_in_command(const char *text, const char *line, const regmatch_t *m)
{
	for (; *text; text++) {
		if (*text != '\\' || !isdigit((unsigned char)text[1]))
			continue;
		const regmatch_t *group = &m[*++text - '0'];
		const char *p = line + group->rm_so;
		size_t n = (size_t)(group->rm_eo - group->rm_so);

		if (group->rm_so < 0 || !is_plain_word(p, n))
			return false;
	}
	return true;
}

/* A suggestion for this environment: another one like it has its image. */
static char *
name_image(const char *text, const char *image)
{
	static const char mark[] = " {image}";
	const char *at = strstr(text, mark);

	if (!at)
		return xstrdup(text);
	return xasprintf("%.*s%s%s%s", (int)(at - text), text,
	    image ? " " : "", image ? image : "", at + strlen(mark));
}

/* "{lang NAME}" is the option that says so, where told is another or NULL. */
static char *
name_language(const char *text, const char *told)
{
	static const char mark[] = " {lang ";
	const char *at = strstr(text, mark);
	const char *name = at ? at + strlen(mark) : "";
	const char *end = strchr(name, '}');
	size_t n = end ? (size_t)(end - name) : 0;

	if (!end)
		return xstrdup(text);
	if (told && strlen(told) == n && !strncmp(told, name, n))
		return xasprintf("%.*s%s", (int)(at - text), text, end + 1);
	return xasprintf("%.*s --lang %.*s%s", (int)(at - text), text, (int)n,
	    name, end + 1);
}

/* text with value in the place of what {mark} is. */
static char *
replace(const char *text, const char *mark, const char *value)
{
	struct strbuf sb = STRBUF_INIT;

	while (*text) {
		bool here = str_starts(text, mark);

		if (here)
			strbuf_adds(&sb, value);
		else
			strbuf_addc(&sb, *text);
		text += here ? strlen(mark) : 1;
	}
	return strbuf_detach(&sb);
}

/* {source} and {target}, neither of which can have a backslash; the
   caller's. */
static char *
name_volume(const char *text, const struct volume *v)
{
	autofree char *half = v ? replace(text, "{source}", v->source) : NULL;

	return v ? replace(half, "{target}", v->target) : xstrdup(text);
}

/* ---- the place ---- */

/* Without the directory that it is relative to; "" if it is that. */
static const char *
below(const char *path, const char *dir)
{
	if (!dir || !strcmp(dir, "/") || !volume_is_below(path, dir))
		return NULL;
	path += strlen(dir);
	return path + strspn(path, "/");
}

static const char *
shown_file(const struct diagnosis_input *in, const char *path)
{
	const char *file = below(path, in->workspace);

	if (!file)
		file = below(path, in->workdir);
	return file ? file : path;
}

/* {file} as a command names it, which starts where programs do, and {lines}
   around the place, as sed(1) takes them.  NULL: it is not known, or no plain
   word. */
static char *
name_place(const char *text, const struct diagnosis_input *in,
    const struct place *place)
{
	const char *file = place->path ? below(place->path, in->workdir) : NULL;
	unsigned from = place->line > AROUND ? place->line - AROUND : 1;
	autofree char *lines =
	    xasprintf("%u,%u", from, place->line + AROUND);
	autofree char *half = NULL;

	if (!file)
		file = place->path;
	if (strstr(text, "{lines}") && !place->line)
		return NULL;
	if (!strstr(text, "{file}"))
		return xstrdup(text);
	if (!file || !is_plain_word(file, strlen(file)))
		return NULL;
	half = replace(text, "{file}", file);
	return replace(half, "{lines}", lines);
}

/* {memory} is twice of what there is. */
static char *
name_memory(const char *text, const struct diagnosis_input *in)
{
	autobuf struct strbuf twice = STRBUF_INIT;

	if (!strstr(text, "{memory}"))
		return xstrdup(text);
	if (!in->memory)
		return NULL;
	units_add_size_exact(&twice, in->memory * 2);
	return replace(text, "{memory}", twice.buf);
}

/* {project} is its directory on this host. */
static char *
name_project(const char *text, const struct diagnosis_input *in)
{
	const char *dir = in->project;

	if (!strstr(text, "{project}"))
		return xstrdup(text);
	return dir && is_plain_word(dir, strlen(dir))
	    ? replace(text, "{project}", dir) : NULL;
}

/* ---- all of it ---- */

/* Is what the program misses the user's own, and where is it? */
enum beside { NOWHERE, IN_DIRECTORY, IN_PROJECT };

static bool
is_in_project(const struct diagnosis_input *in, const struct matched *found,
    const char *file)
{
	autofree char *path = NULL;

	if (!in->project || !yaml_get(found->entry, "suggestion_own"))
		return false;
	path = io_join(in->project, file);
	return !access(path, F_OK);
}

static enum beside
find_beside(const struct diagnosis_input *in, const struct matched *found)
{
	const char *name = yaml_text(found->entry, "beside", NULL);
	const char *line = found->lines->v[found->at];
	autofree char *file = NULL;

	if (!name || !is_safe_in_command(name, line, found->m))
		return NOWHERE;
	file = diagnosis_fill(name, line, found->m, NULL);
	if (*file == '/' || strstr(file, ".."))
		return NOWHERE;
	if (is_in_project(in, found, file))
		return IN_PROJECT;
	return access(file, R_OK) ? NOWHERE : IN_DIRECTORY;
}

/* The one for this kind of environment; NULL if there is none. */
static const char *
choose_suggestion(const struct diagnosis_input *in,
    const struct matched *found, enum beside beside)
{
	const struct yaml_node *entry = found->entry;
	const char *hint = yaml_text(entry, "suggestion", NULL);

	if (beside != NOWHERE)
		return yaml_text(entry, beside == IN_PROJECT
		    ? "suggestion_own" : "suggestion_beside", NULL);
	if (!in->network)
		hint = yaml_text(entry, "suggestion_offline", hint);
	if (in->restricted)
		hint = yaml_text(entry, "suggestion_restricted", hint);
	if (in->restricted && !in->network)
		hint = yaml_text(entry, "suggestion_restricted_offline", hint);
	if (in->project)
		hint = yaml_text(entry, "suggestion_project", hint);
	return hint && *hint ? hint : NULL;
}

static void
put_suggestion(json *j, const struct diagnosis_input *in,
    const struct matched *found, const struct place *place,
    enum beside beside)
{
	const char *line = found->lines->v[found->at];
	const char *hint = choose_suggestion(in, found, beside);
	autofree char *placed = NULL, *opened = NULL, *sized = NULL;
	autofree char *of = NULL, *named = NULL;

	if (!hint || !is_safe_in_command(hint, line, found->m))
		return;
	placed = name_place(hint, in, place);
	opened = placed ? name_project(placed, in) : NULL;
	sized = opened ? name_memory(opened, in) : NULL;
	if (!sized)
		return;
	of = name_language(sized, in->image_language);
	named = name_image(of, in->image);
	put_filled(j, "suggestion", named, line, found->m,
	    yaml_get(found->entry, "packages"));
}

static void
put_place(json *j, const struct diagnosis_input *in, const struct place *place)
{
	if (!place->path)
		return;
	json_put_str(j, "file", shown_file(in, place->path));
	if (place->line)
		json_put_int(j, "line", place->line);
	if (place->column)
		json_put_int(j, "column", place->column);
}

json *
diagnosis_tell(const struct diagnosis_input *in, const struct matched *found,
    const struct place *place)
{
	const struct yaml_node *entry = found->entry;
	const char *line = found->lines->v[found->at];
	enum beside beside = find_beside(in, found);
	json *j = json_object();

	for (size_t i = 0; i < entry->n; i++) {
		bool other = beside && !strcmp(entry->keys[i]->text, "message");
		const char *plain = entry->items[i]->text;
		const char *text = other
		    ? yaml_text(entry, "message_beside", plain) : plain;
		autofree char *named =
		    text ? name_volume(text, found->volume) : NULL;

		if (text && !str_in(entry->keys[i]->text, control_keys))
			put_filled(j, entry->keys[i]->text, named, line,
			    found->m, NULL);
	}
	put_place(j, in, place);
	put_suggestion(j, in, found, place, beside);
	return j;
}
