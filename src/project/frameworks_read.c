/* Reading `tests` and `builds` of a language. */
#include "project/languages_impl.h"

#include <string.h>

#include "base/nearest.h"
#include "base/regexp.h"
#include "project/coverage.h"
#include "project/report.h"

enum part_type {
	PART_TEXT,  /* char * */
	PART_LIST,  /* struct strvec: texts */
	PART_ARGV,  /* struct strvec: a program and its arguments */
	PART_ENV,   /* struct strvec: NAME=VALUE */
	PART_TEXTS, /* struct strvec: regular expressions */
	PART_SIGNS, /* struct signs */
	PART_COVERAGE,
};

/* A key of a map, and where its value goes in a struct. */
struct part {
	const char *key;
	enum part_type type;
	size_t offset;
};

#define SIGN(key, type) {#key, type, offsetof(struct sign, key)}
#define COVER(key, type) {#key, type, offsetof(struct coverage_kind, key)}
#define TEST(key, type) {#key, type, offsetof(struct framework, key)}
#define BUILD(key, type) {#key, type, offsetof(struct build_kind, key)}

static const struct part sign_parts[] = {
    SIGN(files, PART_LIST),
    SIGN(texts, PART_TEXTS),
    SIGN(without, PART_TEXTS),
    {0},
};

static const struct part coverage_parts[] = {
    COVER(format, PART_TEXT),
    COVER(path, PART_TEXT),
    COVER(found_by, PART_SIGNS),
    COVER(args, PART_LIST),
    COVER(command, PART_ARGV),
    COVER(after, PART_ARGV),
    COVER(needs, PART_ARGV),
    COVER(package, PART_TEXT),
    COVER(remedy, PART_TEXT),
    {0},
};

static const struct part framework_parts[] = {
    TEST(name, PART_TEXT),
    TEST(found_by, PART_SIGNS),
    TEST(command, PART_ARGV),
    TEST(env, PART_ENV),
    TEST(bin, PART_TEXT),
    TEST(helper, PART_TEXT),
    TEST(report_format, PART_TEXT),
    TEST(report_path, PART_TEXT),
    TEST(report_files, PART_TEXT),
    TEST(report_beside, PART_TEXT),
    TEST(coverage, PART_COVERAGE),
    TEST(exits_no_tests, PART_LIST),
    TEST(exits_collection, PART_LIST),
    TEST(list, PART_ARGV),
    TEST(module_file, PART_TEXT),
    TEST(module_text, PART_TEXT),
    TEST(needs, PART_ARGV),
    TEST(package, PART_TEXT),
    {0},
};

static const struct part build_parts[] = {
    BUILD(name, PART_TEXT),
    BUILD(found_by, PART_SIGNS),
    BUILD(command, PART_ARGV),
    BUILD(env, PART_ENV),
    BUILD(bin, PART_TEXT),
    BUILD(artifacts, PART_LIST),
    {0},
};

static void
parts_release(const struct part *parts, void *base)
{
	for (; parts->key; parts++) {
		void *p = (char *)base + parts->offset;
		struct signs *signs = p;

		if (parts->type == PART_TEXT) {
			free(*(char **)p);
		} else if (parts->type == PART_COVERAGE) {
			parts_release(coverage_parts, p);
		} else if (parts->type == PART_SIGNS) {
			for (size_t i = 0; i < signs->n; i++)
				parts_release(sign_parts, &signs->v[i]);
			free(signs->v);
		} else {
			strvec_release(p);
		}
	}
}

static void
parts_init(const struct part *parts, void *base)
{
	for (; parts->key; parts++) {
		void *p = (char *)base + parts->offset;

		if (parts->type == PART_COVERAGE)
			parts_init(coverage_parts, p);
		else if (parts->type != PART_TEXT && parts->type != PART_SIGNS)
			strvec_init(p);
	}
}

static int read_map(struct reader *r, const struct yaml_node *node,
    const struct part *parts, void *base);

static int
read_signs(struct reader *r, const struct yaml_node *node, struct signs *out)
{
	if (node->kind != YAML_SEQ || !node->n)
		return yaml_error(r->err, r->y, node,
		    "must be a list of signs, not %s",
		    yaml_kind_name(node));
	out->v = xcalloc(node->n, sizeof(*out->v));
	for (size_t i = 0; i < node->n; i++) {
		struct sign *sign = &out->v[out->n++];

		parts_init(sign_parts, sign);
		if (read_map(r, node->items[i], sign_parts, sign))
			return -1;
		if (!sign->files.n)
			return yaml_error(r->err, r->y, node->items[i],
			    "needs files");
	}
	return 0;
}

/* Each is tried here, so that nothing can be wrong with it later. */
static int
read_texts(struct reader *r, const struct yaml_node *node, struct strvec *out)
{
	if (read_list(r, node, out))
		return -1;
	for (size_t i = 0; i < out->n; i++) {
		autoerr struct err why = ERR_INIT;
		struct regexp *re =
		    regexp_new(out->v[i], strlen(out->v[i]), &why);

		if (!re)
			return yaml_error(r->err, r->y, node->items[i], "%s",
			    why.msg.buf);
		regexp_free(re);
	}
	return 0;
}

static int
read_part(struct reader *r, const struct part *part,
    const struct yaml_node *node, void *p)
{
	switch (part->type) {
	case PART_TEXT:
		return read_text(r, node, p);
	case PART_LIST:
		return read_list(r, node, p);
	case PART_ARGV:
		return read_argv(r, node, p);
	case PART_ENV:
		return read_env(r, node, p);
	case PART_TEXTS:
		return read_texts(r, node, p);
	case PART_SIGNS:
		return read_signs(r, node, p);
	case PART_COVERAGE:
		return read_map(r, node, coverage_parts, p);
	}
	return -1;
}

static int
read_map(struct reader *r, const struct yaml_node *node,
    const struct part *parts, void *base)
{
	if (node->kind != YAML_MAP)
		return yaml_error(r->err, r->y, node, "must be a map, not %s",
		    yaml_kind_name(node));
	for (size_t i = 0; i < node->n; i++) {
		const struct yaml_node *key = node->keys[i];
		struct nearest near = NEAREST_INIT(key->text);
		const struct part *part = parts;

		for (; part->key && strcmp(part->key, key->text); part++)
			nearest_try(&near, part->key);
		if (!part->key)
			return yaml_error(r->err, r->y, key,
			    "unknown key '%s'%s%s", key->text,
			    near.best ? "; the nearest is " : "",
			    near.best ? near.best : "");
		if (read_part(r, part, node->items[i],
			(char *)base + part->offset))
			return -1;
	}
	return 0;
}

static int
check_list(struct reader *r, const struct yaml_node *node)
{
	if (node->kind == YAML_SEQ)
		return 0;
	return yaml_error(r->err, r->y, node, "must be a list, not %s",
	    yaml_kind_name(node));
}

/* What the tests write must have a reader before they run. */
static int
check_formats(struct reader *r, const struct yaml_node *node,
    const struct framework *f)
{
	const char *coverage = f->coverage.format;

	if (f->report_path && !f->report_format)
		return yaml_error(r->err, r->y, node,
		    "report_path needs a report_format");
	if (f->report_format && !test_report_has_format(f->report_format))
		return yaml_error(r->err, r->y, node,
		    "report_format must be one of %s, not '%s'",
		    TEST_REPORT_FORMATS, f->report_format);
	if (coverage && !coverage_has_format(coverage))
		return yaml_error(r->err, r->y, node,
		    "no reader of coverage in '%s'", coverage);
	return 0;
}

int
read_frameworks(struct reader *r, const struct yaml_node *node)
{
	struct language *l = r->l;

	if (check_list(r, node))
		return -1;
	drop_frameworks(l);
	l->frameworks = xcalloc(node->n, sizeof(*l->frameworks));
	for (size_t i = 0; i < node->n; i++) {
		struct framework *f = &l->frameworks[l->n_frameworks++];

		parts_init(framework_parts, f);
		if (read_map(r, node->items[i], framework_parts, f))
			return -1;
		if (!f->name || !f->found_by.n || !f->command.n)
			return yaml_error(r->err, r->y, node->items[i],
			    "needs a name, found_by and a command");
		if (check_formats(r, node->items[i], f))
			return -1;
	}
	return 0;
}

int
read_builds(struct reader *r, const struct yaml_node *node)
{
	struct language *l = r->l;

	if (check_list(r, node))
		return -1;
	drop_builds(l);
	l->builds = xcalloc(node->n, sizeof(*l->builds));
	for (size_t i = 0; i < node->n; i++) {
		struct build_kind *b = &l->builds[l->n_builds++];

		parts_init(build_parts, b);
		if (read_map(r, node->items[i], build_parts, b))
			return -1;
		if (!b->name || !b->found_by.n || !b->command.n)
			return yaml_error(r->err, r->y, node->items[i],
			    "needs a name, found_by and a command");
	}
	return 0;
}

void
drop_frameworks(struct language *l)
{
	for (size_t i = 0; i < l->n_frameworks; i++)
		parts_release(framework_parts, &l->frameworks[i]);
	free(l->frameworks);
	l->frameworks = NULL;
	l->n_frameworks = 0;
}

void
drop_builds(struct language *l)
{
	for (size_t i = 0; i < l->n_builds; i++)
		parts_release(build_parts, &l->builds[i]);
	free(l->builds);
	l->builds = NULL;
	l->n_builds = 0;
}
