/* The policy for people and programs to read. */
#include "session/policy_impl.h"

#include <string.h>

#include "base/json.h"
#include "sandbox/runtime.h"

/* Layers from the one that counts downwards, without `v` itself. */
static void
add_overridden(const struct policy *p, enum setting_id id,
    const struct value *v, struct strbuf *out)
{
	for (size_t l = LAYER_COUNT; l-- > 0;) {
		const struct value *other = &p->layers[l][id];

		if (other->set && other != v)
			strbuf_addf(out, "  besides  %s (%s)\n", other->text,
			    other->where);
	}
	for (size_t l = 0; l < LAYER_COUNT; l++) {
		const struct value *max = &p->max[l][id];

		if (max->set)
			strbuf_addf(out, "  ceiling  %s (%s)\n", max->text,
			    max->where);
	}
}

int
policy_explain(const struct policy *p, const char *name, struct strbuf *out,
    struct err *err)
{
	const struct setting *s = settings_lookup(name, err);
	const struct value *v;

	if (!s)
		return -1;
	v = policy_value(p, settings_id(s));
	strbuf_addf(out, "%s: ", s->path);
	value_add_yaml(s, v, out);
	strbuf_addf(out, "\n  set by   %s\n", v->where);
	add_overridden(p, settings_id(s), v, out);
	if (s->env)
		strbuf_addf(out, "  variable %s\n", s->env);
	strbuf_addf(out, "  what     %s\n", s->help);
	return 0;
}

static void
add_indent(struct strbuf *out, size_t depth)
{
	strbuf_addf(out, "%*s", (int)(4 * depth), "");
}

/* "KEY: VALUE  # WHERE", the comments one below the other where they can. */
static void
add_line(struct strbuf *out, size_t depth, const char *key,
    const struct setting *s, const struct value *v)
{
	size_t start = out->len;

	add_indent(out, depth);
	strbuf_addf(out, "%s: ", key);
	value_add_yaml(s, v, out);
	while (out->len - start < 39)
		strbuf_addc(out, ' ');
	strbuf_addf(out, " # %s\n", v->where);
}

/* Opens the maps of path that are not open since the row before. */
static size_t
add_parents(struct strbuf *out, const char *path, const char *before)
{
	size_t depth = 0, start = 0;
	bool same = true;

	for (size_t i = 0; path[i]; i++) {
		if (path[i] != '.')
			continue;
		same = same && !strncmp(path, before, i + 1);
		if (!same) {
			add_indent(out, depth);
			strbuf_add(out, path + start, i - start);
			strbuf_adds(out, ":\n");
		}
		start = i + 1;
		depth++;
	}
	return depth;
}

/* What must hold beside the line above; a key may stand only once. */
static void
add_also(struct strbuf *out, size_t depth, const struct value *v)
{
	add_indent(out, depth);
	strbuf_addf(out, "# and only what %s allows too (%s)\n", v->text,
	    v->where);
}

static bool
add_ceilings(const struct policy *p, size_t i, bool first, struct strbuf *out)
{
	const struct setting *s = &settings_table[i];
	const struct value *ceiling = policy_ceiling(p, i);
	bool any = false;

	for (size_t l = 0; l < LAYER_COUNT; l++) {
		const struct value *max = &p->max[l][i];

		if (!max->set || (ceiling && max != ceiling))
			continue;
		if (first && !any)
			strbuf_adds(out, "        max:\n");
		if (any)
			add_also(out, 3, max);
		else
			add_line(out, 3, strrchr(s->path, '.') + 1, s, max);
		any = true;
	}
	return any;
}

static void
add_max(const struct policy *p, struct strbuf *out)
{
	bool any = false;

	for (size_t i = 0; i < SET_COUNT; i++)
		if (add_ceilings(p, i, !any, out))
			any = true;
}

static bool
in_policy(size_t i)
{
	return i < SET_COUNT &&
	    str_starts(settings_table[i].path, SETTINGS_POLICY ".");
}

static void
add_settings(const struct policy *p, struct strbuf *out)
{
	const char *before = "";

	for (size_t i = 0; i < SET_COUNT; i++) {
		const struct setting *s = &settings_table[i];
		size_t depth = add_parents(out, s->path, before);
		const struct value *also = policy_constraint(p, i, 1);

		add_line(out, depth, strrchr(s->path, '.') + 1, s,
		    policy_value(p, i));
		if (also == &p->layers[LAYER_PROJECT][i])
			add_also(out, depth, also);
		if (in_policy(i) && !in_policy(i + 1))
			add_max(p, out);
		before = s->path;
	}
}

static void
add_notes(const struct policy *p, struct strbuf *out)
{
	for (size_t i = 0; i < p->files.n; i++)
		strbuf_addf(out, "# read: %s\n", p->files.v[i]);
	for (size_t i = 0; i < p->foreign.n; i++)
		strbuf_addf(out, "# not ours, ignored: %s\n", p->foreign.v[i]);
	for (size_t i = 0; i < p->warnings.n; i++)
		strbuf_addf(out, "# warning: %s\n", p->warnings.v[i]);
}

void
policy_show(const struct policy *p, struct strbuf *out)
{
	add_notes(p, out);
	add_settings(p, out);
}

static json *
map_to_json(const struct strvec *list)
{
	json *o = json_object();

	for (size_t i = 0; i < list->n; i++) {
		size_t n = strcspn(list->v[i], "=");
		autofree char *name = xstrndup(list->v[i], n);

		json_put_str(o, name, list->v[i] + n + 1);
	}
	return o;
}

/* Sizes and durations are numbers of one unit for programs: bytes and ms. */
static void
put_value(json *o, const char *key, const struct setting *s,
    const struct value *v)
{
	switch (s->type) {
	case VALUE_BOOL:
		json_put_bool(o, key, v->num);
		break;
	case VALUE_SIZE:
	case VALUE_DURATION:
	case VALUE_COUNT:
		json_put_int(o, key, (int64_t)v->num);
		break;
	case VALUE_NUMBER:
		json_put_num(o, key, (double)v->num / 1000);
		break;
	case VALUE_LIST:
		json_put(o, key, json_from_strings(&v->list));
		break;
	case VALUE_MAP:
		json_put(o, key, map_to_json(&v->list));
		break;
	default:
		json_put_str(o, key, v->text);
	}
}

json *
policy_setting_to_json(const struct policy *p, enum setting_id id)
{
	const struct setting *s = &settings_table[id];
	const struct value *v = policy_value(p, id);
	const struct value *ceiling = policy_ceiling(p, id);
	json *o = json_object();

	json_put_str(o, "name", s->path);
	put_value(o, "value", s, v);
	json_put_str(o, "text", v->text);
	json_put_str(o, "where", v->where);
	put_value(o, "default", s, &p->layers[LAYER_DEFAULT][id]);
	if (ceiling)
		put_value(o, "ceiling", s, ceiling);
	return o;
}

json *
policy_to_json(const struct policy *p)
{
	json *o = json_object(), *settings = json_array();

	for (size_t i = 0; i < SET_COUNT; i++)
		json_push(settings, policy_setting_to_json(p, i));
	json_put(o, "settings", settings);
	json_put(o, "files", json_from_strings(&p->files));
	json_put(o, "ignored", json_from_strings(&p->foreign));
	json_put(o, "warnings", json_from_strings(&p->warnings));
	return o;
}

static void
report_file(const struct policy *p, struct strbuf *report)
{
	add_notes(p, report);
	for (size_t i = 0; i < SET_COUNT; i++) {
		const struct setting *s = &settings_table[i];
		const struct value *v = &p->layers[LAYER_USER][i];
		const struct value *max = &p->max[LAYER_USER][i];

		if (v->set)
			strbuf_addf(report, "%s: %s\n", s->path, v->text);
		if (max->set)
			strbuf_addf(report, SETTINGS_MAX ".%s: %s\n",
			    strrchr(s->path, '.') + 1, max->text);
	}
}

int
policy_check_file(const char *path, struct strbuf *report, struct err *err)
{
	struct yaml *y = yaml_parse_file(path, err);
	struct strvec problems = STRVEC_INIT;
	struct policy *p;
	int r;

	if (!y)
		return -1;
	p = policy_new();
	policy_read(p, LAYER_USER, y, &problems);
	r = policy_report(&problems, err);
	policy_warn_lowered(p);
	if (!r)
		report_file(p, report);
	policy_free(p);
	strvec_release(&problems);
	yaml_doc_free(y);
	return r;
}
