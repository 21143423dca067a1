/* Front matter: what a session file says of itself, in YAML. */
#include <string.h>

#include "base/nearest.h"
#include "base/units.h"
#include "base/yaml.h"
#include "replay/mask.h"
#include "replay/transcript_impl.h"

struct front_reader {
	struct transcript_front *f;
	const struct yaml *y;
	struct err *err;
};

typedef int read_fn(struct front_reader *r, const struct yaml_node *node);

struct row {
	const char *key;
	read_fn *read;
};

static int
wants(struct front_reader *r, const struct yaml_node *node, enum yaml_kind kind,
    const char *what)
{
	if (node->kind == kind && !yaml_is_null(node))
		return 0;
	return yaml_error(r->err, r->y, node, "must be %s, not %s", what,
	    yaml_kind_name(node));
}

/* A map whose keys are those of the table, each read by its row. */
static int
read_table(struct front_reader *r, const struct yaml_node *map,
    const struct row *rows, size_t n)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct yaml_node *key = map->keys[i];
		struct nearest near = NEAREST_INIT(key->text);
		size_t k;

		for (k = 0; k < n && strcmp(rows[k].key, key->text) != 0; k++)
			nearest_try(&near, rows[k].key);
		if (k == n && near.best)
			return yaml_error(r->err, r->y, key,
			    "%s: unknown key; the nearest is %s", key->text,
			    near.best);
		if (k == n)
			return yaml_error(
			    r->err, r->y, key, "%s: unknown key", key->text);
		if (rows[k].read(r, map->items[i]))
			return -1;
	}
	return 0;
}

static int
read_text(struct front_reader *r, const struct yaml_node *node, char **out)
{
	if (wants(r, node, YAML_SCALAR, "text"))
		return -1;
	*out = xstrdup(node->text);
	return 0;
}

/* Read before all else, as a newer version may have other keys. */
static int
read_version(struct front_reader *r, const struct yaml_node *node)
{
	char *end;
	unsigned long version;

	if (wants(r, node, YAML_SCALAR, "a version"))
		return -1;
	version = strtoul(node->text, &end, 10);
	if (*node->text < '0' || *node->text > '9' || *end || !version)
		return yaml_error(r->err, r->y, node,
		    "'%s' is no version of session files: this is %d",
		    node->text, TRANSCRIPT_VERSION);
	if (version > TRANSCRIPT_VERSION)
		return yaml_error(r->err, r->y, node,
		    "the file is of version %s of session files, this addesh "
		    "reads version %d: a newer addesh is needed",
		    node->text, TRANSCRIPT_VERSION);
	r->f->version = (unsigned)version;
	return 0;
}

static int
read_title(struct front_reader *r, const struct yaml_node *node)
{
	return read_text(r, node, &r->f->title);
}

static int
read_origin(struct front_reader *r, const struct yaml_node *node)
{
	return read_text(r, node, &r->f->origin);
}

static int
read_requires(struct front_reader *r, const struct yaml_node *node)
{
	struct transcript_front *f = r->f;

	if (wants(r, node, YAML_SEQ, "a list"))
		return -1;
	for (size_t i = 0; i < node->n; i++) {
		const struct yaml_node *item = node->items[i];
		autoerr struct err why = ERR_INIT;

		if (wants(r, item, YAML_SCALAR, "text"))
			return -1;
		GROW(f->requires, f->n_requires, &f->requires_cap);
		if (requirement_parse(
			&f->requires[f->n_requires], item -> text, &why))
			return yaml_error(
			    r->err, r->y, item, "requires: %s", why.msg.buf);
		f->n_requires++;
	}
	return 0;
}

static int
read_timeout(struct front_reader *r, const struct yaml_node *node)
{
	if (wants(r, node, YAML_SCALAR, "a time"))
		return -1;
	if (units_parse_duration(node->text, &r->f->timeout_ms) ||
	    !r->f->timeout_ms)
		return yaml_error(r->err, r->y, node,
		    "timeout: '%s' is not a time, as 500ms, 30s or 2m is",
		    node->text);
	return 0;
}

static int
read_normalize(struct front_reader *r, const struct yaml_node *node)
{
	const struct strvec *names = &r->f->normalize;
	autoerr struct err why = ERR_INIT;
	struct masks *masks;
	int status;

	if (wants(r, node, YAML_SEQ, "a list"))
		return -1;
	r->f->has_normalize = true;
	for (size_t i = 0; i < node->n; i++) {
		if (wants(r, node->items[i], YAML_SCALAR, "text"))
			return -1;
		strvec_push(&r->f->normalize, node->items[i]->text);
	}
	masks = masks_new();
	status = masks_record_only(
	    masks, (const char *const *)names->v, names->n, &why);
	masks_free(masks);
	return status ? yaml_error(r->err, r->y, node, "%s", why.msg.buf) : 0;
}

static int
read_defaults(struct front_reader *r, const struct yaml_node *node)
{
	static const struct row rows[] = {
	    {"timeout", read_timeout}, {"normalize", read_normalize}};

	if (wants(r, node, YAML_MAP, "a map"))
		return -1;
	return read_table(r, node, rows, ARRAY_SIZE(rows));
}

static int
add_mask(struct front_reader *r, struct masks *masks,
    const struct yaml_node *key, const struct yaml_node *node)
{
	struct transcript_front *f = r->f;
	autoerr struct err why = ERR_INIT;

	if (wants(r, node, YAML_SCALAR, "a regular expression"))
		return -1;
	if (masks_add(masks, key->text, node->text, &why))
		return yaml_error(r->err, r->y, node, "%s", why.msg.buf);
	GROW(f->masks, f->n_masks, &f->masks_cap);
	f->masks[f->n_masks++] =
	    (struct transcript_pair){.name = xstrdup(key->text),
		.value = xstrdup(node->text),
		.line = node->line,
		.column = node->column};
	return 0;
}

static int
read_mask(struct front_reader *r, const struct yaml_node *node)
{
	struct masks *masks;
	int status = 0;

	if (wants(r, node, YAML_MAP, "a map"))
		return -1;
	masks = masks_new();
	for (size_t i = 0; !status && i < node->n; i++)
		status = add_mask(r, masks, node->keys[i], node->items[i]);
	masks_free(masks);
	return status;
}

static bool
is_variable(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_";

	return *s && !(*s >= '0' && *s <= '9') && !s[strspn(s, letters)];
}

static int
read_env(struct front_reader *r, const struct yaml_node *node)
{
	if (wants(r, node, YAML_MAP, "a map"))
		return -1;
	for (size_t i = 0; i < node->n; i++) {
		if (!is_variable(node->keys[i]->text))
			return yaml_error(r->err, r->y, node->keys[i],
			    "env: '%s' is no name of a variable",
			    node->keys[i]->text);
		if (node->items[i]->kind != YAML_SCALAR)
			return wants(r, node->items[i], YAML_SCALAR, "text");
		strvec_pushf(&r->f->env, "%s=%s", node->keys[i]->text,
		    node->items[i]->text);
	}
	return 0;
}

static const struct row rows[] = {
    {"addesh-session", read_version},
    {"title", read_title},
    {"requires", read_requires},
    {"defaults", read_defaults},
    {"mask", read_mask},
    {"env", read_env},
    {"origin", read_origin},
};

static int
read_root(struct front_reader *r)
{
	const struct yaml_node *root = yaml_root(r->y);
	const struct yaml_node *version = yaml_get(root, rows[0].key);

	if (yaml_is_null(root))
		return 0;
	if (wants(r, root, YAML_MAP, "a map") ||
	    (version && read_version(r, version)))
		return -1;
	return read_table(r, root, rows, ARRAY_SIZE(rows));
}

static int
read_yaml(struct reader *r, size_t start, size_t end, unsigned line)
{
	struct front_reader fr = {.f = &r->t->front, .err = r->err};
	struct yaml *y = yaml_parse_at(
	    r->t->name, line, 1, r->s + start, end - start, r->err);
	int status;

	if (!y)
		return -1;
	fr.y = y;
	status = read_root(&fr);
	yaml_doc_free(y);
	return status;
}

static bool
is_rule(const struct reader *r, const struct line *l)
{
	size_t n = l->stop - l->start;

	return n >= 3 && !memcmp(r->s + l->start, "---", 3) &&
	       is_blank(r->s + l->start + 3, n - 3);
}

bool
front_begins(const struct reader *r)
{
	struct reader ahead = *r;
	struct line l;

	return reader_next(&ahead, &l) && is_rule(r, &l);
}

/* The map between two lines of "---". */
static int
read_matter(struct reader *r)
{
	struct line open, l;

	if (!front_begins(r))
		return 0;
	reader_next(r, &open);
	while (reader_next(r, &l))
		if (is_rule(r, &l)) {
			reader_block(
			    r, BLOCK_FRONT, open.start, l.end, open.number, 0);
			return read_yaml(r, open.end, l.start, open.number + 1);
		}
	return reader_fail(
	    r, open.number, "the front matter is not ended: no line is ---");
}

static bool
begins(const struct reader *r, const char *what)
{
	size_t n = strlen(what);

	return r->n - r->pos >= n && !memcmp(r->s + r->pos, what, n);
}

void
front_skip_head(struct reader *r)
{
	static const char bom[] = "\xef\xbb\xbf";
	struct line l;

	if (begins(r, bom))
		r->pos += strlen(bom);
	if (begins(r, "#!"))
		reader_next(r, &l);
}

int
front_read(struct reader *r)
{
	front_skip_head(r);
	reader_block(r, BLOCK_FRONT, 0, r->pos, 1, 0);
	return read_matter(r);
}

void
front_release(struct transcript_front *f)
{
	for (size_t i = 0; i < f->n_requires; i++)
		requirement_release(&f->requires[i]);
	for (size_t i = 0; i < f->n_masks; i++) {
		free(f->masks[i].name);
		free(f->masks[i].value);
	}
	free(f->requires);
	free(f->masks);
	free(f->title);
	free(f->origin);
	strvec_release(&f->normalize);
	strvec_release(&f->env);
}
