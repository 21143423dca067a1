#include "cmd/session_host.h"

#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/nearest.h"
#include "base/sanitise.h"
#include "base/secrets.h"
#include "cmd/call.h"
#include "cmd/complete_session.h"
#include "cmd/dispatch.h"
#include "cmd/job_notes.h"
#include "cmd/output.h"
#include "cmd/variables.h"
#include "engine/reference.h"
#include "session/session.h"

/* --engine names an engine, or says that there shall be none.  One that was
   asked for and does not answer is an error, where `auto` would go on. */
static int
choose_engine(struct policy *p, const char *engine, struct err *err)
{
	if (!strcmp(engine, "restricted"))
		return policy_set(p, "sandbox", engine, "--engine", err);
	if (policy_set(p, "engine.url", engine, "--engine", err))
		return -1;
	if (strcmp(policy_text(p, SET_SANDBOX), "auto"))
		return 0;
	return policy_set(p, "sandbox", "docker", "--engine", err);
}

static int
apply_invocation(struct policy *p, const struct invocation *inv,
    struct err *err)
{
	if (inv->engine && choose_engine(p, inv->engine, err))
		return -1;
	if (inv->color &&
	    policy_set(p, "output.color", inv->color, "--color", err))
		return -1;
	if (inv->allow_host &&
	    policy_set(p, "host.pipe", "allow", "--allow-host", err))
		return -1;
	if (!inv->format)
		return 0;
	return policy_set(p, "output.format", inv->format,
	    !strcmp(inv->format, "json") ? "--json" : "--plain", err);
}

static bool
is_below(const char *path, const char *dir)
{
	autofree char *real = path ? realpath(path, NULL) : NULL;
	size_t n = strlen(dir);

	n -= n && dir[n - 1] == '/';
	return real && !strncmp(real, dir, n) && (!real[n] || real[n] == '/');
}

/* What lies beside a file that was downloaded into the home directory is not
   there for it.  In a replay HOME is another one. */
static bool
holds_home(const char *dir)
{
	const struct passwd *pw = getpwuid(geteuid());

	return is_below(getenv("HOME"), dir) ||
	       (pw && is_below(pw->pw_dir, dir));
}

static void
bind_stranger(const struct host *h, struct policy *p)
{
	const char *tmp = h->replaying ? getenv("TMPDIR") : NULL;
	const char *dir = h->stranger_dir;

	policy_use_stranger(p, dir && !holds_home(dir) ? dir : NULL, tmp);
}

static struct policy *
load_policy(const struct host *h, struct err *err)
{
	const struct policy_inputs in = {.config = h->inv.config,
	    .policy = h->inv.policy,
	    .no_config = h->inv.no_config,
	    .agent = h->inv.agent};
	struct policy *p = policy_load(&in, err);

	if (p && apply_invocation(p, &h->inv, err)) {
		policy_free(p);
		return NULL;
	}
	if (p && h->inv.stranger)
		bind_stranger(h, p);
	return p;
}

/* That of before the session is open. */
static struct policy *
own_policy(struct host *h)
{
	autoerr struct err err = ERR_INIT;

	if (h->policy)
		return h->policy;
	h->policy = load_policy(h, &err);
	if (h->policy)
		return h->policy;
	h->policy_wrong = true;
	h->policy = policy_new();
	err_clear(&err);
	apply_invocation(h->policy, &h->inv, &err);
	return h->policy;
}

const struct policy *
host_policy(struct host *h)
{
	return h->session ? h->session->policy : own_policy(h);
}

void
host_use_stranger(struct host *h, const char *dir)
{
	h->inv.stranger = true;
	free(h->stranger_dir);
	h->stranger_dir = realpath(dir, NULL);
	bind_stranger(h, h->session ? h->session->policy : own_policy(h));
}

int
host_check_stranger(struct host *h, const char *what, struct err *err)
{
	return h->inv.stranger
		   ? policy_check_stranger(host_policy(h), what, err)
		   : 0;
}

/* The words of the settings and the enumerators, side by side. */
_Static_assert(OUTPUT_TEXT == 0 && OUTPUT_JSON == 1 && OUTPUT_PLAIN == 2,
    "words of output.format");
_Static_assert(OUTPUT_AUTO == 0 && OUTPUT_ALWAYS == 1 && OUTPUT_NEVER == 2,
    "words of output.color and output.pager");
_Static_assert(PROGRESS_AUTO == 0 && PROGRESS_TTY == 1 && PROGRESS_PLAIN == 2 &&
	PROGRESS_JSON == 3 && PROGRESS_NONE == 4,
    "words of output.progress");

static void
host_settings(struct host *h, struct output *o)
{
	const struct policy *p = host_policy(h);

	o->mode = (enum output_mode)policy_num(p, SET_FORMAT);
	o->pager = (enum output_when)policy_num(p, SET_PAGER);
	o->progress = (enum output_progress)policy_num(p, SET_PROGRESS);
	o->accessible = policy_bool(p, SET_ACCESSIBLE);
	o->row_limit = policy_num(p, SET_ROW_LIMIT);
	output_use_color(o, (enum output_when)policy_num(p, SET_COLOR));
}

int
host_choose_session(struct host *h, const char *option, struct err *err)
{
	const char *name = option ? option : getenv("ADDESH_SESSION");

	if (!option && (!name || !*name))
		return 0;
	h->inv.session = name;
	if (!named_check_name(name, err))
		return 0;
	return err_prefix(err, option ? "--session" : "ADDESH_SESSION");
}

static int
host_open(struct host *h, struct err *err)
{
	autofree char *trouble = NULL;
	struct policy *p;

	if (h->policy_wrong) {
		policy_free(steal(&h->policy));
		h->policy_wrong = false;
	}
	p = h->policy ? steal(&h->policy) : load_policy(h, err);
	if (!p)
		return -1;
	for (size_t i = 0; i < policy_warnings(p)->n; i++)
		session_host_once(h, policy_warnings(p)->v[i], "%s",
		    policy_warnings(p)->v[i]);
	h->session = session_new(
	    h->loop, &h->interrupted, p, h->inv.session, &trouble, err);
	if (!h->session)
		return -1;
	session_use_secrets(h->session, h->secrets);
	if (trouble)
		session_host_not_kept(h, "%s", trouble);
	session_envs_refresh(h->session);
	return 0;
}

static int
host_close(struct host *h, struct err *err)
{
	return session_free(steal(&h->session), err);
}

/* What is to be known of a call beside its text; see step_begin(). */
static json *
about_call(const struct call *c)
{
	json *j = json_object();

	json_put_str(j, "cmd", c->cmd->name);
	if (c->env)
		json_put_str(j, "env", c->env->spec.name);
	if (c->vars && c->vars->n)
		json_put(j, "vars", json_from_strings(c->vars));
	return j;
}

static void
on_shown(void *arg, int fd, const void *p, size_t n)
{
	step_shown(arg, fd, p, n);
}

/* Only what is shown in the usual form is what a replay would show. */
static void
watch_shown(struct call *c, struct step *step)
{
	const struct output *o = c->out;

	if (o->mode != OUTPUT_TEXT || o->quiet || o->verbose || c->piped)
		return;
	step_shows(step);
	c->out->shown = (struct output_tap){.fn = on_shown, .arg = step};
	c->out->fitted = false;
}

static int
host_begin(struct call *c)
{
	struct session *s = c->session;

	if (!(c->cmd->flags & CMD_SWEEPS))
		session_sweep_left(s);
	s->step = step_begin(s->steps, c->text, c->heredoc, about_call(c));
	c->step = step_number(s->step);
	watch_shown(c, s->step);
	return 0;
}

static json *
kept_error(const struct err *err)
{
	return err->kind ? dispatch_error_json(err) : NULL;
}

static void
keep_last(struct call *c)
{
	autoerr struct err err = ERR_INIT;

	if (session_keep_last(c->session, c->env, c->step, &err))
		session_host_not_kept(c->host, "the log of %s is not kept: %s",
		    c->env->spec.name, err.msg.buf);
}

/* What was shown as data is what is kept. */
static void
host_end(struct call *c)
{
	struct session *s = c->session;
	struct step *step = steal(&s->step);
	autoerr struct err err = ERR_INIT;

	c->ended = step;
	if (step_end(step, c->status, c->data, kept_error(&c->err), &err))
		session_host_not_kept(c->host, "%s", err.msg.buf);
	if (c->cmd->flags & CMD_RUNS_CODE && json_get(c->data, "exit_code"))
		keep_last(c);
	if (c->host->not_kept)
		call_warn(c, "%s", c->host->not_kept);
	free(steal(&c->host->not_kept));
}

static void
host_close_step(struct call *c)
{
	autoerr struct err err = ERR_INIT;

	c->out->shown = (struct output_tap){0};
	if (c->ended && c->out->fitted)
		step_shows_otherwise(c->ended);
	if (step_close(steal(&c->ended), &err))
		session_host_not_kept(c->host, "%s", err.msg.buf);
}

static int
no_env(struct call *c)
{
	struct session *s = c->session;

	err_set(&c->err, ERR_USAGE, "no environment is selected");
	err_hint(&c->err, "open one:  env new %s%s",
	    policy_text(s->policy, SET_IMAGE),
	    s->nenvs ? "      or choose:  env use NAME" : "");
	return -1;
}

/* To an agent its environment is what it has put there: it gets no other one in
   its place. */
static int
acquire_for_agent(struct call *c)
{
	autofree char *name = xstrdup(c->env->spec.name);
	autoerr struct err ignored = ERR_INIT;

	if (session_env_acquire(c->session, c->env, &c->err) <= 0)
		return c->err.kind ? -1 : 0;
	session_env_remove(c->session, c->env, &ignored);
	c->env = NULL;
	return err_set(&c->err, ERR_SANDBOX, "environment %s has ended", name);
}

static int
host_need_env(struct call *c, const char *name)
{
	struct session_events ev = {session_host_event, c};
	struct session *s = c->session;
	int again;

	if (!name && !s->current)
		session_envs_refresh(s);
	c->env = name ? session_env(s, name, &c->err) : s->current;
	if (!c->env)
		return name ? -1 : no_env(c);
	if (policy_may_execute(s->policy, &c->err))
		return -1;
	if (c->host->inv.agent)
		return acquire_for_agent(c);
	again = session_env_revive(s, c->env, &ev, &c->err);
	if (again < 0)
		return -1;
	if (again)
		call_warn(c, "%s was lost and is open again, %s",
		    c->env->spec.name, c->env->project
			? "with the project's files as they were opened"
			: "empty");
	return 0;
}

static void
host_release_envs(struct host *h)
{
	if (h->session)
		session_release(h->session);
}

static int
host_need_engine(struct call *c)
{
	return session_engine(c->session, &c->err) ? 0 : -1;
}

/* Of an engine's URL: where it is, or the file of its socket. */
static const char *
short_name(const char *engine)
{
	const char *at = strstr(engine, "://");
	const char *slash = strrchr(engine, '/');

	if (!at)
		return engine;
	return str_starts(engine, "unix:") ? slash + 1 : at + 3;
}

static void
host_prompt(struct host *h, struct prompt_facts *facts)
{
	const struct session *s = h->session;

	*facts = (struct prompt_facts){0};
	if (!s)
		return;
	if (h->inv.engine)
		facts->engine = short_name(h->inv.engine);
	if (!s->current)
		return;
	facts->env = s->current->spec.name;
	facts->net = s->current->spec.limits.network != NET_NONE;
}

void
host_init(struct host *h)
{
	*h = (struct host){.vars = STRVEC_INIT,
	    .told = STRVEC_INIT,
	    .open = host_open,
	    .close = host_close,
	    .begin = host_begin,
	    .end = host_end,
	    .close_step = host_close_step,
	    .need_env = host_need_env,
	    .need_engine = host_need_engine,
	    .release = host_release_envs,
	    .prompt = host_prompt,
	    .tell = job_notes_tell,
	    .leave = job_notes_leave,
	    .settings = host_settings,
	    .secrets = secrets_new()};
	secrets_learn_env(h->secrets, environ);
	variables_init(h);
	complete_session_init(h);
}

void
host_release(struct host *h)
{
	policy_free(h->policy);
	strvec_release(&h->vars);
	strvec_release(&h->program_env);
	free(h->stranger_dir);
	strvec_release(&h->told);
	free(h->not_kept);
	secrets_free(h->secrets);
	json_free(h->object);
}

static void
set_flag(void *arg, int fd, unsigned events)
{
	*(bool *)arg = true;
}

bool
host_wait_input(struct host *h, int fd, unsigned before)
{
	bool ready = false;
	struct loop_fd *w =
	    loop_fd_add(h->loop, fd, POLLIN, set_flag, &ready);

	while (!ready && h->interrupted == before && !h->terminated)
		loop_step(h->loop, -1);
	loop_fd_remove(w);
	return h->interrupted == before && !h->terminated;
}

int
host_turn(struct host *h, struct err *err)
{
	loop_step(h->loop, 0);
	return h->interrupted || h->terminated
		   ? err_set(err, ERR_INTERRUPTED, "interrupted")
		   : 0;
}

void
session_host_event(void *call, const char *phase, const char *text)
{
	if (!strcmp(phase, "warning"))
		call_warn(call, "%s", text);
	else
		call_progress(call, text, 0, 0);
}

/* A name that was mistyped begins one, too. */
static void
add_new(const struct session *s, struct strbuf *line)
{
	autovec struct strvec names = STRVEC_INIT;
	struct nearest near = NEAREST_INIT(s->name);

	strbuf_addf(line, "session %s: new", s->name);
	named_list(s->runtime.state_dir, &names);
	for (size_t i = 0; i < names.n; i++)
		if (strcmp(names.v[i], s->name))
			nearest_try(&near, names.v[i]);
	if (near.best)
		strbuf_addf(line, "; there is %s", near.best);
}

void
session_host_resumed(const struct session *s, struct strbuf *line)
{
	unsigned steps = s->name ? steps_last(s->steps) : 0;
	bool vars = s->named && cJSON_GetArraySize(json_get(
				    named_state(s->named), "vars"));

	if (!s->named || named_trouble(s->named))
		return;
	if (!steps && !s->nenvs && !vars) {
		add_new(s, line);
		return;
	}
	strbuf_addf(line, "session %s: %u step%s, %zu environment%s%s%s",
	    s->name, steps, steps == 1 ? "" : "s", s->nenvs,
	    s->nenvs == 1 ? "" : "s", s->current ? ", in " : "",
	    s->current ? s->current->spec.name : "");
}

bool
session_host_first(struct host *h, const char *key)
{
	if (strvec_has(&h->told, key))
		return false;
	strvec_push(&h->told, key);
	return true;
}

/* A session file shows what its commands say, and not what else is to be said
   of this host. */
static void
tell(const struct host *h, const char *text)
{
	autobuf struct strbuf safe = STRBUF_INIT;
	struct sanitiser plain = {0};

	if (h->replaying)
		return;
	sanitise_add(&plain, &safe, text, strlen(text));
	sanitise_end(&plain, &safe);
	fprintf(stderr, "addesh: %s\n", safe.buf);
}

void
session_host_once(struct host *h, const char *key, const char *fmt, ...)
{
	autofree char *text = NULL;
	va_list ap;

	if (h->inv.quiet || !session_host_first(h, key))
		return;
	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	tell(h, text);
}

void
session_host_not_kept(struct host *h, const char *fmt, ...)
{
	autofree char *text = NULL;
	va_list ap;

	/* Where one thing is not kept others are not, for the same reason. */
	if (!session_host_first(h, "not kept"))
		return;
	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	if (h->inv.agent)
		h->not_kept = steal(&text);
	else
		tell(h, text);
}

void
session_host_note_latest(struct call *c, const char *image)
{
	autoerr struct err ignored = ERR_INIT;
	struct reference ref = {0};

	if (!reference_parse(&ref, image, &ignored) &&
	    reference_is_implicit(&ref))
		session_host_once(c->host, image,
		    "%s without a tag means %s:latest", image, image);
	reference_release(&ref);
}

const char *
session_host_fact(const struct box *box, const char *name)
{
	const char *value =
	    box ? strvec_env_get(box_describe(box), name) : NULL;

	return value ? value : "";
}

void
session_host_put_keep(json *j, const struct env *env)
{
	json *keep;

	if (!env->id)
		return;
	keep = json_object();
	json_put_str(keep, "id", env->id);
	json_put_int(keep, "lease_ms", (int64_t)box_lease(env->box));
	json_put(j, "keep", keep);
}

void
session_host_put_facts(json *j, const struct box *box)
{
	const struct strvec *facts = box_describe(box);

	for (size_t i = 0; i < facts->n; i++) {
		size_t n = strcspn(facts->v[i], "=");
		autofree char *key = xstrndup(facts->v[i], n);

		if (!json_get(j, key))
			json_put_str(j, key, facts->v[i] + n + 1);
	}
}
