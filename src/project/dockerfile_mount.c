/* RUN --mount=type=...,..., as instructions/commands_runmount.go of
   moby/buildkit. */
#include "project/dockerfile_impl.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/nearest.h"
#include "base/units.h"

#define NO_LIST "RUN --mount is no list of KEY=VALUE with commas"

enum mount_key {
	KEY_TYPE,
	KEY_FROM,
	KEY_SOURCE,
	KEY_TARGET,
	KEY_READONLY,
	KEY_READWRITE,
	KEY_REQUIRED,
	KEY_SIZE,
	KEY_ID,
	KEY_SHARING,
	KEY_MODE,
	KEY_UID,
	KEY_GID,
	KEY_ENV,
};

static const struct key {
	const char *name;
	enum mount_key key;
	const char *types; /* those that have it; NULL: all */
} keys[] = {
    {"type", KEY_TYPE, NULL},
    {"from", KEY_FROM, "bind cache tmpfs ssh"},
    {"source", KEY_SOURCE, NULL},
    {"src", KEY_SOURCE, NULL},
    {"target", KEY_TARGET, NULL},
    {"dst", KEY_TARGET, NULL},
    {"destination", KEY_TARGET, NULL},
    {"readonly", KEY_READONLY, NULL},
    {"ro", KEY_READONLY, NULL},
    {"readwrite", KEY_READWRITE, NULL},
    {"rw", KEY_READWRITE, NULL},
    {"required", KEY_REQUIRED, "secret ssh"},
    {"size", KEY_SIZE, "tmpfs"},
    {"id", KEY_ID, NULL},
    {"sharing", KEY_SHARING, "cache"},
    {"mode", KEY_MODE, "secret ssh cache"},
    {"uid", KEY_UID, "secret ssh cache"},
    {"gid", KEY_GID, "secret ssh cache"},
    {"env", KEY_ENV, "secret"},
};

/* The next field of a line of CSV, RFC 4180; false at the end. */
static bool
next_field(const char **p, struct strbuf *field, bool *bad)
{
	const char *s = *p;

	strbuf_reset(field);
	if (!s)
		return false;
	if (*s == '"') {
		for (s++; *s && (*s != '"' || s[1] == '"'); s++)
			strbuf_addc(field, *(s += *s == '"'));
		*bad |= !*s || (s[1] && s[1] != ',');
		s += !!*s;
	} else {
		size_t n = strcspn(s, ",");

		*bad |= !!memchr(s, '"', n);
		strbuf_add(field, s, n);
		s += n;
	}
	*p = *s == ',' ? s + 1 : NULL;
	return true;
}

static void
add_field(struct strbuf *out, const char *field)
{
	bool quote = strpbrk(field, ",\"\n") != NULL;

	if (quote)
		strbuf_addc(out, '"');
	for (; *field; field++) {
		if (*field == '"')
			strbuf_addc(out, '"');
		strbuf_addc(out, *field);
	}
	if (quote)
		strbuf_addc(out, '"');
}

/* Each value by itself: one that holds a comma makes no further field. */
int
dockerfile_mount_expand(const struct dockerfile_lexer *x, const char *value,
    struct strbuf *out, struct err *err)
{
	autobuf struct strbuf field = STRBUF_INIT;
	bool bad = false;

	for (bool first = true; next_field(&value, &field, &bad);
	    first = false) {
		autobuf struct strbuf expanded = STRBUF_INIT;
		const char *eq = strchr(field.buf, '=');
		size_t n = eq ? (size_t)(eq + 1 - field.buf) : field.len;

		strbuf_add(&expanded, field.buf, n);
		if (!strncasecmp(field.buf, "from=", 5) &&
		    strchr(field.buf, '$'))
			return err_set(err, ERR_CONFIG,
			    "RUN --mount: nothing is replaced in from; FROM "
			    "%.64s AS NAME gives it a name", field.buf + 5);
		if (dockerfile_expand(x, field.buf + n, &expanded, err))
			return -1;
		if (!first)
			strbuf_addc(out, ',');
		add_field(out, expanded.buf);
	}
	return bad ? err_set(err, ERR_CONFIG, NO_LIST) : 0;
}

static const struct key *
find_key(const char *name, struct err *err)
{
	struct nearest near = NEAREST_INIT(name);

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (!strcasecmp(name, keys[i].name))
			return &keys[i];
		nearest_try(&near, keys[i].name);
	}
	err_set(err, ERR_CONFIG, "RUN --mount has no \"%.64s\"", name);
	if (near.best)
		err_hint(err, "the nearest is %s", near.best);
	return NULL;
}

static bool
is_number(const char *s, int base)
{
	unsigned long long n;
	char *end;

	if (!isdigit((unsigned char)*s))
		return false;
	n = strtoull(s, &end, base);
	return !*end && n <= UINT32_MAX;
}

static bool
is_truth(const char *s)
{
	static const char *const words[] = {"1", "t", "T", "true", "TRUE",
	    "True", "0", "f", "F", "false", "FALSE", "False", NULL};

	return str_in(s, words);
}

static bool
fits(enum mount_key key, const char *value)
{
	static const char *const types[] = {
	    "bind", "cache", "tmpfs", "secret", "ssh", NULL};
	static const char *const sharing[] = {
	    "shared", "private", "locked", NULL};
	uint64_t size;

	switch (key) {
	case KEY_TYPE:
		return str_in(value, types);
	case KEY_SHARING:
		return str_in(value, sharing);
	case KEY_READONLY:
	case KEY_READWRITE:
	case KEY_REQUIRED:
		return is_truth(value);
	case KEY_SIZE:
		return !units_parse_size(value, &size);
	case KEY_MODE:
		return is_number(value, 8);
	case KEY_UID:
	case KEY_GID:
		return is_number(value, 10);
	default:
		return true;
	}
}

static bool
may_stand_alone(enum mount_key key)
{
	return key == KEY_READONLY || key == KEY_READWRITE ||
	       key == KEY_REQUIRED;
}

static void
store(struct dockerfile_mount *m, enum mount_key key, const char *value)
{
	char **slots[] = {[KEY_TYPE] = &m->type, [KEY_FROM] = &m->from,
	    [KEY_SOURCE] = &m->source, [KEY_TARGET] = &m->target,
	    [KEY_ID] = &m->id};

	m->is_new |= key == KEY_SIZE || key == KEY_ENV;
	if (key >= ARRAY_SIZE(slots) || !slots[key])
		return;
	free(*slots[key]);
	*slots[key] = xstrdup(value);
}

/* "key=value" or "key"; seen gets the key. */
static int
read_field(struct dockerfile_mount *m, const char *field,
    const struct key **seen, struct err *err)
{
	const char *eq = strchr(field, '=');
	autofree char *name =
	    xstrndup(field, eq ? (size_t)(eq - field) : strlen(field));
	const struct key *k = find_key(name, err);
	autofree char *value = xstrdup(eq ? eq + 1 : "true");

	if (!k)
		return -1;
	if (!eq && !may_stand_alone(k->key))
		return err_set(
		    err, ERR_CONFIG, "RUN --mount: %s has no value", k->name);
	if (k->key == KEY_TYPE || k->key == KEY_SHARING)
		for (char *p = value; *p; p++)
			*p = (char)tolower((unsigned char)*p);
	if (!fits(k->key, value))
		return err_set(err, ERR_CONFIG,
		    "RUN --mount: %s cannot be \"%.64s\"", k->name, eq + 1);
	store(m, k->key, value);
	*seen = k;
	return 0;
}

static int
check_type(const struct dockerfile_mount *m, const struct key *const *seen,
    size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (seen[i]->types && !strstr(seen[i]->types, m->type))
			return err_set(err, ERR_CONFIG,
			    "RUN --mount of type %s has no %s", m->type,
			    seen[i]->name);
	if (!strcmp(m->type, "secret") && !m->source && !m->target && !m->id)
		return err_set(err, ERR_CONFIG,
		    "RUN --mount=type=secret names no secret: id=NAME");
	if (!strcmp(m->type, "secret") && m->source && m->id)
		return err_set(err, ERR_CONFIG,
		    "RUN --mount=type=secret has both source and id");
	return 0;
}

int
dockerfile_mount_parse(
    struct dockerfile_mount *m, const char *value, struct err *err)
{
	autobuf struct strbuf field = STRBUF_INIT;
	const struct key *seen[32];
	size_t n = 0;
	bool bad = false;
	int rc = 0;

	*m = (struct dockerfile_mount){.type = xstrdup("bind")};
	while (!rc && next_field(&value, &field, &bad)) {
		if (bad || n == ARRAY_SIZE(seen))
			rc = err_set(err, ERR_CONFIG, NO_LIST);
		else
			rc = read_field(m, field.buf, &seen[n++], err);
	}
	if (!rc)
		rc = check_type(m, seen, n, err);
	if (rc)
		dockerfile_mount_release(m);
	return rc;
}

bool
dockerfile_next_mount(const struct dockerfile_instruction *in, size_t *i,
    struct dockerfile_mount *m)
{
	static const char flag[] = "--mount=";

	while (*i < in->flags.n) {
		const char *text = in->flags.v[(*i)++];
		autoerr struct err ignored = ERR_INIT;

		if (str_starts(text, flag) && !dockerfile_mount_parse(m,
						  text + strlen(flag),
						  &ignored))
			return true;
	}
	return false;
}

void
dockerfile_mount_release(struct dockerfile_mount *m)
{
	free(m->type);
	free(m->from);
	free(m->source);
	free(m->target);
	free(m->id);
	*m = (struct dockerfile_mount){0};
}
