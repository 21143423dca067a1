/* What a directory of this host is as a project, before it is opened. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/glob.h"
#include "project/detect.h"
#include "project/template.h"
#include "session/project.h"
#include "session/project_tree.h"

#define DOCKERFILE "Dockerfile"

void
project_plan_release(struct project_plan *p)
{
	free(p->root);
	free(p->title);
	free(p->no_list);
	free(p->why);
	free(p->image_why);
	free(p->image);
	free(p->dockerfile);
	free(p->workdir);
	strvec_release(&p->lists);
	*p = (struct project_plan)PROJECT_PLAN_INIT;
}

/* ---- the directory ---- */

/* Letters that names of environments have; the others become dashes. */
static char *
title_of(const char *root)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	const char *name = strrchr(root, '/') + 1;
	char *title;

	name += strspn(name, ".-");
	title = xstrndup(name, 32);
	for (char *p = title; *p; p++)
		if (!strchr(good, *p))
			*p = '-';
	if (*title)
		return title;
	free(title);
	return xstrdup("project");
}

static int
find_root(const char *dir, struct project_plan *plan, struct err *err)
{
	struct stat st;

	plan->root = *dir ? realpath(dir, NULL) : NULL;
	if (!plan->root || stat(plan->root, &st))
		return err_sys(err, *dir ? errno : ENOENT, "%s",
		    *dir ? dir : "''");
	if (!S_ISDIR(st.st_mode)) {
		err_sys(err, ENOTDIR, "%s", dir);
		return err_hint(err, "a file alone:  run %s", dir);
	}
	if (!strcmp(plan->root, "/")) {
		err_set(err, ERR_USAGE, "%s is all of this host, and no "
		    "project", dir);
		return err_hint(err, "name the directory of one");
	}
	plan->title = title_of(plan->root);
	return 0;
}

/* ---- its language ---- */

#define TOLD "--lang"

const char *
session_project_told(const struct env *env)
{
	const struct project *p = env->project;

	return p && p->why && !strcmp(p->why, TOLD) ? p->language : NULL;
}

static int
read_text(void *root, const char *path, size_t max, struct strbuf *out)
{
	return project_file_read(root, path, max, out);
}

static int
detect(struct project_plan *plan, const struct languages *all,
    const struct strvec *paths, const char *lang, struct detection *d,
    struct err *err)
{
	const struct project_source source = {
	    .paths = paths, .read = read_text, .arg = plan->root};

	if (project_detect(all, &source, lang, d, err))
		return -1;
	if (lang) {
		plan->language = languages_by_name(all, lang);
		plan->why = xstrdup(TOLD);
	} else if (d->nlanguages) {
		plan->language = d->languages[0].language;
		plan->why = xstrdup(d->languages[0].why);
	}
	return 0;
}

static bool
has_language(const struct detection *d, const struct language *l)
{
	for (size_t i = 0; i < d->nlanguages; i++)
		if (d->languages[i].language == l)
			return true;
	return false;
}

static bool
is_list(const struct language *l, const char *name)
{
	for (size_t i = 0; i < l->dependencies.n_files; i++)
		if (glob_match(l->dependencies.files[i].name, name))
			return true;
	return false;
}

/* TypeScript has the lists of JavaScript, which is there too. */
static bool
is_listed(const struct project_plan *plan, const struct languages *all,
    const struct detection *d, const char *name)
{
	const struct language *main = plan->language;

	if (main->dependencies.n_files)
		return is_list(main, name);
	for (size_t i = 0; i < languages_count(all); i++) {
		const struct language *l = languages_at(all, i);

		if (is_list(l, name) &&
		    (has_language(d, l) ||
			(main->image && l->images.n &&
			    languages_by_image(all, main->image) == l)))
			return true;
	}
	return false;
}

static void
find_lists(struct project_plan *plan, const struct languages *all,
    const struct strvec *paths, const struct detection *d)
{
	for (size_t i = 0; plan->language && i < paths->n; i++)
		if (!strchr(paths->v[i], '/') &&
		    is_listed(plan, all, d, paths->v[i]))
			strvec_push(&plan->lists, paths->v[i]);
}

/* What it is, by the files at its top; or NULL. */
static const struct project_kind *
kind_of(const struct language *l, const struct strvec *paths)
{
	autovec struct strvec top = STRVEC_INIT;

	for (size_t i = 0; i < paths->n; i++)
		if (!strchr(paths->v[i], '/'))
			strvec_push(&top, paths->v[i]);
	return template_kind(l, &top);
}

static void
find_no_list(struct project_plan *plan, const struct strvec *paths)
{
	const struct language *l = plan->language;
	const struct project_kind *kind =
	    l && l->dependencies.instead ? kind_of(l, paths) : NULL;

	if (kind && !plan->lists.n)
		plan->no_list = xstrdup(kind->files.v[0]);
}

/* ---- its image ---- */

static const char *
language_image(const struct language *l, const struct strvec *paths)
{
	const struct project_kind *kind = kind_of(l, paths);

	return kind && kind->image ? kind->image : l->image;
}

static void
choose_image(const struct session *s, struct project_plan *plan,
    const struct strvec *paths, const char *image)
{
	struct stat st;
	autofree char *path = xasprintf("%s/" DOCKERFILE, plan->root);

	if (!image && !lstat(path, &st) && S_ISREG(st.st_mode))
		plan->dockerfile = xstrdup(DOCKERFILE);
	if (image)
		plan->image_why = xstrdup("--image");
	else if (plan->language)
		image = language_image(plan->language, paths);
	if (plan->dockerfile)
		plan->image_why = xstrdup(plan->dockerfile);
	else if (!plan->image_why)
		plan->image_why = image
		    ? xasprintf("that of %s", plan->language->name)
		    : xstrdup(policy_where(s->policy, SET_IMAGE));
	plan->image = xstrdup(image ? image : policy_text(s->policy, SET_IMAGE));
}

static int
look_at(struct session *s, const char *lang, const char *image,
    struct project_plan *plan, struct err *err)
{
	const struct languages *all = session_languages(s, err);
	autofree char *name = NULL;
	autobuf struct strbuf text = STRBUF_INIT;
	autovec struct strvec paths = STRVEC_INIT;
	struct detection d = {0};
	struct ignore *rules;
	int rc;

	if (!all || project_rules_read(plan->root, &text, &name, err))
		return -1;
	rules = ignore_parse(name, text.buf, text.len, err);
	if (!rules)
		return -1;
	rc = project_paths(
	    s, plan->root, rules, DETECT_FILES_MAX, &paths, err);
	if (!rc)
		rc = detect(plan, all, &paths, lang, &d, err);
	if (!rc) {
		choose_image(s, plan, &paths, image);
		find_lists(plan, all, &paths, &d);
		find_no_list(plan, &paths);
	}
	detection_release(&d);
	ignore_free(rules);
	return rc;
}

int
session_project_plan(struct session *s, const char *dir, const char *lang,
    const char *image, struct project_plan *plan, struct err *err)
{
	if (find_root(dir, plan, err) || look_at(s, lang, image, plan, err))
		return -1;
	return plan->language ? policy_may_use_language(s->policy,
		   (const char *const *)plan->language->names.v, err)
			      : 0;
}

int
session_project_deps(struct session *s, const struct project_plan *plan,
    struct deps *d, struct err *err)
{
	const struct languages *all = session_languages(s, err);

	for (size_t i = 0; all && i < plan->lists.n; i++) {
		const char *name = plan->lists.v[i];
		autobuf struct strbuf text = STRBUF_INIT;

		if (project_file_read(plan->root, name, DEPS_FILE_MAX + 1,
			&text))
			return err_sys(err, EIO, "%s/%s", plan->root, name);
		if (deps_add_file(d, all, plan->language, name, text.buf,
			text.len, err))
			return -1;
	}
	return all ? 0 : -1;
}
