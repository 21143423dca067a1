/* Reading the files, and finding a language. */
#include "project/languages.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <strings.h>

#include "base/io.h"
#include "base/nearest.h"
#include "base/units.h"
#include "base/xdg.h"
#include "base/yaml.h"
#include "sandbox/runtime.h"

struct languages {
	struct language **v;
	size_t n, cap;
};

enum field_type {
	FIELD_TEXT,	/* char * */
	FIELD_LIST,	/* struct strvec: texts */
	FIELD_ENV,	/* struct strvec: NAME=VALUE, from a map */
	FIELD_SIZE,	/* uint64_t */
	FIELD_SIGNAL,	/* int */
	FIELD_RECIPES,
	FIELD_PROJECTS,
};

struct field {
	const char *key;
	enum field_type type;
	size_t offset; /* in struct language; not of the last two types */
};

#define FIELD(key, type) {#key, type, offsetof(struct language, key)}

static const struct field fields[] = {
    {"aliases", FIELD_LIST, offsetof(struct language, names)},
    FIELD(extensions, FIELD_LIST),
    FIELD(shebangs, FIELD_LIST),
    {"recipes", FIELD_RECIPES, 0},
    FIELD(interrupt, FIELD_SIGNAL),
    FIELD(env, FIELD_ENV),
    FIELD(image, FIELD_TEXT),
    FIELD(images, FIELD_LIST),
    FIELD(version, FIELD_LIST),
    FIELD(memory, FIELD_SIZE),
    FIELD(disk, FIELD_SIZE),
    FIELD(install, FIELD_LIST),
    FIELD(test, FIELD_LIST),
    FIELD(test_report, FIELD_TEXT),
    FIELD(build, FIELD_LIST),
    {"project", FIELD_PROJECTS, 0},
};

static void
recipe_release(struct recipe *r)
{
	for (size_t i = 0; i < r->n_compile; i++)
		strvec_release(&r->compile[i]);
	free(r->compile);
	strvec_release(&r->check);
	strvec_release(&r->run);
}

static void
drop_recipes(struct language *l)
{
	for (size_t i = 0; i < l->n_recipes; i++)
		recipe_release(&l->recipes[i]);
	free(l->recipes);
	l->recipes = NULL;
	l->n_recipes = 0;
}

static void
drop_projects(struct language *l)
{
	for (size_t i = 0; i < l->n_projects; i++) {
		strvec_release(&l->projects[i].files);
		free(l->projects[i].template);
	}
	free(l->projects);
	l->projects = NULL;
	l->n_projects = 0;
}

static struct language *
language_new(const char *name)
{
	struct language *l = xcalloc(1, sizeof(*l));

	l->name = xstrdup(name);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (fields[i].type == FIELD_LIST || fields[i].type == FIELD_ENV)
			strvec_init((void *)((char *)l + fields[i].offset));
	strvec_push(&l->names, name);
	return l;
}

static void
language_free(struct language *l)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		void *p = (char *)l + fields[i].offset;

		if (fields[i].type == FIELD_LIST || fields[i].type == FIELD_ENV)
			strvec_release(p);
		else if (fields[i].type == FIELD_TEXT)
			free(*(char **)p);
	}
	drop_recipes(l);
	drop_projects(l);
	free(l->name);
	free(l);
}

void
languages_free(struct languages *ls)
{
	if (!ls)
		return;
	for (size_t i = 0; i < ls->n; i++)
		language_free(ls->v[i]);
	free(ls->v);
	free(ls);
}

struct reader {
	struct languages *ls;
	struct language *l; /* the one that is being read */
	bool added;	    /* those that are new are the user's */
	const struct yaml *y;
	struct err *err;
};

static int
read_text(struct reader *r, const struct yaml_node *node, char **out)
{
	if (node->kind != YAML_SCALAR || yaml_is_null(node))
		return yaml_error(r->err, r->y, node, "must be text, not %s",
		    yaml_kind_name(node));
	free(*out);
	*out = xstrdup(node->text);
	return 0;
}

static int
read_list(struct reader *r, const struct yaml_node *node, struct strvec *out)
{
	if (node->kind != YAML_SEQ)
		return yaml_error(r->err, r->y, node, "must be a list, not %s",
		    yaml_kind_name(node));
	for (size_t i = 0; i < node->n; i++) {
		char *text = NULL;

		if (read_text(r, node->items[i], &text))
			return -1;
		strvec_push_owned(out, text);
	}
	return 0;
}

static int
read_argv(struct reader *r, const struct yaml_node *node, struct strvec *out)
{
	if (read_list(r, node, out))
		return -1;
	if (!out->n || !*out->v[0])
		return yaml_error(r->err, r->y, node, "needs a program");
	return 0;
}

static int
read_env(struct reader *r, const struct yaml_node *node, struct strvec *out)
{
	if (node->kind != YAML_MAP)
		return yaml_error(r->err, r->y, node, "must be a map, not %s",
		    yaml_kind_name(node));
	for (size_t i = 0; i < node->n; i++) {
		autofree char *text = NULL;

		if (!*node->keys[i]->text || strchr(node->keys[i]->text, '='))
			return yaml_error(r->err, r->y, node->keys[i],
			    "is no name of a variable");
		if (read_text(r, node->items[i], &text))
			return -1;
		strvec_pushf(out, "%s=%s", node->keys[i]->text, text);
	}
	return 0;
}

static int
read_size(struct reader *r, const struct yaml_node *node, uint64_t *out)
{
	if (node->kind != YAML_SCALAR || units_parse_size(node->text, out))
		return yaml_error(r->err, r->y, node,
		    "must be a size such as 512m");
	return 0;
}

/* Those that end a program and that it can make something of. */
static int
read_signal(struct reader *r, const struct yaml_node *node, int *out)
{
	static const struct {
		const char *name;
		int number;
	} signals[] = {{"INT", SIGINT}, {"TERM", SIGTERM}, {"QUIT", SIGQUIT},
	    {"HUP", SIGHUP}, {"none", 0}};

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		if (node->kind != YAML_SCALAR ||
		    strcmp(node->text, signals[i].name))
			continue;
		*out = signals[i].number;
		return 0;
	}
	return yaml_error(r->err, r->y, node,
	    "must be INT, TERM, QUIT, HUP or none");
}

static int
add_compile(struct reader *r, const struct yaml_node *argv, struct recipe *out)
{
	out->compile = xreallocarray(out->compile, out->n_compile + 1,
	    sizeof(*out->compile));
	strvec_init(&out->compile[out->n_compile]);
	return read_argv(r, argv, &out->compile[out->n_compile++]);
}

/* One argv, or a list of them. */
static int
read_compile(struct reader *r, const struct yaml_node *node,
    struct recipe *out)
{
	if (node->kind != YAML_SEQ || !node->n ||
	    node->items[0]->kind != YAML_SEQ)
		return add_compile(r, node, out);
	for (size_t i = 0; i < node->n; i++)
		if (add_compile(r, node->items[i], out))
			return -1;
	return 0;
}

static int
read_recipe_map(struct reader *r, const struct yaml_node *node,
    struct recipe *out)
{
	for (size_t i = 0; i < node->n; i++) {
		const struct yaml_node *key = node->keys[i];
		int rc;

		if (!strcmp(key->text, "compile"))
			rc = read_compile(r, node->items[i], out);
		else if (!strcmp(key->text, "run"))
			rc = read_argv(r, node->items[i], &out->run);
		else if (!strcmp(key->text, "check"))
			rc = read_argv(r, node->items[i], &out->check);
		else
			rc = yaml_error(r->err, r->y, key,
			    "unknown key '%s': check, compile or run",
			    key->text);
		if (rc)
			return -1;
	}
	return out->run.n ? 0
			  : yaml_error(r->err, r->y, node, "needs a run");
}

static int
read_recipes(struct reader *r, const struct yaml_node *node)
{
	struct language *l = r->l;

	if (node->kind != YAML_SEQ || !node->n)
		return yaml_error(r->err, r->y, node,
		    "must be a list of commands, not %s", yaml_kind_name(node));
	drop_recipes(l);
	l->recipes = xcalloc(node->n, sizeof(*l->recipes));
	for (size_t i = 0; i < node->n; i++) {
		const struct yaml_node *item = node->items[i];
		struct recipe *recipe = &l->recipes[l->n_recipes++];

		strvec_init(&recipe->check);
		strvec_init(&recipe->run);
		if (item->kind == YAML_MAP
			? read_recipe_map(r, item, recipe)
			: read_argv(r, item, &recipe->run))
			return -1;
	}
	return 0;
}

static int
read_project(struct reader *r, const struct yaml_node *node,
    struct project_kind *out)
{
	if (node->kind != YAML_MAP)
		return yaml_error(r->err, r->y, node, "must be a map, not %s",
		    yaml_kind_name(node));
	for (size_t i = 0; i < node->n; i++) {
		const struct yaml_node *key = node->keys[i];
		int rc;

		if (!strcmp(key->text, "files"))
			rc = read_list(r, node->items[i], &out->files);
		else if (!strcmp(key->text, "template"))
			rc = read_text(r, node->items[i], &out->template);
		else
			rc = yaml_error(r->err, r->y, key,
			    "unknown key '%s': files or template", key->text);
		if (rc)
			return -1;
	}
	if (out->files.n && out->template)
		return 0;
	return yaml_error(r->err, r->y, node, "needs files and a template");
}

static int
read_projects(struct reader *r, const struct yaml_node *node)
{
	struct language *l = r->l;

	if (node->kind != YAML_SEQ)
		return yaml_error(r->err, r->y, node, "must be a list, not %s",
		    yaml_kind_name(node));
	drop_projects(l);
	l->projects = xcalloc(node->n, sizeof(*l->projects));
	for (size_t i = 0; i < node->n; i++) {
		strvec_init(&l->projects[l->n_projects].files);
		if (read_project(r, node->items[i],
			&l->projects[l->n_projects++]))
			return -1;
	}
	return 0;
}

static int
read_field(struct reader *r, const struct field *f,
    const struct yaml_node *node)
{
	void *p = (char *)r->l + f->offset;

	switch (f->type) {
	case FIELD_TEXT:
		return read_text(r, node, p);
	case FIELD_SIZE:
		return read_size(r, node, p);
	case FIELD_SIGNAL:
		return read_signal(r, node, p);
	case FIELD_RECIPES:
		return read_recipes(r, node);
	case FIELD_PROJECTS:
		return read_projects(r, node);
	case FIELD_ENV:
		strvec_release(p);
		return read_env(r, node, p);
	case FIELD_LIST:
		strvec_release(p);
		if (p == &r->l->names) /* the name is the first of them */
			strvec_push(p, r->l->name);
		return read_list(r, node, p);
	}
	return -1;
}

static int
read_key(struct reader *r, const struct yaml_node *key,
    const struct yaml_node *node)
{
	struct nearest near = NEAREST_INIT(key->text);

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (!strcmp(fields[i].key, key->text))
			return read_field(r, &fields[i], node);
		nearest_try(&near, fields[i].key);
	}
	return yaml_error(r->err, r->y, key, "unknown key '%s'%s%s",
	    key->text, near.best ? "; the nearest is " : "",
	    near.best ? near.best : "");
}

static struct language *
find_or_add(struct languages *ls, const char *name, bool added)
{
	for (size_t i = 0; i < ls->n; i++)
		if (!strcmp(ls->v[i]->name, name))
			return ls->v[i];
	GROW(ls->v, ls->n, &ls->cap);
	ls->v[ls->n] = language_new(name);
	ls->v[ls->n]->added = added;
	return ls->v[ls->n++];
}

static int
read_language(struct reader *r, const struct yaml_node *name,
    const struct yaml_node *map)
{
	if (!*name->text)
		return yaml_error(r->err, r->y, name, "needs a name");
	if (map->kind != YAML_MAP)
		return yaml_error(r->err, r->y, map, "must be a map, not %s",
		    yaml_kind_name(map));
	r->l = find_or_add(r->ls, name->text, r->added);
	for (size_t i = 0; i < map->n; i++)
		if (read_key(r, map->keys[i], map->items[i]))
			return -1;
	if (!r->l->n_recipes)
		return yaml_error(r->err, r->y, name, "%s needs recipes",
		    name->text);
	return 0;
}

static int
read_tree(struct languages *ls, const struct yaml *y, bool added,
    struct err *err)
{
	struct reader r = {.ls = ls, .y = y, .added = added, .err = err};
	const struct yaml_node *root = yaml_root(y);

	if (!root)
		return 0;
	if (root->kind != YAML_MAP)
		return yaml_error(err, y, root, "must be a map of languages");
	for (size_t i = 0; i < root->n; i++)
		if (read_language(&r, root->keys[i], root->items[i]))
			return -1;
	return 0;
}

static int
read_file(struct languages *ls, const char *path, bool added, struct err *err)
{
	struct yaml *y = yaml_parse_file(path, err);
	int r;

	if (!y)
		return -1;
	r = read_tree(ls, y, added, err);
	yaml_doc_free(y);
	return r;
}

static int
read_user_file(struct languages *ls, const char *path, struct err *err)
{
	autofree char *dir = *path ? NULL : xdg_config_dir();
	autofree char *found = dir ? io_join(dir, "languages.yaml") : NULL;

	if (*path)
		return read_file(ls, path, true, err);
	if (!found || !read_file(ls, found, true, err))
		return 0;
	if (err->code != ENOENT && err->code != ENOTDIR)
		return -1;
	err_clear(err);
	return 0;
}

struct languages *
languages_load(const char *path, const char *user, struct err *err)
{
	struct languages *ls = xcalloc(1, sizeof(*ls));
	autofree char *installed =
	    path ? NULL : runtime_data_path("languages.yaml", err);

	if ((!path && !installed) ||
	    read_file(ls, path ? path : installed, false, err) ||
	    (user && read_user_file(ls, user, err))) {
		languages_free(ls);
		return NULL;
	}
	return ls;
}

size_t
languages_count(const struct languages *ls)
{
	return ls->n;
}

const struct language *
languages_at(const struct languages *ls, size_t i)
{
	return ls->v[i];
}

/* All searches go backwards: what the user's file adds comes first. */
const struct language *
languages_by_name(const struct languages *ls, const char *name)
{
	for (size_t i = ls->n; i-- > 0;) {
		const struct strvec *names = &ls->v[i]->names;

		for (size_t j = 0; j < names->n; j++)
			if (!strcasecmp(names->v[j], name))
				return ls->v[i];
	}
	return NULL;
}

static const struct language *
find_extension(const struct languages *ls, const char *name,
    int (*compare)(const char *, const char *))
{
	size_t n = strlen(name);

	for (size_t i = ls->n; i-- > 0;) {
		const struct strvec *list = &ls->v[i]->extensions;

		for (size_t j = 0; j < list->n; j++) {
			size_t len = strlen(list->v[j]);

			if (n > len && !compare(name + n - len, list->v[j]))
				return ls->v[i];
		}
	}
	return NULL;
}

/* ".C" is C++ where ".c" is C; ".PY" is Python all the same. */
const struct language *
languages_by_file(const struct languages *ls, const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *name = slash ? slash + 1 : file;
	const struct language *l = find_extension(ls, name, strcmp);

	return l ? l : find_extension(ls, name, strcasecmp);
}

const struct language *
languages_by_image(const struct languages *ls, const char *image)
{
	const char *slash = strrchr(image, '/');
	const char *start = slash ? slash + 1 : image;
	autofree char *name = xstrndup(start, strcspn(start, ":@"));

	for (size_t i = ls->n; i-- > 0;)
		if (strvec_has(&ls->v[i]->images, name))
			return ls->v[i];
	return NULL;
}
