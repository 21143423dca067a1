#include "session/session_impl.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/nearest.h"
#include "engine/endpoint.h"
#include "sandbox/sweep.h"

/* Where a named one cannot be opened, this process's steps are kept as those of
   one without a name. */
static void
open_steps(struct session *s, const char *name, char **trouble)
{
	autoerr struct err err = ERR_INIT;

	*trouble = NULL;
	if (name)
		s->named = named_open(s->runtime.state_dir, name, &err);
	if (s->named) {
		s->name = named_name(s->named);
		s->steps = steps_shared(s->named);
	} else {
		s->steps = steps_new(s->steps_dir);
	}
	if (s->named && named_trouble(s->named))
		*trouble = xstrdup(named_trouble(s->named));
	else if (name && !s->named)
		*trouble = xasprintf("session %s is not kept: %s", name,
		    err.msg.buf);
}

struct session *
session_new(struct loop *loop, const unsigned *interrupts,
    struct policy *policy, const char *name, char **trouble, struct err *err)
{
	struct session *s = xcalloc(1, sizeof(*s));

	s->loop = loop;
	s->interrupts = interrupts;
	s->policy = policy;
	s->id = io_random_hex(6);
	strvec_init(&s->versions);
	if (runtime_init(&s->runtime, err)) {
		session_free(s, err);
		return NULL;
	}
	s->steps_dir = io_join(s->runtime.state_dir, "sessions");
	open_steps(s, name, trouble);
	return s;
}

void
env_free(struct env *env)
{
	free(env->id);
	env_spec_release(&env->spec);
	deps_release(&env->deps);
	strvec_release(&env->tools);
	free(env);
}

/* One of the register knows its engine by name only. */
static int
env_engine(struct session *s, struct env *env, struct err *err)
{
	struct engine *e;

	if (env->spec.kind != BOX_ENGINE || !env->id)
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

	if (!box || !box_close(box, &later))
		return 0;
	err_prefix(&later, "closing %s", env->spec.name);
	if (err->kind == ERR_NONE)
		err_move(err, &later);
	return -1;
}

/* What is kept stays, whatever becomes of us. */
static int
env_leave(struct env *env, struct err *err)
{
	if (!env->box || !box_lease(env->box))
		return env_close(env, err);
	box_leave(steal(&env->box));
	return 0;
}

int
session_free(struct session *s, struct err *err)
{
	int rc = 0;

	if (!s)
		return 0;
	for (size_t i = 0; i < s->nenvs; i++) {
		rc |= env_leave(s->envs[i], err);
		/* The others end with their stdin, whoever removes them. */
		if (rc && s->engine &&
		    (err->code == ETIMEDOUT || err->kind == ERR_INTERRUPTED))
			engine_hurry(s->engine);
		env_free(s->envs[i]);
	}
	free(s->envs);
	staging_release(&s->staging);
	steps_free(s->steps);
	named_close(s->named);
	free(s->last.status);
	languages_free(s->languages);
	engine_close(s->engine);
	strvec_release(&s->versions);
	runtime_release(&s->runtime);
	policy_free(s->policy);
	free(s->steps_dir);
	free(s->id);
	free(s);
	return rc;
}

void
session_set_last_run(struct session *s, unsigned step, const json *result)
{
	free(s->last.status);
	s->last = (struct last_run){.step = step,
	    .exit_code = (int)json_int(result, "exit_code", 0),
	    .duration_ms = json_int(result, "duration_ms", 0),
	    .status = xstrdup(json_str(result, "status", ""))};
}

const struct last_run *
session_last_run(struct session *s)
{
	bool own = s->last.step && !s->last.others;
	unsigned n = own || !s->named ? 0 : steps_last_log(s->steps);

	/* What others ran since it was asked for the last time. */
	for (; n > s->last.step; n--) {
		autoerr struct err ignored = ERR_INIT;
		autojson json *j = steps_load(s->steps, n, &ignored);
		const json *result = json_get(j, "result");

		/* A build has a log, too. */
		if (!json_get(result, "execution_time"))
			continue;
		session_set_last_run(s, n, result);
		s->last.others = true;
	}
	return &s->last;
}

struct languages *
session_languages(struct session *s, struct err *err)
{
	if (!s->languages)
		s->languages = languages_load(NULL, "", err);
	return s->languages;
}

struct engine *
session_engine(struct session *s, struct err *err)
{
	const struct policy *p = s->policy;
	struct engine_settings set = {
	    .connect_ms = policy_num(p, SET_ENGINE_CONNECT_TIMEOUT),
	    .startup_ms = policy_num(p, SET_ENGINE_START_TIMEOUT),
	    .first_byte_ms = policy_num(p, SET_ENGINE_ANSWER_TIMEOUT)};
	struct endpoint_inputs in = {0};
	struct endpoint ep = ENDPOINT_INIT;
	autovec struct strvec vars = STRVEC_INIT;

	if (s->engine)
		return s->engine;
	endpoint_inputs_here(&in, &vars);
	if (*policy_text(p, SET_ENGINE_URL)) {
		in.asked = policy_text(p, SET_ENGINE_URL);
		in.asked_by = policy_where(p, SET_ENGINE_URL);
	}
	if (!endpoint_resolve(&ep, &in, err))
		s->engine =
		    engine_open(&ep, &set, s->loop, s->interrupts, err);
	endpoint_release(&ep);
	return s->engine;
}

int
session_engine_drop(struct session *s, struct err *err)
{
	for (size_t i = 0; i < s->nenvs; i++)
		if (s->envs[i]->spec.kind == BOX_ENGINE) {
			err_set(err, ERR_USAGE,
			    "environment %s is open on the engine",
			    s->envs[i]->spec.name);
			return err_hint(err,
			    "close those there first:  env rm --all");
		}
	engine_close(s->engine);
	s->engine = NULL;
	return 0;
}

/* The words of SET_SANDBOX, in their order. */
static const char *
sandbox_word(const struct session *s)
{
	return policy_text(s->policy, SET_SANDBOX);
}

static int
sandbox_auto(struct session *s, enum box_kind *kind, char **why,
    struct err *err)
{
	autoerr struct err missing = ERR_INIT;

	*kind = BOX_ENGINE;
	if (session_engine(s, &missing)) {
		if (why)
			*why = xasprintf("%s answers",
			    engine_title(s->engine));
		return 0;
	}
	if (missing.kind == ERR_INTERRUPTED)
		return err_move(err, &missing);
	*kind = BOX_RESTRICTED;
	if (why)
		*why = xasprintf("no engine: %s", missing.msg.buf);
	return 0;
}

int
session_sandbox(struct session *s, enum box_kind *kind, char **why,
    struct err *err)
{
	const char *word = sandbox_word(s);

	if (policy_may_execute(s->policy, err))
		return -1;
	if (!strcmp(word, "auto"))
		return sandbox_auto(s, kind, why, err);
	*kind = strcmp(word, "restricted") ? BOX_ENGINE : BOX_RESTRICTED;
	if (why)
		*why = xasprintf("sandbox: %s, %s", word,
		    policy_where(s->policy, SET_SANDBOX));
	if (*kind == BOX_ENGINE && !session_engine(s, err))
		return -1;
	return 0;
}

/* An engine is asked what is there when the first environment is opened, late
   enough that `addesh -c help` does not wait for one. */
static void
sweep_once(struct session *s)
{
	autoerr struct err ignored = ERR_INIT;

	if (s->swept)
		return;
	s->looked = true;
	s->swept = s->engine != NULL;
	steps_sweep(s->steps_dir, false, NULL);
	sweep_run(&s->runtime, s->engine, false, NULL, NULL, &ignored);
}

/* What a dead session left. */
struct left {
	bool any, on_engine;
};

static void
note_left(void *arg, const struct sweep_item *item)
{
	struct left *left = arg;
	bool engine = !strcmp(item->kind, "engine");

	/* Environments that are kept are no sign. */
	left->any |= engine || !item->keep;
	left->on_engine |= engine;
}

void
session_sweep_left(struct session *s)
{
	struct left left = {0};
	autoerr struct err ignored = ERR_INIT;

	if (s->looked)
		return;
	s->looked = true;
	sweep_run(&s->runtime, NULL, true, note_left, &left, &ignored);
	if (left.on_engine)
		session_engine(s, &ignored);
	if (left.any || steps_sweep(s->steps_dir, true, NULL))
		sweep_once(s);
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

/* Of the machine where the environment will be; 0 if it is not known. */
static uint64_t
machine_memory(struct session *s, enum box_kind kind)
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
	if (policy_check_memory(&spec->limits, machine_memory(s, spec->kind),
		err))
		return NULL;
	sweep_once(s);
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

/* Of one that is kept already when it is opened. */
static int
env_register(struct session *s, struct env *env, struct err *err)
{
	free(steal(&env->id));
	if (!box_lease(env->box))
		return 0;
	env->id = xstrdup(box_id(env->box));
	return session_env_save(s, env, err);
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
	if (env->box && !env_register(s, env, err)) {
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
	return env_engine(s, env, err) || box_acquire(env->box, err) ? -1 : 0;
}

int
session_env_acquire(struct session *s, struct env *env, struct err *err)
{
	autoerr struct err why = ERR_INIT;

	if (!env->box || (!box_lease(env->box) && !box_alive(env->box)))
		return 1;
	if (!session_env_reach(s, env, &why))
		return 0;
	if (why.code == ENOENT)
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
	return env->box && !env_register(s, env, err) ? 1 : -1;
}

void
session_release(struct session *s)
{
	for (size_t i = 0; i < s->nenvs; i++)
		if (s->envs[i]->box)
			box_release(s->envs[i]->box);
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
	return env_register(s, env, err);
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
	rc = env_close(env, err);
	env_free(env);
	return rc;
}
