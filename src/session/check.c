#include "session/check_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/glob.h"
#include "session/settings.h"

static struct check_rules *
rules(struct session *s, struct err *err)
{
	if (!s->checks)
		s->checks = check_rules_load(NULL, err);
	return s->checks;
}

void
check_outcome_init(struct check_outcome *o)
{
	*o = (struct check_outcome){0};
}

void
check_outcome_release(struct check_outcome *o)
{
	check_findings_release(&o->findings);
	for (int i = 0; i < CHECK_LAYERS; i++)
		free(o->layers[i].trouble);
	check_outcome_init(o);
}

/* One word, or several that commas divide. */
static int
add_layers(const char *words, unsigned *bits, struct err *err)
{
	autofree char *copy = xstrdup(words);
	char *rest = copy, *word;

	while ((word = strsep(&rest, ","))) {
		int layer = check_layer_by_name(word);

		if (layer < 0) {
			err_set(err, ERR_USAGE, "'%s' is no layer of checks",
			    word);
			return err_hint(err, "they are syntax, structure, "
			    "security, performance and lint");
		}
		*bits |= 1u << layer;
	}
	return 0;
}

unsigned
check_layers(
    const struct policy *p, const struct strvec *names, struct err *err)
{
	const struct strvec *list =
	    names ? names : policy_list(p, SET_CHECKS_LAYERS);
	unsigned bits = 0;

	for (size_t i = 0; i < list->n; i++)
		if (add_layers(list->v[i], &bits, err))
			return 0;
	if (!bits)
		err_set(err, ERR_USAGE, "no layer of checks is named");
	return bits;
}

/* NULL: nothing is known of such a text. */
static const struct check_language *
language_of(struct session *s, const struct check_input *in)
{
	autoerr struct err ignored = ERR_INIT;
	const struct languages *all = session_languages(s, &ignored);
	const struct check_rules *r = rules(s, &ignored);
	const struct check_language *l = NULL;
	struct language_choice choice;

	if (!all || !r)
		return NULL;
	if (!in->language && (l = check_rules_by_file(r, in->name)))
		return l;
	if (languages_choose(all, in->language, in->name, in->text, in->n,
		&choice, &ignored))
		return NULL;
	if (choice.language)
		l = check_rules_by_name(r, choice.language->name);
	language_choice_release(&choice);
	return l;
}

bool
check_knows(struct session *s, const struct check_input *in)
{
	return language_of(s, in) != NULL;
}

/* The programs in pages are texts of their own. */
struct texts {
	struct check_text *v;
	size_t n, cap;
	struct strbuf *owned;
	size_t n_owned;
};

static void
texts_release(struct texts *t)
{
	for (size_t i = 0; i < t->n_owned; i++)
		strbuf_release(&t->owned[i]);
	free(t->owned);
	free(t->v);
}

static void
add_text(struct texts *t, const struct check_input *in, const char *text,
    size_t n, const struct check_language *l)
{
	GROW(t->v, t->n, &t->cap);
	t->v[t->n++] = (struct check_text){
	    .in = in, .text = text, .n = n, .language = l};
}

/* Those of the page that was added last. */
static void
add_scripts(struct texts *t, const struct check_rules *r,
    const struct check_input *in)
{
	struct strbuf *scripts;
	size_t n;

	t->v[t->n - 1].more =
	    !check_text_scripts(in->text, in->n, &scripts, &n);
	t->owned = xreallocarray(
	    t->owned, t->n_owned + n + 1, sizeof(*t->owned));
	for (size_t i = 0; i < n; i++) {
		t->owned[t->n_owned++] = scripts[i];
		add_text(t, in, scripts[i].buf, scripts[i].len,
		    check_rules_by_name(r, "javascript"));
	}
	free(scripts);
}

static void
collect(struct session *s, const struct check_input *in, size_t n,
    struct texts *t)
{
	for (size_t i = 0; i < n; i++) {
		const struct check_language *l = language_of(s, &in[i]);

		if (!l)
			continue;
		add_text(t, &in[i], in[i].text, in[i].n, l);
		if (l->scripts)
			add_scripts(t, s->checks, &in[i]);
	}
}

bool
check_needs_env(struct session *s, const struct check_input *in, size_t n,
    unsigned layers)
{
	struct texts t = {0};
	bool needs = false;

	collect(s, in, n, &t);
	for (size_t i = 0; i < t.n && !needs; i++)
		needs = t.v[i].language && t.v[i].language->n_parsers &&
			layers & (1u << CHECK_SYNTAX | 1u << CHECK_LINT |
				     1u << CHECK_SECURITY);
	texts_release(&t);
	return needs;
}

void
check_not_done(struct checking *c, enum check_layer layer, const char *file,
    const char *why)
{
	struct check_state *state = &c->out->layers[layer];
	autofree char *line = xstrdup(why);

	/* What a program said may look like lines of ours. */
	for (char *p = line; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
	state->done = false;
	if (!state->trouble)
		state->trouble = xstrdup(line);
	check_add(&c->out->findings, layer, "not-checked", CHECK_WARNING, file,
	    0, 0, line, NULL);
}

void
check_done(struct checking *c, enum check_layer layer)
{
	struct check_state *state = &c->out->layers[layer];

	state->done = check_wants(c, layer) && !state->trouble;
}

/* ---- the layers that need no environment ---- */

struct looking {
	struct checking *c;
	const struct check_text *text;
};

static void
on_text_fact(void *arg, size_t at, const struct check_fact *f)
{
	struct looking *l = arg;

	check_fact_find(l->text->language, f, l->text->in->name, true,
	    &l->c->out->findings);
}

static void
say_more(struct checking *c, const struct check_text *t)
{
	static const enum check_layer layers[] = {
	    CHECK_SYNTAX, CHECK_SECURITY};

	for (size_t i = 0; i < ARRAY_SIZE(layers) && t->more; i++)
		if (check_wants(c, layers[i]))
			check_not_done(c, layers[i], t->in->name,
			    "more than 64 programs in a page");
}

static void
look_at(struct checking *c, struct check_text *t, size_t size_limit)
{
	struct looking l = {c, t};
	bool whole = t->text == t->in->text;

	if (check_wants(c, CHECK_SECURITY) && !t->told)
		check_text_facts(t->language, t->text, t->n, on_text_fact, &l);
	if (check_wants(c, CHECK_STRUCTURE) && whole)
		check_structure_find(c->rules, &t->language->lexis,
		    t->in->name, t->text, t->n, &c->out->findings);
	if (check_wants(c, CHECK_PERFORMANCE) && whole)
		check_size(&c->out->findings, t->in->name, t->n, size_limit);
	say_more(c, t);
	check_done(c, CHECK_SECURITY);
	check_done(c, CHECK_STRUCTURE);
	check_done(c, CHECK_PERFORMANCE);
	c->out->texts += whole;
}

/* ---- what the settings expect ---- */

static bool
has_marker(const struct check_text *t, const struct regexp *marker)
{
	autobuf struct strbuf text = STRBUF_INIT;
	struct regexp_run run = REGEXP_RUN_INIT;
	size_t group[2];
	bool found;

	check_text_blank(&t->language->lexis, t->text, t->n, true, &text);
	found = regexp_search_lines(marker, &run, text.buf, text.len, group);
	regexp_run_release(&run);
	return found;
}

static bool
is_named(const char *pattern, const char *file)
{
	const char *slash = strrchr(file, '/');

	return glob_match(pattern, file) ||
	       (slash && !strchr(pattern, '/') && glob_match(pattern, slash + 1));
}

/* NAME=MARKER of checks.expect: a file, and what must stand in it. */
static int
expect_one(struct checking *c, const struct texts *t, const char *entry,
    bool directory)
{
	size_t n = strcspn(entry, "=");
	autofree char *name = xstrndup(entry, n), *said = NULL;
	const char *text = entry[n] ? entry + n + 1 : "";
	struct regexp *marker = NULL;
	bool found = false;

	if (*text && !(marker = regexp_new(text, strlen(text), c->err)))
		return err_prefix(c->err, "checks.expect: %s", name);
	for (size_t i = 0; i < t->n; i++) {
		const struct check_text *one = &t->v[i];

		if (one->text != one->in->text ||
		    !is_named(name, one->in->name))
			continue;
		found = true;
		if (!marker || has_marker(one, marker))
			continue;
		free(said);
		said = xasprintf("nothing in it is %s", text);
		check_add(&c->out->findings, CHECK_STRUCTURE, "missing-marker",
		    CHECK_ERROR, one->in->name, 0, 0, said, NULL);
	}
	regexp_free(marker);
	if (!found && directory)
		check_add(&c->out->findings, CHECK_STRUCTURE, "missing-file",
		    CHECK_ERROR, name, 0, 0, "there is no such file", NULL);
	return 0;
}

static int
expect(struct checking *c, const struct texts *t, bool directory)
{
	const struct strvec *all =
	    policy_list(c->s->policy, SET_CHECKS_EXPECT);

	for (size_t i = 0; i < all->n; i++)
		if (expect_one(c, t, all->v[i], directory))
			return -1;
	return 0;
}

/* ---- the policy ---- */

static int
action_by_name(const char *name)
{
	for (int i = 0; check_action_names[i]; i++)
		if (!strcmp(check_action_names[i], name))
			return i;
	return -1;
}

static int
validate_rules(const struct policy *p, struct err *err)
{
	const struct strvec *rules = policy_list(p, SET_CHECKS_RULES);

	for (size_t i = 0; i < rules->n; i++) {
		const char *value = strchr(rules->v[i], '=');

		if (!value || action_by_name(value + 1) < 0)
			return err_set(err, ERR_CONFIG,
			    "checks.rules: %s must be refuse, warn or allow "
			    "(%s)", rules->v[i],
			    policy_where(p, SET_CHECKS_RULES));
	}
	return 0;
}

/* The rule's own setting, or that of its severity. */
static enum check_action
action_of(const struct policy *p, const struct check_finding *f)
{
	const char *own =
	    strvec_env_get(policy_list(p, SET_CHECKS_RULES), f->rule);

	if (own)
		return (enum check_action)action_by_name(own);
	for (int i = 0; check_severity_names[i]; i++)
		if (!strcmp(f->severity, check_severity_names[i]))
			return (enum check_action)policy_num(
			    p, SET_CHECKS_ERROR + (enum setting_id)i);
	return f->action;
}

static void
apply_policy(struct checking *c)
{
	struct check_findings *f = &c->out->findings;

	for (size_t i = 0; i < f->n; i++)
		f->v[i].action = action_of(c->s->policy, &f->v[i]);
	check_findings_sort(f);
}

/* ---- the whole ---- */

static int
by_language(const void *pa, const void *pb)
{
	const struct check_text *a = *(struct check_text *const *)pa;
	const struct check_text *b = *(struct check_text *const *)pb;

	if (a->language != b->language)
		return a->language < b->language ? -1 : 1;
	return a < b ? -1 : a > b;
}

/* Texts of one language at a time. */
static int
ask_parsers(struct checking *c, struct texts *t)
{
	autofree struct check_text **order =
	    xcalloc(t->n + 1, sizeof(struct check_text *));
	bool parse = check_wants(c, CHECK_SYNTAX) ||
		     check_wants(c, CHECK_SECURITY);
	int rc = 0;

	for (size_t i = 0; i < t->n; i++)
		order[i] = &t->v[i];
	if (t->n)
		qsort(order, t->n, sizeof(struct check_text *), by_language);
	for (size_t i = 0, k; i < t->n && !rc; i = k) {
		for (k = i; k < t->n; k++)
			if (order[k]->language != order[i]->language)
				break;
		if (parse && order[i]->language->n_parsers)
			rc = check_parse(c, order + i, k - i);
		if (!rc && check_wants(c, CHECK_LINT))
			rc = check_lint(c, order + i, k - i);
	}
	return rc;
}

int
session_check(struct session *s, struct env *env, const struct check_input *in,
    size_t n, unsigned layers, bool directory, const struct session_events *ev,
    struct check_outcome *out, struct err *err)
{
	struct checking c = {.s = s, .env = env, .rules = rules(s, err),
	    .layers = layers, .ev = ev, .out = out, .err = err};
	struct texts t = {0};
	int rc = -1;

	if (!c.rules || validate_rules(s->policy, err))
		return -1;
	for (int i = 0; i < CHECK_LAYERS; i++)
		out->layers[i].asked |= check_wants(&c, (enum check_layer)i);
	collect(s, in, n, &t);
	if (!env || !ask_parsers(&c, &t))
		rc = check_wants(&c, CHECK_STRUCTURE)
			 ? expect(&c, &t, directory)
			 : 0;
	for (size_t i = 0; i < t.n && !rc; i++)
		look_at(&c, &t.v[i],
		    policy_num(s->policy, SET_CHECKS_SIZE_LIMIT));
	if (!rc)
		apply_policy(&c);
	texts_release(&t);
	return rc;
}
