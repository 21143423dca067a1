#include "adde/wire.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/strvec.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define WIRE_NUL "\xc0\x80"
/* What stands outside of strings and numbers. */
#define PLAIN "{}[]:, \t\r\ntruefalsn"

/* The text on its way to cJSON, which is more lenient than the grammar, loses
   what stands behind a NUL, and keeps no more of a number than its value. */
struct reader {
	const char *p, *end;
	struct strbuf text;
	struct strvec numbers; /* literals, "" for those of an int64 */
	struct err *err;
};

static int
unexpected(struct reader *r)
{
	unsigned char c = r->p < r->end ? (unsigned char)*r->p : 0;

	if (r->p >= r->end)
		return err_set(r->err, ERR_USAGE,
		    "unexpected end of JSON input");
	if (c > ' ' && c < 0x7f)
		return err_set(r->err, ERR_USAGE,
		    "invalid character '%c' in JSON", c);
	return err_set(r->err, ERR_USAGE, "invalid byte 0x%02x in JSON", c);
}

/* ---- strings ---- */

static int
hex4(const struct reader *r, const char *p)
{
	int n = 0;

	if (r->end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		unsigned char c = (unsigned char)p[i];

		if (!isxdigit(c))
			return -1;
		n = n * 16 + (isdigit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return n;
}

static bool
is_low_surrogate(const struct reader *r, const char *p)
{
	int n;

	if (r->end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return false;
	n = hex4(r, p + 2);
	return n >= 0xdc00 && n < 0xe000;
}

/* At the backslash of a \u. */
static int
read_unicode(struct reader *r)
{
	int n = hex4(r, r->p + 2);
	size_t len = 6;

	if (n < 0)
		return err_set(r->err, ERR_USAGE,
		    r->end - r->p < 6 ? "unexpected end of JSON input"
				      : "invalid \\u escape in JSON");
	if (n >= 0xd800 && n < 0xdc00 && is_low_surrogate(r, r->p + 6))
		len = 12;
	if (!n)
		strbuf_adds(&r->text, WIRE_NUL);
	else if (n >= 0xd800 && n < 0xe000 && len == 6)
		strbuf_adds(&r->text, REPLACEMENT); /* half a pair */
	else
		strbuf_add(&r->text, r->p, len);
	r->p += len;
	return 0;
}

static int
read_escape(struct reader *r)
{
	if (r->end - r->p < 2) {
		r->p = r->end;
		return unexpected(r);
	}
	if (r->p[1] == 'u')
		return read_unicode(r);
	strbuf_add(&r->text, r->p, 2); /* which ones there are, cJSON knows */
	r->p += 2;
	return 0;
}

/* A character that stands for itself. */
static void
read_char(struct reader *r)
{
	int n = utf8_next(r->p, (size_t)(r->end - r->p), NULL);

	if (n > 0)
		strbuf_add(&r->text, r->p, (size_t)n);
	else
		strbuf_adds(&r->text, REPLACEMENT);
	r->p += n > 0 ? n : 1;
}

static int
read_string(struct reader *r)
{
	strbuf_addc(&r->text, *r->p++);
	while (r->p < r->end && *r->p != '"') {
		if ((unsigned char)*r->p < ' ')
			return unexpected(r);
		if (*r->p != '\\')
			read_char(r);
		else if (read_escape(r))
			return -1;
	}
	if (r->p >= r->end)
		return unexpected(r);
	strbuf_addc(&r->text, *r->p++);
	return 0;
}

/* ---- numbers ---- */

static bool
is_digit(const struct reader *r)
{
	return r->p < r->end && *r->p >= '0' && *r->p <= '9';
}

static bool
accept(struct reader *r, const char *chars)
{
	if (r->p >= r->end || !*r->p || !strchr(chars, *r->p))
		return false;
	r->p++;
	return true;
}

static int
read_digits(struct reader *r)
{
	if (!is_digit(r))
		return unexpected(r);
	while (is_digit(r))
		r->p++;
	return 0;
}

/* 19 digits fit an int64 if the double is below 2^63. */
static bool
fits_int64(const char *literal)
{
	double d = strtod(literal, NULL);

	return d >= -9223372036854775808.0 && d < 9223372036854775808.0;
}

static int
read_number(struct reader *r)
{
	const char *begin = r->p;
	autofree char *literal = NULL;
	bool whole = true;

	accept(r, "-");
	if (!accept(r, "0") && read_digits(r))
		return -1;
	if (accept(r, ".")) {
		whole = false;
		if (read_digits(r))
			return -1;
	}
	if (accept(r, "eE")) {
		whole = false;
		accept(r, "+-");
		if (read_digits(r))
			return -1;
	}
	strbuf_add(&r->text, begin, (size_t)(r->p - begin));
	literal = xstrndup(begin, (size_t)(r->p - begin));
	strvec_push(&r->numbers, whole && fits_int64(literal) ? "" : literal);
	return 0;
}

/* ---- the whole ---- */

static int
read_all(struct reader *r)
{
	while (r->p < r->end) {
		char c = *r->p;
		int rc = 0;

		if (c == '"')
			rc = read_string(r);
		else if (c == '-' || (c >= '0' && c <= '9'))
			rc = read_number(r);
		else if (c && strchr(PLAIN, c))
			strbuf_addc(&r->text, *r->p++);
		else
			rc = unexpected(r);
		if (rc)
			return -1;
	}
	return 0;
}

/* The numbers of a tree stand in the order of its text. */
static void
keep_literals(json *j, char ***literal)
{
	json *item;

	if (cJSON_IsNumber(j)) {
		if (***literal)
			j->valuestring = xstrdup(**literal);
		++*literal;
	}
	if (cJSON_IsObject(j) || cJSON_IsArray(j))
		json_each (item, j)
			keep_literals(item, literal);
}

/* Where cJSON stopped says whether something is missing or wrong. */
static json *
parse_text(struct reader *r)
{
	const char *text = r->text.buf, *end = text + r->text.len, *at = NULL;
	json *j = cJSON_ParseWithLengthOpts(text, r->text.len, &at, false);
	size_t blank;

	if (!j && !at)
		at = text;
	blank = strspn(at, " \t\r\n");
	if (j && at + blank == end)
		return j;
	if (j)
		err_set(r->err, ERR_USAGE,
		    "invalid character '%c' after top-level value", at[blank]);
	else if (at + blank >= end)
		err_set(r->err, ERR_USAGE, "unexpected end of JSON input");
	else
		err_set(r->err, ERR_USAGE, "not valid JSON at byte %td",
		    at - text);
	json_free(j);
	return NULL;
}

json *
wire_parse(const char *s, size_t n, struct err *err)
{
	struct reader r = {.p = s, .end = s + n, .text = STRBUF_INIT,
	    .numbers = STRVEC_INIT, .err = err};
	json *j = read_all(&r) ? NULL : parse_text(&r);
	char **literal = r.numbers.v;

	if (j)
		keep_literals(j, &literal);
	strbuf_release(&r.text);
	strvec_release(&r.numbers);
	return j;
}

bool
wire_is_int(const json *j)
{
	return cJSON_IsNumber(j) && !j->valuestring;
}

/* What Go escapes beside what cJSON does. */
static const struct {
	const char *bytes, *escape;
} escapes[] = {
    {WIRE_NUL, "\\u0000"},
    {"\xe2\x80\xa8", "\\u2028"},
    {"\xe2\x80\xa9", "\\u2029"},
};

static size_t
add_escape(struct strbuf *out, const char *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(escapes); i++) {
		if (!str_starts(p, escapes[i].bytes))
			continue;
		strbuf_adds(out, escapes[i].escape);
		return strlen(escapes[i].bytes);
	}
	strbuf_addc(out, *p);
	return 1;
}

char *
wire_print(const json *j)
{
	autofree char *text = json_print(j);
	struct strbuf out = STRBUF_INIT;

	for (const char *p = text; *p;) {
		size_t n = strcspn(p, "\xc0\xe2");

		strbuf_add(&out, p, n);
		p += n;
		if (*p)
			p += add_escape(&out, p);
	}
	return strbuf_detach(&out);
}

void
wire_bytes(struct strbuf *out, const char *s)
{
	for (const char *nul; (nul = strstr(s, WIRE_NUL));) {
		strbuf_add(out, s, (size_t)(nul - s));
		strbuf_addc(out, '\0');
		s = nul + strlen(WIRE_NUL);
	}
	strbuf_adds(out, s);
}

bool
wire_has_nul(const char *s)
{
	return strstr(s, WIRE_NUL) != NULL;
}

void
wire_take_bytes(const json *obj, const char *name, struct strbuf *out)
{
	autofree char *encoded = xasprintf("%s_b64", name);
	const char *text = json_str(obj, name, NULL);
	const char *base64 = json_str(obj, encoded, "");

	if (text)
		strbuf_adds(out, text);
	else
		base64_decode(out, base64, strlen(base64));
}

json *
wire_string(const void *p, size_t n)
{
	autobuf struct strbuf text = STRBUF_INIT;
	const char *s = p;

	while (n) {
		int len = *s ? utf8_next(s, n, NULL) : 0;
		size_t step = len > 0 ? (size_t)len : 1;

		if (len > 0)
			strbuf_add(&text, s, step);
		else
			strbuf_adds(&text, *s ? REPLACEMENT : WIRE_NUL);
		s += step;
		n -= step;
	}
	/* Not json_string(): C0 80 is for this directory alone. */
	json *j = cJSON_CreateString(text.buf);

	if (!j)
		abort();
	return j;
}

json *
wire_number(double n)
{
	char text[40];
	json *j;

	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, n);
		if (strtod(text, NULL) == n)
			break;
	}
	j = cJSON_CreateRaw(text);
	if (!j)
		abort();
	return j;
}
