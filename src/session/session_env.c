/* The environments of a session: opened, found, used, opened again, closed. */
#include "session/session_impl.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/nearest.h"
#include "engine/endpoint.h"
#include "session/env_jobs.h"
#include "session/project.h"

void
env_free(struct env *env)
{
	free(env->id);
	free(env->session);
	env_spec_release(&env->spec);
	deps_release(&env->deps);
	strvec_release(&env->tools);
	project_free(env->project);
	json_free(env->undo);
	env_built_release(env);
	free(env);
}

/* One of the register knows its engine by name only. */
static int
env_engine(struct session *s, struct env *env, struct err *err)
{
	struct engine *e;

	if (env->spec.kind != BOX_ENGINE || !env->id || !env->box)
		return 0;
	e = session_engine(s, err);
	return e ? box_use_engine(env->box, e, err) : -1;
}

/* Keeps the first of several errors. */
static int
env_close(struct env *env, struct err *err)
{
	autoerr struct err later = ERR_INIT;
	struct box *box = steal(&env->box);

	env->jobs = false;
	env->nrunning = 0;
	if (!box || !box_close(box, &later))
		return 0;
	err_prefix(&later, "closing %s", env->spec.name);
	if (err->kind == ERR_NONE)
		err_move(err, &later);
	return -1;
}

/* What is kept stays, whatever becomes of us. */
int
session_env_leave(struct env *env, struct err *err)
{
	if (!env->box || !box_lease(env->box))
		return env_close(env, err);
	box_leave(steal(&env->box));
	return 0;
}

static struct env *
find_env(struct session *s, const char *name, struct nearest *near)
{
	for (size_t i = 0; i < s->nenvs; i++) {
		if (!strcmp(s->envs[i]->spec.name, name) ||
		    (s->envs[i]->id && !strcmp(s->envs[i]->id, name)))
			return s->envs[i];
		nearest_try(near, s->envs[i]->spec.name);
	}
	return NULL;
}

bool
session_has_env(const struct session *s, const char *name)
{
	for (size_t i = 0; i < s->nenvs; i++)
		if (!strcmp(s->envs[i]->spec.name, name))
			return true;
	return false;
}

struct env *
session_env(struct session *s, const char *name, struct err *err)
{
	struct nearest near = NEAREST_INIT(name);
	struct env *env = find_env(s, name, &near);

	/* One that another process has closed says so when it is used. */
	if (!env) {
		session_envs_refresh(s);
		env = find_env(s, name, &near);
	}
	if (!env)
		env = session_env_adopt(s, name, err);
	if (env || err->kind)
		return env;
	err_set(err, ERR_USAGE, "there is no environment '%s'", name);
	if (near.best)
		err_hint(err, "did you mean %s?", near.best);
	else if (s->nenvs)
		err_hint(err, "see them:  env ls");
	else
		err_hint(err, "open one:  env new IMAGE --name %s", name);
	return NULL;
}

static char *
free_name(struct session *s)
{
	for (;;) {
		char *name = xasprintf("e%u", ++s->env_count);

		if (!session_has_env(s, name))
			return name;
		free(name);
	}
}

/* What the hooks of box_ctx need. */
struct opening {
	struct session *session;
	const struct session_events *ev;
};

static void
opening_event(void *arg, const char *phase, const char *text)
{
	const struct session_events *ev = ((struct opening *)arg)->ev;

	if (ev && ev->event)
		ev->event(ev->arg, phase, text);
}

/* Which program of this host stands in for an image. */
static bool
opening_stand_in(void *arg, const char *image, struct strvec *argv)
{
	struct session *s = ((struct opening *)arg)->session;
	autoerr struct err ignored = ERR_INIT;
	struct languages *all = session_languages(s, &ignored);
	const struct language *l = NULL;

	if (all)
		l = languages_by_image(all, image);
	if (!l || !l->version.n)
		return false;
	strvec_pushv(argv, l->version.v, l->version.n);
	return true;
}

uint64_t
session_machine_memory(struct session *s, enum box_kind kind)
{
	autoerr struct err ignored = ERR_INIT;
	const struct engine_facts *f;
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);

	/* Whoever listens here runs on this kernel; to ask Podman takes it as
	   long as to make the container. */
	if (kind == BOX_RESTRICTED ||
	    endpoint_listener(engine_endpoint(s->engine), NULL) > 0)
		return pages > 0 && size > 0 ? (uint64_t)pages * size : 0;
	f = engine_facts(s->engine, &ignored);
	return f ? f->memory : 0;
}

void
session_box_ctx(struct session *s, struct opening *opening,
    struct box_ctx *ctx)
{
	*ctx = (struct box_ctx){.loop = s->loop,
	    .engine = s->engine,
	    .runtime = &s->runtime,
	    .lock_ms = (int64_t)policy_num(s->policy, SET_LOCK_TIMEOUT),
	    .interrupts = s->interrupts};
	if (!opening)
		return;
	ctx->stand_in = opening_stand_in;
	ctx->versions = &s->versions;
	ctx->event = opening_event;
	ctx->arg = opening;
}

static struct box *
open_box(struct session *s, const struct env_spec *spec,
    const struct session_events *ev, struct err *err)
{
	struct opening opening = {s, ev};
	struct box_ctx ctx;
	struct box *box;

	if (spec->kind == BOX_ENGINE && !session_engine(s, err))
		return NULL;
	if (policy_check_memory(&spec->limits,
		session_machine_memory(s, spec->kind), err))
		return NULL;
	session_sweep_once(s);
	session_box_ctx(s, &opening, &ctx);
	box = box_open(spec, &ctx, err);
	/* It is connected; others wait until the command has ended. */
	if (box)
		box_acquire(box, err);
	return box;
}

void
session_env_add(struct session *s, struct env *env)
{
	GROW(s->envs, s->nenvs, &s->envs_cap);
	s->envs[s->nenvs++] = env;
}

/* Of one that is kept already when it is opened; save writes its record. */
static int
env_register(struct session *s, struct env *env,
    int (*save)(struct session *s, struct env *env, struct err *err),
    struct err *err)
{
	free(steal(&env->id));
	if (!box_lease(env->box))
		return 0;
	env->id = xstrdup(box_id(env->box));
	return save(s, env, err);
}

struct env *
session_env_new(struct session *s, const struct env_spec *spec,
    const struct session_events *ev, struct err *err)
{
	autoerr struct err ignored = ERR_INIT;
	struct env *env = xcalloc(1, sizeof(*env));

	env_spec_copy(&env->spec, spec);
	strvec_init(&env->tools);
	session_envs_refresh(s);
	if (!env->spec.name)
		env->spec.name = free_name(s);
	if (!env->spec.session)
		env->spec.session = xstrdup(s->name ? s->name : s->id);
	env->opened_ms = clock_wall_ms();
	env->box = open_box(s, &env->spec, ev, err);
	if (env->box && !env_register(s, env, session_env_save_new, err)) {
		session_env_add(s, env);
		session_env_select(s, env);
		return env;
	}
	env_close(env, &ignored);
	if (!spec->name)
		s->env_count--; /* the next one has this name */
	env_free(env);
	return NULL;
}

int
session_env_reach(struct session *s, struct env *env, struct err *err)
{
	if (!env->box) { /* nor could it be opened again */
		err_set(err, ERR_SANDBOX, "it was lost");
		err->code = BOX_ENDED;
		return -1;
	}
	return env_engine(s, env, err) || box_acquire(env->box, err) ? -1 : 0;
}

int
session_env_look(struct session *s, struct env *env, struct err *err)
{
	if (!env->box || !box_alive(env->box))
		return err_set(err, ERR_SANDBOX, "environment %s was lost",
		    env->spec.name);
	return env_engine(s, env, err);
}

int
session_env_acquire(struct session *s, struct env *env, struct err *err)
{
	autoerr struct err why = ERR_INIT;

	if (!env->box || (!box_lease(env->box) && !box_alive(env->box)))
		return 1;
	if (!session_env_reach(s, env, &why))
		return 0;
	if (why.code == BOX_ENDED)
		return 1;
	err_prefix(&why, "environment %s", env->spec.name);
	return err_move(err, &why);
}

int
session_env_revive(struct session *s, struct env *env,
    const struct session_events *ev, struct err *err)
{
	autoerr struct err ignored = ERR_INIT;
	int ended = session_env_acquire(s, env, err);

	if (ended <= 0)
		return ended;
	env_close(env, &ignored);
	env->box = open_box(s, &env->spec, ev, err);
	if (!env->box || env_register(s, env, session_env_save, err))
		return -1;
	if (!env->project || !session_project_restore(s, env, err))
		return 1;
	/* Not to be taken for one whose files somebody removed. */
	env_close(env, &ignored);
	return -1;
}

void
session_release(struct session *s)
{
	for (size_t i = 0; i < s->nenvs; i++) {
		if (!s->envs[i]->box)
			continue;
		env_jobs_settle(s->envs[i]);
		box_release(s->envs[i]->box);
	}
}

/* Where files are carried to, before it takes the environment's place. */
static struct box *
open_next(struct session *s, struct env *env, const struct env_spec *spec,
    const struct session_events *ev, struct box_count *count, struct err *err)
{
	autoerr struct err ignored = ERR_INIT;
	struct box *box = open_box(s, spec, ev, err);

	if (env_spec_volume(spec, SANDBOX_WORKSPACE))
		return box; /* both see the same one */
	if (box && box_copy(env->box, box, SANDBOX_WORKSPACE,
		       spec->limits.disk, count, err)) {
		err_prefix(err, "carrying " SANDBOX_WORKSPACE " over");
		if (err->code == EACCES)
			err_hint(err, "what its user cannot read stays behind; "
			    "allow it:  exec chmod u+r FILE");
		box_close(box, &ignored);
		box = NULL;
	}
	return box;
}

int
session_env_may_reopen(const struct env *env, struct err *err)
{
	const struct env_spec *s = &env->spec;
	bool inside = false;

	if (s->attach)
		return err_set(err, ERR_USAGE,
		    "%s is in a container that somebody else started, whose "
		    "image stays as it is", s->name);
	for (size_t i = 0; i < s->nvolumes; i++)
		inside |= strcmp(s->volumes[i].target, SANDBOX_WORKSPACE) &&
			  volume_is_below(s->volumes[i].target,
			      SANDBOX_WORKSPACE);
	if (!s->nports && !inside)
		return 0;
	err_set(err, ERR_USAGE, "%s cannot be opened again beside itself: %s",
	    s->name,
	    s->nports ? "its ports are in use"
		      : "a directory of this host is in its " SANDBOX_WORKSPACE);
	return err_hint(err,
	    "name the packages when it is opened:  env new --dep PACKAGE");
}

int
session_env_reopen(struct session *s, struct env *env, const char *layer,
    const struct deps *deps, const struct session_events *ev,
    struct box_count *count, struct err *err)
{
	autoerr struct err later = ERR_INIT;
	struct env_spec spec;
	struct box *next;

	env_spec_copy(&spec, &env->spec);
	free(spec.layer);
	spec.layer = layer ? xstrdup(layer) : NULL;
	next = open_next(s, env, &spec, ev, count, err);
	if (!next) {
		env_spec_release(&spec);
		return -1;
	}
	env_spec_release(&env->spec);
	env->spec = spec;
	deps_release(&env->deps);
	deps_copy(&env->deps, deps);
	/* Another image may have other programs. */
	strvec_release(&env->tools);
	if (env_close(env, &later) && ev && ev->event)
		ev->event(ev->arg, "warning", later.msg.buf);
	env->box = next;
	if (env->project)
		project_add_image(env->project, layer);
	return env_register(s, env, session_env_save, err);
}

static void
take_out(struct session *s, const struct env *env)
{
	size_t i = 0;

	while (s->envs[i] != env)
		i++;
	memmove(s->envs + i, s->envs + i + 1,
	    (--s->nenvs - i) * sizeof(*s->envs));
	if (s->current == env)
		s->current = s->nenvs ? s->envs[s->nenvs - 1] : NULL;
}

void
session_env_forget(struct session *s, struct env *env)
{
	take_out(s, env);
	if (env->box)
		box_leave(steal(&env->box));
	env_free(env);
}

int
session_env_remove(struct session *s, struct env *env, struct err *err)
{
	int rc = env_engine(s, env, err);

	if (rc) {
		session_env_forget(s, env);
		return rc;
	}
	take_out(s, env);
	if (env->project)
		env->project->kept = false;
	rc = env_close(env, err);
	env_free(env);
	return rc;
}
