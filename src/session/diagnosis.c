#include "session/diagnosis.h"

#include <ctype.h>
#include <regex.h>
#include <string.h>

#include "base/strvec.h"
#include "base/yaml.h"
#include "sandbox/runtime.h"

#define LINE_MAX_BYTES 2048
#define TAIL_BYTES 65536
#define TAIL_LINES 200
#define GROUPS 10

/* Keys that say how to match and do not go into the diagnosis. */
static const char *const control_keys[] = {
    "pattern", "languages", "suggestion", "suggestion_offline",
    "suggestion_restricted", "suggestion_restricted_offline", "packages",
    "read_only_volume", NULL};

static bool
for_language(const struct yaml_node *entry, const char *language)
{
	const struct yaml_node *list = yaml_get(entry, "languages");

	if (!list)
		return true;
	for (size_t i = 0; language && i < list->n; i++)
		if (list->items[i]->text &&
		    !strcmp(list->items[i]->text, language))
			return true;
	return false;
}

/* text with \1 .. \9 replaced by groups of the line, or by what names (NULL:
   nothing) has for a group. */
static char *
fill_in(const char *text, const char *line, const regmatch_t *m,
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
	autofree char *value = fill_in(text, line, m, names);

	json_put_str(j, key, value);
}

/*
 * Whether every group that text names is a plain word.  A suggestion is a
 * command, and some users follow it without looking: what the program wrote
 * must not bring an option, a second command or a redirection into it.
 */
static bool
is_safe_in_command(const char *text, const char *line, const regmatch_t *m)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@._/-";

	for (; *text; text++) {
		if (*text != '\\' || !isdigit((unsigned char)text[1]))
			continue;
		const regmatch_t *group = &m[*++text - '0'];
		const char *p = line + group->rm_so;
		size_t n = (size_t)(group->rm_eo - group->rm_so);

		if (group->rm_so < 0 || n == 0 || *p == '-' ||
		    strspn(p, plain) < n)
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

/* ---- a directory of this host ---- */

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
static const struct volume *
find_volume(const struct diagnosis_input *in, const char *line)
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

/* {source} and {target}, neither of which can have a backslash; the caller's. */
static char *
name_volume(const char *text, const struct volume *v)
{
	struct strbuf sb = STRBUF_INIT;

	while (*text) {
		const char *value = str_starts(text, "{source}") ? v->source
			: str_starts(text, "{target}") ? v->target : NULL;

		if (value)
			strbuf_adds(&sb, value);
		else
			strbuf_addc(&sb, *text);
		text += value ? strlen("{source}") : 1;
	}
	return strbuf_detach(&sb);
}

static json *
describe(const struct yaml_node *entry, const struct diagnosis_input *in,
    const struct volume *v, const char *line, const regmatch_t *m)
{
	json *j = json_object();
	const char *hint = yaml_text(entry, "suggestion", NULL);

	for (size_t i = 0; i < entry->n; i++) {
		const char *text = entry->items[i]->text;
		autofree char *named = v && text ? name_volume(text, v) : NULL;

		if (text && !str_in(entry->keys[i]->text, control_keys))
			put_filled(j, entry->keys[i]->text,
			    named ? named : text, line, m, NULL);
	}
	if (!in->network)
		hint = yaml_text(entry, "suggestion_offline", hint);
	if (in->restricted)
		hint = yaml_text(entry, "suggestion_restricted", hint);
	if (in->restricted && !in->network)
		hint = yaml_text(entry, "suggestion_restricted_offline", hint);
	if (hint && *hint && is_safe_in_command(hint, line, m)) {
		autofree char *of = name_language(hint, in->image_language);
		autofree char *named = name_image(of, in->image);

		put_filled(j, "suggestion", named, line, m,
		    yaml_get(entry, "packages"));
	}
	return j;
}

/* The last lines of a text, the last one first. */
static size_t
last_lines(const struct strbuf *sb, struct strvec *lines)
{
	size_t end = sb->len;
	size_t low = end > TAIL_BYTES ? end - TAIL_BYTES : 0;

	while (end > low && lines->n < TAIL_LINES) {
		size_t start;

		if (sb->buf[end - 1] == '\n')
			end--;
		for (start = end; start > low && sb->buf[start - 1] != '\n';)
			start--;
		if (end > start && end - start <= LINE_MAX_BYTES)
			strvec_push_owned(lines,
			    xstrndup(sb->buf + start, end - start));
		end = start;
	}
	return lines->n;
}

static json *
match_lines(const struct yaml_node *entry, const struct strvec *lines,
    const struct diagnosis_input *in, size_t *best)
{
	const char *pattern = yaml_text(entry, "pattern", "");
	bool of_volume = yaml_get(entry, "read_only_volume");
	const struct volume *v = NULL;
	json *found = NULL;
	regmatch_t m[GROUPS];
	regex_t re;

	if (regcomp(&re, pattern, REG_EXTENDED))
		return NULL;
	for (size_t i = 0; i < *best && !found; i++) {
		if (regexec(&re, lines->v[i], GROUPS, m, 0))
			continue;
		if (of_volume && !(v = find_volume(in, lines->v[i])))
			continue;
		found = describe(entry, in, v, lines->v[i], m);
		*best = i;
	}
	regfree(&re);
	return found;
}

/* The entry that matches the line nearest to the end. */
static json *
search(const struct yaml_node *entries, const struct diagnosis_input *in,
    const struct strbuf *text)
{
	autovec struct strvec lines = STRVEC_INIT;
	size_t best = text ? last_lines(text, &lines) : 0;
	json *found = NULL;

	for (size_t i = 0; entries && i < entries->n && best; i++) {
		json *j;

		if (!for_language(entries->items[i], in->language))
			continue;
		j = match_lines(entries->items[i], &lines, in, &best);
		if (!j)
			continue;
		json_free(found);
		found = j;
	}
	return found;
}

int
diagnosis_find(const struct diagnosis_input *in, json **found, struct err *err)
{
	autofree char *path = runtime_data_path("diagnosis.yaml", err);
	struct yaml *y = path ? yaml_parse_file(path, err) : NULL;

	*found = NULL;
	if (!y)
		return -1;
	*found = search(yaml_root(y), in, in->err);
	if (!*found)
		*found = search(yaml_root(y), in, in->out);
	yaml_doc_free(y);
	return 0;
}
