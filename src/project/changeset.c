/* Lists of changes: from JSON or a patch to what becomes of each file. */
#include "project/changeset.h"

#include <string.h>

#include "base/encode.h"
#include "base/json.h"
#include "pack/path.h"

#define NAME_BYTES_MAX 255 /* NAME_MAX of Linux */
#define PATH_BYTES_MAX 4000 /* PATH_MAX, less a directory before it */

void
changeset_release(struct changeset *cs)
{
	for (size_t i = 0; i < cs->n; i++) {
		free(cs->v[i].path);
		strbuf_release(&cs->v[i].content);
	}
	free(cs->v);
	patch_release(&cs->patch);
	*cs = (struct changeset)CHANGESET_INIT;
}

static bool
names_fit(const char *path)
{
	size_t n;

	for (const char *s = path; *s; s += n + (s[n] == '/')) {
		n = strcspn(s, "/");
		if (n > NAME_BYTES_MAX)
			return false;
	}
	return true;
}

int
changeset_check_path(const char *path, struct err *err)
{
	if (!*path)
		return err_set(err, ERR_USAGE, "a change has an empty path");
	if (*path == '/')
		return err_set(err, ERR_USAGE,
		    "\"%s\" is an absolute path: changes are made below the "
		    "workspace", path);
	if (!path_is_below(path))
		return err_set(err, ERR_USAGE,
		    "\"%s\" could lead out of the workspace: a path has no "
		    "\"..\", \".\" and empty parts", path);
	if (!names_fit(path) || strlen(path) > PATH_BYTES_MAX)
		return err_set(err, ERR_USAGE, "\"%.60s...\" is too long for "
					       "a path", path);
	return 0;
}

/* -------- JSON -------- */

static int
read_mode(const json *j, int *mode)
{
	const json *m = json_get(j, "mode");
	const char *s = json_str(j, "mode", NULL);
	char *end = NULL;
	long n;

	*mode = -1;
	if (!m || cJSON_IsNull(m))
		return 0;
	n = s ? strtol(s, &end, 8) : (long)json_int(j, "mode", -1);
	if ((s && (*end || end == s)) || n < 0 || (n & ~0100777L))
		return -1;
	*mode = (int)(n & 0777);
	return 0;
}

static bool
says_delete(const json *j)
{
	const char *action = json_str(j, "action", "");

	return json_bool(j, "delete", false) || json_bool(j, "deleted", false) ||
	       !strcmp(action, "delete") || !strcmp(action, "remove");
}

static int
read_content(const json *j, struct change *c, struct err *err)
{
	const char *b64 = json_str(j, "content_b64", NULL);
	const char *text = json_str(j, "content", NULL);

	if (b64 && base64_decode(&c->content, b64, strlen(b64)))
		return err_set(err, ERR_USAGE, "%s: content_b64 is no base64",
		    c->path);
	if (b64)
		return 0;
	text = text ? text : json_str(j, "new_content", NULL);
	if (!text)
		return err_set(err, ERR_USAGE,
		    "%s: it has no \"content\", and does not say \"delete\": "
		    "true", c->path);
	strbuf_adds(&c->content, text);
	return 0;
}

static int
read_change(struct changeset *cs, const json *j, struct err *err)
{
	const char *path = json_str(j, "path", NULL);
	struct change *c;

	path = path ? path : json_str(j, "file_path", NULL);
	if (!path)
		return err_set(err, ERR_USAGE,
		    "change %zu of the list is no object with a \"path\"",
		    cs->n + 1);
	GROW(cs->v, cs->n, &cs->cap);
	c = &cs->v[cs->n++];
	*c = (struct change){.path = xstrdup(path), .removes = says_delete(j),
	    .content = STRBUF_INIT};
	if (read_mode(j, &c->mode))
		return err_set(err, ERR_USAGE,
		    "%s: \"mode\" is no mode of a file: \"0644\"", path);
	return c->removes ? 0 : read_content(j, c, err);
}

/* cJSON ends a string at \u0000, and the rest of the file would be lost. */
static bool
has_nul(const char *s, size_t n)
{
	for (const char *end = s + n; (s = memchr(s, '\\', (size_t)(end - s)));
	     s += 2) {
		if (end - s >= 6 && !memcmp(s + 1, "u0000", 5))
			return true;
		if (end - s < 2)
			break;
	}
	return false;
}

static int
read_json(struct changeset *cs, const char *text, size_t n, struct err *err)
{
	autojson json *j = json_parse(text, n, err);
	const json *list = j, *item;
	int rc = 0;

	if (!j) {
		err->kind = ERR_USAGE;
		return err_prefix(err, "the changes are no JSON");
	}
	if (has_nul(text, n))
		return err_set(err, ERR_USAGE,
		    "a NUL (\\u0000) in text: give such a content in base64, "
		    "as \"content_b64\"");
	if (cJSON_IsObject(j)) {
		list = json_get(j, "changes");
		list = list ? list : json_get(j, "files");
		list = list ? list : j;
	}
	if (cJSON_IsObject(list))
		return read_change(cs, list, err);
	if (!cJSON_IsArray(list))
		return err_set(err, ERR_USAGE, "there is no list of changes");
	json_each(item, list) {
		rc = rc ? rc : read_change(cs, item, err);
	}
	if (!rc && !cs->n)
		return err_set(err, ERR_USAGE, "the list of changes is empty");
	return rc;
}

/* -------- checks -------- */

static void
all_paths(const struct changeset *cs, struct strvec *v)
{
	for (size_t i = 0; i < cs->n; i++)
		strvec_push(v, cs->v[i].path);
	for (size_t i = 0; i < cs->patch.n; i++) {
		const struct patch_file *f = &cs->patch.v[i];

		if (f->new_path)
			strvec_push(v, f->new_path);
		if (f->old_path && !f->copied &&
		    (!f->new_path || strcmp(f->old_path, f->new_path)))
			strvec_push(v, f->old_path);
	}
	strvec_sort(v);
}


static int
check_paths(const struct changeset *cs, struct err *err)
{
	autovec struct strvec v = STRVEC_INIT;

	all_paths(cs, &v);
	if (v.n > CHANGESET_FILES_MAX)
		return err_set(err, ERR_USAGE,
		    "changes to more than %d files at once", CHANGESET_FILES_MAX);
	for (size_t i = 0; i < v.n; i++) {
		if (changeset_check_path(v.v[i], err))
			return -1;
		if (i && !strcmp(v.v[i - 1], v.v[i]))
			return err_set(err, ERR_USAGE,
			    "%s stands twice in the changes", v.v[i]);
	}
	for (size_t i = 0; i < cs->patch.n; i++)
		if (cs->patch.v[i].copied &&
		    changeset_check_path(cs->patch.v[i].old_path, err))
			return -1;
	return 0;
}

int
changeset_read(struct changeset *cs, const char *text, size_t n, int strip,
    struct err *err)
{
	size_t blank = 0;
	int rc;

	*cs = (struct changeset)CHANGESET_INIT;
	while (blank < n && memchr(" \t\r\n", text[blank], 4))
		blank++;
	if (blank < n && (text[blank] == '[' || text[blank] == '{'))
		rc = read_json(cs, text, n, err);
	else
		rc = patch_parse(&cs->patch, text, n, strip, err);
	if (!rc)
		rc = check_paths(cs, err);
	if (rc)
		changeset_release(cs);
	return rc;
}

void
changeset_paths(const struct changeset *cs, struct strvec *paths)
{
	all_paths(cs, paths);
	for (size_t i = 0; i < cs->patch.n; i++)
		if (cs->patch.v[i].copied &&
		    !strvec_has(paths, cs->patch.v[i].old_path))
			strvec_push(paths, cs->patch.v[i].old_path);
	strvec_sort(paths);
}
