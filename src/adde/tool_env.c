/* Environments: create_runtime_env, get_stats and cleanup_env. */
#include <ctype.h>
#include <string.h>

#include "adde/command.h"
#include "adde/environment.h"
#include "adde/wire.h"
#include "base/io.h"
#include "cmd/host.h"
#include "engine/endpoint.h"
#include "sandbox/volume.h"
#include "session/agent_files.h"
#include "session/session.h"

#define NAME_BYTES 4

/* ---- the request ---- */

static int
add_variables(struct tool_call *c, struct strvec *words)
{
	const json *var;

	json_each (var, json_get(c->request, "env_vars")) {
		if (!*var->string || strchr(var->string, '='))
			return err_set(&c->err, ERR_USAGE,
			    "env_vars: '%s' is no name of a variable",
			    var->string);
		strvec_pushf(words, "--env=%s=%s", var->string,
		    var->valuestring);
	}
	return 0;
}

/* A number from min to 65535, blanks around it; -1 if it is none. */
static long
port_number(const char *text, size_t n, long min)
{
	long port = 0;

	while (n && isspace((unsigned char)*text)) {
		text++;
		n--;
	}
	while (n && isspace((unsigned char)text[n - 1]))
		n--;
	if (!n)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (!isdigit((unsigned char)text[i]) || port > 65535)
			return -1;
		port = port * 10 + (text[i] - '0');
	}
	return port >= min && port <= 65535 ? port : -1;
}

/* "3000" or "53/udp" of the environment to a port of this host. */
static int
add_port(struct tool_call *c, struct strvec *words, const json *binding)
{
	const char *inside = binding->string, *outside = binding->valuestring;
	size_t digits = strcspn(inside, "/");
	const char *protocol = inside + digits;
	long container = port_number(inside, digits, 1);
	long host = port_number(outside, strlen(outside), 0);

	if (container < 0 || (*protocol && strcmp(protocol, "/tcp") &&
				 strcmp(protocol, "/udp")))
		return err_set(&c->err, ERR_USAGE,
		    "port_bindings: '%s' is no port of the environment",
		    inside);
	if (host < 0)
		return err_set(&c->err, ERR_USAGE,
		    "port_bindings: '%s' is no port of this host", outside);
	strvec_pushf(words, "--publish=%ld:%ld%s", host, container, protocol);
	return 0;
}

static int
add_ports(struct tool_call *c, struct strvec *words)
{
	const json *bindings = json_get(c->request, "port_bindings");
	const json *binding;

	if (cJSON_GetArraySize(bindings) &&
	    !json_bool(c->request, "network", false)) {
		err_set(&c->err, ERR_USAGE,
		    "port_bindings: without network no port can be reached");
		return err_hint(&c->err, "\"network\": true");
	}
	json_each (binding, bindings)
		if (add_port(c, words, binding))
			return -1;
	return 0;
}

/*
 * An engine that sees the directory; the restricted sandbox has users of its
 * own.  Where it does not there is no workspace for the client to look into.
 */
static bool
can_share(const struct session *s, const char *dir)
{
	return engine_endpoint(s->engine)->scheme == ENDPOINT_UNIX &&
	       engine_can_bind(s->engine, dir);
}

/* The directory for /workspace; *dir is the caller's, NULL where there can be
   none. */
static int
make_workspace(struct tool_call *c, const char *name, char **dir)
{
	struct session *s = call_session(c);
	enum box_kind kind;

	*dir = NULL;
	if (!s)
		return -1;
	if (session_sandbox(s, &kind, NULL, &c->err)) {
		command_say_unreachable(c);
		return -1;
	}
	if (kind == BOX_RESTRICTED)
		return 0;
	/* A server gets no directory of this host that it could write to. */
	if (json_bool(c->request, "use_image_cmd", false))
		return 0;
	*dir = agent_workspace_new(&s->runtime, name, &c->err);
	if (!*dir)
		return -1;
	if (can_share(s, *dir))
		return 0;
	free(steal(dir));
	return 0;
}

/* ---- create_runtime_env ---- */

/* Where the image does not tell their language ADDE takes them for Python's. */
static int
add_dependencies(struct tool_call *c, struct strvec *words, const char *image)
{
	autovec struct strvec deps = STRVEC_INIT;
	const struct languages *all;

	json_strings(json_get(c->request, "dependencies"), &deps);
	if (!deps.n)
		return 0;
	all = session_languages(c->host->session, &c->err);
	if (!all)
		return -1;
	if (!languages_by_image(all, image))
		words_add(words, "--lang", "python", NULL);
	for (size_t i = 0; i < deps.n; i++)
		strvec_pushf(words, "--dep=%s", deps.v[i]);
	return 0;
}

static int
add_request(struct tool_call *c, struct strvec *words, const char *image)
{
	if (json_bool(c->request, "network", false))
		strvec_push(words, "--net");
	if (json_bool(c->request, "use_image_cmd", false))
		strvec_push(words, "--image-cmd");
	if (add_dependencies(c, words, image) || add_variables(c, words) ||
	    add_ports(c, words))
		return -1;
	words_add(words, "--", image, NULL);
	return 0;
}

static int
open_env(struct tool_call *c, const char *name, const char *dir,
    const char *image)
{
	static const struct strbuf none = STRBUF_INIT;
	autovec struct strvec words = STRVEC_INIT;
	autojson json *result = NULL;

	words_add(&words, "env", "new", "--keep", "--name", name, NULL);
	if (dir)
		strvec_pushf(&words, "--volume=%s:" SANDBOX_WORKSPACE, dir);
	if (add_request(c, &words, image))
		return -1;
	result = command_result(c, &words, NULL);
	if (!result) {
		command_put_summary(c, "install_log_summary", &none);
		return -1;
	}
	json_put_str(c->response, "container_id",
	    json_str(result, "container", json_str(result, "id", name)));
	if (dir)
		json_put_str(c->response, "workspace", dir);
	return 0;
}

int
tool_create_runtime_env(struct tool_call *c)
{
	autofree char *image = request_trimmed(c, "image");
	autofree char *digits = io_random_hex(NAME_BYTES);
	autofree char *name = xasprintf("adde-%s", digits);
	autofree char *dir = NULL;
	autoerr struct err ignored = ERR_INIT;
	int rc;

	if (!*image)
		return err_set(&c->err, ERR_USAGE, "image name is required");
	rc = make_workspace(c, name, &dir);
	if (!rc)
		rc = open_env(c, name, dir, image);
	if (rc && c->host->session)
		agent_env_remove(&c->host->session->runtime, name, &ignored);
	return rc;
}

/* ---- get_stats ---- */

int
tool_get_stats(struct tool_call *c)
{
	autovec struct strvec words = STRVEC_INIT;
	autojson json *record = environment_find(c);
	autojson json *result = NULL;
	const json *value;

	if (!record)
		return -1;
	words_add(&words, "stats", json_str(record, "id", ""), NULL);
	result = command_result(c, &words, NULL);
	if (!result)
		return -1;
	json_remove(result, "env"); /* its name, which is not ADDE's */
	json_each (value, result)
		json_put(c->response, value->string, json_copy(value));
	return 0;
}

/* ---- cleanup_env ---- */

int
tool_cleanup_env(struct tool_call *c)
{
	autovec struct strvec words = STRVEC_INIT;
	autojson json *record = environment_find(c);
	autojson json *result = NULL;
	const struct runtime *rt;
	autofree char *image = NULL;
	int rc = -1;

	if (record) {
		image = environment_image(record);
		words_add(&words, "env", "rm", json_str(record, "id", ""),
		    NULL);
		result = command_result(c, &words, NULL);
	}
	if (result) {
		rt = &c->host->session->runtime;
		rc = agent_env_remove(rt, json_str(record, "name", ""),
		    &c->err);
		if (image)
			agent_context_remove(rt, image);
	}
	return response_ok(c, rc);
}
