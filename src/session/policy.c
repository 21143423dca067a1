/* Layers and what they come to. */
#include "session/policy_impl.h"

#include <string.h>

#include "base/units.h"

#define STRANGER "a session file of somebody else"

static void
resolve_all(struct policy *p)
{
	for (size_t i = 0; i < SET_COUNT; i++)
		policy_resolve(p, i);
}

static void
set_own(struct value *v, const struct setting *s, const char *text,
    const char *where)
{
	struct err err = ERR_INIT;

	value_release(v);
	if (value_parse(s, text, where, v, &err))
		abort(); /* a row of our own; a test reads each */
}

static void
set_defaults(struct policy *p)
{
	for (size_t i = 0; i < SET_COUNT; i++)
		set_own(&p->layers[LAYER_DEFAULT][i], &settings_table[i],
		    settings_table[i].def, "the default");
}

/* A project's file can only tighten, and no ceiling of its own is less than
   one that nobody named. */
static bool
has_ceiling(const struct policy *p, enum setting_id id)
{
	for (size_t l = LAYER_DEFAULT; l < LAYER_PROJECT; l++)
		if (p->max[l][id].set)
			return true;
	return false;
}

void
policy_use_agent(struct policy *p)
{
	for (size_t i = 0; i < SET_COUNT; i++) {
		const struct setting *s = &settings_table[i];

		if (s->agent)
			set_own(&p->layers[LAYER_DEFAULT][i], s, s->agent,
			    "the default for agents");
		if (s->agent_max && !has_ceiling(p, i))
			set_own(&p->max[LAYER_DEFAULT][i], s, s->agent_max,
			    "the ceiling for agents");
	}
	/* What `auto` may come to is not for an agent to get. */
	for (size_t l = LAYER_SITE; l < LAYER_COUNT; l++) {
		struct value *v = &p->layers[l][SET_SANDBOX];

		if (v->set && !strcmp(v->text, "auto"))
			value_release(v);
	}
	resolve_all(p);
}

/* NULL: not that one. */
static void
bound_paths(struct policy *p, enum setting_id id, const char *a, const char *b)
{
	struct value *v = &p->max[LAYER_DEFAULT][id];

	value_release(v);
	*v = (struct value){.set = true, .list = STRVEC_INIT,
	    .where = xstrdup(STRANGER)};
	if (a)
		strvec_push(&v->list, a);
	if (b)
		strvec_push(&v->list, b);
	v->text = xasprintf("%s%s%s", a ? a : "", a && b ? ", " : "",
	    b ? b : a ? "" : "nothing");
}

void
policy_use_stranger(struct policy *p, const char *dir, const char *tmp)
{
	for (size_t i = 0; i < SET_COUNT; i++) {
		const struct setting *s = &settings_table[i];

		if (s->agent_max && !has_ceiling(p, i))
			set_own(&p->max[LAYER_DEFAULT][i], s, s->agent_max,
			    STRANGER);
	}
	bound_paths(p, SET_HOST_READ, dir, tmp);
	bound_paths(p, SET_HOST_WRITE, tmp, NULL);
	/* Whoever starts addesh may allow it (--allow-host). */
	if (!p->layers[LAYER_OPTION][SET_HOST_PIPE].set)
		set_own(&p->max[LAYER_DEFAULT][SET_HOST_PIPE],
		    &settings_table[SET_HOST_PIPE], "never", STRANGER);
	p->stranger = true;
	resolve_all(p);
}

static struct policy *
new_empty(void)
{
	struct policy *p = xcalloc(1, sizeof(*p));

	for (size_t l = 0; l < LAYER_COUNT; l++) {
		for (size_t i = 0; i < SET_COUNT; i++) {
			p->layers[l][i] = (struct value)VALUE_INIT;
			p->max[l][i] = (struct value)VALUE_INIT;
		}
	}
	strvec_init(&p->files);
	strvec_init(&p->foreign);
	strvec_init(&p->warnings);
	return p;
}

struct policy *
policy_new(void)
{
	struct policy *p = new_empty();

	set_defaults(p);
	resolve_all(p);
	return p;
}

struct policy *
policy_copy(const struct policy *src)
{
	struct policy *p = new_empty();

	for (size_t l = 0; l < LAYER_COUNT; l++) {
		for (size_t i = 0; i < SET_COUNT; i++) {
			value_copy(&p->layers[l][i], &src->layers[l][i]);
			value_copy(&p->max[l][i], &src->max[l][i]);
		}
	}
	strvec_pushv(&p->files, src->files.v, src->files.n);
	strvec_pushv(&p->foreign, src->foreign.v, src->foreign.n);
	strvec_pushv(&p->warnings, src->warnings.v, src->warnings.n);
	p->stranger = src->stranger;
	resolve_all(p);
	return p;
}

void
policy_free(struct policy *p)
{
	if (!p)
		return;
	for (size_t l = 0; l < LAYER_COUNT; l++) {
		for (size_t i = 0; i < SET_COUNT; i++) {
			value_release(&p->layers[l][i]);
			value_release(&p->max[l][i]);
		}
	}
	strvec_release(&p->files);
	strvec_release(&p->foreign);
	strvec_release(&p->warnings);
	free(p);
}

static bool
is_list(enum setting_id id)
{
	return settings_table[id].type == VALUE_LIST;
}

static const struct value *
stricter(const struct value *a, const struct value *b)
{
	return value_less(b, a) ? b : a;
}

/* The project's part; lists keep theirs beside the other, as a constraint. */
static const struct value *
tightened(enum setting_id id, const struct value *v,
    const struct value *project)
{
	switch (settings_table[id].tighten) {
	case TIGHTEN_ONLY:
		return project;
	case TIGHTEN_SMALLER:
		return stricter(v, project);
	case TIGHTEN_LARGER:
		return value_less(v, project) ? project : v;
	default:
		return v;
	}
}

const struct value *
policy_wanted(const struct policy *p, enum setting_id id)
{
	const struct value *v = &p->layers[LAYER_DEFAULT][id];
	const struct value *project = &p->layers[LAYER_PROJECT][id];

	for (size_t l = LAYER_DEFAULT; l < LAYER_PROJECT; l++)
		if (p->layers[l][id].set)
			v = &p->layers[l][id];
	if (project->set)
		v = tightened(id, v, project);
	for (size_t l = LAYER_PROJECT + 1; l < LAYER_COUNT; l++)
		if (p->layers[l][id].set)
			v = &p->layers[l][id];
	return v;
}

const struct value *
policy_ceiling(const struct policy *p, enum setting_id id)
{
	const struct value *lowest = NULL;

	if (is_list(id))
		return NULL;
	if (settings_table[id].same)
		id = settings_table[id].same;
	for (size_t l = 0; l < LAYER_COUNT; l++) {
		const struct value *max = &p->max[l][id];

		if (max->set)
			lowest = lowest ? stricter(lowest, max) : max;
	}
	return lowest;
}

void
policy_resolve(struct policy *p, enum setting_id id)
{
	const struct value *ceiling = policy_ceiling(p, id);

	p->now[id] = policy_wanted(p, id);
	if (ceiling)
		p->now[id] = stricter(p->now[id], ceiling);
}

/* What somebody asks for here and now replaces the project's list too.  A
   value that is no list is in policy_wanted already, or counts nowhere. */
static bool
project_counts(const struct policy *p, enum setting_id id)
{
	if (!is_list(id))
		return false;
	for (size_t l = LAYER_PROJECT + 1; l < LAYER_COUNT; l++)
		if (p->layers[l][id].set)
			return false;
	return p->layers[LAYER_PROJECT][id].set;
}

const struct value *
policy_constraint(const struct policy *p, enum setting_id id, size_t i)
{
	if (!i--)
		return p->now[id];
	if (project_counts(p, id) && !i--)
		return &p->layers[LAYER_PROJECT][id];
	for (size_t l = 0; l < LAYER_COUNT; l++)
		if (p->max[l][id].set && !i--)
			return &p->max[l][id];
	return NULL;
}

const struct strvec *
policy_warnings(const struct policy *p)
{
	return &p->warnings;
}

const struct value *
policy_value(const struct policy *p, enum setting_id id)
{
	return p->now[id];
}

bool
policy_bool(const struct policy *p, enum setting_id id)
{
	return p->now[id]->num;
}

uint64_t
policy_num(const struct policy *p, enum setting_id id)
{
	return p->now[id]->num;
}

const char *
policy_text(const struct policy *p, enum setting_id id)
{
	return p->now[id]->text;
}

const struct strvec *
policy_list(const struct policy *p, enum setting_id id)
{
	return &p->now[id]->list;
}

const char *
policy_where(const struct policy *p, enum setting_id id)
{
	return p->now[id]->where;
}

bool
policy_from_variable(const struct policy *p, enum setting_id id)
{
	return p->now[id] == &p->layers[LAYER_VARIABLE][id];
}

bool
policy_changed(const struct policy *p, enum setting_id id)
{
	return !value_equal(p->now[id], &p->layers[LAYER_DEFAULT][id]) ||
	    policy_constraint(p, id, 1);
}

static int
check_ceiling(const struct policy *p, const struct setting *s,
    const struct value *v, struct err *err)
{
	const struct value *ceiling = policy_ceiling(p, settings_id(s));

	if (!ceiling || !value_less(ceiling, v))
		return 0;
	return err_set(err, ERR_POLICY,
	    "%s: %s is above the ceiling of %s (%s)", settings_name(s), v->text,
	    ceiling->text, ceiling->where);
}

/* A switch that a file turned off is not for scripts to turn on again. */
static int
check_switch(const struct policy *p, const struct setting *s,
    const struct value *v, struct err *err)
{
	const struct value *now = p->now[settings_id(s)];

	if (s->tighten != TIGHTEN_ONLY || strcmp(now->text, s->only) ||
	    !strcmp(v->text, s->only) ||
	    now == &p->layers[LAYER_SET][settings_id(s)])
		return 0;
	err_set(err, ERR_POLICY, "%s stays %s (%s)", settings_name(s),
	    now->text, now->where);
	return err_hint(err, "only a file can lift what a file says");
}

int
policy_check_stranger(const struct policy *p, const char *what,
    struct err *err)
{
	if (!p->stranger)
		return 0;
	return err_set(err, ERR_POLICY, "%s is not for %s", what, STRANGER);
}

static int
check_stranger(const struct policy *p, const struct setting *s, struct err *err)
{
	if (s->ceiling || s->same || str_starts(s->path, "shell.") ||
	    str_starts(s->path, "output."))
		return 0;
	return policy_check_stranger(p, settings_name(s), err);
}

static int
set_in(struct policy *p, enum layer layer, const char *name, const char *text,
    const char *where, struct err *err)
{
	const struct setting *s = settings_lookup(name, err);
	struct value v;

	if (!s)
		return -1;
	if (value_parse(s, text, where, &v, err))
		return err_prefix(err, "%s", settings_name(s));
	if (check_stranger(p, s, err) || check_switch(p, s, &v, err) ||
	    check_ceiling(p, s, &v, err)) {
		value_release(&v);
		return -1;
	}
	value_release(&p->layers[layer][settings_id(s)]);
	p->layers[layer][settings_id(s)] = v;
	policy_resolve(p, settings_id(s));
	return 0;
}

int
policy_set(struct policy *p, const char *name, const char *text,
    const char *option, struct err *err)
{
	autofree char *where = option ? xasprintf("the option %s", option)
				      : xstrdup("'set'");

	return set_in(p, option ? LAYER_OPTION : LAYER_SET, name, text, where,
	    err);
}

int
policy_override(struct policy *p, const char *name, const char *text,
    const char *option, struct err *err)
{
	autofree char *where = xasprintf("the option %s", option);

	return set_in(p, LAYER_COMMAND, name, text, where, err);
}

/* The words of the rows and the enumerators of the sandbox, side by side. */
_Static_assert(NET_NONE == 0 && NET_FULL == 1, "words of network");
_Static_assert(USER_SANDBOX == 0 && USER_IMAGE == 1 && USER_ROOT == 2,
    "words of user");
_Static_assert(WORKSPACE_MEMORY == 0 && WORKSPACE_DISK == 1,
    "words of workspace");

void
policy_limits(const struct policy *p, struct limits *out)
{
	*out = (struct limits){
	    .memory = policy_num(p, SET_MEMORY_LIMIT),
	    .disk = policy_num(p, SET_DISK_LIMIT),
	    .tmp = policy_num(p, SET_TMP_LIMIT),
	    .shm = policy_num(p, SET_SHM_LIMIT),
	    .output = policy_num(p, SET_OUTPUT_LIMIT),
	    .cpu_milli = policy_num(p, SET_CPU_LIMIT),
	    .pids = policy_num(p, SET_PIDS_LIMIT),
	    .timeout_ms = policy_num(p, SET_TIMEOUT),
	    .network = (enum net_mode)policy_num(p, SET_NETWORK),
	    .user = (enum user_kind)policy_num(p, SET_USER),
	    .workspace = (enum workspace_kind)policy_num(p, SET_WORKSPACE),
	};
}

int
policy_check_memory(const struct limits *l, uint64_t machine, struct err *err)
{
	uint64_t workspace = l->workspace == WORKSPACE_MEMORY ? l->disk : 0;
	uint64_t sum = l->memory + workspace + l->tmp + l->shm;
	autobuf struct strbuf need = STRBUF_INIT, have = STRBUF_INIT;

	if (!machine || sum <= machine)
		return 0;
	units_add_size(&need, sum);
	units_add_size(&have, machine);
	err_set(err, ERR_POLICY,
	    "the environment could take %s of memory, and the machine has %s",
	    need.buf, have.buf);
	err_hint(err, "memory_limit, /workspace, /tmp and /dev/shm count "
		      "together");
	return err_hint(err, "ask for less:  env new -m SIZE --disk SIZE");
}
