/* env ls: environments of this session, kept ones, and those of others. */
#include <string.h>

#include "cmd/call.h"
#include "cmd/session_host.h"
#include "engine/container.h"
#include "engine/endpoint.h"
#include "sandbox/kept.h"
#include "session/session.h"

#define ID_SHOWN 8 /* digits, which 'env use' takes */

static const struct column cols[] = {{"current", "", false, 0},
    {"name", "NAME", false, 0}, {"image", "IMAGE", false, 1},
    {"kind", "KIND", false, 2}, {"network", "NETWORK", false, 3},
    {"state", "STATE", false, 0}, {"session", "SESSION", false, 4},
    {"id", "ID", false, 0}};

struct listing {
	struct call *c;
	struct call_table *table;
	json *records;	  /* of the register */
	json *containers; /* of ours on the engine; NULL: it is not asked */
	const char *engine; /* its URL, or NULL */
};

/* The mark of the current one is true or false, an id is whole. */
static void
add_row(struct listing *l, const char *const *cells, const char *id)
{
	autofree char *shown = xasprintf("%.*s", ID_SHOWN, id ? id : "");
	const char *row[ARRAY_SIZE(cols)];
	json *j = json_object();

	json_put_bool(j, "current", *cells[0] != 0);
	for (size_t i = 0; i < ARRAY_SIZE(cols); i++) {
		bool is_id = i == ARRAY_SIZE(cols) - 1;

		row[i] = is_id ? shown : cells[i];
		if (i)
			json_put_str(j, cols[i].key, is_id ? id : cells[i]);
	}
	call_table_row(l->table, row, j);
}

static const char *
network_word(enum net_mode network)
{
	return network == NET_NONE ? "none" : "full";
}

static const char *
state_word(enum kept_state state)
{
	static const char *const words[] = {[KEPT_LIVES] = "kept",
	    [KEPT_LOST] = "lost", [KEPT_ENDED] = "ended", [KEPT_UNKNOWN] = "unknown"};

	return words[state];
}

static const json *
find_record(const struct listing *l, const char *id)
{
	const json *record;

	json_each (record, l->records)
		if (!strcmp(json_str(record, "id", ""), id))
			return record;
	return NULL;
}

/* One that is kept may have ended while nobody was connected. */
static const char *
own_state(const struct listing *l, const struct env *env)
{
	const json *record = env->id ? find_record(l, env->id) : NULL;

	if (record)
		return state_word(kept_state(record, l->containers, l->engine));
	return env->box && box_alive(env->box) && !env->id ? "open" : "lost";
}

static void
own_row(struct listing *l, const struct env *env)
{
	const struct session *s = l->c->session;
	const char *cells[] = {env == s->current ? "*" : "", env->spec.name,
	    env->spec.image, session_host_fact(env->box, "kind"),
	    network_word(env->spec.limits.network), own_state(l, env), s->name,
	    NULL};

	add_row(l, cells, env->id);
}

static bool
is_own(const struct session *s, const char *id)
{
	for (size_t i = 0; i < s->nenvs; i++)
		if (s->envs[i]->id && !strcmp(s->envs[i]->id, id))
			return true;
	return false;
}

static const char *
kind_of(const json *record)
{
	autovec struct strvec facts = STRVEC_INIT;
	const char *kind;

	json_strings(json_get(record, "facts"), &facts);
	kind = strvec_env_get(&facts, "kind");
	return !kind ? "" : !strcmp(kind, "restricted") ? "restricted"
	    : !strcmp(kind, "podman")			? "podman"
							: "docker";
}

static void
kept_row(struct listing *l, const json *record)
{
	const json *spec = json_get(record, "spec");
	const char *cells[] = {"", json_str(record, "name", ""),
	    json_str(spec, "image", ""), kind_of(record),
	    network_word((enum net_mode)json_int(
		json_get(spec, "limits"), "network", NET_NONE)),
	    state_word(kept_state(record, l->containers, l->engine)),
	    json_str(record, "session", NULL), NULL};

	add_row(l, cells, json_str(record, "id", ""));
}

static bool
is_registered(const struct listing *l, const char *container)
{
	const json *record;

	json_each (record, l->records)
		if (!strcmp(json_str(json_get(record, "box"), "container", ""),
			container))
			return true;
	return false;
}

/* A container of another session that is open now, or kept elsewhere. */
static void
foreign_row(struct listing *l, const json *item)
{
	const struct session *s = l->c->session;
	const json *labels = json_get(item, "Labels");
	const char *id = json_str(item, "Id", "");
	const char *cells[] = {"", json_str(labels, "addesh.name", ""),
	    json_str(item, "Image", ""),
	    engine_kind(s->engine) == ENGINE_PODMAN ? "podman" : "docker",
	    "", /* no list of an engine says it */
	    json_str(item, "State", ""), NULL, NULL};

	if (strcmp(json_str(labels, "addesh.session", ""), s->id) &&
	    !is_registered(l, id))
		add_row(l, cells, id);
}

/* The containers are what tells whether one that is kept still lives. */
static int
ask_engine(struct listing *l)
{
	autovec struct strvec labels = STRVEC_INIT;
	autoerr struct err none = ERR_INIT;
	struct engine *engine = session_engine(l->c->session, &none);

	if (!engine) {
		call_note(l->c, "only this host was looked at, no engine: %s",
		    none.msg.buf);
		return 0;
	}
	l->engine = engine_endpoint(engine)->url;
	strvec_push(&labels, "addesh.owner");
	l->containers = container_list(engine, &labels, &l->c->err);
	return l->containers ? 0 : -1;
}

static bool
has_kept_container(const struct session *s)
{
	for (size_t i = 0; i < s->nenvs; i++)
		if (s->envs[i]->id && s->envs[i]->spec.kind == BOX_ENGINE)
			return true;
	return false;
}

static void
other_rows(struct listing *l, const struct strvec *wrong)
{
	const json *item;

	for (size_t i = 0; i < wrong->n; i++)
		call_note(l->c, "%s cannot be read: 'gc' says more",
		    wrong->v[i]);
	json_each (item, l->records)
		if (!is_own(l->c->session, json_str(item, "id", "")))
			kept_row(l, item);
	json_each (item, l->containers)
		foreign_row(l, item);
}

static int
env_ls_exec(struct call *c)
{
	struct session *s = c->session;
	bool all = call_has(c, "all");
	struct listing l = {.c = c};
	autovec struct strvec wrong = STRVEC_INIT;
	int rc = 0;

	session_envs_refresh(s);
	l.records = kept_list(&s->runtime, &wrong);
	if (all || has_kept_container(s))
		rc = ask_engine(&l);
	l.table = call_table_new(c, "environments", cols, ARRAY_SIZE(cols));
	for (size_t i = 0; i < s->nenvs; i++)
		own_row(&l, s->envs[i]);
	if (all && !rc)
		other_rows(&l, &wrong);
	call_table_end(l.table);
	json_free(l.records);
	json_free(l.containers);
	return rc;
}

const struct cmd cmd_env_ls = {
    .name = "env ls",
    .summary = "list the environments",
    .help =
	"STATE is open, kept (it outlives the session), lost or ended (it is "
	"gone), or unknown (its engine did not say).  With -a also kept ones "
	"that belong to other sessions of this user, and what other processes "
	"have open on the engine.",
    .opts = (const struct opt[]){OPT_FLAG('a', "all",
				     "kept ones and those of other sessions "
				     "too"),
	OPT_END},
    .flags = CMD_NO_STEP,
    .exec = env_ls_exec,
};
