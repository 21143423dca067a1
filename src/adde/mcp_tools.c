#include "adde/mcp_tools.h"

#include <string.h>

#include "adde/wire.h"
#include "base/nearest.h"

/* How long a client may go without asking for the list again: it changes with
   the program only. */
enum { LIST_MS = 3600000 };

static json *
schema(const char *text)
{
	autoerr struct err err = ERR_INIT;
	json *j = json_parse(text, strlen(text), &err);

	if (!j)
		abort();
	return j;
}

/* As mcp_tools_check() has it. */
static json *
input_schema(const struct tool *t)
{
	json *all = schema(t->input_schema);

	json_put_bool(all, "additionalProperties", false);
	return all;
}

/* Of a log, where the response holds one. */
static json *
output_schema(const struct tool *t)
{
	autojson json *all = schema(t->output_schema);
	const json *log = mcp_member(mcp_member(all, "properties"), "log");

	return log ? json_copy(log) : steal(&all);
}

static json *
describe(const struct tool *t)
{
	json *tool = json_object(), *hints = json_object();

	json_put_str(tool, "name", t->name);
	json_put_str(tool, "title", t->title);
	json_put_str(tool, "description", t->description);
	json_put(tool, "inputSchema", input_schema(t));
	json_put(tool, "outputSchema", output_schema(t));
	json_put_bool(hints, "readOnlyHint", t->read_only);
	json_put_bool(hints, "destructiveHint", t->destructive);
	json_put_bool(hints, "idempotentHint", t->idempotent);
	json_put_bool(hints, "openWorldHint", t->open_world);
	json_put(tool, "annotations", hints);
	return tool;
}

json *
mcp_tools_list(enum mcp_era era)
{
	json *result = mcp_result(era), *tools = json_array();

	for (const struct tool *t = tool_table; t->name; t++)
		json_push(tools, describe(t));
	json_put(result, "tools", tools);
	if (era == MCP_MODERN) {
		json_put_int(result, "ttlMs", LIST_MS);
		json_put_str(result, "cacheScope", "private");
	}
	return result;
}

char *
mcp_tools_unknown(const char *name)
{
	struct nearest near = NEAREST_INIT(name);

	for (const struct tool *t = tool_table; t->name; t++)
		nearest_try(&near, t->name);
	return near.best ? xasprintf("Unknown tool: %s; did you mean %s?",
			       name, near.best)
			 : xasprintf("Unknown tool: %s", name);
}

static int
unknown(const struct tool *t, const json *known, const char *name,
    struct err *err)
{
	struct nearest near = NEAREST_INIT(name);
	autobuf struct strbuf all = STRBUF_INIT;
	const json *property;

	json_each (property, known) {
		nearest_try(&near, property->string);
		strbuf_addf(
		    &all, "%s%s", all.len ? ", " : "", property->string);
	}
	err_set(err, ERR_USAGE, "%s has no argument '%s'", t->name, name);
	return near.best ? err_hint(err, "did you mean %s?", near.best)
			 : err_hint(err, "there are: %s", all.buf);
}

int
mcp_tools_check(const struct tool *t, const json *arguments, struct err *err)
{
	autojson json *all = schema(t->input_schema);
	const json *known = mcp_member(all, "properties"), *item;

	json_each (item, arguments)
		if (!json_get(known, item->string))
			return unknown(t, known, item->string, err);
	json_each (item, mcp_member(all, "required"))
		if (!json_get(arguments, item->valuestring))
			return err_set(err, ERR_USAGE, "%s needs the argument "
						       "'%s'",
			    t->name, item->valuestring);
	return 0;
}

/* A block of content; text is taken. */
static json *
text_block(json *text)
{
	json *block = json_object();

	json_put_str(block, "type", "text");
	json_put(block, "text", text);
	return block;
}

/* A result with one text, which is taken; structured content may follow. */
static json *
result_with_text(enum mcp_era era, json *text, bool failed)
{
	json *result = mcp_result(era), *content = json_array();

	json_push(content, text_block(text));
	json_put(result, "content", content);
	json_put_bool(result, "isError", failed);
	return result;
}

/* What stands beside a log is not in the structured content. */
static void
add_warnings(json *result, const json *response)
{
	json *content = cJSON_GetObjectItemCaseSensitive(result, "content");
	const json *warning;

	json_each (warning, mcp_member(response, "warnings"))
		if (cJSON_IsString(warning))
			json_push(content, text_block(json_copy(warning)));
}

void
mcp_tools_fail(struct strbuf *out, const char *id, enum mcp_era era,
    const char *why)
{
	autojson json *result =
	    result_with_text(era, wire_string(why, strlen(why)), true);

	mcp_write_result(out, id, result);
}

/* Does it say no more than that it failed, and why? */
static bool
is_plain_error(const json *response)
{
	static const char *const plain[] = {
	    "error", "hint", "ok", "warnings", NULL};
	const json *item;

	json_each (item, response)
		if (!str_in(item->string, plain))
			return false;
	return true;
}

static void
write_plain_error(struct strbuf *out, const char *id, enum mcp_era era,
    const json *response)
{
	autobuf struct strbuf why = STRBUF_INIT;
	const char *hint = json_str(response, "hint", NULL);
	autojson json *result = NULL;

	strbuf_adds(&why, json_str(response, "error", "it failed"));
	if (hint)
		strbuf_addf(&why, "\n%s", hint);
	result = result_with_text(era, wire_string(why.buf, why.len), true);
	add_warnings(result, response);
	mcp_write_result(out, id, result);
}

/* What it shows of a response: the log, where it has one and is no error.  Its
   limits are what every run in the environment has: those that do not hold are
   worth a model's attention, the others are not. */
static json *
shown_of(const json *response, bool failed)
{
	const json *log = failed ? NULL : mcp_member(response, "log");
	json *shown = json_copy(log ? log : response);
	json *limits = cJSON_GetObjectItemCaseSensitive(shown, "limits");

	json_remove(limits, "applied");
	if (limits && !cJSON_GetArraySize(json_get(limits, "not_applied")))
		json_remove(shown, "limits");
	return shown;
}

void
mcp_tools_answer(struct strbuf *out, const char *id, enum mcp_era era,
    int status, const json *response)
{
	const json *log = mcp_member(response, "log");
	autofree char *text = NULL;
	autojson json *result = NULL;
	json *shown;

	if (status && is_plain_error(response)) {
		write_plain_error(out, id, era, response);
		return;
	}
	shown = shown_of(response, status);
	text = wire_print(shown);
	result =
	    result_with_text(era, wire_string(text, strlen(text)), status);
	/* A log's schema has no room for what else failed. */
	if (log && status)
		json_free(shown);
	else
		json_put(result, "structuredContent", shown);
	if (log && !status)
		add_warnings(result, response);
	mcp_write_result(out, id, result);
}
