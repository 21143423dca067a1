#include "base/json.h"

#include <stdio.h>
#include <string.h>

#include "base/encode.h"

json *
json_parse(const char *s, size_t n, struct err *err)
{
	const char *end = NULL;
	json *j = cJSON_ParseWithLengthOpts(s, n, &end, false);

	if (!j) {
		err_set(err, ERR_IO, "not valid JSON at byte %td",
		    end ? end - s : (ptrdiff_t)0);
		return NULL;
	}
	for (; end < s + n; end++) {
		if (*end && strchr(" \t\r\n", *end))
			continue;
		cJSON_Delete(j);
		err_set(
		    err, ERR_IO, "text after the JSON at byte %td", end - s);
		return NULL;
	}
	return j;
}

/* At least as many as it has: each but the first stands behind one of these. */
static size_t
count_values(const char *s, size_t n)
{
	size_t count = 1;
	bool in_string = false;

	for (size_t i = 0; i < n; i++) {
		if (in_string && s[i] == '\\')
			i++;
		else if (s[i] == '"')
			in_string = !in_string;
		else if (!in_string)
			count += s[i] == ',' || s[i] == '[' || s[i] == '{';
	}
	return count;
}

/* The code unit of "\uXXXX" at s, or -1. */
static int
escaped_unit(const char *s, size_t n)
{
	char digits[5] = "";
	char *end;
	long unit;

	if (n < 6 || s[0] != '\\' || s[1] != 'u')
		return -1;
	memcpy(digits, s + 2, 4);
	unit = strtol(digits, &end, 16);
	return end == digits + 4 && unit >= 0 ? (int)unit : -1;
}

/* Bytes of the escape at s, which begins with a backslash; bad: it stands for
   nothing that a string of C in UTF-8 can have. */
static size_t
escape_size(const char *s, size_t n, bool *bad)
{
	int unit = escaped_unit(s, n), next;
	bool high = unit >= 0xd800 && unit < 0xdc00;

	*bad = false;
	if (unit < 0)
		return n < 2 ? n : 2;
	next = high ? escaped_unit(s + 6, n - 6) : -1;
	if (next >= 0xdc00 && next < 0xe000)
		return 12;
	*bad = !unit || high || (unit >= 0xdc00 && unit < 0xe000);
	return 6;
}

/* Appends it with such escapes replaced; false: it has none. */
static bool
repair_escapes(struct strbuf *out, const char *s, size_t n)
{
	const char *end = s + n, *done = s, *p = s;
	bool bad, any = false;

	while ((p = memchr(p, '\\', (size_t)(end - p)))) {
		size_t size = escape_size(p, (size_t)(end - p), &bad);

		if (bad) {
			strbuf_add(out, done, (size_t)(p - done));
			strbuf_adds(out, "\\ufffd");
			done = p + size;
			any = true;
		}
		p += size;
	}
	strbuf_add(out, done, any ? (size_t)(end - done) : 0);
	return any;
}

json *
json_parse_bounded(const char *s, size_t n, size_t values, struct err *err)
{
	autobuf struct strbuf repaired = STRBUF_INIT;

	if (count_values(s, n) > values) {
		err_set(err, ERR_IO, "JSON with more than %zu values", values);
		return NULL;
	}
	if (repair_escapes(&repaired, s, n))
		return json_parse(repaired.buf, repaired.len, err);
	return json_parse(s, n, err);
}

void
json_free(json *j)
{
	cJSON_Delete(j);
}

char *
json_print(const json *j)
{
	char *s = cJSON_PrintUnformatted(j);

	if (!s)
		abort();
	return s;
}

const json *
json_get(const json *j, const char *name)
{
	/* Case-insensitive, as the engines' own Go reader is. */
	return cJSON_IsObject(j) ? cJSON_GetObjectItem(j, name) : NULL;
}

const json *
json_path(const json *j, const char *path)
{
	autofree char *copy = xstrdup(path);
	char *rest = copy, *name;

	while (j && (name = strsep(&rest, ".")))
		j = json_get(j, name);
	return j;
}

const char *
json_str(const json *j, const char *name, const char *def)
{
	const json *v = json_get(j, name);

	return cJSON_IsString(v) ? v->valuestring : def;
}

int64_t
json_int(const json *j, const char *name, int64_t def)
{
	const json *v = json_get(j, name);

	if (!cJSON_IsNumber(v) || v->valuedouble >= 9.2e18 ||
	    v->valuedouble <= -9.2e18)
		return def;
	return (int64_t)v->valuedouble;
}

double
json_num(const json *j, const char *name, double def)
{
	const json *v = json_get(j, name);

	return cJSON_IsNumber(v) ? v->valuedouble : def;
}

bool
json_bool(const json *j, const char *name, bool def)
{
	const json *v = json_get(j, name);

	return cJSON_IsBool(v) ? cJSON_IsTrue(v) : def;
}

static json *
checked(json *j)
{
	if (!j)
		abort();
	return j;
}

json *
json_copy(const json *j)
{
	return checked(cJSON_Duplicate(j, true));
}

void
json_strings(const json *array, struct strvec *sv)
{
	const json *item;

	if (!cJSON_IsArray(array))
		return;
	json_each (item, array) {
		if (cJSON_IsString(item))
			strvec_push(sv, item->valuestring);
	}
}

json *
json_object(void)
{
	return checked(cJSON_CreateObject());
}

json *
json_array(void)
{
	return checked(cJSON_CreateArray());
}

/* JSON is UTF-8: what is not, such as a file's name, is U+FFFD in it. */
json *
json_string(const char *s)
{
	autobuf struct strbuf text = STRBUF_INIT;

	utf8_repair(&text, s, strlen(s));
	return checked(cJSON_CreateString(text.buf));
}

void
json_put(json *obj, const char *name, json *value)
{
	if (!cJSON_AddItemToObject(obj, name, checked(value)))
		abort();
}

void
json_put_str(json *obj, const char *name, const char *s)
{
	json_put(obj, name, s ? json_string(s) : cJSON_CreateNull());
}

void
json_put_int(json *obj, const char *name, int64_t n)
{
	json_put(obj, name, cJSON_CreateNumber((double)n));
}

void
json_put_num(json *obj, const char *name, double n)
{
	json_put(obj, name, cJSON_CreateNumber(n));
}

void
json_put_bool(json *obj, const char *name, bool b)
{
	json_put(obj, name, cJSON_CreateBool(b));
}

void
json_remove(json *obj, const char *name)
{
	cJSON_DeleteItemFromObjectCaseSensitive(obj, name);
}

void
json_push(json *array, json *value)
{
	if (!cJSON_AddItemToArray(array, checked(value)))
		abort();
}

void
json_push_str(json *array, const char *s)
{
	json_push(array, json_string(s));
}

json *
json_from_strings(const struct strvec *sv)
{
	json *array = json_array();

	for (size_t i = 0; i < sv->n; i++)
		json_push_str(array, sv->v[i]);
	return array;
}

/* True: out is text.  False: it is base64. */
static bool
text_or_base64(struct strbuf *out, const void *p, size_t n)
{
	bool text = utf8_valid(p, n) && !memchr(p, '\0', n);

	if (text)
		strbuf_add(out, p, n);
	else
		base64_encode(out, p, n, false);
	return text;
}

void
json_put_bytes(json *obj, const char *name, const void *p, size_t n)
{
	autobuf struct strbuf text = STRBUF_INIT;
	autofree char *key = xasprintf("%s_b64", name);
	bool is_text = text_or_base64(&text, p, n);

	json_put_str(obj, is_text ? name : key, text.buf);
}

json *
json_text(const void *p, size_t n)
{
	autobuf struct strbuf text = STRBUF_INIT;
	json *j;

	if (text_or_base64(&text, p, n))
		return json_string(text.buf);
	j = json_object();
	json_put_str(j, "b64", text.buf);
	return j;
}

void
json_add_text(const json *j, struct strbuf *out)
{
	const char *coded = json_str(j, "b64", NULL);

	if (cJSON_IsString(j))
		strbuf_adds(out, j->valuestring);
	else if (coded)
		base64_decode(out, coded, strlen(coded));
}
