/* Reading checks.yaml: one table for each kind of map in it. */
#include "project/check_rules.h"

#include <string.h>
#include <strings.h>

#include "base/glob.h"
#include "base/nearest.h"
#include "base/xalloc.h"
#include "base/yaml.h"
#include "sandbox/runtime.h"

enum field_type {
	FIELD_TEXT,   /* char * */
	FIELD_LIST,   /* struct strvec */
	FIELD_BOOL,   /* bool */
	FIELD_SEVERITY,
	FIELD_REGEXP, /* struct regexp * */
	FIELD_MAP,    /* a struct of its own table */
	FIELD_MAPS,   /* an array of them, and the size_t behind it */
};

struct form;

struct field {
	const char *key;
	enum field_type type;
	size_t offset;
	size_t count; /* of FIELD_MAPS: where the size_t is */
	const struct form *form; /* of FIELD_MAP, FIELD_MAPS */
};

struct form {
	const struct field *fields;
	size_t n, size;
};

#define FIELD(in, key, type) {#key, type, offsetof(struct in, key), 0, NULL}
#define FORM(in, fields) {fields, ARRAY_SIZE(fields), sizeof(struct in)}

static const struct field string_fields[] = {
    FIELD(check_string, open, FIELD_TEXT),
    FIELD(check_string, close, FIELD_TEXT),
    FIELD(check_string, code, FIELD_LIST),
    FIELD(check_string, character, FIELD_BOOL),
    FIELD(check_string, twice, FIELD_BOOL),
    FIELD(check_string, code_flag, FIELD_TEXT),
    FIELD(check_string, behind, FIELD_TEXT),
    FIELD(check_string, behind_words, FIELD_LIST),
    FIELD(check_string, not_behind, FIELD_LIST),
    FIELD(check_string, runs, FIELD_BOOL),
    FIELD(check_string, raw, FIELD_BOOL),
    FIELD(check_string, lines, FIELD_BOOL),
};
static const struct form string_form = FORM(check_string, string_fields);

static const struct field lexis_fields[] = {
    FIELD(check_lexis, comments, FIELD_LIST),
    FIELD(check_lexis, blocks, FIELD_LIST),
    {"strings", FIELD_MAPS, offsetof(struct check_lexis, strings),
	offsetof(struct check_lexis, n_strings), &string_form},
    FIELD(check_lexis, blocks_nest, FIELD_BOOL),
    FIELD(check_lexis, blocks_behind, FIELD_TEXT),
    FIELD(check_lexis, comments_behind, FIELD_TEXT),
    FIELD(check_lexis, plain, FIELD_LIST),
    FIELD(check_lexis, escapes, FIELD_BOOL),
    FIELD(check_lexis, fill, FIELD_TEXT),
    FIELD(check_lexis, inside, FIELD_TEXT),
    FIELD(check_lexis, joined, FIELD_BOOL),
    FIELD(check_lexis, heredocs, FIELD_LIST),
    FIELD(check_lexis, heredoc_blanks, FIELD_BOOL),
    FIELD(check_lexis, joints, FIELD_LIST),
    FIELD(check_lexis, string_calls, FIELD_BOOL),
    FIELD(check_lexis, imports, FIELD_LIST),
    FIELD(check_lexis, import_paths, FIELD_BOOL),
};
static const struct form lexis_form = FORM(check_lexis, lexis_fields);

static const struct field command_fields[] = {
    FIELD(check_command, name, FIELD_TEXT),
    {"command", FIELD_LIST, offsetof(struct check_command, argv), 0, NULL},
    FIELD(check_command, program, FIELD_TEXT),
    FIELD(check_command, build, FIELD_LIST),
    FIELD(check_command, without, FIELD_LIST),
    FIELD(check_command, errors, FIELD_LIST),
    FIELD(check_command, resolved, FIELD_LIST),
    FIELD(check_command, warnings, FIELD_LIST),
    FIELD(check_command, unless, FIELD_LIST),
};
static const struct form command_form = FORM(check_command, command_fields);

static const struct field rule_fields[] = {
    FIELD(check_rule, name, FIELD_TEXT),
    FIELD(check_rule, calls, FIELD_LIST),
    FIELD(check_rule, sets, FIELD_LIST),
    FIELD(check_rule, imports, FIELD_LIST),
    FIELD(check_rule, names, FIELD_LIST),
    FIELD(check_rule, with, FIELD_TEXT),
    FIELD(check_rule, unless, FIELD_LIST),
    FIELD(check_rule, not_before, FIELD_TEXT),
    FIELD(check_rule, severity, FIELD_SEVERITY),
    FIELD(check_rule, constant, FIELD_SEVERITY),
    FIELD(check_rule, message, FIELD_TEXT),
    FIELD(check_rule, remedy, FIELD_TEXT),
};
static const struct form rule_form = FORM(check_rule, rule_fields);

static const struct field language_fields[] = {
    FIELD(check_language, name, FIELD_TEXT),
    FIELD(check_language, files, FIELD_LIST),
    FIELD(check_language, shown_as, FIELD_LIST),
    FIELD(check_language, keywords, FIELD_TEXT),
    FIELD(check_language, scripts, FIELD_BOOL),
    {"text", FIELD_MAP, offsetof(struct check_language, lexis), 0,
	&lexis_form},
    {"parsers", FIELD_MAPS, offsetof(struct check_language, parsers),
	offsetof(struct check_language, n_parsers), &command_form},
    {"linters", FIELD_MAPS, offsetof(struct check_language, linters),
	offsetof(struct check_language, n_linters), &command_form},
    {"rules", FIELD_MAPS, offsetof(struct check_language, rules),
	offsetof(struct check_language, n_rules), &rule_form},
};
static const struct form language_form = FORM(check_language, language_fields);

static const struct field structure_fields[] = {
    FIELD(check_structure, name, FIELD_TEXT),
    FIELD(check_structure, files, FIELD_LIST),
    FIELD(check_structure, but, FIELD_LIST),
    FIELD(check_structure, where, FIELD_REGEXP),
    FIELD(check_structure, unless, FIELD_REGEXP),
    FIELD(check_structure, needs, FIELD_REGEXP),
    FIELD(check_structure, balanced, FIELD_TEXT),
    FIELD(check_structure, severity, FIELD_SEVERITY),
    FIELD(check_structure, message, FIELD_TEXT),
    FIELD(check_structure, remedy, FIELD_TEXT),
};
static const struct form structure_form =
    FORM(check_structure, structure_fields);

static const struct field root_fields[] = {
    {"languages", FIELD_MAPS, offsetof(struct check_rules, languages),
	offsetof(struct check_rules, n_languages), &language_form},
    {"structure", FIELD_MAPS, offsetof(struct check_rules, structure),
	offsetof(struct check_rules, n_structure), &structure_form},
};
static const struct form root_form = FORM(check_rules, root_fields);

/* Of what a file leaves out, until fill_in(). */
#define NO_SEVERITY ((enum check_severity)(CHECK_INFO + 1))

struct reader {
	const struct yaml *y;
	struct err *err;
};

static void form_init(const struct form *form, char *at);
static void form_release(const struct form *form, char *at);
static int read_form(struct reader *r, const struct form *form,
    const struct yaml_node *map, char *at);

static void
form_init(const struct form *form, char *at)
{
	memset(at, 0, form->size);
	for (size_t i = 0; i < form->n; i++) {
		const struct field *f = &form->fields[i];

		if (f->type == FIELD_LIST)
			strvec_init((void *)(at + f->offset));
		else if (f->type == FIELD_SEVERITY)
			*(enum check_severity *)(at + f->offset) = NO_SEVERITY;
		else if (f->type == FIELD_MAP)
			form_init(f->form, at + f->offset);
	}
}

static void
release_maps(const struct field *f, char *at)
{
	char *array = *(char **)(at + f->offset);
	size_t n = *(size_t *)(at + f->count);

	for (size_t i = 0; i < n; i++)
		form_release(f->form, array + i * f->form->size);
	free(array);
}

static void
form_release(const struct form *form, char *at)
{
	for (size_t i = 0; i < form->n; i++) {
		const struct field *f = &form->fields[i];
		void *p = at + f->offset;

		if (f->type == FIELD_TEXT)
			free(*(char **)p);
		else if (f->type == FIELD_LIST)
			strvec_release(p);
		else if (f->type == FIELD_REGEXP)
			regexp_free(*(struct regexp **)p);
		else if (f->type == FIELD_MAP)
			form_release(f->form, p);
		else if (f->type == FIELD_MAPS)
			release_maps(f, at);
	}
}

static int
wrong(struct reader *r, const struct yaml_node *node, const char *what)
{
	return yaml_error(r->err, r->y, node, "must be %s, not %s", what,
	    yaml_kind_name(node));
}

static int
read_list(struct reader *r, const struct yaml_node *node, struct strvec *out)
{
	if (node->kind != YAML_SEQ)
		return wrong(r, node, "a list");
	for (size_t i = 0; i < node->n; i++) {
		if (node->items[i]->kind != YAML_SCALAR)
			return wrong(r, node->items[i], "text");
		strvec_push(out, node->items[i]->text);
	}
	return 0;
}

static int
read_severity(
    struct reader *r, const struct yaml_node *node, enum check_severity *out)
{
	for (size_t i = 0; node->text && check_severity_names[i]; i++) {
		if (strcmp(node->text, check_severity_names[i]))
			continue;
		*out = (enum check_severity)i;
		return 0;
	}
	return yaml_error(
	    r->err, r->y, node, "must be error, warning or info");
}

static int
read_regexp(struct reader *r, const struct yaml_node *node, struct regexp **out)
{
	autoerr struct err why = ERR_INIT;

	if (node->kind != YAML_SCALAR)
		return wrong(r, node, "text");
	*out = regexp_new(node->text, strlen(node->text), &why);
	return *out ? 0
		    : yaml_error(r->err, r->y, node, "%s", why.msg.buf);
}

static int
read_maps(struct reader *r, const struct field *f,
    const struct yaml_node *node, char *at)
{
	char **array = (char **)(at + f->offset);
	size_t *n = (size_t *)(at + f->count);

	if (node->kind != YAML_SEQ)
		return wrong(r, node, "a list");
	*array = xcalloc(node->n + 1, f->form->size);
	for (size_t i = 0; i < node->n; i++) {
		char *one = *array + i * f->form->size;

		form_init(f->form, one);
		*n = i + 1;
		if (read_form(r, f->form, node->items[i], one))
			return -1;
	}
	return 0;
}

static int
read_field(struct reader *r, const struct field *f,
    const struct yaml_node *node, char *at)
{
	void *p = at + f->offset;

	switch (f->type) {
	case FIELD_TEXT:
		if (node->kind != YAML_SCALAR)
			return wrong(r, node, "text");
		*(char **)p = xstrdup(node->text);
		return 0;
	case FIELD_BOOL:
		*(bool *)p = node->text && !strcmp(node->text, "true");
		return 0;
	case FIELD_LIST:
		return read_list(r, node, p);
	case FIELD_SEVERITY:
		return read_severity(r, node, p);
	case FIELD_REGEXP:
		return read_regexp(r, node, p);
	case FIELD_MAP:
		return read_form(r, f->form, node, p);
	case FIELD_MAPS:
		return read_maps(r, f, node, at);
	}
	return -1;
}

static int
read_form(struct reader *r, const struct form *form,
    const struct yaml_node *map, char *at)
{
	if (map->kind != YAML_MAP)
		return wrong(r, map, "a map");
	for (size_t i = 0; i < map->n; i++) {
		struct nearest near = NEAREST_INIT(map->keys[i]->text);
		const struct field *f = NULL;

		for (size_t k = 0; k < form->n; k++) {
			if (!strcmp(form->fields[k].key, map->keys[i]->text))
				f = &form->fields[k];
			nearest_try(&near, form->fields[k].key);
		}
		if (!f)
			return yaml_error(r->err, r->y, map->keys[i],
			    "unknown key '%s'%s%s", map->keys[i]->text,
			    near.best ? "; the nearest is " : "",
			    near.best ? near.best : "");
		if (read_field(r, f, map->items[i], at))
			return -1;
	}
	return 0;
}

static bool
is_string(const struct check_string *s)
{
	bool ok = s->open && *s->open && s->code.n % 2 == 0;

	for (size_t i = 0; i < s->code.n; i++)
		ok &= *s->code.v[i] != 0;
	return ok && !(s->close && !*s->close);
}

/* What all that use it take for granted. */
static int
validate(const struct check_rules *c, struct err *err)
{
	for (size_t i = 0; i < c->n_languages; i++) {
		const struct check_language *l = &c->languages[i];
		bool ok = l->name && l->lexis.blocks.n % 2 == 0;

		for (size_t k = 0; k < l->lexis.n_strings; k++)
			ok &= is_string(&l->lexis.strings[k]);
		for (size_t k = 0; k < l->n_rules; k++)
			ok &= l->rules[k].name && l->rules[k].message;
		for (size_t k = 0; k < l->n_parsers; k++)
			ok &= l->parsers[k].argv.n > 0;
		for (size_t k = 0; k < l->n_linters; k++)
			ok &= l->linters[k].argv.n > 0 && l->linters[k].name;
		if (!ok)
			return err_set(err, ERR_CONFIG,
			    "checks: language %zu (%s) is not complete", i + 1,
			    l->name ? l->name : "?");
	}
	for (size_t i = 0; i < c->n_structure; i++)
		if (!c->structure[i].name || !c->structure[i].message ||
		    (c->structure[i].balanced &&
			strlen(c->structure[i].balanced) != 2))
			return err_set(err, ERR_CONFIG,
			    "checks: structure %zu is not complete", i + 1);
	return 0;
}

static void
fill_in_language(struct check_language *l)
{
	l->needs_parser = l->n_parsers > 0;
	for (size_t i = 0; i < l->lexis.n_strings; i++) {
		struct check_string *s = &l->lexis.strings[i];

		if (!s->close)
			s->close = xstrdup(s->open);
	}
	for (size_t i = 0; i < l->n_rules; i++) {
		struct check_rule *rule = &l->rules[i];

		if (rule->severity == NO_SEVERITY)
			rule->severity = CHECK_WARNING;
		if (rule->constant == NO_SEVERITY)
			rule->constant = rule->severity;
	}
}

static void
fill_in(struct check_rules *c)
{
	for (size_t i = 0; i < c->n_languages; i++)
		fill_in_language(&c->languages[i]);
	for (size_t i = 0; i < c->n_structure; i++)
		if (c->structure[i].severity == NO_SEVERITY)
			c->structure[i].severity = CHECK_WARNING;
}

struct check_rules *
check_rules_load(const char *path, struct err *err)
{
	autofree char *found =
	    path ? xstrdup(path) : runtime_data_path("checks.yaml", err);
	struct yaml *y = found ? yaml_parse_file(found, err) : NULL;
	struct check_rules *c;
	struct reader r = {y, err};
	int rc = 0;

	if (!y)
		return NULL;
	c = xcalloc(1, sizeof(*c));
	if (yaml_root(y))
		rc = read_form(&r, &root_form, yaml_root(y), (char *)c);
	yaml_doc_free(y);
	if (rc || validate(c, err)) {
		check_rules_free(c);
		return NULL;
	}
	fill_in(c);
	return c;
}

void
check_rules_free(struct check_rules *c)
{
	if (c)
		form_release(&root_form, (char *)c);
	free(c);
}

const struct check_language *
check_rules_by_name(const struct check_rules *r, const char *name)
{
	for (size_t i = 0; i < r->n_languages; i++)
		if (!strcmp(r->languages[i].name, name))
			return &r->languages[i];
	return NULL;
}

const struct check_language *
check_rules_by_file(const struct check_rules *r, const char *file)
{
	const char *slash = strrchr(file, '/');

	for (size_t i = 0; i < r->n_languages; i++)
		if (glob_match_any(
			&r->languages[i].files, slash ? slash + 1 : file))
			return &r->languages[i];
	return NULL;
}

const struct check_language *
check_rules_by_shown(const struct check_rules *r, const char *word)
{
	for (size_t i = 0; i < r->n_languages; i++)
		for (size_t k = 0; k < r->languages[i].shown_as.n; k++)
			if (!strcasecmp(r->languages[i].shown_as.v[k], word))
				return &r->languages[i];
	return NULL;
}
