/* Reading a file of languages. */
#include "project/languages_impl.h"

#include <regex.h>
#include <signal.h>
#include <string.h>

#include "base/nearest.h"
#include "base/units.h"

enum field_type {
	FIELD_TEXT,	/* char * */
	FIELD_LIST,	/* struct strvec: texts */
	FIELD_ENV,	/* struct strvec: NAME=VALUE, from a map */
	FIELD_SIZE,	/* uint64_t */
	FIELD_SIGNAL,	/* int */
	FIELD_RECIPES,
	FIELD_PROJECTS,
	FIELD_INSTALLER,
	FIELD_TESTS,
	FIELD_BUILDS,
};

struct field {
	const char *key;
	enum field_type type;
	size_t offset; /* in struct language; 0 of types from FIELD_RECIPES */
};

#define FIELD(key, type) {#key, type, offsetof(struct language, key)}

static const struct field fields[] = {
    {"aliases", FIELD_LIST, offsetof(struct language, names)},
    FIELD(extensions, FIELD_LIST),
    FIELD(shebangs, FIELD_LIST),
    {"recipes", FIELD_RECIPES, 0},
    FIELD(interrupt, FIELD_SIGNAL),
    FIELD(env, FIELD_ENV),
    FIELD(skips, FIELD_LIST),
    FIELD(image, FIELD_TEXT),
    FIELD(images, FIELD_LIST),
    FIELD(version, FIELD_LIST),
    FIELD(memory, FIELD_SIZE),
    FIELD(disk, FIELD_SIZE),
    {"dependencies", FIELD_INSTALLER, 0},
    {"tests", FIELD_TESTS, 0},
    {"builds", FIELD_BUILDS, 0},
    {"project", FIELD_PROJECTS, 0},
};

static void
commands_release(struct commands *c)
{
	for (size_t i = 0; i < c->n; i++)
		strvec_release(&c->v[i]);
	free(c->v);
	*c = (struct commands){0};
}

static void
recipe_release(struct recipe *r)
{
	commands_release(&r->compile);
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
		free(l->projects[i].image);
	}
	free(l->projects);
	l->projects = NULL;
	l->n_projects = 0;
}

static void
installer_init(struct installer *in)
{
	*in = (struct installer){.env = STRVEC_INIT,
	    .variables = STRVEC_INIT,
	    .set = STRVEC_INIT,
	    .beside = STRVEC_INIT,
	    .list = STRVEC_INIT};
}

static void
installer_release(struct installer *in)
{
	for (size_t i = 0; i < in->n_files; i++) {
		free(in->files[i].name);
		commands_release(&in->files[i].commands);
	}
	free(in->files);
	commands_release(&in->packages);
	free(in->dir);
	strvec_release(&in->env);
	strvec_release(&in->variables);
	strvec_release(&in->set);
	strvec_release(&in->beside);
	strvec_release(&in->list);
	free(in->installed);
	free(in->instead);
	installer_init(in);
}

static struct language *
language_new(const char *name)
{
	struct language *l = xcalloc(1, sizeof(*l));

	l->name = xstrdup(name);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (fields[i].type == FIELD_LIST || fields[i].type == FIELD_ENV)
			strvec_init((void *)((char *)l + fields[i].offset));
	installer_init(&l->dependencies);
	strvec_push(&l->names, name);
	return l;
}

void
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
	drop_frameworks(l);
	drop_builds(l);
	installer_release(&l->dependencies);
	free(l->name);
	free(l);
}

int
read_text(struct reader *r, const struct yaml_node *node, char **out)
{
	if (node->kind != YAML_SCALAR || yaml_is_null(node))
		return yaml_error(r->err, r->y, node, "must be text, not %s",
		    yaml_kind_name(node));
	free(*out);
	*out = xstrdup(node->text);
	return 0;
}

int
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

int
read_argv(struct reader *r, const struct yaml_node *node, struct strvec *out)
{
	if (read_list(r, node, out))
		return -1;
	if (!out->n || !*out->v[0])
		return yaml_error(r->err, r->y, node, "needs a program");
	return 0;
}

int
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
add_command(struct reader *r, const struct yaml_node *argv,
    struct commands *out)
{
	out->v = xreallocarray(out->v, out->n + 1, sizeof(*out->v));
	strvec_init(&out->v[out->n]);
	return read_argv(r, argv, &out->v[out->n++]);
}

/* One argv, or a list of them. */
static int
read_commands(struct reader *r, const struct yaml_node *node,
    struct commands *out)
{
	if (node->kind != YAML_SEQ || !node->n ||
	    node->items[0]->kind != YAML_SEQ)
		return add_command(r, node, out);
	for (size_t i = 0; i < node->n; i++)
		if (add_command(r, node->items[i], out))
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
			rc = read_commands(r, node->items[i],
			    &out->compile);
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
		else if (!strcmp(key->text, "image"))
			rc = read_text(r, node->items[i], &out->image);
		else
			rc = yaml_error(r->err, r->y, key,
			    "unknown key '%s': files, template or image",
			    key->text);
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
read_installer_files(struct reader *r, const struct yaml_node *node,
    struct installer *in)
{
	if (node->kind != YAML_MAP)
		return yaml_error(r->err, r->y, node, "must be a map, not %s",
		    yaml_kind_name(node));
	in->files = xcalloc(node->n, sizeof(*in->files));
	for (size_t i = 0; i < node->n; i++) {
		struct installer_file *file = &in->files[in->n_files++];

		file->name = xstrdup(node->keys[i]->text);
		/* One that only lies beside another has no command. */
		if (node->items[i]->kind == YAML_SEQ && !node->items[i]->n)
			continue;
		if (read_commands(r, node->items[i], &file->commands))
			return -1;
	}
	return 0;
}

/* With the two groups that it is looked for. */
static int
read_installed(struct reader *r, const struct yaml_node *node, char **out)
{
	regex_t re;
	size_t groups;

	if (read_text(r, node, out))
		return -1;
	if (regcomp(&re, *out, REG_EXTENDED))
		return yaml_error(r->err, r->y, node,
		    "is no extended regular expression");
	groups = re.re_nsub;
	regfree(&re);
	return groups >= 2 ? 0
			   : yaml_error(r->err, r->y, node,
				 "needs groups for the name and the version");
}

static int
read_installer_key(struct reader *r, const char *key,
    const struct yaml_node *node, struct installer *in)
{
	if (!strcmp(key, "packages"))
		return read_commands(r, node, &in->packages);
	if (!strcmp(key, "files"))
		return read_installer_files(r, node, in);
	if (!strcmp(key, "dir"))
		return read_text(r, node, &in->dir);
	if (!strcmp(key, "env"))
		return read_env(r, node, &in->env);
	if (!strcmp(key, "variables"))
		return read_list(r, node, &in->variables);
	if (!strcmp(key, "set"))
		return read_env(r, node, &in->set);
	if (!strcmp(key, "beside"))
		return read_list(r, node, &in->beside);
	if (!strcmp(key, "list"))
		return read_argv(r, node, &in->list);
	if (!strcmp(key, "installed"))
		return read_installed(r, node, &in->installed);
	if (!strcmp(key, "instead"))
		return read_text(r, node, &in->instead);
	return yaml_error(r->err, r->y, node, "unknown key '%s': packages, "
	    "files, dir, env, variables, set, beside, list, installed or "
	    "instead",
	    key);
}

static int
read_installer(struct reader *r, const struct yaml_node *node)
{
	struct installer *in = &r->l->dependencies;

	if (node->kind != YAML_MAP)
		return yaml_error(r->err, r->y, node, "must be a map, not %s",
		    yaml_kind_name(node));
	installer_release(in);
	for (size_t i = 0; i < node->n; i++)
		if (read_installer_key(r, node->keys[i]->text, node->items[i],
			in))
			return -1;
	if (in->installed && !in->list.n)
		return yaml_error(r->err, r->y, node,
		    "installed needs a list");
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
	case FIELD_INSTALLER:
		return read_installer(r, node);
	case FIELD_TESTS:
		return read_frameworks(r, node);
	case FIELD_BUILDS:
		return read_builds(r, node);
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

int
languages_read(struct languages *ls, const struct yaml *y, bool added,
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
