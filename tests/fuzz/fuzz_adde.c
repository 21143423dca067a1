/*
 * Requests to the tools: whatever comes in, what was read is printed as JSON
 * that reads as the same, and a request that is accepted has only fields of the
 * schema with their types.  The first byte chooses the tool.
 */
#include <stdlib.h>
#include <string.h>

#include "adde/tool.h"
#include "adde/wire.h"
#include "fuzz.h"

static void
check_print(const json *j)
{
	autofree char *once = wire_print(j), *twice = NULL;
	autoerr struct err err = ERR_INIT;
	autojson json *again = wire_parse(once, strlen(once), &err);

	if (!again || strchr(once, '\n'))
		abort();
	twice = wire_print(again);
	if (strcmp(once, twice))
		abort();
}

static void
check_field(const json *properties, const json *field)
{
	const char *type = json_str(
	    cJSON_GetObjectItemCaseSensitive(properties, field->string), "type",
	    "");
	const json *item;

	if ((!strcmp(type, "string") && !cJSON_IsString(field)) ||
	    (!strcmp(type, "integer") && !wire_is_int(field)) ||
	    (!strcmp(type, "boolean") && !cJSON_IsBool(field)) ||
	    (!strcmp(type, "array") && !cJSON_IsArray(field)) ||
	    (!strcmp(type, "object") && !cJSON_IsObject(field)) || !*type)
		abort();
	if (cJSON_IsArray(field) || cJSON_IsObject(field))
		json_each (item, field)
			if (!cJSON_IsString(item))
				abort();
}

static void
check_request(const struct tool *t, const json *given)
{
	autoerr struct err err = ERR_INIT, none = ERR_INIT;
	autojson json *request = tool_request(t, given, &err);
	autojson json *schema =
	    json_parse(t->input_schema, strlen(t->input_schema), &none);
	const json *field;

	if (!request && !err.kind)
		abort();
	json_each (field, request)
		check_field(json_get(schema, "properties"), field);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	const struct tool *t = tool_table;
	autobuf struct strbuf bytes = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	autojson json *j = NULL, *text = NULL;

	if (!size)
		return 0;
	for (unsigned n = *data; n && t[1].name; n--)
		t++;
	j = wire_parse((const char *)data + 1, size - 1, &err);
	if (j) {
		check_print(j);
		check_request(t, j);
	}
	/* Bytes of a program, as a string and back. */
	text = wire_string(data, size);
	wire_bytes(&bytes, text->valuestring);
	check_print(text);
	return 0;
}
