/* env rm and project rm: closing environments. */
#include <errno.h>

#include "cmd/call.h"
#include "cmd/project_call.h"
#include "session/session.h"

/* What one of both commands closes. */
struct closing {
	struct call *c;
	bool projects; /* other environments stay */
	json *names;
	struct project_images made;
};

static int
close_one(struct closing *cl, struct env *env)
{
	autofree char *name = xstrdup(env->spec.name);
	struct call *c = cl->c;
	int rc = cl->projects ? project_call_remove(c, env, &cl->made)
			      : session_env_remove(c->session, env, &c->err);

	if (!rc)
		json_push_str(cl->names, name);
	return rc;
}

/* The last one, of n; NULL: there is none. */
static struct env *
last(const struct closing *cl, size_t *n)
{
	const struct session *s = cl->c->session;
	struct env *found = NULL;

	*n = 0;
	for (size_t i = 0; i < s->nenvs; i++) {
		if (cl->projects && !s->envs[i]->project)
			continue;
		found = s->envs[i];
		++*n;
	}
	return found;
}

static int
ask(const struct closing *cl)
{
	struct call *c = cl->c;
	size_t n;

	if (!c->interactive || !last(cl, &n) ||
	    !policy_bool(c->session->policy, SET_CONFIRM_ENV_RM_ALL))
		return 0;
	return call_confirm(c, "close %zu %s%s?", n,
	    cl->projects ? "project" : "environment", n == 1 ? "" : "s");
}

/* One that is silent would cost its deadline for each. */
static bool
engine_answers(const struct call *c)
{
	return c->err.kind != ERR_INTERRUPTED && c->err.code != ETIMEDOUT;
}

static int
close_all(struct closing *cl)
{
	struct call *c = cl->c;
	struct env *env;
	size_t n;
	int rc = 0;

	session_envs_refresh(c->session);
	if (ask(cl))
		return -1;
	while (engine_answers(c) && (env = last(cl, &n)))
		if (close_one(cl, env))
			rc = -1;
	return rc;
}

static int
close_named(struct closing *cl)
{
	struct call *c = cl->c;

	for (size_t i = 0; i < c->argc; i++) {
		struct env *env =
		    cl->projects ? project_call_find(c, c->argv[i])
				 : session_env(c->session, c->argv[i], &c->err);

		if (!env || close_one(cl, env))
			return -1;
	}
	return 0;
}

static int
close_them(struct call *c, bool projects)
{
	struct closing cl = {
	    .c = c, .projects = projects, .made = PROJECT_IMAGES_INIT};
	bool all = call_has(c, "all");
	int rc;

	if (all && c->argc)
		return err_set(
		    &c->err, ERR_USAGE, "--all takes no names beside it");
	if (!all && !c->argc)
		return err_set(&c->err, ERR_USAGE, "which one? or --all");
	cl.names = json_array();
	json_put(call_data(c), "removed", cl.names);
	rc = all ? close_all(&cl) : close_named(&cl);
	if (projects && call_has(c, "images") && engine_answers(c) &&
	    project_call_remove_images(c, &cl.made))
		rc = -1;
	project_images_release(&cl.made);
	return rc;
}

static int
env_rm_exec(struct call *c)
{
	return close_them(c, false);
}

static int
project_rm_exec(struct call *c)
{
	return close_them(c, true);
}

static const struct opt env_rm_opts[] = {
    OPT_FLAG(0, "all", "every environment of this session"),
    OPT_FLAG('f', "force", "accepted: nothing is waited for anyway"),
    OPT_END,
};

const struct cmd cmd_env_rm = {
    .name = "env rm",
    .summary = "close environments; their files are gone",
    .opts = env_rm_opts,
    .args = {ARG_REST("NAME", COMP_ENV)},
    .exec = env_rm_exec,
};

static const struct opt project_rm_opts[] = {
    OPT_FLAG(0, "all", "every project of this session"),
    OPT_FLAG(0, "images", "and the images and layers that were built for it"),
    OPT_END,
};

const struct cmd cmd_project_rm = {
    .name = "project rm",
    .summary = "close projects; all that was made for them is gone",
    .help = "Removes the environment with its files, and what is kept on this "
	    "host.  The directory that was opened stays as it is.",
    .examples = "project rm shop\nproject rm shop --images\n"
		"project rm --all",
    .opts = project_rm_opts,
    .args = {ARG_REST("NAME", COMP_PROJECT)},
    .exec = project_rm_exec,
};
