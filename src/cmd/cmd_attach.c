/* env attach: an environment in a container that somebody else started. */
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "cmd/call.h"
#include "cmd/env_call.h"
#include "cmd/host.h"
#include "cmd/session_host.h"
#include "engine/container.h"
#include "session/session.h"

static const struct opt env_attach_opts[] = {
    OPT_STR(0, "name", "NAME", "call it NAME, else e1, e2 ...", COMP_NONE),
    OPT_STR('u', "user", "USER",
	"run programs as this user of the container, else as its own",
	COMP_NONE),
    OPT_STR('w', "workdir", "DIR",
	"directory of each run, else the container's own", COMP_NONE),
    OPT_END,
};

/* Nothing of it can be chosen: what it has must be allowed. */
static int
check_policy(struct call *c, struct policy *p, const json *container)
{
	static const char option[] = "env attach";
	const char *image =
	    json_str(json_get(container, "Config"), "Image", "");
	const char *mode = json_str(
	    json_get(container, "HostConfig"), "NetworkMode", "");

	if (policy_may_use_image(p, image,
		json_str(container, "Image", NULL), &c->err) ||
	    policy_override(p, "user", "image", option, &c->err))
		return -1;
	return strcmp(mode, "none")
		   ? policy_override(p, "network", "full", option, &c->err)
		   : policy_override(p, "network", "none", option, &c->err);
}

/* Only what a run is limited to; the container's own limits hold. */
static void
take_limits(const struct policy *p, struct limits *l)
{
	policy_limits(p, l);
	l->memory = l->disk = l->tmp = l->shm = l->cpu_milli = l->pids = 0;
}

static void
fill_spec(struct call *c, struct policy *p, const json *container,
    struct env_spec *spec)
{
	const json *config = json_get(container, "Config");
	const char *dir = json_str(config, "WorkingDir", "");

	if (call_str(c, "workdir"))
		dir = call_str(c, "workdir");
	spec->kind = BOX_ENGINE;
	spec->attach = xstrdup(c->argv[0]);
	spec->image = xstrdup(json_str(config, "Image", ""));
	spec->workdir = xstrdup(*dir == '/' ? dir : "/");
	if (call_str(c, "name"))
		spec->name = xstrdup(call_str(c, "name"));
	if (call_str(c, "user"))
		spec->user = xstrdup(call_str(c, "user"));
	take_limits(p, &spec->limits);
}

static void
describe(struct call *c, const struct env *env, int64_t began)
{
	autobuf struct strbuf time = STRBUF_INIT;
	int64_t ms = clock_ms() - began;
	json *j = call_data(c);

	units_add_duration(&time, ms);
	json_put_str(j, "name", env->spec.name);
	json_put_str(j, "image", env->spec.image);
	json_put_int(j, "duration_ms", ms);
	session_host_put_facts(j, env->box);
	call_note(c, "env %s (%s in container %s) ready in %s",
	    env->spec.name, env->spec.image,
	    session_host_fact(env->box, "attached"), time.buf);
}

static int
attach(struct call *c, struct policy *p, const json *container,
    struct env_spec *spec)
{
	struct session_events ev = {session_host_event, c};
	int64_t began = clock_ms();
	struct env *env;

	if (check_policy(c, p, container))
		return -1;
	if (json_bool(json_get(container, "HostConfig"), "Privileged", false))
		call_warn(c, "%s is privileged: programs in there may reach "
		    "the engine's host", c->argv[0]);
	fill_spec(c, p, container, spec);
	env = session_env_new(c->session, spec, &ev, &c->err);
	if (!env)
		return -1;
	describe(c, env, began);
	return 0;
}

/* The engine's container, or NULL. */
static json *
find(struct call *c)
{
	enum box_kind kind;
	struct engine *e;
	json *container;

	if (session_sandbox(c->session, &kind, NULL, &c->err))
		return NULL;
	if (kind != BOX_ENGINE) {
		err_set(&c->err, ERR_SANDBOX,
		    "there are containers on an engine only");
		err_hint(&c->err, "what this host has:  doctor");
		return NULL;
	}
	e = session_engine(c->session, &c->err);
	container = e ? container_inspect(e, c->argv[0], &c->err) : NULL;
	if (!container && c->err.code == 404)
		err_set(&c->err, ERR_USAGE,
		    "there is no container %s on %s", c->argv[0],
		    engine_title(e));
	return container;
}

static int
env_attach_exec(struct call *c)
{
	struct policy *p;
	struct env_spec spec;
	autojson json *container = NULL;
	const char *dir = call_str(c, "workdir");
	int rc;

	if (dir && *dir != '/')
		return err_set(&c->err, ERR_USAGE,
		    "-w %s: the path in the container begins with '/'", dir);
	if (call_str(c, "name") && env_check_name(c, call_str(c, "name")))
		return -1;
	container = find(c);
	if (!container)
		return -1;
	p = policy_copy(c->session->policy);
	env_spec_init(&spec);
	rc = attach(c, p, container, &spec);
	env_spec_release(&spec);
	policy_free(p);
	return rc;
}

const struct cmd cmd_env_attach = {
    .name = "env attach",
    .summary = "use a running container that somebody else started",
    .help =
	"Programs run beside what runs there, as the container's own user "
	"unless -u says otherwise, without capabilities; its root process and "
	"its settings stay as they are.  The runner is put into a directory "
	"where it can be executed and removes its file at once.  'env rm' and "
	"the end of the session detach: of addesh nothing stays, but files "
	"that programs and 'put' have written do.",
    .examples = "env attach web\n"
		"env attach 0123456789ab --name web -u nobody",
    .opts = env_attach_opts,
    .args = {ARG("CONTAINER", COMP_NONE)},
    .flags = CMD_OWN_ONLY,
    .exec = env_attach_exec,
};
