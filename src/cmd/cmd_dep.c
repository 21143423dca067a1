/* dep: the packages of an environment. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "cmd/dep_call.h"
#include "cmd/session_host.h"
#include "session/deps_layer.h"

static void
tell_reopened(struct call *c, const struct dep_layer *l,
    const struct box_count *count, int64_t began)
{
	autobuf struct strbuf time = STRBUF_INIT;
	const struct env *env = c->env;
	json *j = call_data(c), *carried = json_object();
	int64_t ms = clock_ms() - began;

	json_put_str(j, "name", env->spec.name);
	json_put_str(j, "image", env->spec.image);
	dep_put(j, &env->deps, l->id);
	json_put_int(carried, "files", (int64_t)count->files);
	json_put_int(carried, "dirs", (int64_t)count->dirs);
	json_put_int(carried, "links", (int64_t)count->links);
	json_put_int(carried, "bytes", (int64_t)count->bytes);
	json_put_int(carried, "skipped", (int64_t)count->skipped);
	json_put(j, "carried", carried);
	json_put_int(j, "duration_ms", ms);
	if (count->skipped)
		call_warn(c, "%llu sockets, FIFOs or devices in "
		    SANDBOX_WORKSPACE " were left behind",
		    (unsigned long long)count->skipped);
	units_add_duration(&time, ms);
	call_note(c, "env %s reopened in %s%s", env->spec.name, time.buf,
	    env->deps.n && !l->built ? ", the layer was there" : "");
}

/* Reopens the environment of the call with these packages. */
static int
give(struct call *c, const struct deps *d, bool again)
{
	struct session_events ev = {session_host_event, c};
	struct env *env = c->env;
	struct dep_layer layer = {0};
	int64_t began = clock_ms();
	struct box_count count = {0};
	int rc = 0;

	if (d->n)
		rc = dep_make(c, c->session->policy, &env->spec, d, again,
		    &layer);
	if (!rc)
		rc = session_env_reopen(c->session, env, layer.id, d, &ev,
		    &count, &c->err);
	if (!rc)
		tell_reopened(c, &layer, &count, began);
	else
		call_note(c, "env %s is as it was", env->spec.name);
	dep_layer_release(&layer);
	return rc;
}

static int
dep_add_exec(struct call *c)
{
	const struct strvec *files = call_list(c, "file");
	struct env *env = c->env;
	autovec struct strvec packages = STRVEC_INIT;
	struct deps d;
	int rc = -1;

	if (dep_check_kind(c, env->spec.kind) ||
	    session_env_may_reopen(env, &c->err))
		return -1;
	if (!c->argc && (!files || !files->n)) {
		err_set(&c->err, ERR_USAGE, "which packages?");
		return err_hint(&c->err,
		    "name them, or a list:  dep add --file requirements.txt");
	}
	strvec_pushv(&packages, c->argv, c->argc);
	deps_copy(&d, &env->deps);
	if (!dep_take(c, &packages, files, env->spec.image, env, &d))
		rc = give(c, &d, call_has(c, "no-cache"));
	deps_release(&d);
	return rc;
}

static const struct opt dep_add_opts[] = {
    OPT_LIST('f', "file", "FILE",
	"what a list names, such as requirements.txt or package.json",
	COMP_HOST_FILE),
    OPT_STR(0, "lang", "LANGUAGE", "what the packages are of", COMP_LANGUAGE),
    OPT_FLAG(0, "no-cache", "install them even if a layer has them"),
    OPT_END,
};

const struct cmd cmd_dep_add = {
    .name = "dep add",
    .summary = "install packages for the environment",
    .help =
	"The packages are installed into a layer over the environment's image, "
	"in a step that has a network whatever the environment has.  Then the "
	"environment is opened again on that layer, under its own name, with "
	"its settings and all of /workspace.  If installing fails it stays as "
	"it was.\n"
	"A layer is found again by image and packages: the second time takes "
	"no network and no time.\n"
	"Settings: dependencies.timeout, .memory_limit, .network.",
    .examples = "dep add requests 'six>=1.16'\n"
		"dep add --file requirements.txt\n"
		"dep add --lang javascript lodash@4",
    .opts = dep_add_opts,
    .args = {ARG_REST("PACKAGE", COMP_NONE)},
    .flags = CMD_NEEDS_ENV,
    .exec = dep_add_exec,
};

static int
dep_rm_exec(struct call *c)
{
	struct deps d;
	int rc = 0;

	if (dep_check_kind(c, c->env->spec.kind) ||
	    session_env_may_reopen(c->env, &c->err))
		return -1;
	deps_copy(&d, &c->env->deps);
	for (size_t i = 0; i < c->argc && !rc; i++)
		rc = deps_remove(&d, c->argv[i], &c->err);
	if (!rc)
		rc = give(c, &d, false);
	deps_release(&d);
	return rc;
}

const struct cmd cmd_dep_rm = {
    .name = "dep rm",
    .summary = "go back to a layer without these packages",
    .help = "PACKAGE is a name, or a list's such as requirements.txt, as dep "
	    "ls shows it.",
    .examples = "dep rm requests",
    .args = {ARG_SOME("PACKAGE", COMP_DEP)},
    .flags = CMD_NEEDS_ENV,
    .exec = dep_rm_exec,
};

/* ---- what there is ---- */

static void
on_bytes(void *arg, int fd, const void *p, size_t n, bool tail)
{
	strbuf_add(arg, p, n);
}

/* What the installer listed; nothing where it lists nothing. */
static int
read_list(struct call *c, const struct language *l, const char *when,
    struct strbuf *text)
{
	autofree char *path = xasprintf(DEPS_DIR "/%s.%s", l->name, when);
	const struct box_sink sink = {.out = on_bytes, .arg = text};

	if (!box_cat(c->env->box, path, DEPS_LIST_MAX, &sink, &c->err))
		return 0;
	if (c->err.code != ENOENT)
		return -1;
	err_clear(&c->err);
	return 0;
}

static const struct dep_installed *
find_installed(const struct dep_installed *v, size_t n, const char *package)
{
	autofree char *name = deps_name(package);

	for (size_t i = 0; i < n; i++)
		if (deps_same_name(v[i].name, name))
			return &v[i];
	return NULL;
}

static bool
is_requested(const struct dep_group *g, const struct dep_installed *one)
{
	for (size_t i = 0; i < g->packages.n; i++)
		if (find_installed(one, 1, g->packages.v[i]))
			return true;
	return false;
}

static void
add_row(struct call_table *t, const struct language *l, const char *name,
    const char *requested, const char *installed)
{
	const char *cells[] = {name, requested, installed, l->name};
	json *j = json_object();

	json_put_str(j, "name", name);
	json_put_str(j, "requested", requested);
	json_put_str(j, "installed", installed);
	json_put_str(j, "language", l->name);
	call_table_row(t, cells, j);
}

/* First what was asked for, then what came with it. */
static int
group_rows(struct call *c, struct call_table *t, const struct dep_group *g)
{
	autobuf struct strbuf before = STRBUF_INIT, after = STRBUF_INIT;
	struct dep_installed *v;
	size_t n;

	if (read_list(c, g->language, "before", &before) ||
	    read_list(c, g->language, "after", &after))
		return -1;
	v = deps_installed(g->language, &before, &after, &n);
	for (size_t i = 0; i < g->n_files; i++)
		add_row(t, g->language, g->files[i].name, g->files[i].name,
		    NULL);
	for (size_t i = 0; i < g->packages.n; i++) {
		const struct dep_installed *one =
		    find_installed(v, n, g->packages.v[i]);
		autofree char *name = deps_name(g->packages.v[i]);

		add_row(t, g->language, one ? one->name : name,
		    g->packages.v[i], one ? one->version : NULL);
	}
	for (size_t i = 0; i < n; i++)
		if (!is_requested(g, &v[i]))
			add_row(t, g->language, v[i].name, NULL, v[i].version);
	deps_installed_free(v, n);
	return 0;
}

static int
dep_ls_exec(struct call *c)
{
	static const struct column cols[] = {{"name", "NAME", false, 0},
	    {"requested", "REQUESTED", false, 1},
	    {"installed", "INSTALLED", false, 0},
	    {"language", "LANGUAGE", false, 2}};
	struct call_table *t =
	    call_table_new(c, "dependencies", cols, ARRAY_SIZE(cols));
	const struct deps *d = &c->env->deps;
	int rc = 0;

	for (size_t i = 0; i < d->n && !rc; i++)
		rc = group_rows(c, t, &d->groups[i]);
	call_table_end(t);
	return rc;
}

const struct cmd cmd_dep_ls = {
    .name = "dep ls",
    .summary = "list the packages that the environment was given",
    .help = "Those that were asked for with the version that was installed, "
	    "then those that came with them.",
    .flags = CMD_NEEDS_ENV | CMD_NO_STEP,
    .exec = dep_ls_exec,
};

const struct cmd cmd_dep = {
    .name = "dep",
    .summary = "packages of an environment: add, ls, rm",
};
