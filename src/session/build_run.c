#include "session/build_run.h"

#include <stdlib.h>
#include <string.h>

#include "base/glob.h"
#include "session/env_source.h"
#include "session/project.h"

/* A file of the workspace, as far as a build may change it. */
struct seen {
	char *path;
	uint64_t bytes;
	int64_t mtime;
};

struct tree {
	struct seen *v;
	size_t n, cap;
	const char *below; /* the directory that is listed; NULL: the top */
	struct strvec dirs;
};

void
project_built_init(struct project_built *b)
{
	*b = (struct project_built){.command = STRVEC_INIT};
	result_init(&b->run);
}

void
project_built_release(struct project_built *b)
{
	for (size_t i = 0; i < b->n; i++)
		free(b->artifacts[i].path);
	free(b->artifacts);
	free(b->name);
	free(b->language);
	free(b->found_by);
	strvec_release(&b->command);
	result_release(&b->run);
}

/* ---- what is there ---- */

static void
on_entry(void *arg, const struct box_entry *e)
{
	struct tree *t = arg;

	if (!*e->path || e->sys)
		return;
	if (e->type == 'd' && !t->below && *e->path != '.')
		strvec_push(&t->dirs, e->path);
	if (e->type != 'f' || t->n >= DETECT_FILES_MAX)
		return;
	GROW(t->v, t->n, &t->cap);
	t->v[t->n++] = (struct seen){
	    .path = t->below ? xasprintf("%s/%s", t->below, e->path)
			     : xstrdup(e->path),
	    .bytes = e->size,
	    .mtime = e->mtime};
}

static int
by_path(const void *a, const void *b)
{
	return strcmp(
	    ((const struct seen *)a)->path, ((const struct seen *)b)->path);
}

static int
tree_list(struct tree *t, struct env *env, struct err *err)
{
	int rc;

	*t = (struct tree){.dirs = STRVEC_INIT};
	rc = env_list_below(env, "", 1, on_entry, t, err);
	for (size_t i = 0; rc >= 0 && i < t->dirs.n; i++) {
		t->below = t->dirs.v[i];
		rc = env_list_below(
		    env, t->below, ENV_SOURCE_LEVELS, on_entry, t, err);
	}
	if (t->n)
		qsort(t->v, t->n, sizeof(*t->v), by_path);
	return rc < 0 ? -1 : 0;
}

static void
tree_release(struct tree *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i].path);
	free(t->v);
	strvec_release(&t->dirs);
}

/* ---- what the build added ---- */

static size_t
count_slashes(const char *s)
{
	size_t n = 0;

	while ((s = strchr(s, '/'))) {
		n++;
		s++;
	}
	return n;
}

/* Part by part: what lies deeper is made on the way. */
static bool
is_wanted(const struct build_kind *kind, const char *path)
{
	if (!kind || !kind->artifacts.n)
		return true;
	for (size_t i = 0; i < kind->artifacts.n; i++) {
		const char *pattern = kind->artifacts.v[i];

		pattern += *pattern == '/';
		if (count_slashes(pattern) == count_slashes(path) &&
		    glob_match(pattern, path))
			return true;
	}
	return false;
}

static void
compare(const struct tree *before, const struct tree *after,
    const struct detected_build *found, struct project_built *b)
{
	const struct build_kind *kind = found->build;

	b->artifacts = xcalloc(ARTIFACTS_MAX, sizeof(*b->artifacts));
	for (size_t i = 0; i < after->n; i++) {
		const struct seen *now = &after->v[i];
		const struct seen *old = before->n
		    ? bsearch(now, before->v, before->n, sizeof(*now), by_path)
		    : NULL;

		if (old && old->bytes == now->bytes && old->mtime == now->mtime)
			continue;
		/* Compiled modules that it keeps for itself are for nobody. */
		if ((!kind || !kind->artifacts.n) && found->language &&
		    detect_language_skips(found->language, now->path))
			continue;
		if (!is_wanted(kind, now->path) || b->n == ARTIFACTS_MAX)
			b->others++;
		else
			b->artifacts[b->n++] =
			    (struct artifact){.path = xstrdup(now->path),
				.bytes = now->bytes,
				.changed = old != NULL};
	}
}

/* ---- the build ---- */

/* 1: found says what is run, or nothing for the user's command; 0: nothing is. */
static int
choose(struct session *s, struct env *env, const struct build_options *o,
    struct project_built *b, struct detected_build *found, struct err *err)
{
	const struct languages *ls = session_languages(s, err);
	struct env_files files = {.paths = STRVEC_INIT};
	struct detection d = {0};
	int rc = ls ? 0 : -1;

	if (!rc && !o->command)
		rc = env_files_list(&files, env, ls, err) ||
			     project_detect(ls, &files.source,
			    o->lang ? o->lang : session_project_told(env),
			    &d, err)
			 ? -1
			 : 0;
	if (!rc && d.nbuilds) {
		found->build = d.builds[0].build;
		found->language = d.builds[0].language;
		b->language = xstrdup(found->language->name);
		b->found_by = xstrdup(d.builds[0].why);
		rc = policy_may_use_language(s->policy,
		    (const char *const *)found->language->names.v, err);
	}
	if (!rc && (found->build || o->command)) {
		b->name = xstrdup(found->build ? found->build->name : "command");
		rc = 1;
	}
	env_files_release(&files);
	detection_release(&d);
	return rc;
}

static int
run_build(struct session *s, struct env *env, const struct build_options *o,
    const struct build_kind *kind, const struct box_sink *sink,
    struct project_built *b, struct err *err)
{
	struct framework_places places = {
	    .dir = env_spec_workspace(&env->spec), .args = &o->args};
	struct program p = PROGRAM_INIT;
	int rc;

	env_add_path(env, true, &p.env);
	if (kind) {
		framework_expand(&kind->command, &places, &p.args);
		places.args = NULL;
		framework_expand(&kind->env, &places, &p.env);
		env_use_bin(env, kind->bin, &p.args);
	} else {
		strvec_push(&p.args, "sh");
		strvec_push(&p.args, "-c");
		strvec_push(&p.args, o->command);
		strvec_push(&p.args, "sh");
		strvec_pushv(&p.args, o->args.v, o->args.n);
	}
	strvec_pushv(&b->command, p.args.v, p.args.n);
	p.timeout_ms = o->timeout_ms;
	p.timeout_where = o->timeout_where;
	p.timeout_setting = "project.build_timeout";
	p.command = "project build";
	p.log_max = o->log_max;
	p.output_max = o->output_max;
	rc = execute_program(s, env, &p, sink, &b->run, err);
	program_release(&p);
	return rc;
}

int
session_project_build(struct session *s, struct env *env,
    const struct build_options *o, const struct box_sink *sink,
    struct project_built *b, struct err *err)
{
	struct detected_build found = {0};
	struct tree before = {.dirs = STRVEC_INIT};
	struct tree after = {.dirs = STRVEC_INIT};
	int rc = choose(s, env, o, b, &found, err);

	if (rc != 1)
		return rc;
	rc = tree_list(&before, env, err) ||
		     run_build(s, env, o, found.build, sink, b, err)
		 ? -1
		 : 0;
	if (!rc && !b->run.lost) {
		rc = tree_list(&after, env, err);
		compare(&before, &after, &found, b);
	}
	tree_release(&before);
	tree_release(&after);
	return rc;
}

json *
project_built_json(const struct project_built *b)
{
	json *j = json_object(), *list = json_array();

	json_put_str(j, "name", b->name);
	json_put_str(j, "language", b->language);
	json_put_str(j, "found_by", b->found_by);
	json_put(j, "command", json_from_strings(&b->command));
	for (size_t i = 0; i < b->n; i++) {
		const struct artifact *a = &b->artifacts[i];
		json *one = json_object();

		json_put_bytes(one, "path", a->path, strlen(a->path));
		json_put_int(one, "bytes", (int64_t)a->bytes);
		json_put_bool(one, "changed", a->changed);
		json_push(list, one);
	}
	json_put(j, "artifacts", list);
	json_put_int(j, "other_files", (int64_t)b->others);
	return j;
}
