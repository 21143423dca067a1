#include "adde/mcp_message.h"

#include <string.h>

#include "adde/wire.h"

#define META "io.modelcontextprotocol/"

/* Beyond it a double, which JSON readers have, is not exact. */
#define ID_MAX 9007199254740991.0

/* The newest first; only the first is modern. */
static const char *const versions[] = {
    "2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"};

const json *
mcp_member(const json *j, const char *name)
{
	return cJSON_IsObject(j) ? cJSON_GetObjectItemCaseSensitive(j, name)
				 : NULL;
}

char *
mcp_id(const json *j)
{
	if (cJSON_IsString(j))
		return wire_print(j);
	if (!wire_is_int(j) || j->valuedouble > ID_MAX ||
	    j->valuedouble < -ID_MAX)
		return NULL;
	return xasprintf("%.0f", j->valuedouble);
}

static void
wrong(struct mcp_message *m, int code, const char *why)
{
	m->kind = MCP_WRONG;
	m->code = code;
	m->why = xstrdup(why);
}

json *
mcp_versions(void)
{
	json *list = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
		json_push_str(list, versions[i]);
	return list;
}

const char *
mcp_legacy_version(const char *proposed)
{
	for (size_t i = 1; i < ARRAY_SIZE(versions); i++)
		if (!strcmp(versions[i], proposed))
			return versions[i];
	return versions[1];
}

bool
mcp_has_batches(const char *version)
{
	return !strcmp(version, "2025-03-26");
}

bool
mcp_errors_without_id(const char *version)
{
	return strcmp(version, "2025-11-25") >= 0;
}

static void
wrong_version(struct mcp_message *m, const json *requested)
{
	wrong(m, MCP_UNSUPPORTED_VERSION, "Unsupported protocol version");
	m->data = json_object();
	json_put(m->data, "supported", mcp_versions());
	json_put(m->data, "requested", json_copy(requested));
}

/*
 * The version that a request names.  A legacy one is served as such: it is
 * among those that we offer.
 */
static void
read_version(struct mcp_message *m, const json *meta)
{
	const json *version = mcp_member(meta, META "protocolVersion");

	if (!version)
		return;
	if (!cJSON_IsString(version)) {
		wrong(m, MCP_INVALID_PARAMS,
		    "params._meta: " META "protocolVersion must be a string");
		return;
	}
	if (strcmp(version->valuestring, versions[0])) {
		m->era = MCP_LEGACY;
		if (strcmp(mcp_legacy_version(version->valuestring),
			version->valuestring))
			wrong_version(m, version);
		return;
	}
	m->era = MCP_MODERN;
	if (!cJSON_IsObject(mcp_member(meta, META "clientCapabilities")))
		wrong(m, MCP_INVALID_PARAMS,
		    "params._meta: " META
		    "clientCapabilities must be an object");
}

static void
read_params(struct mcp_message *m)
{
	const json *params = mcp_member(m->tree, "params"), *meta, *token;

	if (m->kind == MCP_NOTIFICATION) {
		m->params = cJSON_IsObject(params) ? params : NULL;
		return; /* never answered, whatever stands in it */
	}
	if (params && !cJSON_IsObject(params)) {
		wrong(m, MCP_INVALID_PARAMS, "params must be an object");
		return;
	}
	m->params = params;
	meta = mcp_member(params, "_meta");
	if (meta && !cJSON_IsObject(meta)) {
		wrong(m, MCP_INVALID_PARAMS, "params._meta must be an object");
		return;
	}
	token = mcp_member(meta, "progressToken");
	m->token = mcp_id(token);
	if (token && !m->token) {
		wrong(m, MCP_INVALID_PARAMS,
		    "params._meta: progressToken must be a string or an "
		    "integer");
		return;
	}
	read_version(m, meta);
}

static void
read_object(struct mcp_message *m)
{
	const json *id = mcp_member(m->tree, "id");
	const json *method = mcp_member(m->tree, "method");
	const json *rpc = mcp_member(m->tree, "jsonrpc");

	m->id = mcp_id(id);
	m->kind = id ? MCP_REQUEST : MCP_NOTIFICATION;
	if (!cJSON_IsString(rpc) || strcmp(rpc->valuestring, "2.0"))
		wrong(m, MCP_INVALID_REQUEST, "jsonrpc must be \"2.0\"");
	else if (!method && (mcp_member(m->tree, "result") ||
				mcp_member(m->tree, "error")))
		m->kind = MCP_ANSWER;
	else if (id && !m->id)
		wrong(m, MCP_INVALID_REQUEST,
		    "id must be a string or an integer");
	else if (!cJSON_IsString(method))
		wrong(m, MCP_INVALID_REQUEST, "method must be a string");
	if (m->kind != MCP_REQUEST && m->kind != MCP_NOTIFICATION)
		return;
	m->method = method->valuestring;
	read_params(m);
}

void
mcp_message_take(struct mcp_message *m, json *tree)
{
	*m = (struct mcp_message){.tree = tree};
	if (!cJSON_IsObject(tree))
		wrong(m, MCP_INVALID_REQUEST, "a message must be an object");
	else
		read_object(m);
}

void
mcp_message_read(struct mcp_message *m, const char *line, size_t n)
{
	autoerr struct err err = ERR_INIT;
	json *tree = wire_parse(line, n, &err);

	if (tree && !cJSON_IsArray(tree)) {
		mcp_message_take(m, tree);
		return;
	}
	*m = (struct mcp_message){.kind = MCP_BATCH, .tree = tree};
	if (!tree)
		wrong(m, MCP_PARSE_ERROR, err.msg.buf);
}

void
mcp_message_release(struct mcp_message *m)
{
	json_free(m->tree);
	json_free(m->data);
	free(m->id);
	free(m->token);
	free(m->why);
	*m = (struct mcp_message){0};
}

json *
mcp_server_info(void)
{
	json *info = json_object();

	json_put_str(info, "name", "addesh");
	json_put_str(info, "version", PACKAGE_VERSION);
	return info;
}

json *
mcp_result(enum mcp_era era)
{
	json *result = json_object(), *meta;

	if (era != MCP_MODERN)
		return result;
	json_put_str(result, "resultType", "complete");
	meta = json_object();
	json_put(meta, META "serverInfo", mcp_server_info());
	json_put(result, "_meta", meta);
	return result;
}

/* The beginning of each line, up to the member that is named. */
static void
begin(struct strbuf *out, const char *id, const char *member)
{
	strbuf_adds(out, "{\"jsonrpc\":\"2.0\",");
	if (id)
		strbuf_addf(out, "\"id\":%s,", id);
	strbuf_addf(out, "\"%s\":", member);
}

static void
end(struct strbuf *out, const json *value)
{
	autofree char *text = wire_print(value);

	strbuf_adds(out, text);
	strbuf_adds(out, "}\n");
}

void
mcp_write_result(struct strbuf *out, const char *id, const json *result)
{
	begin(out, id, "result");
	end(out, result);
}

void
mcp_write_error(struct strbuf *out, const char *id, int code, const char *why,
    const json *data)
{
	autojson json *error = json_object();

	json_put_int(error, "code", code);
	json_put_str(error, "message", why);
	if (data)
		json_put(error, "data", json_copy(data));
	begin(out, id, "error");
	end(out, error);
}

void
mcp_write_notification(struct strbuf *out, const char *method,
    const json *params)
{
	begin(out, NULL, "method");
	strbuf_addf(out, "\"%s\",\"params\":", method);
	end(out, params);
}
