/* From a YAML tree into a layer of the policy. */
#include "session/policy_impl.h"

#include <string.h>

#include "base/nearest.h"

/* Ours, with keys that belong to commands which validate them when they read
   them. */
static const char *const other_sections[] = {"replay", "refine",
    "search", NULL};

/* What of a file full of mistakes is said at once. */
#define PROBLEMS_MAX 20

struct reader {
	struct policy *p;
	enum layer layer;
	const struct yaml *y;
	struct strvec *problems;
};

static void read_map(struct reader *r, const struct yaml_node *map,
    const char *path);

static void complain(struct reader *r, const struct yaml_node *at,
    const char *path, const char *fmt, ...) PRINTF_LIKE(4, 5);

static void
complain(struct reader *r, const struct yaml_node *at, const char *path,
    const char *fmt, ...)
{
	autofree char *what = NULL;
	va_list ap;

	va_start(ap, fmt);
	what = xvasprintf(fmt, ap);
	va_end(ap);
	strvec_pushf(r->problems, "%s:%u:%u: %s: %s", yaml_name(r->y), at->line,
	    at->column, path, what);
}

static char *
where_is(const struct reader *r, const struct yaml_node *at)
{
	return xasprintf("%s:%u", yaml_name(r->y), at->line);
}

/* "timeout" of "tools.code_execution.timeout" if the rest is path. */
static const char *
child_name(const char *full, const char *path)
{
	size_t n = strlen(path);

	if (!n)
		return full;
	return !strncmp(full, path, n) && full[n] == '.' ? full + n + 1 : NULL;
}

/* The nearest key that path could hold; the caller's, or NULL. */
static char *
near_key(const char *path, const char *key)
{
	struct nearest near = NEAREST_INIT(key);
	struct strvec keys = STRVEC_INIT;
	char *best;

	for (size_t i = 0; i < SET_COUNT; i++) {
		const char *child = child_name(settings_table[i].path, path);

		if (child)
			strvec_push_owned(&keys,
			    xstrndup(child, strcspn(child, ".")));
	}
	if (!strcmp(path, SETTINGS_POLICY))
		strvec_push(&keys, "max");
	for (size_t i = 0; !*path && other_sections[i]; i++)
		strvec_push(&keys, other_sections[i]);
	for (size_t i = 0; i < keys.n; i++)
		nearest_try(&near, keys.v[i]);
	best = near.best ? xstrdup(near.best) : NULL;
	strvec_release(&keys);
	return best;
}

/* Other programs keep their own keys here; ours may lie among them. */
static bool
is_shared(const char *path)
{
	return !*path || !strcmp(path, "tools");
}

static void
read_foreign(struct reader *r, const struct yaml_node *key, const char *path,
    const char *full)
{
	autofree char *where = where_is(r, key);
	autofree char *near = near_key(path, key->text);

	strvec_pushf(&r->p->foreign, "%s (%s)", full, where);
	if (near && r->p->warnings.n < PROBLEMS_MAX)
		strvec_pushf(&r->p->warnings,
		    "%s:%u:%u: %s is ignored; the nearest name of ours is %s",
		    yaml_name(r->y), key->line, key->column, full, near);
}

static void
read_unknown(struct reader *r, const struct yaml_node *key, const char *path,
    const char *full)
{
	autofree char *near = near_key(path, key->text);

	if (near)
		complain(r, key, full, "unknown key; the nearest is %s", near);
	else
		complain(r, key, full, "unknown key");
}

/* What a project asks for is checked as it stands; whether it is stricter than
   the rest is seen when the layers are put together. */
static bool
project_may(struct reader *r, const struct setting *s,
    const struct yaml_node *at, const struct value *v)
{
	if (r->layer != LAYER_PROJECT)
		return true;
	if (s->tighten == TIGHTEN_NEVER) {
		complain(r, at, s->path, "a project's file may not set this");
		return false;
	}
	if (s->tighten == TIGHTEN_ONLY && strcmp(v->text, s->only)) {
		complain(r, at, s->path, "a project's file may only set this "
					 "to %s", s->only);
		return false;
	}
	return true;
}

static void
read_value(struct reader *r, const struct setting *s,
    const struct yaml_node *node, const char *full, struct value *slot)
{
	autofree char *where = where_is(r, node);
	struct err err = ERR_INIT;
	struct value v;

	if (value_from_yaml(s, node, where, &v, &err)) {
		complain(r, node, full, "%s", err.msg.buf);
		err_clear(&err);
		return;
	}
	if (!project_may(r, s, node, &v)) {
		value_release(&v);
		return;
	}
	value_release(slot);
	*slot = v;
}

static void
read_max(struct reader *r, const struct yaml_node *key,
    const struct yaml_node *node, const char *full)
{
	autofree char *path = xasprintf(SETTINGS_POLICY ".%s", key->text);
	const struct setting *s = settings_find(path);

	if (!s || strcmp(s->path, path))
		read_unknown(r, key, SETTINGS_POLICY, full);
	else if (!s->ceiling)
		complain(r, key, full, "this can have no ceiling");
	else
		read_value(r, s, node, full,
		    &r->p->max[r->layer][settings_id(s)]);
}

static void
read_section(struct reader *r, const struct yaml_node *node, const char *full)
{
	if (node->kind == YAML_MAP)
		read_map(r, node, full);
	else if (!yaml_is_null(node))
		complain(r, node, full, "must be a map, not %s",
		    yaml_kind_name(node));
}

static void
read_key(struct reader *r, const struct yaml_node *key,
    const struct yaml_node *node, const char *path)
{
	autofree char *full = *path ? xasprintf("%s.%s", path, key->text)
				    : xstrdup(key->text);
	const struct setting *s = settings_find(full);

	if (!strcmp(path, SETTINGS_MAX))
		read_max(r, key, node, full);
	else if (s && !strcmp(s->path, full))
		read_value(r, s, node, full,
		    &r->p->layers[r->layer][settings_id(s)]);
	else if (settings_is_section(full))
		read_section(r, node, full);
	else if (!*path && str_in(full, other_sections))
		return;
	else if (is_shared(path))
		read_foreign(r, key, path, full);
	else
		read_unknown(r, key, path, full);
}

/* Each level consumes a component of a known path, so this ends soon. */
static void
read_map(struct reader *r, const struct yaml_node *map, const char *path)
{
	for (size_t i = 0; i < map->n; i++)
		read_key(r, map->keys[i], map->items[i], path);
}

void
policy_read(struct policy *p, enum layer layer, const struct yaml *y,
    struct strvec *problems)
{
	struct reader r = {
	    .p = p, .layer = layer, .y = y, .problems = problems};
	const struct yaml_node *root = yaml_root(y);

	if (!root || yaml_is_null(root))
		return;
	if (root->kind != YAML_MAP)
		complain(&r, root, "policy", "must be a map, not %s",
		    yaml_kind_name(root));
	else
		read_map(&r, root, "");
	for (size_t i = 0; i < SET_COUNT; i++)
		policy_resolve(p, i);
}

int
policy_report(const struct strvec *problems, struct err *err)
{
	if (!problems->n)
		return 0;
	err_set(err, ERR_CONFIG, "%s", problems->v[0]);
	for (size_t i = 1; i < problems->n && i < PROBLEMS_MAX; i++)
		err_hint(err, "%s", problems->v[i]);
	return -1;
}
