#include "session/session_impl.h"

#include <errno.h>
#include <string.h>

#include "base/io.h"
#include "engine/endpoint.h"
#include "sandbox/sweep.h"
#include "session/project.h"

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
session_use_secrets(struct session *s, struct secrets *secrets)
{
	s->secrets = secrets;
	steps_use_secrets(s->steps, secrets);
}

int
session_free(struct session *s, struct err *err)
{
	bool unused;
	int rc = 0;

	if (!s)
		return 0;
	for (size_t i = 0; i < s->nenvs; i++) {
		rc |= session_env_leave(s->envs[i], err);
		/* The others end with their stdin, whoever removes them. */
		if (rc && s->engine &&
		    (err->code == ETIMEDOUT || err->kind == ERR_INTERRUPTED))
			engine_hurry(s->engine);
		env_free(s->envs[i]);
	}
	free(s->envs);
	staging_release(&s->staging);
	unused = s->named && !steps_last(s->steps);
	steps_free(s->steps);
	(unused ? named_leave : named_close)(s->named);
	free(s->last.status);
	languages_free(s->languages);
	check_rules_free(s->checks);
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

void
session_sweep_once(struct session *s)
{
	autoerr struct err ignored = ERR_INIT;

	if (s->swept)
		return;
	s->looked = true;
	s->swept = s->engine != NULL;
	steps_sweep(s->steps_dir, false, NULL);
	sweep_run(&s->runtime, s->engine, false, NULL, NULL, &ignored);
	/* What the register does not name any more. */
	project_sweep(&s->runtime, false, NULL);
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
	if (left.any || steps_sweep(s->steps_dir, true, NULL) ||
	    project_sweep(&s->runtime, true, NULL))
		session_sweep_once(s);
}
