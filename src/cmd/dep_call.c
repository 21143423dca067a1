#include "cmd/dep_call.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/units.h"
#include "cmd/build_view.h"
#include "session/deps_layer.h"
#include "session/diagnosis.h"

void
dep_layer_release(struct dep_layer *l)
{
	free(l->id);
	*l = (struct dep_layer){0};
}

/* ---- what is asked for ---- */

/* A language that can install, of those that have run in env; NULL unless there
   is just one. */
static const struct language *
language_of_runs(const struct languages *all, const struct env *env)
{
	const struct language *found = NULL;

	for (size_t i = 0; i < languages_count(all); i++) {
		const struct language *l = languages_at(all, i);

		if (!l->dependencies.packages.n ||
		    !strvec_env_get(&env->tools, l->name))
			continue;
		if (found)
			return NULL;
		found = l;
	}
	return found;
}

/* NULL: nothing tells. */
static const struct language *
likely_language(const struct languages *all, const char *image,
    const struct env *env)
{
	const struct language *l = languages_by_image(all, image);

	if (!l && env && env->deps.n == 1)
		l = env->deps.groups[0].language;
	if (!l && env)
		l = language_of_runs(all, env);
	return l;
}

/* --lang, else NULL. */
static int
named_language(struct call *c, const struct languages *all,
    const struct language **l)
{
	const char *name = call_str(c, "lang");

	*l = name ? languages_by_name(all, name) : NULL;
	if (name && !*l)
		return err_set(&c->err, ERR_USAGE,
		    "no language is named '%s'", name);
	return 0;
}

static int
no_language(struct call *c, const char *image)
{
	err_set(&c->err, ERR_USAGE,
	    "of which language are the packages? %s does not tell", image);
	return err_hint(&c->err, "say it:  %s --lang python ...",
	    c->cmd->name);
}

static int
take_file(struct call *c, const struct languages *all,
    const struct language *likely, const char *path, struct deps *d)
{
	autobuf struct strbuf text = STRBUF_INIT;

	if (call_may_use_path(c, SET_HOST_READ, path) ||
	    io_read_file(path, &text, DEPS_FILE_MAX, &c->err))
		return -1;
	return deps_add_file(
	    d, all, likely, path, text.buf, text.len, &c->err);
}

static int
check_languages(struct call *c, const struct deps *d)
{
	for (size_t i = 0; i < d->n; i++)
		if (policy_may_use_language(c->session->policy,
			(const char *const *)d->groups[i].language->names.v,
			&c->err))
			return -1;
	return 0;
}

int
dep_take(struct call *c, const struct strvec *packages,
    const struct strvec *paths, const char *image, const struct env *env,
    struct deps *d)
{
	const struct languages *all = session_languages(c->session, &c->err);
	const struct language *named, *likely;

	if (!all || named_language(c, all, &named))
		return -1;
	likely = named ? named : likely_language(all, image, env);
	for (size_t i = 0; paths && i < paths->n; i++)
		if (take_file(c, all, likely, paths->v[i], d))
			return -1;
	if (!named && paths && paths->n)
		likely = deps_file_language(all, likely, paths->v[0], &c->err);
	if (packages && packages->n && !likely)
		return no_language(c, image);
	for (size_t i = 0; packages && i < packages->n; i++)
		if (deps_add(d, likely, packages->v[i], &c->err))
			return -1;
	return check_languages(c, d);
}

int
dep_check_kind(struct call *c, enum box_kind kind)
{
	if (kind == BOX_ENGINE)
		return 0;
	err_set(&c->err, ERR_USAGE,
	    "the restricted sandbox has no images, so nothing is installed "
	    "into one");
	return err_hint(&c->err, "use an engine (doctor), or install the "
	    "packages on this host, whose programs it runs");
}

/* ---- the layer ---- */

/* What the installer's own words say about why. */
static void
add_diagnosis(struct call *c, const struct deps *d,
    const struct build_record *r, json *install)
{
	struct diagnosis_input in = {.network = true, .err = &r->failed->log};
	autoerr struct err ignored = ERR_INIT;
	json *found = NULL;
	const char *message;

	for (size_t i = 0; i < d->n && !found; i++) {
		in.language = d->groups[i].language->name;
		diagnosis_find(&in, &found, &ignored);
	}
	if (!found)
		return;
	message = json_str(found, "message", NULL);
	if (message)
		err_hint(&c->err, "%s", message);
	json_put(install, "diagnosis", found);
}

/* Of the step that failed, or that was on when it was stopped: the logs of
   those that ended well are not kept. */
static void
show_log(struct call *c, const struct build_record *r)
{
	for (size_t i = 0; i < r->n; i++)
		call_program(c, STDERR_FILENO, r->steps[i].log.buf,
		    r->steps[i].log.len);
}

/* Of a build it is "the command"; the hint stays. */
static void
name_failure(struct build_record *r)
{
	if (!r->failed || !r->exit_code)
		return;
	strbuf_reset(&r->why.msg);
	strbuf_addf(&r->why.msg, "the installer ended with status %d",
	    r->exit_code);
}

static void
tell_failure(struct call *c, const struct policy *p, const struct deps *d,
    const struct build_record *r, json *install)
{
	const struct build_record_step *f = r->failed;
	autobuf struct strbuf what = STRBUF_INIT, limit = STRBUF_INIT;

	deps_describe(d, DEPS_LINE, &what);
	show_log(c, r);
	if (r->status == BUILD_TIMEOUT) {
		units_add_duration_exact(&limit,
		    policy_num(p, SET_DEPENDENCIES_TIMEOUT));
		err_set(&c->err, ERR_TIMEOUT,
		    "installing %s took longer than %s (%s)", what.buf,
		    limit.buf, policy_where(p, SET_DEPENDENCIES_TIMEOUT));
		err_hint(&c->err, "%s", r->why.hint.buf);
	} else if (r->status == BUILD_UNSUCCESSFUL && f && r->exit_code) {
		err_set(&c->err, ERR_IMAGE, "installing %s failed: %s",
		    what.buf, r->why.msg.buf);
		if (r->why.hint.len)
			err_hint(&c->err, "%s", r->why.hint.buf);
		add_diagnosis(c, d, r, install);
	} else if (r->status == BUILD_INTERRUPTED) {
		err_set(&c->err, ERR_INTERRUPTED, "installing %s: interrupted",
		    what.buf);
	} else {
		err_prefix(&c->err, "installing %s", what.buf);
	}
}

int
dep_make(struct call *c, const struct policy *p, const struct env_spec *spec,
    const struct deps *d, bool again, struct dep_layer *out)
{
	const struct deps_request q = {.policy = p,
	    .image = spec->image,
	    .pull = spec->pull,
	    .deps = d,
	    .variables = &spec->env,
	    .again = again};
	autobuf struct strbuf what = STRBUF_INIT;
	int64_t began = clock_ms();
	struct build_record r;
	struct build_view view;
	struct build_watch watch;

	strbuf_adds(&what, "installing");
	deps_describe(d, DEPS_LINE, &what);
	build_record_init(&r);
	build_view_open(&view, c);
	view.title = what.buf;
	watch = build_view_watch(&view);
	out->id = session_deps_layer(c->session, &q, &watch, &r, &c->err);
	build_view_close(&view);
	out->built = r.id != NULL;
	out->ms = clock_ms() - began;
	if (out->id)
		json_put_bool(call_data(c), "layer_built", out->built);
	if (r.n) {
		json *install;

		name_failure(&r);
		install = build_record_json(&r);
		json_put(call_data(c), "install", install);
		if (!out->id && r.status != BUILD_COMPLETED)
			tell_failure(c, p, d, &r, install);
	}
	build_record_release(&r);
	return out->id ? 0 : -1;
}

void
dep_put(json *j, const struct deps *d, const char *layer)
{
	json *list = json_array();

	for (size_t i = 0; i < d->n; i++) {
		const struct dep_group *g = &d->groups[i];

		for (size_t k = 0; k < g->n_files; k++)
			json_push_str(list, g->files[k].name);
		for (size_t k = 0; k < g->packages.n; k++)
			json_push_str(list, g->packages.v[k]);
	}
	json_put(j, "dependencies", list);
	json_put_str(j, "layer", layer);
}
