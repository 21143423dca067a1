/* Values of settings: reading, comparing and writing them. */
#include "session/settings.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/encode.h"
#include "base/units.h"

void
value_release(struct value *v)
{
	free(v->text);
	free(v->where);
	strvec_release(&v->list);
	*v = (struct value)VALUE_INIT;
}

void
value_copy(struct value *dst, const struct value *src)
{
	*dst = (struct value)VALUE_INIT;
	dst->set = src->set;
	dst->num = src->num;
	dst->text = src->text ? xstrdup(src->text) : NULL;
	dst->where = src->where ? xstrdup(src->where) : NULL;
	strvec_pushv(&dst->list, src->list.v, src->list.n);
}

bool
value_equal(const struct value *a, const struct value *b)
{
	return a->set == b->set && (!a->set || !strcmp(a->text, b->text));
}

bool
value_less(const struct value *a, const struct value *b)
{
	return a->num < b->num;
}

/* "auto, docker or disabled", from "auto|docker|disabled". */
static void
add_words(struct strbuf *out, const char *words)
{
	while (*words) {
		size_t n = strcspn(words, "|");
		const char *next = words[n] ? words + n + 1 : words + n;

		strbuf_add(out, words, n);
		if (*next)
			strbuf_adds(out, strchr(next, '|') ? ", " : " or ");
		words = next;
	}
}

static int
refuse(const struct setting *s, const char *text, struct err *err)
{
	static const char *const forms[] = {
	    [VALUE_BOOL] = "true or false",
	    [VALUE_WORD] = NULL,
	    [VALUE_SIZE] = "a size such as 256m or 1g",
	    [VALUE_DURATION] = "a time such as 30s, 500ms or 5m",
	    [VALUE_COUNT] = "a whole number",
	    [VALUE_NUMBER] = "a number such as 0.5",
	    [VALUE_TEXT] = "text in UTF-8 on one line",
	    [VALUE_LIST] = "a list of texts",
	    [VALUE_MAP] = "a map of names to texts",
	};
	autobuf struct strbuf form = STRBUF_INIT;

	if (forms[s->type])
		strbuf_adds(&form, forms[s->type]);
	else
		add_words(&form, s->words);
	return err_set(err, ERR_USAGE, "must be %s, not %s", form.buf, text);
}

static int
refuse_text(const struct setting *s, const char *text, struct err *err)
{
	autofree char *quoted = xasprintf("'%.60s'", text);

	return refuse(s, quoted, err);
}

/* The number in the unit that people use for this setting. */
static char *
number_text(const struct setting *s, uint64_t num)
{
	struct strbuf sb = STRBUF_INIT;

	switch (s->type) {
	case VALUE_SIZE:
		units_add_size_exact(&sb, num);
		break;
	case VALUE_DURATION:
		units_add_duration_exact(&sb, num);
		break;
	case VALUE_NUMBER:
		strbuf_addf(&sb, "%" PRIu64 ".%03u", num / 1000,
		    (unsigned)(num % 1000));
		while (sb.buf[sb.len - 1] == '0')
			strbuf_truncate(&sb, sb.len - 1);
		if (sb.buf[sb.len - 1] == '.')
			strbuf_truncate(&sb, sb.len - 1);
		break;
	default:
		strbuf_addf(&sb, "%" PRIu64, num);
	}
	return strbuf_detach(&sb);
}

/* Digits alone, small enough to be multiplied by a thousand. */
static int
parse_digits(const char *s, size_t n, uint64_t *out)
{
	*out = 0;
	if (n > 15)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		*out = *out * 10 + (uint64_t)(s[i] - '0');
	}
	return 0;
}

static int
parse_count(const char *s, uint64_t *out)
{
	return *s ? parse_digits(s, strlen(s), out) : -1;
}

/* Beyond thousandths nothing would come of it: refused, not rounded away. */
static int
parse_thousandths(const char *s, uint64_t *out)
{
	size_t whole = strcspn(s, "."), n;
	uint64_t above, below = 0;

	if (!whole || parse_digits(s, whole, &above))
		return -1;
	n = s[whole] ? strlen(s + whole + 1) : 0;
	if (s[whole] && (!n || n > 3 || parse_digits(s + whole + 1, n, &below)))
		return -1;
	for (; n < 3; n++)
		below *= 10;
	*out = above * 1000 + below;
	return 0;
}

static int
parse_bool(const char *s, uint64_t *out)
{
	static const char *const words[] = {
	    "false", "true", "no", "yes", "off", "on"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcasecmp(s, words[i]))
			continue;
		*out = i & 1;
		return 0;
	}
	return -1;
}

static int
parse_word(const char *words, const char *s, uint64_t *out)
{
	size_t len = strlen(s);

	for (*out = 0; *words; ++*out) {
		size_t n = strcspn(words, "|");

		if (n == len && !strncmp(words, s, n))
			return 0;
		words += n + (words[n] == '|');
	}
	return -1;
}

static int
parse_number(const struct setting *s, const char *text, uint64_t *out)
{
	switch (s->type) {
	case VALUE_BOOL:
		return parse_bool(text, out);
	case VALUE_WORD:
		return parse_word(s->words, text, out);
	case VALUE_SIZE:
		return units_parse_size(text, out);
	case VALUE_DURATION:
		return units_parse_duration(text, out);
	case VALUE_NUMBER:
		return parse_thousandths(text, out);
	default:
		return parse_count(text, out);
	}
}

static int
check_bounds(const struct setting *s, uint64_t num, struct err *err)
{
	autofree char *bound = NULL;

	if (num < s->min) {
		bound = number_text(s, s->min);
		return err_set(err, ERR_USAGE, "must be at least %s", bound);
	}
	if (s->max && num > s->max) {
		bound = number_text(s, s->max);
		return err_set(err, ERR_USAGE, "must be at most %s", bound);
	}
	return 0;
}

/*
 * A line break or an escape in a setting could only confuse who reads it; C1
 * controls, which begin with 0xc2 in UTF-8, are escapes to some terminals.
 */
static bool
is_text(const char *s)
{
	for (const unsigned char *p = (const unsigned char *)s; *p; p++)
		if (*p < ' ' || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0))
			return false;
	return utf8_valid(s, strlen(s));
}

static int
set_text(const struct setting *s, const char *text, struct value *v,
    struct err *err)
{
	if (!is_text(text))
		return refuse(s, "that", err);
	if (strlen(text) < s->min)
		return err_set(err, ERR_USAGE, "must not be empty");
	v->text = xstrdup(text);
	return 0;
}

static int
set_number(const struct setting *s, const char *text, struct value *v,
    struct err *err)
{
	if (!is_text(text))
		return refuse(s, "that", err);
	if (parse_number(s, text, &v->num))
		return refuse_text(s, text, err);
	if (s->type == VALUE_BOOL)
		v->text = xstrdup(v->num ? "true" : "false");
	else if (s->type == VALUE_WORD)
		v->text = xstrdup(text);
	else if (check_bounds(s, v->num, err))
		return -1;
	else
		v->text = number_text(s, v->num);
	return 0;
}

/* Would YAML read it back as this text without quotes? */
static bool
is_plain(const char *s)
{
	static const char *const words[] = {"null", "true", "false", "yes",
	    "no", "on", "off"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcasecmp(s, words[i]))
			return false;
	if (!strchr(
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz/", *s))
		return false;
	return *s && s[strlen(s) - 1] != ':' &&
	    !s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			 "0123456789_./:@-")];
}

static void
add_text(struct strbuf *out, const char *s)
{
	if (is_plain(s)) {
		strbuf_adds(out, s);
		return;
	}
	strbuf_addc(out, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			strbuf_addc(out, '\\');
		strbuf_addc(out, *s);
	}
	strbuf_addc(out, '"');
}

static void
add_list(struct strbuf *out, const struct strvec *list)
{
	strbuf_addc(out, '[');
	for (size_t i = 0; i < list->n; i++) {
		strbuf_adds(out, i ? ", " : "");
		add_text(out, list->v[i]);
	}
	strbuf_addc(out, ']');
}

static void
add_map(struct strbuf *out, const struct strvec *list)
{
	strbuf_addc(out, '{');
	for (size_t i = 0; i < list->n; i++) {
		size_t n = strcspn(list->v[i], "=");
		autofree char *key = xstrndup(list->v[i], n);

		strbuf_adds(out, i ? ", " : "");
		add_text(out, key);
		strbuf_adds(out, ": ");
		add_text(out, list->v[i] + n + 1);
	}
	strbuf_addc(out, '}');
}

void
value_add_yaml(const struct setting *s, const struct value *v,
    struct strbuf *out)
{
	if (s->type == VALUE_TEXT)
		add_text(out, v->text);
	else
		strbuf_adds(out, v->text);
}

/* The canonical text of what is in the list. */
static void
name_list(const struct setting *s, struct value *v)
{
	struct strbuf sb = STRBUF_INIT;

	if (s->type == VALUE_MAP)
		add_map(&sb, &v->list);
	else
		add_list(&sb, &v->list);
	v->text = strbuf_detach(&sb);
}

static int
push_item(const struct setting *s, const struct yaml_node *node,
    struct value *v, struct err *err)
{
	if (node->kind != YAML_SCALAR || yaml_is_null(node))
		return refuse(s, "a list with something else in it", err);
	if (!is_text(node->text))
		return refuse(s, "that", err);
	strvec_push(&v->list, node->text);
	return 0;
}

static int
push_pair(const struct setting *s, const struct yaml_node *key,
    const struct yaml_node *value, struct value *v, struct err *err)
{
	if (!*key->text || !is_text(key->text) || strchr(key->text, '='))
		return refuse(s, "one with such a name", err);
	if (value->kind != YAML_SCALAR || yaml_is_null(value) ||
	    !is_text(value->text))
		return refuse(s, "a map with something else in it", err);
	strvec_pushf(&v->list, "%s=%s", key->text, value->text);
	return 0;
}

static int
set_collection(const struct setting *s, const struct yaml_node *node,
    struct value *v, struct err *err)
{
	enum yaml_kind kind = s->type == VALUE_MAP ? YAML_MAP : YAML_SEQ;

	if (node->kind != kind)
		return refuse(s, yaml_kind_name(node), err);
	for (size_t i = 0; i < node->n; i++) {
		if (kind == YAML_SEQ ? push_item(s, node->items[i], v, err)
				     : push_pair(s, node->keys[i],
					   node->items[i], v, err))
			return -1;
	}
	name_list(s, v);
	return 0;
}

static bool
is_collection(const struct setting *s)
{
	return s->type == VALUE_LIST || s->type == VALUE_MAP;
}

int
value_from_yaml(const struct setting *s, const struct yaml_node *node,
    const char *where, struct value *v, struct err *err)
{
	*v = (struct value)VALUE_INIT;
	if (is_collection(s)) {
		if (set_collection(s, node, v, err))
			goto bad;
	} else if (node->kind != YAML_SCALAR || yaml_is_null(node)) {
		refuse(s, yaml_kind_name(node), err);
		goto bad;
	} else if (s->type == VALUE_TEXT ? set_text(s, node->text, v, err)
					 : set_number(s, node->text, v, err)) {
		goto bad;
	}
	v->set = true;
	v->where = xstrdup(where);
	return 0;
bad:
	value_release(v);
	return -1;
}

/* "a, b": what a person types for a short list. */
static int
split_list(const struct setting *s, const char *text, struct value *v,
    struct err *err)
{
	if (!is_text(text))
		return refuse(s, "that", err);
	while (*text) {
		size_t n = strcspn(text, ","), trim = n;

		while (trim && *text == ' ') {
			text++;
			n--;
			trim--;
		}
		while (trim && text[trim - 1] == ' ')
			trim--;
		if (!trim)
			return refuse(s, "one with an empty item", err);
		strvec_push_owned(&v->list, xstrndup(text, trim));
		text += n + (text[n] == ',');
	}
	name_list(s, v);
	return 0;
}

static int
parse_collection(const struct setting *s, const char *text, const char *where,
    struct value *v, struct err *err)
{
	struct yaml *y;
	int r;

	if (s->type == VALUE_LIST && *text != '[') {
		*v = (struct value)VALUE_INIT;
		if (split_list(s, text, v, err)) {
			value_release(v);
			return -1;
		}
		v->set = true;
		v->where = xstrdup(where);
		return 0;
	}
	y = yaml_parse("value", text, strlen(text), err);
	if (!y || !yaml_root(y)) {
		yaml_doc_free(y);
		return refuse_text(s, text, err);
	}
	r = value_from_yaml(s, yaml_root(y), where, v, err);
	yaml_doc_free(y);
	return r;
}

int
value_parse(const struct setting *s, const char *text, const char *where,
    struct value *v, struct err *err)
{
	struct yaml_node node = {.kind = YAML_SCALAR, .text = text};

	if (is_collection(s))
		return parse_collection(s, text, where, v, err);
	return value_from_yaml(s, &node, where, v, err);
}
