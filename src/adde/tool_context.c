/* prepare_build_context: files of a request in a directory of this host. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "adde/command.h"
#include "adde/wire.h"
#include "base/io.h"
#include "pack/path.h"
#include "project/template.h"
#include "session/agent_files.h"
#include "session/session.h"

#define DOCKERFILE "Dockerfile"
#define IGNORE ".dockerignore"

/* Which project file gets which template, the first one that is there. */
static const struct {
	const char *file, *template;
} project_files[] = {
    {"requirements.txt", "adde-python"},
    {"package.json", "adde-node"},
};

static int
write_file(const char *dir, const char *path, const struct strbuf *text,
    struct err *err)
{
	autofree char *full = io_join(dir, path);
	char *slash = strrchr(full, '/');
	int fd, rc;

	*slash = '\0';
	if (io_mkdirs(full, 0755, err))
		return err_prefix(err, "files: %s", path);
	*slash = '/';
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
	    0644);
	if (fd < 0)
		return err_sys(err, errno, "files: %s", path);
	rc = io_write_all(fd, text->buf, text->len);
	if (close(fd) || rc)
		return err_sys(err, errno, "files: %s", path);
	return 0;
}

/* Below the directory, whatever the path says; the caller's, NULL if it leads
   out of it. */
static char *
path_in_context(const char *path)
{
	autofree char *clean = path_clean(path);
	const char *p = clean + (*clean == '/');

	return path_is_below(p) ? xstrdup(p) : NULL;
}

static void
note_skipped(struct tool_call *c, const char *path)
{
	json *list = cJSON_GetObjectItem(c->response, "skipped");

	if (!list) {
		list = json_array();
		json_put(c->response, "skipped", list);
	}
	json_push_str(list, path);
}

static int
write_request(struct tool_call *c, const char *dir)
{
	const json *file;

	json_each (file, json_get(c->request, "files")) {
		autobuf struct strbuf text = STRBUF_INIT;
		autofree char *path = NULL;

		if (!*file->string || wire_has_nul(file->string))
			return err_set(&c->err, ERR_USAGE,
			    "files: '%s' is no path", file->string);
		path = path_in_context(file->string);
		if (!path) {
			note_skipped(c, file->string);
			continue;
		}
		wire_bytes(&text, file->valuestring);
		if (write_file(dir, path, &text, &c->err))
			return -1;
	}
	return 0;
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* At any depth. */
static bool
has_file(const struct tool_call *c, const char *name)
{
	const json *file;

	json_each (file, json_get(c->request, "files"))
		if (!strcmp(base_name(file->string), name))
			return true;
	return false;
}

static bool
has_dockerfile(const struct tool_call *c)
{
	const json *file;

	json_each (file, json_get(c->request, "files"))
		if (str_starts(base_name(file->string), DOCKERFILE "."))
			return true;
	return has_file(c, DOCKERFILE);
}

static int
write_template(const char *dir, const char *path, const char *template,
    struct err *err)
{
	autobuf struct strbuf text = STRBUF_INIT;
	size_t n;
	autofree char *read = template_read(template, &n, err);

	if (!read)
		return -1;
	strbuf_add(&text, read, n);
	return write_file(dir, path, &text, err);
}

static int
add_missing(struct tool_call *c, const char *dir)
{
	if (!cJSON_GetObjectItemCaseSensitive(
		json_get(c->request, "files"), IGNORE) &&
	    write_template(dir, IGNORE, "adde-dockerignore", &c->err))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(project_files); i++)
		if (!has_dockerfile(c) && has_file(c, project_files[i].file))
			return write_template(dir, DOCKERFILE,
			    project_files[i].template, &c->err);
	return 0;
}

int
tool_prepare_build_context(struct tool_call *c)
{
	autoerr struct err ignored = ERR_INIT;
	autofree char *dir = NULL;
	struct session *s;

	if (!cJSON_GetArraySize(json_get(c->request, "files")))
		return err_set(&c->err, ERR_USAGE,
		    "files map is required and must not be empty");
	s = call_session(c);
	dir = s ? agent_context_new(&s->runtime, &c->err) : NULL;
	if (!dir)
		return -1;
	if (write_request(c, dir) || add_missing(c, dir)) {
		io_remove_tree(dir, &ignored);
		return -1;
	}
	json_put_str(c->response, "context_id", dir);
	return 0;
}
