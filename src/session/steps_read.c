/* What is read of steps: the session's own, and those with another name. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "session/steps_impl.h"

#define META_MAX (64u << 20)

static const char *
state_of(const struct steps *s, const json *j)
{
	const char *owner = json_str(j, "owner", "");

	if (!j)
		return "damaged";
	if (json_get(j, "status"))
		return "done";
	return s->named && named_is_alive(s->named, owner) ? "running"
							   : "interrupted";
}

/* The object as it is shown, from what is on disk. */
static json *
show_object(const struct steps *s, unsigned n, const json *kept)
{
	static const char *const always[] = {
	    "command", "started", "duration_ms", "status", "process", NULL};
	static const char *const members[] = {"command", "input", "input_b64",
	    "input_truncated", "started", "duration_ms", "status", "process",
	    "about", "shown", "result", "error", NULL};
	json *j = json_object();

	json_put_int(j, "step", n);
	json_put_str(j, "state", state_of(s, kept));
	for (size_t i = 0; members[i]; i++) {
		const json *value = json_get(kept, members[i]);

		if (value)
			json_put(j, members[i], json_copy(value));
		else if (str_in(members[i], always))
			json_put_str(j, members[i], NULL);
	}
	return j;
}

/* NULL: it is damaged, or with err it cannot be read. */
static json *
read_record(const char *path, struct err *err)
{
	autobuf struct strbuf sb = STRBUF_INIT;
	autoerr struct err damage = ERR_INIT;
	autojson json *j = NULL;

	if (io_read_file(path, &sb, META_MAX, err))
		return NULL;
	j = json_parse(sb.buf, sb.len, &damage);
	return cJSON_IsObject(j) ? steal(&j) : NULL;
}

int
step_missing(unsigned n, struct err *err)
{
	err_set(err, ERR_USAGE, "there is no step @%u", n);
	return err_hint(err, "see them:  history");
}

json *
steps_load(struct steps *s, unsigned n, struct err *err)
{
	autofree char *path = NULL;
	autojson json *j = NULL;

	if (!n || n > steps_last(s) || !s->dir) {
		step_missing(n, err);
		return NULL;
	}
	path = step_path(s, n, "json");
	j = read_record(path, err);
	if (err->code == ENOENT)
		err_set(err, ERR_USAGE, "step @%u is not kept", n);
	return err->kind ? NULL : show_object(s, n, j);
}

/* log: the path of the step's. */
static json *
with_streams(const json *result, const char *log)
{
	json *j = json_object();
	const json *item;

	json_each (item, result) {
		const char *stream = step_stream_of(item->string);
		autobuf struct strbuf text = STRBUF_INIT;
		autoerr struct err ignored = ERR_INIT;

		if (!stream || !cJSON_IsNull(item))
			json_put(j, item->string, json_copy(item));
		else if (!access(log, F_OK) &&
			 !step_log_stream(
			     log, !strcmp(stream, "stderr"), &text, &ignored))
			json_put_bytes(j, stream, text.buf, text.len);
	}
	return j;
}

json *
steps_load_whole(struct steps *s, unsigned n, struct err *err)
{
	json *j = steps_load(s, n, err), *whole;
	const json *result = json_get(j, "result");
	autofree char *log = NULL;

	if (!cJSON_IsObject(result))
		return j;
	log = step_path(s, n, "log");
	whole = with_streams(result, log);
	json_remove(j, "result");
	json_put(j, "result", whole);
	return j;
}

/* ---- steps under other names ---- */

/* Its record's inode in the name makes sure that a log is never that of another
   record. */
static char *
linked_log(const char *path, const struct stat *record)
{
	return xasprintf("%s.%llu", path, (unsigned long long)record->st_ino);
}

void
steps_unlink(const char *path)
{
	autofree char *log = NULL;
	struct stat st;

	if (stat(path, &st))
		return;
	log = linked_log(path, &st);
	unlink(path);
	unlink(log);
}

/* A second name of a file in the place of another one. */
static int
link_over(const char *file, const char *path)
{
	autofree char *draft = xasprintf("%s.%ld~", path, (long)getpid());
	int rc;

	unlink(draft);
	rc = link(file, draft) || rename(draft, path) ? -1 : 0;
	if (rc)
		unlink(draft);
	return rc;
}

int
steps_link(struct steps *s, unsigned n, const char *path, struct err *err)
{
	autofree char *record = NULL, *log = NULL, *new_log = NULL, *old = NULL;
	struct stat st;

	if (!s->dir)
		return err_set(err, ERR_IO, "step @%u is not kept", n);
	record = step_path(s, n, "json");
	log = step_path(s, n, "log");
	if (!stat(path, &st))
		old = linked_log(path, &st);
	if (stat(record, &st))
		return err_sys(err, errno, "%s", record);
	new_log = linked_log(path, &st);
	unlink(new_log); /* of a process that was killed here */
	if ((link(log, new_log) && errno != ENOENT) || link_over(record, path))
		return err_sys(err, errno, "%s", path);
	if (old && strcmp(old, new_log))
		unlink(old);
	return 0;
}

json *
steps_linked_result(const char *path)
{
	struct stat st, after;
	json *result = NULL;
	bool same = false;

	while (!same && !stat(path, &st)) {
		autoerr struct err ignored = ERR_INIT;
		autofree char *log = linked_log(path, &st);
		autojson json *j = read_record(path, &ignored);

		json_free(result);
		result = with_streams(json_get(j, "result"), log);
		same = !stat(path, &after) && after.st_ino == st.st_ino;
	}
	return result;
}
