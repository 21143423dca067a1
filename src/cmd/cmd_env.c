/* env: opening, choosing and resetting environments. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/units.h"
#include "cmd/dep_call.h"
#include "cmd/docker_words.h"
#include "cmd/env_call.h"
#include "cmd/env_service.h"
#include "cmd/env_share.h"
#include "cmd/host.h"
#include "cmd/keep_call.h"
#include "cmd/session_host.h"
#include "session/image_name.h"
#include "session/project.h"
#include "session/session.h"

#define ENV_FILE_MAX (1u << 20)

static const struct opt env_new_opts[] = {
    OPT_STR(0, "name", "NAME", "call it NAME, else e1, e2 ...", COMP_NONE),
    OPT_LIST('e', "env", "NAME=VALUE",
	"set a variable for each run; NAME alone takes yours", COMP_NONE),
    OPT_LIST(0, "env-file", "FILE", "read variables from FILE", COMP_HOST_FILE),
    OPT_CHOICE(0, "network", "none|full", "what programs can reach"),
    OPT_FLAG(0, "net", "the same as --network full"),
    OPT_SIZE('m', "memory", "memory for programs"),
    OPT_NUM(0, "cpus", "N", "CPUs, such as 0.5"),
    OPT_INT(0, "pids-limit", "N", "processes and threads"),
    OPT_SIZE(0, "disk", "size of /workspace"),
    OPT_SIZE(0, "shm-size", "size of /dev/shm"),
    OPT_STR('u', "user", "USER", "sandbox, image, root, a name or UID[:GID]",
	COMP_NONE),
    OPT_FLAG(0, "root", "the same as --user root: uid 0 without capabilities"),
    OPT_STR('w', "workdir", "DIR", "directory of each run", COMP_NONE),
    OPT_FLAG(0, "writable", "the image's files may be changed"),
    OPT_FLAG(0, "image-cmd",
	"start the image's own command, a server; implies --writable"),
    OPT_LIST('v', "volume", "HOSTDIR:PATH[:ro]",
	"let programs see a directory of this host at PATH", COMP_HOST_DIR),
    OPT_LIST('p', "publish", "HOST:CONTAINER[/udp]",
	"let this host reach a port, at 127.0.0.1", COMP_NONE),
    OPT_CHOICE(0, "pull", "missing|never|always", "when to pull the image"),
    OPT_LIST(0, "dep", "PACKAGE", "install it first, with a network",
	COMP_NONE),
    OPT_LIST(0, "dep-file", "FILE",
	"install what a list names, such as requirements.txt", COMP_HOST_FILE),
    OPT_STR(0, "lang", "LANGUAGE", "what the packages are of", COMP_LANGUAGE),
    OPT_MAY_TIME(0, "keep",
	"it outlives the session, until it has been idle for TIME"),
    OPT_FLAG('d', "detach", "accepted: it always is"),
    OPT_FLAG(0, "rm", "accepted: without --keep it ends with the session"),
    OPT_FLAG(0, "read-only", "accepted: it is, without --writable"),
    OPT_FLAG(0, "init", "accepted: there always is one"),
    OPT_REFUSED(0, "cap-add", REFUSED_ROOT),
    OPT_REFUSED(0, "security-opt", REFUSED_ROOT),
    OPT_REFUSED(0, "device", REFUSED_ROOT),
    OPT_REFUSED(0, "gpus", REFUSED_ROOT),
    OPT_REFUSED(0, "pid", "an environment sees its own processes only"),
    OPT_REFUSED(0, "ipc", "an environment has an IPC namespace of its own"),
    OPT_REFUSED(0, "entrypoint", "name the program:  exec PROGRAM ARG..."),
    OPTS_REFUSED,
    OPT_END,
};

/* Options that are settings of the policy, under another name. */
static const struct {
	const char *option, *setting;
	enum opt_type type;
} option_settings[] = {
    {"memory", "memory_limit", OPT_TYPE_SIZE},
    {"cpus", "cpu_limit", OPT_TYPE_NUM},
    {"pids-limit", "pids_limit", OPT_TYPE_INT},
    {"disk", "disk_limit", OPT_TYPE_SIZE},
    {"shm-size", "shm_limit", OPT_TYPE_SIZE},
    {"network", "network", OPT_TYPE_CHOICE},
};

/* Sets one in a copy of the policy, where ceilings are checked. */
static int
apply_option(struct call *c, struct policy *p, const char *option,
    const char *setting, const char *text)
{
	autofree char *where = xasprintf("--%s", option);

	return policy_override(p, setting, text, where, &c->err);
}

/* Neither --net --network none nor the reverse may end with a network that
   somebody did not want. */
static int
contradicts(struct call *c, const char *flag, const char *option,
    const char *same)
{
	const char *word = call_str(c, option);

	if (!call_has(c, flag) || !word || !strcmp(word, same))
		return 0;
	return err_set(&c->err, ERR_USAGE,
	    "--%s and --%s %s exclude each other", flag, option, word);
}

static int
apply_options(struct call *c, struct policy *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(option_settings); i++) {
		const char *name = option_settings[i].option;
		autofree char *text = NULL;

		if (!call_has(c, name))
			continue;
		switch (option_settings[i].type) {
		case OPT_TYPE_SIZE:
			text = xasprintf("%llu",
			    (unsigned long long)call_size(c, name, 0));
			break;
		case OPT_TYPE_NUM:
			text = xasprintf("%.3f", call_num(c, name, 0));
			break;
		case OPT_TYPE_INT:
			text = xasprintf("%llu",
			    (unsigned long long)call_int(c, name, 0));
			break;
		default:
			text = xstrdup(call_str(c, name));
		}
		if (apply_option(c, p, name, option_settings[i].setting, text))
			return -1;
	}
	if (contradicts(c, "net", "network", "full") ||
	    contradicts(c, "root", "user", "root"))
		return -1;
	if (call_has(c, "net") && apply_option(c, p, "net", "network", "full"))
		return -1;
	if (call_has(c, "root") && apply_option(c, p, "root", "user", "root"))
		return -1;
	return 0;
}

static int
set_user(struct call *c, struct policy *p, struct env_spec *spec)
{
	static const char *const words[] = {"sandbox", "image", "root", NULL};
	const char *user = call_str(c, "user");

	if (!user)
		return 0;
	if (str_in(user, words))
		return apply_option(c, p, "user", "user", user);
	/* A name of the image's is like its own USER to the policy. */
	if (apply_option(c, p, "user", "user", "image"))
		return -1;
	free(spec->user);
	spec->user = xstrdup(user);
	return 0;
}

/* Lines NAME=VALUE, or NAME alone; empty ones and those with # do not count
   (docker run --env-file), nor does the mark that some editors begin with. */
static int
add_env_file(struct call *c, struct env_spec *spec, const char *path)
{
	autobuf struct strbuf sb = STRBUF_INIT;
	unsigned number = 0;
	char *rest, *line;

	if (call_may_use_path(c, SET_HOST_READ, path) ||
	    io_read_file(path, &sb, ENV_FILE_MAX, &c->err))
		return -1;
	if (memchr(sb.buf, '\0', sb.len))
		return err_set(&c->err, ERR_USAGE, "%s: not a text", path);
	rest = sb.buf + (str_starts(sb.buf, "\xef\xbb\xbf") ? 3 : 0);
	while ((line = strsep(&rest, "\n"))) {
		number++;
		line += strspn(line, " \t");
		line[strcspn(line, "\r")] = '\0';
		if (!*line || *line == '#')
			continue;
		if (line[strcspn(line, " \t=")] != '=' &&
		    line[strcspn(line, " \t")])
			/* Not repeated: it may be a line of a key. */
			err_set(&c->err, ERR_USAGE,
			    "a name has a space in it");
		else if (!call_variable(c, line, &spec->env))
			continue;
		return err_prefix(&c->err, "%s:%u", path, number);
	}
	return 0;
}

static int
add_variables(struct call *c, struct env_spec *spec)
{
	const struct strvec *files = call_list(c, "env-file");
	const struct strvec *vars = call_list(c, "env");

	for (size_t i = 0; files && i < files->n; i++)
		if (add_env_file(c, spec, files->v[i]))
			return -1;
	for (size_t i = 0; vars && i < vars->n; i++)
		if (call_variable(c, vars->v[i], &spec->env))
			return -1;
	return 0;
}

static enum pull_policy
pull_option(const struct call *c)
{
	const char *word = call_str(c, "pull");

	if (!word || !strcmp(word, "missing"))
		return PULL_MISSING;
	return !strcmp(word, "never") ? PULL_NEVER : PULL_ALWAYS;
}

/* A relative one begins in the workspace. */
static int
set_workdir(struct call *c, struct env_spec *spec)
{
	const char *dir = call_str(c, "workdir");

	if (!dir)
		return 0;
	if (!*dir)
		return err_set(&c->err, ERR_USAGE,
		    "-w needs the name of a directory");
	spec->workdir = *dir == '/' ? xstrdup(dir)
				    : io_join(SANDBOX_WORKSPACE, dir);
	return 0;
}

/* The server is the image's user; programs beside it have one of their own,
   by which all of theirs is found and ended. */
static int
set_image_cmd(struct call *c, const struct policy *p, struct env_spec *spec)
{
	struct policy *copy;
	int rc;

	spec->image_cmd = call_has(c, "image-cmd");
	if (!spec->image_cmd)
		return 0;
	if (spec->limits.user != USER_SANDBOX)
		return err_set(&c->err, ERR_USAGE,
		    "--image-cmd: programs beside a server have a user of "
		    "their own: neither -u nor --root");
	spec->limits.writable = true;
	copy = policy_copy(p);
	rc = apply_option(c, copy, "image-cmd", "user", "image");
	policy_free(copy);
	return rc;
}

/* Everything but the kind of sandbox, from the policy and the options. */
static int
spec_from_call(struct call *c, struct policy *p, struct env_spec *spec)
{
	const char *image = c->argc ? c->argv[0] : policy_text(p, SET_IMAGE);

	spec->image = session_image_name(c->session, image);
	if (call_str(c, "name"))
		spec->name = xstrdup(call_str(c, "name"));
	spec->pull = pull_option(c);
	if (set_workdir(c, spec) || apply_options(c, p) ||
	    set_user(c, p, spec) || add_variables(c, spec))
		return -1;
	if ((call_has(c, "keep") || c->session->name) &&
	    keep_call_lease(c, p, call_str(c, "keep"), &spec->lease_ms))
		return -1;
	policy_limits(p, &spec->limits);
	if (spec->user)
		spec->limits.user = USER_NAMED;
	spec->limits.writable = call_has(c, "writable");
	if (set_image_cmd(c, p, spec))
		return -1;
	if (env_share_parse(c, spec))
		return -1;
	if (spec->image_cmd && env_spec_writes_host(spec))
		return err_set(&c->err, ERR_USAGE,
		    "-v: a server gets directories of this host read-only: "
		    "HOSTDIR:PATH:ro");
	return policy_may_use_image(p, spec->image, NULL, &c->err);
}

int
env_check_name(struct call *c, const char *name)
{
	size_t good = strspn(name, "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

	if (!*name || name[good] || strlen(name) > 64 || *name == '-')
		return err_set(&c->err, ERR_USAGE,
		    "'%s' is not a name: letters, digits, _ . and - only, up "
		    "to 64", name);
	session_envs_refresh(c->session);
	if (!session_has_env(c->session, name))
		return 0;
	err_set(&c->err, ERR_USAGE, "there is an environment '%s' already",
	    name);
	return err_hint(&c->err, "use it:  env use %s      or close it:  env "
	    "rm %s", name, name);
}

void
env_call_note_gaps(struct call *c, const struct box *box, bool weak)
{
	const struct limit_gap *gaps;
	size_t n;

	gaps = box_gaps(box, &n);
	for (size_t i = 0; i < n; i++)
		if (weak || !gaps[i].weak)
			call_warn(c, "%s: asked %s, got %s: %s", gaps[i].name,
		    gaps[i].asked, gaps[i].got, gaps[i].why);
}

static void
describe_new(struct call *c, const struct env *env, int64_t began)
{
	autobuf struct strbuf time = STRBUF_INIT, with = STRBUF_INIT;
	autobuf struct strbuf ports = STRBUF_INIT;
	/* Restricted: what of this host stands in for the image. */
	const char *here = session_host_fact(env->box, "stand_in");
	json *j = call_data(c);
	int64_t ms = clock_ms() - began;

	units_add_duration(&time, ms);
	json_put_str(j, "name", env->spec.name);
	json_put_str(j, "image", env->spec.image);
	json_put_int(j, "duration_ms", ms);
	session_host_put_facts(j, env->box);
	env_share_put(j, env);
	session_host_put_keep(j, env);
	deps_describe(&env->deps, DEPS_LINE, &with);
	if (with.len)
		strbuf_prepend(&with, " + ");
	call_note(c, "env %s (%s%s%s%s) ready in %s", env->spec.name,
	    env->spec.image, *here ? ", here: " : "", here, with.buf,
	    time.buf);
	env_share_ports(env, &ports);
	if (ports.len)
		call_note(c, "port %s", ports.buf);
}

/* The layer with the packages that are asked for. */
static int
install(struct call *c, struct policy *p, struct env_spec *spec,
    const struct deps *deps)
{
	struct dep_layer layer = {0};
	int rc;

	if (!deps->n)
		return 0;
	rc = dep_check_kind(c, spec->kind);
	if (!rc)
		rc = dep_make(c, p, spec, deps, false, &layer);
	if (!rc) {
		dep_put(call_data(c), deps, layer.id);
		spec->layer = xstrdup(layer.id);
	}
	dep_layer_release(&layer);
	return rc;
}

static int
open_env(struct call *c, struct policy *p, struct env_spec *spec,
    const struct deps *deps)
{
	struct session_events ev = {session_host_event, c};
	int64_t began = clock_ms();
	autofree char *why = NULL;
	struct env *env;

	if (session_sandbox(c->session, &spec->kind, &why, &c->err))
		return -1;
	if (spec->kind == BOX_ENGINE)
		session_host_note_latest(c, spec->image);
	else if (!strcmp(policy_text(p, SET_SANDBOX), "auto") ||
	    policy_from_variable(p, SET_SANDBOX))
		session_host_once(c->host, "restricted",
		    "restricted sandbox, %s", why);
	if (env_share_resolve(c, spec) || install(c, p, spec, deps))
		return -1;
	env = session_env_new(c->session, spec, &ev, &c->err);
	if (!env)
		return -1;
	deps_copy(&env->deps, deps);
	env_call_note_gaps(c, env->box, true);
	describe_new(c, env, began);
	env_service_began(c, env);
	return 0;
}

static int
env_new_exec(struct call *c)
{
	struct policy *p = policy_copy(c->session->policy);
	struct deps deps = DEPS_INIT;
	struct env_spec spec;
	int rc = -1;

	env_spec_init(&spec);
	if (policy_may_execute(p, &c->err))
		goto out;
	if (spec_from_call(c, p, &spec))
		goto out;
	if ((!spec.name || !env_check_name(c, spec.name)) &&
	    !dep_take(c, call_list(c, "dep"), call_list(c, "dep-file"),
		spec.image, NULL, &deps))
		rc = open_env(c, p, &spec, &deps);
out:
	deps_release(&deps);
	env_spec_release(&spec);
	policy_free(p);
	return rc;
}

const struct cmd cmd_env_new = {
    .name = "env new",
    .summary = "open an environment and select it",
    .help =
	"Opens an isolated environment from an image (or, where no engine "
	"answers, with this host's own programs) and makes it the current "
	"one.\n"
	"Limits that are not given come from the policy; what holds is read "
	"back from inside and shown by 'env info'.",
    .examples = "env new python:3.11-slim\n"
		"env new node:20 --name js -m 512m --net\n"
		"env new python:3.11-slim --dep requests --dep 'six>=1.16'",
    .opts = env_new_opts,
    .args = {ARG_OPTIONAL("IMAGE", COMP_IMAGE)},
    .exec = env_new_exec,
};

static int
env_use_exec(struct call *c)
{
	struct env *env = session_env(c->session, c->argv[0], &c->err);

	if (!env || (env->id && keep_call_check(c, env)))
		return -1;
	session_env_select(c->session, env);
	json_put_str(call_data(c), "name", env->spec.name);
	return 0;
}

const struct cmd cmd_env_use = {
    .name = "env use",
    .summary = "select an environment",
    .examples = "env use py311",
    .args = {ARG("NAME", COMP_ENV)},
    .exec = env_use_exec,
};

static int
env_reset_exec(struct call *c)
{
	if (box_reset(c->env->box, &c->err))
		return -1;
	if (c->env->project &&
	    session_project_restore(c->session, c->env, &c->err))
		return -1;
	json_put_str(call_data(c), "name", c->env->spec.name);
	return 0;
}

const struct cmd cmd_env_reset = {
    .name = "env reset",
    .summary = "kill all that runs and empty the writable places",
    .help = "Name, image and limits stay.  A project has its files as they were "
	    "when it was opened.",
    .flags = CMD_NEEDS_ENV,
    .exec = env_reset_exec,
};

const struct cmd cmd_env = {
    .name = "env",
    .summary = "environments: new, attach, ls, use, info, keep, reset, rm",
};
