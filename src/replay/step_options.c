#include "replay/step_options.h"

#include <string.h>

#include "base/nearest.h"
#include "base/regexp.h"
#include "base/units.h"

/* Where a value stands. */
struct place {
	const char *name;
	unsigned line, column;
};

typedef int read_fn(struct step_options *o, const char *value,
    const struct place *at, struct err *err);

struct row {
	const char *key;
	read_fn *read; /* sets an error without its place, unless: */
	bool says_where;
	bool fence; /* a fence may have it, for all of its steps */
	bool alone; /* it needs no value: "" then */
	bool repeats;
};

static int
read_duration(uint64_t *ms, const char *value, struct err *err)
{
	if (units_parse_duration(value, ms) || !*ms)
		return err_set(err, ERR_CONFIG,
		    "'%s' is not a time, as 500ms, 30s or 2m is", value);
	return 0;
}

static int
read_timeout(struct step_options *o, const char *value, const struct place *at,
    struct err *err)
{
	return read_duration(&o->timeout_ms, value, err);
}

static int
read_max(struct step_options *o, const char *value, const struct place *at,
    struct err *err)
{
	return read_duration(&o->max_ms, value, err);
}

static int
read_min(struct step_options *o, const char *value, const struct place *at,
    struct err *err)
{
	return read_duration(&o->min_ms, value, err);
}

/* The duration behind "KEYWORD "; absent: *ms stays as it is. */
static int
read_behind(uint64_t *ms, const char *s, const char *keyword, struct err *err)
{
	size_t n = strlen(keyword);

	s += strspn(s, " \t");
	if (!*s)
		return 0;
	if (strncmp(s, keyword, n) != 0 || (s[n] != ' ' && s[n] != '\t'))
		return err_set(
		    err, ERR_CONFIG, "'%s' is not '%s TIME'", s, keyword);
	s += n;
	return read_duration(ms, s + strspn(s, " \t"), err);
}

static int
read_retry(struct step_options *o, const char *value, const struct place *at,
    struct err *err)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10);

	if (*value < '0' || *value > '9' || n < 1 || n > STEP_RETRY_MAX)
		return err_set(err, ERR_CONFIG,
		    "'%s' does not begin with a number of attempts, 1 to %d",
		    value, STEP_RETRY_MAX);
	o->retry = (unsigned)n;
	o->retry_every_ms = STEP_RETRY_DEFAULT_MS;
	return read_behind(&o->retry_every_ms, end, "every", err);
}

static int
check_regexp(const struct strbuf *text, struct err *err)
{
	struct regexp *re;

	if (text->len > REGEXP_TEXT_MAX)
		return err_set(err, ERR_CONFIG,
		    "a regular expression has at most %d bytes",
		    REGEXP_TEXT_MAX);
	re = regexp_new(text->buf, text->len, err);
	regexp_free(re);
	return re ? 0 : -1;
}

/* "/RE/", in which "\/" is a slash; *rest is what follows. */
static char *
read_regexp(const char *s, const char **rest, struct err *err)
{
	autobuf struct strbuf re = STRBUF_INIT;
	const char *p = s + 1;

	if (*s != '/') {
		err_set(err, ERR_CONFIG, "'%s' is not /PATTERN/", s);
		return NULL;
	}
	for (; *p && *p != '/'; p++) {
		if (*p == '\\' && p[1] == '/')
			p++;
		else if (*p == '\\' && p[1])
			strbuf_addc(&re, *p++);
		strbuf_addc(&re, *p);
	}
	if (*p != '/' || !re.len) {
		err_set(err, ERR_CONFIG,
		    *p ? "// is an empty pattern" : "%s has no second /", s);
		return NULL;
	}
	*rest = p + 1;
	return check_regexp(&re, err) ? NULL : strbuf_detach(&re);
}

static int
read_wait(struct step_options *o, const char *value, const struct place *at,
    struct err *err)
{
	const char *rest;

	free(o->wait);
	o->wait = read_regexp(value, &rest, err);
	if (!o->wait)
		return -1;
	o->wait_within_ms = STEP_WAIT_DEFAULT_MS;
	return read_behind(&o->wait_within_ms, rest, "within", err);
}

static int
read_stream(struct step_options *o, const char *value, const struct place *at,
    struct err *err)
{
	static const char *const names[] = {[STREAM_BOTH] = "both",
	    [STREAM_STDOUT] = "stdout",
	    [STREAM_STDERR] = "stderr"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(value, names[i])) {
			o->stream = i;
			return 0;
		}
	return err_set(
	    err, ERR_CONFIG, "'%s' is not both, stdout or stderr", value);
}

static bool
is_variable(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!(s[i] == '_' || (s[i] >= 'a' && s[i] <= 'z') ||
			(s[i] >= 'A' && s[i] <= 'Z') ||
			(i && s[i] >= '0' && s[i] <= '9')))
			return false;
	return n > 0;
}

static int
read_capture(struct step_options *o, const char *value, const struct place *at,
    struct err *err)
{
	size_t n = strcspn(value, "=");
	const char *rest;
	char *re;

	if (!is_variable(value, n) || !value[n])
		return err_set(
		    err, ERR_CONFIG, "'%s' is not NAME=/PATTERN/", value);
	re = read_regexp(value + n + 1, &rest, err);
	if (!re)
		return -1;
	GROW(o->captures, o->n_captures, &o->captures_cap);
	o->captures[o->n_captures++] =
	    (struct step_capture){xstrndup(value, n), re};
	if (rest[strspn(rest, " \t")])
		return err_set(err, ERR_CONFIG,
		    "'%s' behind the pattern; a slash in it is \\/", rest);
	return 0;
}

static int
read_skip_if(struct step_options *o, const char *value, const struct place *at,
    struct err *err)
{
	o->skip_if = xcalloc(1, sizeof(*o->skip_if));
	return requirement_parse(o->skip_if, value, err);
}

static int
read_expect_fail(struct step_options *o, const char *value,
    const struct place *at, struct err *err)
{
	free(o->expect_fail);
	o->expect_fail = xstrdup(value);
	return 0;
}

static json *
json_from_yaml(const struct yaml_node *node)
{
	autoerr struct err ignored = ERR_INIT;
	json *j;

	if (node->kind == YAML_SCALAR) {
		j = node->plain
			? json_parse(node->text, strlen(node->text), &ignored)
			: NULL;
		if (!j && yaml_is_null(node))
			return json_parse("null", 4, &ignored);
		return j ? j : json_string(node->text);
	}
	j = node->kind == YAML_SEQ ? json_array() : json_object();
	for (size_t i = 0; i < node->n; i++)
		if (node->kind == YAML_SEQ)
			json_push(j, json_from_yaml(node->items[i]));
		else
			json_put(j, node->keys[i]->text,
			    json_from_yaml(node->items[i]));
	return j;
}

static int
not_a_map(const struct place *at, struct err *err)
{
	return err_set(err, ERR_CONFIG,
	    "%s:%u:%u: json: not a map, as {exit_code: 1} is", at->name,
	    at->line, at->column);
}

/* Its errors say where in the map they are. */
static int
read_json(struct step_options *o, const char *value, const struct place *at,
    struct err *err)
{
	struct yaml *y;

	if (*value != '{' || !str_ends(value, "}"))
		return not_a_map(at, err);
	y = yaml_parse_at(
	    at->name, at->line, at->column, value, strlen(value), err);
	if (!y)
		return -1;
	o->json = json_from_yaml(yaml_root(y));
	yaml_doc_free(y);
	return 0;
}

static int
read_bool(bool *flag, const char *value, struct err *err)
{
	static const char *const yes[] = {"", "true", "yes", "on", NULL};
	static const char *const no[] = {"false", "no", "off", NULL};

	*flag = str_in(value, yes);
	if (*flag || str_in(value, no))
		return 0;
	return err_set(err, ERR_CONFIG, "'%s' is not true or false", value);
}

static int
read_hide(struct step_options *o, const char *value, const struct place *at,
    struct err *err)
{
	return read_bool(&o->hide, value, err);
}

static int
read_pause(struct step_options *o, const char *value, const struct place *at,
    struct err *err)
{
	return read_bool(&o->pause, value, err);
}

static int
read_type(struct step_options *o, const char *value, const struct place *at,
    struct err *err)
{
	o->has_type = true;
	o->type_ms = 0;
	if (!strcmp(value, "instant"))
		return 0;
	if (units_parse_duration(value, &o->type_ms))
		return err_set(err, ERR_CONFIG,
		    "'%s' is not instant, and not a time between two keys",
		    value);
	return 0;
}

static int
read_say(struct step_options *o, const char *value, const struct place *at,
    struct err *err)
{
	free(o->say);
	o->say = xstrdup(value);
	return 0;
}

static const struct row rows[] = {
    {.key = "timeout", .read = read_timeout, .fence = true},
    {.key = "max", .read = read_max, .fence = true},
    {.key = "min", .read = read_min, .fence = true},
    {.key = "retry", .read = read_retry},
    {.key = "wait", .read = read_wait},
    {.key = "stream", .read = read_stream, .fence = true},
    {.key = "capture", .read = read_capture, .repeats = true},
    {.key = "skip-if", .read = read_skip_if},
    {.key = "expect-fail", .read = read_expect_fail, .alone = true},
    {.key = "json", .read = read_json, .says_where = true},
    {.key = "hide", .read = read_hide, .fence = true, .alone = true},
    {.key = "pause", .read = read_pause, .alone = true},
    {.key = "type", .read = read_type, .fence = true},
    {.key = "say", .read = read_say},
};

const char *
step_options_key(size_t i)
{
	return i < ARRAY_SIZE(rows) ? rows[i].key : NULL;
}

static const struct row *
find_row(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].key, key))
			return &rows[i];
	return NULL;
}

static int
fail_at(const struct place *at, struct err *err, const char *key)
{
	if (key)
		err_prefix(err, "%s", key);
	return err_prefix(err, "%s:%u:%u", at->name, at->line, at->column);
}

static int
unknown_key(
    const struct place *at, const char *key, bool fence, struct err *err)
{
	struct nearest near = NEAREST_INIT(key);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!fence || rows[i].fence)
			nearest_try(&near, rows[i].key);
	if (fence)
		nearest_try(&near, "id");
	if (near.best)
		err_set(err, ERR_CONFIG, "unknown option; the nearest is %s",
		    near.best);
	else
		err_set(err, ERR_CONFIG, "unknown option");
	return fail_at(at, err, key);
}

static int
read_value(struct step_options *o, const struct row *row, const char *value,
    const struct place *at, struct err *err)
{
	uint32_t bit = UINT32_C(1) << (row - rows);

	if ((o->given & bit) && !row->repeats) {
		err_set(err, ERR_CONFIG, "stands twice");
		return fail_at(at, err, row->key);
	}
	if (!*value && !row->alone) {
		err_set(err, ERR_CONFIG, "its value is missing");
		return fail_at(at, err, row->key);
	}
	if (row->read(o, value, at, err))
		return row->says_where ? -1 : fail_at(at, err, row->key);
	o->given |= bit;
	return 0;
}

/* "key: value" or "key" alone; blanks around both do not count. */
int
step_options_read(struct step_options *o, const char *name, unsigned line,
    unsigned column, const char *s, size_t n, struct err *err)
{
	autofree char *text = xstrndup(s, n), *key = NULL;
	struct place at = {name, line, column};
	size_t skip = strspn(text, " \t"), length;
	const struct row *row;
	char *value;

	at.column += skip;
	while (n > skip && (text[n - 1] == ' ' || text[n - 1] == '\t'))
		text[--n] = 0;
	length = strspn(text + skip, "abcdefghijklmnopqrstuvwxyz-");
	value = text + skip + length;
	if (!length || (*value && *value != ':')) {
		err_set(err, ERR_CONFIG,
		    "an option is written %% key: value; a line of output "
		    "that looks like one begins with \\%%");
		return fail_at(&at, err, NULL);
	}
	key = xstrndup(text + skip, length);
	row = find_row(key);
	if (!row)
		return unknown_key(&at, key, false, err);
	if (*value)
		value++;
	value += strspn(value, " \t");
	at.column += value - (text + skip);
	return read_value(o, row, value, &at, err);
}

/* What --only and references are given; a number is that of a step. */
static bool
is_id(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-";
	size_t n = strlen(s);

	return n && n <= 64 && strspn(s, letters) == n &&
	       !(*s >= '0' && *s <= '9') && *s != '-';
}

static int
read_id(char **id, const struct yaml *y, const struct yaml_node *node,
    struct err *err)
{
	if (node->kind != YAML_SCALAR || !is_id(node->text))
		return yaml_error(err, y, node,
		    "id: a name of letters, digits, - and _ that begins with "
		    "a letter, at most 64");
	*id = xstrdup(node->text);
	return 0;
}

static int
read_pair(struct step_options *o, char **id, const struct yaml *y,
    const struct yaml_node *key, const struct yaml_node *node, struct err *err)
{
	struct place at = {yaml_name(y), key->line, key->column};
	const struct row *row = find_row(key->text);

	if (!strcmp(key->text, "id"))
		return read_id(id, y, node, err);
	if (row && !row->fence)
		return yaml_error(err, y, key,
		    "%s belongs to one command: %% %s: ...", key->text,
		    key->text);
	if (!row)
		return unknown_key(&at, key->text, true, err);
	if (node->kind != YAML_SCALAR)
		return yaml_error(err, y, node, "%s must be text, not %s",
		    key->text, yaml_kind_name(node));
	at.line = node->line;
	at.column = node->column;
	return read_value(o, row, node->text, &at, err);
}

int
step_options_read_map(
    struct step_options *o, char **id, const struct yaml *y, struct err *err)
{
	const struct yaml_node *map = yaml_root(y);

	*id = NULL;
	if (!map || yaml_is_null(map))
		return 0;
	if (map->kind != YAML_MAP)
		return yaml_error(
		    err, y, map, "must be a map, not %s", yaml_kind_name(map));
	for (size_t i = 0; i < map->n; i++)
		if (read_pair(o, id, y, map->keys[i], map->items[i], err))
			return -1;
	return 0;
}

/* Only what a fence may have: nothing that is allocated. */
void
step_options_inherit(struct step_options *to, const struct step_options *from)
{
	*to = *from;
	to->given = 0;
}

void
step_options_release(struct step_options *o)
{
	for (size_t i = 0; i < o->n_captures; i++) {
		free(o->captures[i].name);
		free(o->captures[i].re);
	}
	free(o->captures);
	free(o->wait);
	if (o->skip_if)
		requirement_release(o->skip_if);
	free(o->skip_if);
	free(o->expect_fail);
	json_free(o->json);
	free(o->say);
	*o = (struct step_options){0};
}
