#include "adde/tool.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "adde/wire.h"

const struct tool *
tool_find(const char *name)
{
	for (const struct tool *t = tool_table; t->name; t++)
		if (!strcmp(t->name, name))
			return t;
	return NULL;
}

/* ---- requests, as their schema says ---- */

static const char *
type_of(const json *j)
{
	if (cJSON_IsNull(j))
		return "null";
	if (cJSON_IsBool(j))
		return "boolean";
	if (wire_is_int(j))
		return "integer";
	if (cJSON_IsNumber(j))
		return "number";
	if (cJSON_IsString(j))
		return "string";
	return cJSON_IsArray(j) ? "array" : "object";
}

static int
wrong_type(const char *field, const char *wanted, const json *j,
    struct err *err)
{
	bool vowel = strchr("aio", *wanted) != NULL;

	return err_set(err, ERR_USAGE, "%s must be a%s %s, not %s", field,
	    vowel ? "n" : "", wanted, type_of(j));
}

static json *
wrong_item(const char *field, const json *item, size_t number, struct err *err)
{
	autofree char *what = item->string ? xasprintf("'%s'", item->string)
					   : xasprintf("item %zu", number);

	wrong_type(what, "string", item, err);
	err_prefix(err, "%s", field);
	return NULL;
}

struct named_item {
	json *item;
	size_t at; /* its place */
};

static int
compare_names(const void *a, const void *b)
{
	const struct named_item *x = a, *y = b;
	int order = strcmp(x->item->string, y->item->string);

	return order ? order : x->at < y->at ? -1 : x->at > y->at;
}

/* Of the members of one name the last one stays.  A map may be huge. */
static void
drop_earlier(json *map)
{
	size_t n = (size_t)cJSON_GetArraySize(map), i = 0;
	autofree struct named_item *v = xcalloc(n + 1, sizeof(*v));
	json *item;

	json_each (item, map) {
		v[i] = (struct named_item){.item = item, .at = i};
		i++;
	}
	qsort(v, n, sizeof(*v), compare_names);
	for (i = 0; i + 1 < n; i++)
		if (!strcmp(v[i].item->string, v[i + 1].item->string))
			json_free(cJSON_DetachItemViaPointer(map, v[i].item));
}

/* The texts of a list or a map; null is "" there, as in Go. */
static json *
take_texts(const char *field, const json *from, json *into, struct err *err)
{
	const json *item;
	size_t number = 0;
	json *text;

	json_each (item, from) {
		number++;
		if (!cJSON_IsString(item) && !cJSON_IsNull(item)) {
			json_free(into);
			return wrong_item(field, item, number, err);
		}
		text = cJSON_IsNull(item) ? json_string("") : json_copy(item);
		if (cJSON_IsArray(from))
			json_push(into, text);
		else
			json_put(into, item->string, text);
	}
	if (cJSON_IsObject(into))
		drop_earlier(into);
	return into;
}

/*
 * The value of a field: before is what the request said of it before, or NULL.
 * A map adds to it, all others replace it; null empties lists and maps and is
 * nothing else.
 */
static int
take_value(json *request, const json *property, const json *value,
    struct err *err)
{
	const char *field = property->string;
	const char *type = json_str(property, "type", "");
	const json *before = json_get(request, field);
	bool map = !strcmp(type, "object"), list = !strcmp(type, "array");
	json *taken;

	if (cJSON_IsNull(value)) {
		if (map || list)
			json_remove(request, field);
		return 0;
	}
	if (strcmp(type, type_of(value)))
		return wrong_type(field, type, value, err);
	if (list)
		taken = take_texts(field, value, json_array(), err);
	else if (map)
		taken = take_texts(field, value,
		    before ? json_copy(before) : json_object(), err);
	else
		taken = json_copy(value);
	if (!taken)
		return -1;
	json_remove(request, field);
	json_put(request, field, taken);
	return 0;
}

json *
tool_request(const struct tool *t, const json *given, struct err *err)
{
	autojson json *schema =
	    json_parse(t->input_schema, strlen(t->input_schema), err);
	const json *properties = json_get(schema, "properties");
	json *request = json_object();
	const json *member, *property;

	if (!cJSON_IsObject(given) && !cJSON_IsNull(given)) {
		wrong_type("the request", "object", given, err);
		json_free(request);
		return NULL;
	}
	json_each (member, given) {
		property = json_get(properties, member->string);
		if (!property ||
		    !take_value(request, property, member, err))
			continue;
		json_free(request);
		return NULL;
	}
	return request;
}

/* ---- calls ---- */

/* The response's "error", and beside it what would help. */
static void
put_error(json *response, const struct err *err)
{
	json_put(response, "error",
	    wire_string(err->msg.buf, err->msg.len));
	if (err->hint.len)
		json_put(response, "hint",
		    wire_string(err->hint.buf, err->hint.len));
}

/* What was warned of comes last, after what ADDE itself has. */
static void
move_warnings(json *response)
{
	json *list =
	    cJSON_DetachItemFromObjectCaseSensitive(response, "warnings");

	if (list)
		json_put(response, "warnings", list);
}

int
tool_run(const struct tool *t, struct host *h, struct output *o,
    const json *request, tool_progress_fn *progress, void *arg,
    json **response, struct err *err)
{
	autojson json *taken = tool_request(t, request, err);
	struct tool_call c = {.tool = t,
	    .host = h,
	    .out = o,
	    .request = taken,
	    .progress = progress,
	    .arg = arg,
	    .err = ERR_INIT};
	int rc;

	if (!taken)
		return -1;
	c.response = json_object();
	rc = t->exec(&c);
	if (rc)
		put_error(c.response, &c.err);
	move_warnings(c.response);
	err_clear(&c.err);
	*response = c.response;
	return rc ? 1 : 0;
}
