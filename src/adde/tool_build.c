/* Images from directories: build_image_from_context, build_image_from_path. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "adde/advice.h"
#include "adde/command.h"
#include "adde/wire.h"
#include "cmd/host.h"
#include "session/agent_files.h"
#include "session/session.h"

#define PREFIX "agent-env:"

/* ---- the request ---- */

/* The name of the image; the caller's, NULL with c->err. */
static char *
wanted_name(struct tool_call *c)
{
	autofree char *tag = request_trimmed(c, "tag");
	const char *own = str_starts(tag, PREFIX) ? tag + strlen(PREFIX) : tag;

	if (!*tag)
		return xasprintf(
		    PREFIX "build-%lld", (long long)time(NULL));
	if (!strpbrk(own, ":/@"))
		return xasprintf(PREFIX "%s", own);
	err_set(&c->err, ERR_USAGE,
	    "tag: '%s' has a '%c', but images are named " PREFIX "TAG", tag,
	    *strpbrk(own, ":/@"));
	err_hint(&c->err, "for example: \"tag\": \"foo-bar\"");
	return NULL;
}

/* The directory without links; the caller's, NULL with c->err. */
static char *
wanted_directory(struct tool_call *c, const char *field)
{
	const char *path = json_str(c->request, field, "");
	autofree char *full = NULL, *dockerfile = NULL;
	struct stat st;

	if (!*path) {
		err_set(&c->err, ERR_USAGE, "%s is required", field);
		return NULL;
	}
	full = realpath(path, NULL);
	if (!full || stat(full, &st) || !S_ISDIR(st.st_mode)) {
		err_sys(&c->err, full ? ENOTDIR : errno,
		    "%s is not a valid directory: %s", field, path);
		return NULL;
	}
	dockerfile = xasprintf("%s/Dockerfile", full);
	if (access(dockerfile, R_OK)) {
		err_sys(&c->err, errno,
		    "Dockerfile not found or unreadable in %s: %s", field,
		    dockerfile);
		return NULL;
	}
	return steal(&full);
}

/* ---- the response ---- */

/* Of the step that failed, or else of the whole. */
static void
put_summary(struct tool_call *c, const json *result)
{
	autobuf struct strbuf text = STRBUF_INIT;

	wire_take_bytes(result, "failed_log", &text);
	command_put_summary(c, "build_log_summary", &text);
}

static void
put_success(struct tool_call *c, const json *result, const char *name)
{
	json_put_str(c->response, "status", "success");
	json_put_str(c->response, "image_id", json_str(result, "id", ""));
	json_put_str(c->response, "tag", name);
	json_put(c->response, "size_mb",
	    megabytes(json_int(result, "size", 0)));
}

static int
put_failure(struct tool_call *c, const json *result)
{
	autobuf struct strbuf layer = STRBUF_INIT;

	strbuf_addf(&layer, "step %lld: ",
	    (long long)json_int(result, "failed_step", 0));
	wire_take_bytes(result, "failed_instruction", &layer);
	if (json_int(result, "failed_step", 0))
		json_put(c->response, "failed_layer",
		    wire_string(layer.buf, layer.len));
	err_set(&c->err, ERR_IMAGE, "build failed: %s",
	    json_str(result, "message", ""));
	return advice_add(&c->err, json_str(result, "hint", ""));
}

static json *
build(struct tool_call *c, const char *dir, const char *name)
{
	autovec struct strvec words = STRVEC_INIT;
	const json *arg;
	json *object;

	words_add(&words, "build", "-t", name, NULL);
	json_each (arg, json_get(c->request, "build_args"))
		strvec_pushf(&words, "--build-arg=%s=%s", arg->string,
		    arg->valuestring);
	words_add(&words, "--", dir, NULL);
	object = command_run(c, &words, NULL);
	if (!object && c->err.kind == ERR_POLICY)
		err_prefix(&c->err, "security check failed");
	return object;
}

static int
build_directory(struct tool_call *c, const char *field)
{
	autofree char *dir = wanted_directory(c, field);
	autofree char *name = dir ? wanted_name(c) : NULL;
	autojson json *object = name ? build(c, dir, name) : NULL;
	const json *result = json_get(object, "result");
	int rc = -1;

	if (object && !json_int(object, "status", 0)) {
		put_success(c, result, name);
		agent_context_built(&c->host->session->runtime, dir,
		    json_str(result, "id", ""));
		rc = 0;
	} else {
		json_put_str(c->response, "status", "error");
	}
	if (object)
		put_summary(c, result);
	return object && rc ? put_failure(c, result) : rc;
}

int
tool_build_image_from_context(struct tool_call *c)
{
	return build_directory(c, "context_id");
}

int
tool_build_image_from_path(struct tool_call *c)
{
	return build_directory(c, "path");
}
