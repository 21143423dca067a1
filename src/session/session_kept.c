/* Environments that outlive the session: see sandbox/kept.h. */
#include <string.h>

#include "base/clock.h"
#include "sandbox/kept.h"
#include "session/apply.h"
#include "session/project.h"
#include "session/session_impl.h"

#define ID_DIGITS_MIN 4 /* that somebody has to type of an id */
#define ID_DIGITS_SHOWN 8

/* ---- what the session adds to a record ---- */

static json *
group_json(const struct dep_group *g)
{
	json *j = json_object(), *files = json_array();

	json_put_str(j, "language", g->language->name);
	json_put(j, "packages", json_from_strings(&g->packages));
	for (size_t i = 0; i < g->n_files; i++) {
		json *file = json_object();

		json_put_str(file, "name", g->files[i].name);
		json_put_str(file, "text", g->files[i].text);
		json_push(files, file);
	}
	json_put(j, "files", files);
	return j;
}

static int
read_group(struct deps *d, const struct languages *all, const json *j,
    struct err *err)
{
	const char *name = json_str(j, "language", "");
	const struct language *l = languages_by_name(all, name);
	autovec struct strvec packages = STRVEC_INIT;
	const json *file;

	if (!l)
		return err_set(err, ERR_IO, "language %s: not known", name);
	json_strings(json_get(j, "packages"), &packages);
	for (size_t i = 0; i < packages.n; i++)
		if (deps_add(d, l, packages.v[i], err))
			return -1;
	json_each (file, json_get(j, "files")) {
		const char *text = json_str(file, "text", "");

		if (deps_add_file(d, all, l, json_str(file, "name", ""), text,
			strlen(text), err))
			return -1;
	}
	return 0;
}

static int
read_deps(struct session *s, const json *groups, struct deps *d,
    struct err *err)
{
	const json *group;

	json_each (group, groups) {
		const struct languages *all = session_languages(s, err);

		if (!all || read_group(d, all, group, err))
			return -1;
	}
	return 0;
}

int
session_env_save(struct session *s, struct env *env, struct err *err)
{
	autojson json *record = NULL;
	json *groups = json_array();

	for (size_t i = 0; i < env->deps.n; i++)
		json_push(groups, group_json(&env->deps.groups[i]));
	record = box_record(env->box);
	json_remove(record, "session"); /* of an unnamed one: its label */
	/* It stays of the one that has it, whoever works in it. */
	json_put_str(
	    record, "session", env->session ? env->session : s->name);
	json_put(record, "deps", groups);
	json_put_bool(record, "jobs", env->jobs);
	if (env->project) {
		env->project->kept = true;
		json_put(record, "project", project_json(env->project));
	}
	return kept_save(&s->runtime, record, err);
}

/* Whether the session has another one of its name: another process may have
   opened it since this one looked.  What is still being opened has no deps. */
static bool
is_taken(const struct session *s, const struct env *env)
{
	autojson json *list = kept_list(&s->runtime, NULL);
	const json *item;

	json_each (item, list)
		if (!strcmp(json_str(item, "session", ""), s->name) &&
		    !strcmp(json_str(item, "name", ""), env->spec.name) &&
		    strcmp(json_str(item, "id", ""), env->id) != 0 &&
		    json_get(item, "deps"))
			return true;
	return false;
}

int
session_env_save_new(struct session *s, struct env *env, struct err *err)
{
	autoerr struct err ignored = ERR_INIT;
	autoclose int hold = s->named ? named_hold(s->named, &ignored) : -1;

	(void)hold; /* until it is written */
	if (s->named && is_taken(s, env)) {
		err_set(err, ERR_USAGE, "another process of session %s has "
		    "opened an environment '%s'", s->name, env->spec.name);
		return err_hint(err, "use it:  env use %s      or take another "
		    "name", env->spec.name);
	}
	return session_env_save(s, env, err);
}

int
session_env_keep(struct session *s, struct env *env, uint64_t lease_ms,
    struct err *err)
{
	if (box_keep(env->box, lease_ms, err))
		return -1;
	env->spec.lease_ms = lease_ms;
	if (!env->id)
		env->id = xstrdup(box_id(env->box));
	return session_env_save(s, env, err) || session_undo_keep(s, env, err)
		   ? -1
		   : 0;
}

/* ---- one of the register becomes one of the session ---- */

static struct env *
adopt(struct session *s, const json *record, struct err *err)
{
	struct env *env = xcalloc(1, sizeof(*env));
	const char *session;
	struct box_ctx ctx;

	strvec_init(&env->tools);
	if (kept_spec_read(json_get(record, "spec"), &env->spec, err) ||
	    read_deps(s, json_get(record, "deps"), &env->deps, err))
		goto failed;
	session_box_ctx(s, NULL, &ctx);
	env->box = box_reopen(record, &ctx, err);
	if (!env->box)
		goto failed;
	env->spec.lease_ms = box_lease(env->box);
	env->opened_ms = json_int(record, "opened_ms", clock_wall_ms());
	env->id = xstrdup(json_str(record, "id", ""));
	env->jobs = json_bool(record, "jobs", false);
	session = json_str(record, "session", NULL);
	env->session = session ? xstrdup(session) : NULL;
	env->project = project_read(s, json_get(record, "project"));
	session_env_add(s, env);
	return env;
failed:
	err_prefix(err, "%s", json_str(record, "name", ""));
	env_free(env);
	return NULL;
}

static bool
is_beginning(const char *text, const char *of)
{
	return strlen(text) >= ID_DIGITS_MIN && str_starts(of, text);
}

/* 2: its name, 1: the beginning of an id of its, 0: something else. */
static int
matches(const json *record, const char *name)
{
	if (!strcmp(json_str(record, "name", ""), name))
		return 2;
	return is_beginning(name, json_str(record, "id", "")) ||
	       is_beginning(name,
		   json_str(json_get(record, "box"), "container", ""));
}

static int
ambiguous(const json *a, const json *b, const char *name, struct err *err)
{
	const char *ida = json_str(a, "id", ""), *idb = json_str(b, "id", "");
	int n = strncmp(ida, idb, ID_DIGITS_SHOWN) ? ID_DIGITS_SHOWN : 16;

	err_set(err, ERR_USAGE, "'%s' is the name of several kept environments",
	    name);
	return err_hint(err, "by its id:  %.*s (%s) or %.*s (%s)      all of "
	    "them:  env ls -a", n, ida, json_str(a, "name", ""), n, idb,
	    json_str(b, "name", ""));
}

static struct env *
find_id(struct session *s, const char *id)
{
	for (size_t i = 0; i < s->nenvs; i++)
		if (s->envs[i]->id && !strcmp(s->envs[i]->id, id))
			return s->envs[i];
	return NULL;
}

/* What cannot be read may be what was asked for. */
static struct env *
not_found(struct session *s, const char *name, const struct strvec *wrong,
    struct err *err)
{
	for (size_t i = 0; i < wrong->n; i++) {
		const char *file = strrchr(wrong->v[i], '/') + 1;
		autofree char *id = xstrndup(file, strcspn(file, "."));

		if (is_beginning(name, id))
			json_free(kept_load(&s->runtime, id, err));
	}
	return NULL;
}

struct env *
session_env_adopt(struct session *s, const char *name, struct err *err)
{
	autovec struct strvec wrong = STRVEC_INIT;
	autojson json *list = kept_list(&s->runtime, &wrong);
	const json *item, *found = NULL;
	struct env *env;
	int best = 0;

	json_each (item, list) {
		int match = matches(item, name);

		if (match && match == best) {
			ambiguous(found, item, name, err);
			return NULL;
		}
		if (match > best) {
			best = match;
			found = item;
		}
	}
	if (!found)
		return not_found(s, name, &wrong, err);
	/* By its id it may be one that the session has. */
	env = find_id(s, json_str(found, "id", ""));
	if (!env && !policy_check_stranger(s->policy, "what was kept", err))
		env = adopt(s, found, err);
	return env;
}

/* ---- a named session ---- */

static bool
is_listed(const json *list, const char *id)
{
	const json *item;

	json_each (item, list)
		if (!strcmp(json_str(item, "id", ""), id))
			return true;
	return false;
}

/* Another process has closed it. */
static void
forget_closed(struct session *s, const json *list)
{
	for (size_t i = s->nenvs; i-- > 0;)
		if (s->envs[i]->id && !is_listed(list, s->envs[i]->id))
			session_env_forget(s, s->envs[i]);
}

/* The newest is meant where the state names none: see choose_current(). */
static const char *
selected_id(const struct session *s)
{
	return s->current && s->current != s->envs[s->nenvs - 1]
		   ? s->current->id
		   : NULL;
}

static void
set_current(void *arg, json *state)
{
	const char *id = selected_id(arg);

	json_remove(state, "env");
	if (id)
		json_put_str(state, "env", id);
}

void
session_env_select(struct session *s, struct env *env)
{
	autoerr struct err ignored = ERR_INIT;
	const char *saved, *id;

	s->current = env;
	if (!s->named)
		return;
	saved = json_str(named_state(s->named), "env", "");
	id = selected_id(s);
	if (strcmp(saved, id ? id : ""))
		named_change(s->named, set_current, s, &ignored);
}

/* Which one was worked in last. */
static void
choose_current(struct session *s)
{
	const char *id = json_str(named_state(s->named), "env", "");

	if (!s->current)
		s->current = find_id(s, id);
	if (!s->current && s->nenvs)
		s->current = s->envs[s->nenvs - 1];
}

void
session_envs_refresh(struct session *s)
{
	autojson json *list = NULL;
	const json *item;

	if (!s->named)
		return;
	list = kept_list(&s->runtime, NULL);
	forget_closed(s, list);
	json_each (item, list) {
		autoerr struct err err = ERR_INIT;

		if (!strcmp(json_str(item, "session", ""), s->name) &&
		    !find_id(s, json_str(item, "id", "")))
			adopt(s, item, &err);
	}
	choose_current(s);
}

/* ---- what ran there last ---- */

int
session_keep_last(struct session *s, const struct env *env, unsigned step,
    struct err *err)
{
	autofree char *path = NULL;
	int rc;

	if (!env->id)
		return 0;
	path = kept_last_path(&s->runtime, env->id);
	rc = steps_link(s->steps, step, path, err);
	/* What ran before is not the last, and what has ended keeps nothing. */
	if (rc || !kept_exists(&s->runtime, env->id))
		steps_unlink(path);
	return rc;
}

json *
session_last_in(const struct session *s, const char *id)
{
	autofree char *path = kept_last_path(&s->runtime, id);

	return steps_linked_result(path);
}
