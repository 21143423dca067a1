#include "cmd/project_call.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/units.h"
#include "cmd/build_view.h"
#include "cmd/dep_call.h"
#include "cmd/env_call.h"
#include "cmd/keep_call.h"
#include "cmd/session_host.h"
#include "engine/image.h"
#include "engine/reference.h"
#include "project/template.h"
#include "session/build.h"
#include "session/image_name.h"
#include "session/project.h"
#include "session/project_tree.h"

#define DOCKERFILE_MAX (1u << 20)

struct opening {
	struct call *c;
	const struct project_options *o;
	struct policy *policy; /* a copy, with what the options say */
	struct project_plan plan;
	struct env_spec spec;
	struct deps deps;
};

/* ---- images ---- */

/* What of a name may stand in that of an image: lower case, and no two signs in
   a row but dashes.  The caller's. */
static char *
image_name(const struct policy *p, const char *name)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf_addf(&sb, "%s-", policy_text(p, SET_PROJECT_IMAGE_PREFIX));
	for (; *name; name++) {
		char ch = (char)tolower((unsigned char)*name);

		if (!isalnum((unsigned char)ch))
			ch = '-';
		if (ch != '-' || sb.buf[sb.len - 1] != '-')
			strbuf_addc(&sb, ch);
	}
	while (sb.len && sb.buf[sb.len - 1] == '-')
		strbuf_truncate(&sb, sb.len - 1);
	strbuf_adds(&sb, ":latest");
	return strbuf_detach(&sb);
}

static int
check_name(const struct opening *p, const char *name, struct err *err)
{
	struct reference ref = {0};
	int rc = reference_parse(&ref, name, err);

	reference_release(&ref);
	if (rc)
		return err_prefix(err, "project.image_prefix (%s)",
		    policy_where(p->policy, SET_PROJECT_IMAGE_PREFIX));
	return 0;
}

static void
plan_build(const struct opening *p, const struct strbuf *text,
    const char *ignore, const struct strvec *tags, struct build_plan *plan)
{
	static const struct strvec no_args = STRVEC_INIT;

	*plan = (struct build_plan){.root = p->plan.root,
	    .ignore = ignore,
	    .name = p->plan.dockerfile,
	    .text = text->buf,
	    .len = text->len,
	    .inside = p->plan.dockerfile,
	    .tags = tags,
	    .args = &no_args,
	    .labels = STRVEC_INIT,
	    .kind = LABEL_IMAGE_BUILT,
	    .timeout_ms = policy_num(p->policy, SET_BUILD_TIMEOUT),
	    .memory = policy_num(p->policy, SET_BUILD_MEMORY_LIMIT),
	    .network = policy_num(p->policy, SET_BUILD_NETWORK) != 0};
}

/* A failed build is a result, and no error of ours. */
static int
build_status(enum build_status status)
{
	return status == BUILD_TIMEOUT ? 124
	    : status == BUILD_INTERRUPTED ? 130
					  : 1;
}

/* Where the Dockerfile may have installed packages. */
static void
note_workdir(struct opening *p, const char *id)
{
	autoerr struct err ignored = ERR_INIT;
	struct image img = IMAGE_INIT;

	if (!image_look_up(p->c->session->engine, id, &img, &ignored))
		p->plan.workdir = xstrdup(img.workdir);
	image_release(&img);
}

static int
take_built(struct opening *p, struct build_view *view,
    const struct build_record *r)
{
	struct call *c = p->c;

	/* Where that is the name of what the changes are built with, another. */
	json_put(call_data(c), p->o->for_once ? "image_build" : "build",
	    build_record_json(r));
	if (r->status == BUILD_COMPLETED) {
		free(p->spec.layer);
		p->spec.layer = xstrdup(r->id);
		note_workdir(p, r->id);
		return 0;
	}
	build_view_result(view, r, p->plan.dockerfile);
	c->status = build_status(r->status);
	err_set(&c->err, ERR_IMAGE, "the image of %s was not built",
	    p->plan.root);
	return err_hint(&c->err, "take another one:  project open --image "
				 "IMAGE %s", p->o->dir);
}

/* The project's own Dockerfile. */
static int
build_image(struct opening *p)
{
	struct call *c = p->c;
	autofree char *name = image_name(p->policy, p->spec.name);
	autofree char *ignore = NULL;
	autobuf struct strbuf text = STRBUF_INIT;
	autovec struct strvec tags = STRVEC_INIT;
	struct build_watch watch;
	struct build_record r;
	struct build_plan plan;
	struct build_view view;
	size_t len;
	int rc;

	ignore = template_read("dockerignore", &len, &c->err);
	if (!ignore || check_name(p, name, &c->err))
		return -1;
	if (project_file_read(p->plan.root, p->plan.dockerfile,
		DOCKERFILE_MAX, &text))
		return err_sys(&c->err, EACCES, "%s/%s", p->plan.root,
		    p->plan.dockerfile);
	strvec_push(&tags, name);
	free(p->spec.image);
	p->spec.image = xstrdup(name);
	plan_build(p, &text, ignore, &tags, &plan);
	build_record_init(&r);
	build_view_open(&view, c);
	watch = build_view_watch(&view);
	rc = session_build(c->session, &plan, &watch, &r, &c->err);
	build_view_close(&view);
	if (!rc)
		rc = take_built(p, &view, &r);
	build_record_release(&r);
	return rc;
}

/* The packages of the project's lists, in a layer over the language's image. */
static int
install(struct opening *p)
{
	struct call *c = p->c;
	struct dep_layer layer = {0};
	int rc;

	if (session_project_deps(c->session, &p->plan, &p->deps, &c->err))
		return -1;
	if (!p->deps.n)
		return 0;
	rc = dep_make(c, p->policy, &p->spec, &p->deps, false, &layer);
	if (!rc)
		p->spec.layer = xstrdup(layer.id);
	else
		err_hint(&c->err, "open it without its packages:  project open "
				  "--no-deps %s", p->o->dir);
	dep_layer_release(&layer);
	return rc;
}

/* There the programs are those of this host, whatever the project asks for. */
static void
note_restricted(struct opening *p)
{
	if (p->plan.dockerfile)
		call_warn(p->c, "no image is built from %s in the restricted "
		    "sandbox", p->plan.dockerfile);
	else if (p->plan.lists.n && !p->o->no_deps)
		call_warn(p->c, "the packages of %s are not installed in the "
		    "restricted sandbox: it has those of this host",
		    p->plan.lists.v[0]);
}

/* Programs find out late that what they are made of is not there. */
static void
note_no_list(struct opening *p)
{
	if (p->plan.no_list && p->spec.kind == BOX_ENGINE &&
	    !p->plan.dockerfile && !p->o->image && !p->o->no_deps &&
	    policy_num(p->policy, SET_NETWORK) == NET_NONE)
		call_note(p->c, "what %s names is not installed: its tools "
		    "fetch it with --net, or a Dockerfile has it",
		    p->plan.no_list);
}

static int
have_image(struct opening *p)
{
	if (p->spec.kind == BOX_RESTRICTED) {
		note_restricted(p);
		return 0;
	}
	if (p->plan.dockerfile)
		return build_image(p);
	if (policy_may_use_image(p->policy, p->spec.image, NULL, &p->c->err))
		return -1;
	session_host_note_latest(p->c, p->spec.image);
	return p->o->no_deps ? 0 : install(p);
}

/* ---- the environment ---- */

/* The directory's name, with a number if there is one of that name. */
static char *
free_name(struct call *c, const char *title, bool for_once)
{
	autofree char *random = for_once ? io_random_hex(4) : NULL;
	char *name = random ? xasprintf("%s-try-%s", title, random)
			    : xstrdup(title);

	for (unsigned n = 2; session_has_env(c->session, name); n++) {
		free(name);
		name = xasprintf("%s-%u", title, n);
	}
	return name;
}

static int
take_options(struct opening *p)
{
	const struct project_options *o = p->o;
	struct call *c = p->c;

	if (o->network &&
	    policy_override(p->policy, "network", "full", "--net", &c->err))
		return -1;
	if ((o->keep || c->session->name) &&
	    keep_call_lease(c, p->policy, o->keep_time, &p->spec.lease_ms))
		return -1;
	session_envs_refresh(c->session);
	p->spec.name = o->name ? xstrdup(o->name)
			       : free_name(c, p->plan.title, o->for_once);
	return env_check_name(c, p->spec.name);
}

static int
choose_sandbox(struct opening *p)
{
	struct call *c = p->c;
	autofree char *why = NULL;

	if (session_sandbox(c->session, &p->spec.kind, &why, &c->err))
		return -1;
	if (p->spec.kind == BOX_RESTRICTED)
		session_host_once(c->host, "restricted",
		    "restricted sandbox, %s", why);
	session_project_limits(
	    c->session, p->policy, p->spec.kind, &p->spec.limits);
	/* There the programs are those of this host: what it has not is found
	   out by who needs it. */
	if (p->spec.kind == BOX_ENGINE || p->o->image)
		p->spec.image =
		    session_image_name(c->session, p->plan.image);
	return 0;
}

static void
tell(struct opening *p, const struct env *env, const struct strvec *skipped,
    int64_t began)
{
	autobuf struct strbuf time = STRBUF_INIT, size = STRBUF_INIT;
	const struct project *project = env->project;
	json *j = call_data(p->c);
	int64_t ms = clock_ms() - began;

	units_add_duration(&time, ms);
	units_add_size(&size, project->sent.bytes);
	json_put_str(j, "name", env->spec.name);
	json_put_str(j, "image", env->spec.image);
	json_put(j, "project", project_json(project));
	dep_put(j, &env->deps, env->spec.layer);
	json_put_int(j, "duration_ms", ms);
	json_put(j, "skipped", json_from_strings(skipped));
	session_host_put_facts(j, env->box);
	session_host_put_keep(j, env);
	call_note(p->c, "project %s (%s%s%s) ready in %s: %llu file%s, %s",
	    env->spec.name, project->language ? project->language : "",
	    project->language ? ", " : "",
	    env->spec.image ? env->spec.image : "programs of this host",
	    time.buf, (unsigned long long)project->sent.files,
	    project->sent.files == 1 ? "" : "s", size.buf);
	for (size_t i = 0; i < skipped->n; i++)
		call_warn(p->c, "left out: %s", skipped->v[i]);
	if (project->skipped > skipped->n)
		call_warn(p->c, "left out: %llu more",
		    (unsigned long long)(project->skipped - skipped->n));
}

static struct env *
open_it(struct opening *p)
{
	struct call *c = p->c;
	struct session_events ev = {session_host_event, c};
	autovec struct strvec skipped = STRVEC_INIT;
	int64_t began = clock_ms();
	struct env *env;

	if (call_may_use_path(c, SET_HOST_READ, p->o->dir) ||
	    session_project_plan(c->session, p->o->dir, p->o->lang,
		p->o->image, &p->plan, &c->err) ||
	    take_options(p) || choose_sandbox(p) || have_image(p))
		return NULL;
	env = session_project_open(
	    c->session, &p->spec, &p->plan, &ev, &skipped, &c->err);
	if (!env)
		return NULL;
	deps_copy(&env->deps, &p->deps);
	/* That its workspace is on disk is no news. */
	env_call_note_gaps(c, env->box, false);
	tell(p, env, &skipped, began);
	note_no_list(p);
	return env;
}

struct project_options
project_call_options(const struct call *c)
{
	return (struct project_options){.dir = c->argv[0],
	    .name = call_str(c, "name"),
	    .lang = call_str(c, "lang"),
	    .image = call_str(c, "image"),
	    .no_deps = call_has(c, "no-deps"),
	    .network = call_has(c, "net")};
}

struct env *
project_call_open(struct call *c, const struct project_options *o)
{
	struct opening p = {.c = c,
	    .o = o,
	    .policy = policy_copy(c->session->policy),
	    .plan = PROJECT_PLAN_INIT,
	    .deps = DEPS_INIT};
	struct env *env = NULL;

	env_spec_init(&p.spec);
	if (!policy_may_execute(p.policy, &c->err))
		env = open_it(&p);
	deps_release(&p.deps);
	env_spec_release(&p.spec);
	project_plan_release(&p.plan);
	policy_free(p.policy);
	return env;
}

/* ---- one that is there ---- */

struct env *
project_call_find(struct call *c, const char *name)
{
	struct session *s = c->session;
	struct env *env;

	if (!name && !s->current)
		session_envs_refresh(s);
	env = name ? session_env(s, name, &c->err) : s->current;
	if (env && env->project)
		return env;
	if (env)
		err_set(&c->err, ERR_USAGE, "%s is no project",
		    env->spec.name);
	else if (c->err.kind == ERR_NONE)
		err_set(&c->err, ERR_USAGE, "no project is open");
	if (env || !name)
		err_hint(&c->err, "open one:  project open DIR");
	return NULL;
}

/* A name that was given to the image because of this project. */
static bool
is_its_name(const struct image *img, const char *tag, const char *own)
{
	autofree char *name = reference_shorten(tag);
	autofree char *mine = reference_shorten(own);

	/* Podman writes localhost/ in front. */
	return own_image_is_deps(img->labels, tag) || !strcmp(name, mine) ||
	    (str_starts(name, "localhost/") &&
		!strcmp(name + strlen("localhost/"), mine));
}

/* It is there as long as somebody else's name is. */
static int
remove_names(struct engine *e, const struct image *img, const char *own,
    bool *gone, struct err *err)
{
	*gone = true;
	for (size_t i = 0; i < img->tags.n; i++) {
		if (!is_its_name(img, img->tags.v[i], own))
			*gone = false;
		else if (image_remove(e, img->tags.v[i], false, NULL, err))
			return -1;
	}
	return 0;
}

static int
remove_image(struct call *c, struct engine *e, const char *id, const char *own,
    json *ids)
{
	struct image img = IMAGE_INIT;
	struct err err = ERR_INIT;
	bool gone = false;
	int rc = image_look_up(e, id, &img, &err);

	if (!rc)
		rc = remove_names(e, &img, own, &gone, &err);
	if (!rc && !img.tags.n)
		rc = image_remove(e, id, false, NULL, &err);
	image_release(&img);
	if (!rc && gone)
		json_push_str(ids, id);
	if (!rc)
		return 0;
	if (err.code == 404) {
		err_clear(&err);
		return 0;
	}
	if (err.code == 409) {
		call_warn(c, "image %s stays: %s", id, err.msg.buf);
		err_clear(&err);
		return 0;
	}
	return err_move(&c->err, &err);
}

int
project_call_remove_images(struct call *c, const struct project_images *made)
{
	struct engine *e = NULL;
	json *ids = json_array();
	int rc = 0;

	json_put(call_data(c), "images", ids);
	if (made->ids.n)
		e = session_engine(c->session, &c->err);
	if (made->ids.n && !e)
		return -1;
	/* A layer before what it is on. */
	for (size_t i = made->ids.n; i-- > 0 && !rc;)
		rc = remove_image(c, e, made->ids.v[i], made->names.v[i], ids);
	return rc;
}

int
project_call_remove(
    struct call *c, struct env *env, struct project_images *made)
{
	const struct strvec *ids = &env->project->images;
	/* As it was called then: the prefix may be another one by now. */
	autofree char *own = xstrdup(
	    env->project->dockerfile && env->spec.image ? env->spec.image : "");

	for (size_t i = 0; i < ids->n; i++) {
		strvec_push(&made->ids, ids->v[i]);
		strvec_push(&made->names, own);
	}
	return session_env_remove(c->session, env, &c->err);
}

void
project_images_release(struct project_images *made)
{
	strvec_release(&made->ids);
	strvec_release(&made->names);
}
