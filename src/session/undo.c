/* What applies have changed, for taking it back. */
#include "session/apply.h"

#include <errno.h>
#include <string.h>

#include "base/encode.h"
#include "base/io.h"
#include "sandbox/kept.h"

#define FILE_BYTES_MAX (4 * (size_t)UNDO_BYTES_MAX) /* of the JSON */

/*
 * {"v":1,"applies":[{"step":N,"edits":[{"path":BASE64,
 *	"before":STATE,"after":STATE}]}]}
 * STATE: {"mode":N,"content":BASE64}, or null for no file.
 */

static json *
encode(const void *p, size_t n)
{
	autobuf struct strbuf sb = STRBUF_INIT;

	base64_encode(&sb, p, n, false);
	return json_string(sb.buf);
}

static json *
state_json(const struct file_state *s)
{
	json *j;

	if (!s->exists)
		return NULL;
	j = json_object();
	json_put_int(j, "mode", s->mode);
	json_put(j, "content", encode(s->content.buf, s->content.len));
	return j;
}

static json *
edits_json(const struct edits *edits, unsigned step, size_t *bytes)
{
	json *j = json_object(), *list = json_array();

	for (size_t i = 0; i < edits->n; i++) {
		const struct edit *e = &edits->v[i];
		json *one = json_object(), *state;

		json_put(one, "path", encode(e->path, strlen(e->path)));
		if ((state = state_json(&e->before)))
			json_put(one, "before", state);
		if ((state = state_json(&e->after)))
			json_put(one, "after", state);
		json_push(list, one);
		*bytes += e->before.content.len + e->after.content.len;
	}
	json_put_int(j, "step", step);
	json_put_int(j, "bytes", (int64_t)*bytes);
	json_put(j, "edits", list);
	return j;
}

/* -------- where they are kept -------- */

/* NULL: in memory. */
static char *
undo_path(const struct session *s, const struct env *env)
{
	return env->id ? kept_undo_path(&s->runtime, env->id) : NULL;
}

/* What there is, an array, the caller's. */
static json *
load(const struct session *s, struct env *env)
{
	autofree char *path = undo_path(s, env);
	autobuf struct strbuf sb = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	json *all = NULL;

	if (path && !io_read_file(path, &sb, FILE_BYTES_MAX, &err))
		all = json_parse(sb.buf, sb.len, &err);
	if (!all && env->undo)
		all = json_copy(env->undo);
	if (!cJSON_IsArray(all)) {
		json_free(all);
		all = json_array();
	}
	return all;
}

static int
put(const struct session *s, const struct env *env, const char *path,
    const json *all, struct err *err)
{
	autofree char *text = json_print(all);

	return kept_put_beside(
	    &s->runtime, env->id, path, text, strlen(text), err);
}

/* Takes all. */
static int
save(const struct session *s, struct env *env, json *all, struct err *err)
{
	autofree char *path = undo_path(s, env);
	int rc;

	json_free(env->undo);
	env->undo = path ? NULL : all;
	if (!path)
		return 0;
	rc = put(s, env, path, all, err);
	json_free(all);
	return rc;
}

int
session_undo_keep(struct session *s, struct env *env, struct err *err)
{
	autofree char *path = undo_path(s, env);

	if (!path || !env->undo)
		return 0;
	if (put(s, env, path, env->undo, err))
		return err_prefix(err, "keeping what can be undone");
	json_free(env->undo);
	env->undo = NULL;
	return 0;
}

static size_t
bytes_of(const json *all)
{
	const json *item;
	size_t n = 0;

	json_each(item, all)
		n += (size_t)json_int(item, "bytes", 0);
	return n;
}

int
session_undo_push(struct session *s, struct env *env,
    const struct edits *edits, unsigned step, bool *dropped, struct err *err)
{
	json *all = load(s, env), *one;
	size_t bytes = 0;

	one = edits_json(edits, step, &bytes);
	*dropped = bytes > UNDO_BYTES_MAX;
	if (*dropped) {
		/* Those before cannot be undone without this one. */
		json_free(one);
		json_free(all);
		return save(s, env, json_array(), err);
	}
	json_push(all, one);
	while (cJSON_GetArraySize(all) > UNDO_MAX ||
	       bytes_of(all) > UNDO_BYTES_MAX)
		cJSON_DeleteItemFromArray(all, 0);
	return save(s, env, all, err);
}

/* -------- taking back -------- */

static int
decode(const json *j, const char *name, struct strbuf *out)
{
	const char *s = json_str(j, name, NULL);

	return s ? base64_decode(out, s, strlen(s)) : -1;
}

static int
read_state(const json *j, struct file_state *s)
{
	if (!j)
		return 0;
	s->exists = true;
	s->mode = (mode_t)json_int(j, "mode", 0644) & 0777;
	return decode(j, "content", &s->content);
}

/* The other way round. */
static int
read_edit(const json *j, struct edits *edits)
{
	autobuf struct strbuf path = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	struct edit *e;

	if (decode(j, "path", &path) || changeset_check_path(path.buf, &err))
		return -1;
	e = edits_add(edits, path.buf);
	return read_state(json_get(j, "after"), &e->before) ||
	       read_state(json_get(j, "before"), &e->after);
}

static const json *
last_of(const json *all)
{
	return cJSON_GetArrayItem(all, cJSON_GetArraySize(all) - 1);
}

int
session_undo_plan(struct session *s, struct env *env, struct edits *edits,
    unsigned *step, struct err *err)
{
	autojson json *all = load(s, env);
	const json *last = last_of(all), *item;
	int bad = 0;

	if (!last)
		return err_set(err, ERR_USAGE,
		    "there is no apply in %s that could be undone",
		    env->spec.name);
	*step = (unsigned)json_int(last, "step", 0);
	json_each(item, json_get(last, "edits"))
		bad |= read_edit(item, edits);
	if (bad) {
		edits_release(edits);
		return err_set(err, ERR_IO, "what is kept for undoing is "
					    "damaged");
	}
	edits_sort(edits);
	return 0;
}

int
session_undo_pop(struct session *s, struct env *env, size_t *left,
    struct err *err)
{
	json *all = load(s, env);
	int n = cJSON_GetArraySize(all);

	if (n)
		cJSON_DeleteItemFromArray(all, n - 1);
	*left = n ? (size_t)n - 1 : 0;
	return save(s, env, all, err);
}
