/* project: directories of this host in environments made for them. */
#include <string.h>

#include "base/clock.h"
#include "base/sanitise.h"
#include "base/units.h"
#include "cmd/call.h"
#include "cmd/dep_call.h"
#include "cmd/keep_call.h"
#include "cmd/project_call.h"
#include "cmd/session_host.h"
#include "project/detect.h"
#include "session/project.h"

static const struct opt open_opts[] = {
    PROJECT_OPEN_OPTS,
    OPT_MAY_TIME(0, "keep",
	"it outlives the session, until it has been idle for TIME"),
    OPT_END,
};

static int
open_exec(struct call *c)
{
	struct project_options o = project_call_options(c);

	o.keep = call_has(c, "keep");
	o.keep_time = call_str(c, "keep");
	return project_call_open(c, &o) ? 0 : -1;
}

const struct cmd cmd_project_open = {
    .name = "project open",
    .summary = "open a directory of this host as a project",
    .help =
	"Makes an environment for the directory DIR and copies its files into "
	"the workspace.  DIR itself is never changed.\n"
	"The image is built from DIR/Dockerfile; without one it is that of the "
	"project's language, with the packages that its lists name "
	"(requirements.txt, package.json, go.mod, Gemfile) in a layer.\n"
	".dockerignore says which files are left out; without one version "
	"control, caches, secrets and what .gitignore names.  The limits are "
	"those of project in the policy.",
    .examples = "project open ./app\n"
		"project open ./app --lang python --name shop\n"
		"project open . --image python:3.12 --no-deps",
    .opts = open_opts,
    .args = {ARG("DIR", COMP_HOST_DIR)},
    .exec = open_exec,
};

/* ---- which there are ---- */

static const struct column cols[] = {{"current", "", false, 0},
    {"name", "NAME", false, 0}, {"language", "LANGUAGE", false, 1},
    {"image", "IMAGE", false, 2}, {"files", "FILES", true, 3},
    {"size", "SIZE", true, 3}, {"directory", "DIRECTORY", false, 0}};

static void
list_row(struct call_table *t, const struct session *s, const struct env *env)
{
	const struct project *p = env->project;
	autobuf struct strbuf size = STRBUF_INIT, dir = STRBUF_INIT;
	autofree char *files =
	    xasprintf("%llu", (unsigned long long)p->sent.files);
	json *j = json_object();

	units_add_size(&size, p->sent.bytes);
	sanitise_name(&dir, p->root);
	json_put_bool(j, "current", env == s->current);
	json_put_str(j, "name", env->spec.name);
	json_put_str(j, "language", p->language);
	json_put_str(j, "image", env->spec.image);
	json_put_int(j, "files", (int64_t)p->sent.files);
	json_put_int(j, "bytes", (int64_t)p->sent.bytes);
	json_put_bytes(j, "directory", p->root, strlen(p->root));
	call_table_row(t,
	    (const char *[]){env == s->current ? "*" : "", env->spec.name,
		p->language ? p->language : "",
		env->spec.image ? env->spec.image : "", files, size.buf, dir.buf},
	    j);
}

static int
ls_exec(struct call *c)
{
	struct session *s = c->session;
	struct call_table *t =
	    call_table_new(c, "projects", cols, ARRAY_SIZE(cols));

	session_envs_refresh(s);
	for (size_t i = 0; i < s->nenvs; i++)
		if (s->envs[i]->project)
			list_row(t, s, s->envs[i]);
	call_table_end(t);
	return 0;
}

const struct cmd cmd_project_ls = {
    .name = "project ls",
    .summary = "list the projects of this session",
    .flags = CMD_NO_STEP,
    .exec = ls_exec,
};

static int
use_exec(struct call *c)
{
	struct env *env = project_call_find(c, c->argv[0]);

	if (!env || (env->id && keep_call_check(c, env)))
		return -1;
	session_env_select(c->session, env);
	json_put_str(call_data(c), "name", env->spec.name);
	return 0;
}

const struct cmd cmd_project_use = {
    .name = "project use",
    .summary = "select a project",
    .examples = "project use shop",
    .args = {ARG("NAME", COMP_PROJECT)},
    .exec = use_exec,
};

/* ---- what it is ---- */

static int
snapshot_text(void *arg, const char *path, size_t max, struct strbuf *out)
{
	const struct snapshot_entry *e = snapshot_find(arg, path);

	if (!e || e->type != 'f')
		return -1;
	strbuf_add(out, e->data, e->size < max ? e->size : max);
	return 0;
}

static int
detect(struct call *c, const struct env *env, struct detection *d)
{
	const struct languages *all = session_languages(c->session, &c->err);
	struct snapshot *files = session_project_snapshot(env, &c->err);
	autovec struct strvec paths = STRVEC_INIT;
	struct project_source source = {
	    .paths = &paths, .read = snapshot_text, .arg = files};
	int rc = -1;

	for (size_t i = 0; files && i < snapshot_count(files); i++)
		if (snapshot_at(files, i)->type == 'f')
			strvec_push(&paths, snapshot_at(files, i)->path);
	if (all && files)
		rc = project_detect(all, &source, session_project_told(env), d,
		    &c->err);
	snapshot_close(files);
	return rc;
}

static void
fact(struct call *c, const char *name, const char *title, const char *value,
    const char *why)
{
	autobuf struct strbuf text = STRBUF_INIT;

	strbuf_adds(&text, value);
	if (why) {
		strbuf_adds(&text, "  (");
		sanitise_name(&text, why);
		strbuf_addc(&text, ')');
	}
	call_fact(c, name, title, text.buf);
}

/* A command as it could be typed; the caller's. */
static char *
words(const struct strvec *command, const char *helper)
{
	autovec struct strvec argv = STRVEC_INIT;
	struct strbuf sb = STRBUF_INIT;

	framework_show(command, helper, &argv);
	for (size_t i = 0; i < argv.n; i++) {
		strbuf_adds(&sb, i ? " " : "");
		strbuf_add_word(&sb, argv.v[i]);
	}
	return strbuf_detach(&sb);
}

/* How a build is called; where a shell runs several commands, by its name. */
static char *
build_words(const struct build_kind *build)
{
	const struct strvec *command = &build->command;

	if (command->n > 2 && !strcmp(command->v[0], "sh") &&
	    !strcmp(command->v[1], "-c"))
		return xstrdup(build->name);
	return words(command, NULL);
}

static void
tell_detected(struct call *c, const struct detection *d)
{
	for (size_t i = 0; i < d->nlanguages; i++)
		fact(c, "language", "language", d->languages[i].language->name,
		    d->languages[i].why);
	for (size_t i = 0; i < d->ntests; i++) {
		const struct framework *f = d->tests[i].framework;
		autofree char *argv = words(&f->command, f->helper);

		fact(c, "framework", "framework", f->name, d->tests[i].why);
		call_fact(c, "test", "  command", argv);
	}
	for (size_t i = 0; i < d->nbuilds; i++) {
		autofree char *argv = build_words(d->builds[i].build);

		fact(c, "build", "build", argv, d->builds[i].why);
	}
}

static void
tell_project(struct call *c, const struct env *env)
{
	const struct project *p = env->project;
	autobuf struct strbuf dir = STRBUF_INIT, sent = STRBUF_INIT;
	autobuf struct strbuf with = STRBUF_INIT;

	sanitise_name(&dir, p->root);
	strbuf_addf(&sent, "%llu, ", (unsigned long long)p->sent.files);
	units_add_size(&sent, p->sent.bytes);
	if (p->ignored)
		strbuf_addf(&sent, ", and %llu paths left out by its rules",
		    (unsigned long long)p->ignored);
	deps_describe(&env->deps, DEPS_LINE, &with);
	call_fact(c, "name", "name", env->spec.name);
	call_fact(c, "directory", "directory", dir.buf);
	fact(c, "image", "image",
	    env->spec.image ? env->spec.image : "programs of this host",
	    env->spec.image ? p->image_why : NULL);
	if (with.len)
		call_fact(c, "dependencies", "packages", with.buf);
	call_fact(c, "files", "files", sent.buf);
}

static int
info_exec(struct call *c)
{
	const struct env *env =
	    project_call_find(c, c->argc ? c->argv[0] : NULL);
	struct detection d = {0};
	json *j;

	if (!env || detect(c, env, &d))
		return -1;
	j = call_data(c);
	json_put_str(j, "name", env->spec.name);
	json_put_str(j, "image", env->spec.image);
	json_put(j, "project", project_json(env->project));
	dep_put(j, &env->deps, env->spec.layer);
	json_put(j, "detected", detection_json(&d));
	session_host_put_keep(j, env);
	tell_project(c, env);
	tell_detected(c, &d);
	detection_release(&d);
	return 0;
}

const struct cmd cmd_project_info = {
    .name = "project info",
    .summary = "show what a project is, and why it is taken for that",
    .help = "Languages, test frameworks and builds, each with the files that "
	    "tell, as they were when it was opened.",
    .args = {ARG_OPTIONAL("NAME", COMP_PROJECT)},
    .flags = CMD_NO_STEP,
    .exec = info_exec,
};

const struct cmd cmd_project = {
    .name = "project",
    .summary = "projects: open, info, try, build, apply, rm, ...",
};
