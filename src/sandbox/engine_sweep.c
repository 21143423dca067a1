/* What dead addesh processes left on an engine. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/container.h"
#include "sandbox/engine_impl.h"
#include "sandbox/sweep_impl.h"

#define UNSTARTED_S 60
#define REMOVE_MS 30000

/* The id that its name has, in front of which a slash may stand; NULL: it is
   not kept. */
static const char *
kept_id_of(const char *name)
{
	name += *name == '/';
	return str_starts(name, KEPT_PREFIX) ? name + strlen(KEPT_PREFIX)
					     : NULL;
}

/* The same of one in a list, which may have several. */
static const char *
kept_id(const json *c)
{
	const json *name;

	json_each (name, json_get(c, "Names")) {
		const char *id =
		    cJSON_IsString(name) ? kept_id_of(name->valuestring) : NULL;

		if (id)
			return id;
	}
	return NULL;
}

/*
 * An engine removes by itself what has ended, unless it was not there then: a
 * machine that was booted again, or a process of it that was killed.
 */
static bool
has_ended(const char *state)
{
	return str_in(state,
	    (const char *const[]){"exited", "stopped", "dead", NULL});
}

static bool
was_not_started(const char *state)
{
	return str_in(state,
	    (const char *const[]){"created", "configured", NULL});
}

/* Why a container goes, or NULL: it is in use. */
static const char *
verdict_on(const char *state, bool kept, const json *labels)
{
	int64_t created =
	    strtoll(json_str(labels, LABEL_CREATED, "0"), NULL, 10);

	if (kept && !was_not_started(state))
		return has_ended(state) ? "it has ended" : NULL;
	if (owner_state(json_str(labels, LABEL_OWNER, "")) == OWNER_DEAD)
		return "its owner has ended";
	if (was_not_started(state) &&
	    clock_wall_ms() / 1000 - created > UNSTARTED_S)
		return "it was never started";
	return NULL;
}

/*
 * The list is older than what is known of the owner, who may have started the
 * container since, kept it and ended.  What has no owner any more stays as it
 * is, so it is asked for once more.
 */
static const char *
second_verdict(struct engine *engine, const char *id)
{
	autoerr struct err ignored = ERR_INIT;
	autojson json *c = container_inspect(engine, id, &ignored);

	if (!c)
		return NULL;
	return verdict_on(json_str(json_get(c, "State"), "Status", ""),
	    kept_id_of(json_str(c, "Name", "")) != NULL,
	    json_path(c, "Config.Labels"));
}

static void
sweep_container(struct sweep *s, struct engine *engine, const json *c)
{
	autofree char *id = xasprintf("%.12s", json_str(c, "Id", ""));
	const char *why = verdict_on(json_str(c, "State", ""),
	    kept_id(c) != NULL, json_get(c, "Labels"));
	autoerr struct err err = ERR_INIT;

	if (why && *id)
		why = second_verdict(engine, id);
	if (why && *id && sweep_item(s, "container", id, why, false) &&
	    container_remove(engine, id, REMOVE_MS, &err))
		sweep_failed(s, &err);
}

static void
sweep_containers(struct sweep *s, struct engine *engine)
{
	autovec struct strvec labels = STRVEC_INIT;
	autoerr struct err err = ERR_INIT;
	const json *c;

	strvec_push(&labels, LABEL_OWNER);
	s->containers = container_list(engine, &labels, &err);
	if (!s->containers)
		sweep_failed(s, &err);
	json_each (c, s->containers)
		sweep_container(s, engine, c);
}

int
sweep_container_of(struct sweep *s, const char *id, struct err *err)
{
	const json *c;

	json_each(c, s->containers) {
		const char *own = kept_id(c);

		if (own && !strcmp(own, id))
			return container_remove(s->asked,
			    json_str(c, "Id", ""), REMOVE_MS, err);
	}
	return 0;
}

/* The one that this addesh would fill again is kept; the engine refuses to
   remove one that a container uses. */
static void
sweep_volume(struct sweep *s, struct engine *engine, const json *volume)
{
	autoerr struct err err = ERR_INIT;
	struct runner_way way = {0};
	autofree char *ours = NULL;
	const char *name = json_str(volume, "Name", "");

	if (!runner_way_init(&way, engine, NULL, NULL, NULL, &err))
		ours = runner_way_volume_name(&way);
	runner_way_release(&way);
	err_clear(&err);
	if (ours && !strcmp(name, ours)) {
		sweep_item(s, "volume", name, "it holds the runner", true);
		return;
	}
	if (!sweep_item(s, "volume", name, "no addesh of this version uses it",
		false))
		return;
	if (volume_remove(engine, name, &err) && err.code != 409)
		sweep_failed(s, &err);
}

static void
sweep_volumes(struct sweep *s, struct engine *engine)
{
	autovec struct strvec labels = STRVEC_INIT;
	autoerr struct err err = ERR_INIT;
	autojson json *list = NULL;
	const json *v;

	strvec_push(&labels, LABEL_RUNNER);
	list = volume_list(engine, &labels, &err);
	if (!list) {
		sweep_failed(s, &err);
		return;
	}
	json_each(v, list)
		sweep_volume(s, engine, v);
}

void
sweep_engine(struct sweep *s, struct engine *engine)
{
	sweep_containers(s, engine);
	if (s->gc)
		sweep_volumes(s, engine);
}
