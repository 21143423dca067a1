#include "session/project_impl.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/units.h"
#include "session/project_tree.h"
#include "session/session_impl.h"

#define TELL_FILES 500 /* after so many */

/* ---- filling the environment ---- */

char *
project_snapshot_path(const struct project *p)
{
	return io_join(p->dir, "snapshot");
}

static char *
rules_path(const struct project *p)
{
	return io_join(p->dir, "rules");
}

struct snapshot *
session_project_snapshot(const struct env *env, struct err *err)
{
	autofree char *path = project_snapshot_path(env->project);

	return snapshot_open(path, err);
}

static int
write_rules(const struct project *p, const struct strbuf *text,
    struct err *err)
{
	autofree char *path = rules_path(p);

	return io_put_file(path, text->buf, text->len, 0600, err);
}

/* As they were when it was opened. */
struct ignore *
session_project_rules(const struct env *env, struct err *err)
{
	autofree char *path = rules_path(env->project);
	autobuf struct strbuf text = STRBUF_INIT;

	if (io_read_file(path, &text, 4u << 20, err))
		return NULL;
	return ignore_parse(path, text.buf, text.len, err);
}

/* ---- packages of its image ---- */

/* One link. */
struct link_source {
	struct box_entry entry;
	bool given;
};

static int
link_entry(void *arg, struct box_entry *e, struct err *err)
{
	struct link_source *l = arg;

	(void)err;
	*e = l->entry;
	return l->given ? 0 : (int)(l->given = true);
}

static void
note_type(void *arg, const struct box_entry *e)
{
	*(char *)arg = e->type;
}

static char
type_in(struct env *env, const char *path)
{
	autoerr struct err ignored = ERR_INIT;
	char type = 0;

	box_list(env->box, path, 0, note_type, &type, &ignored);
	return type;
}

static int
link_one(struct env *env, const char *name, struct err *err)
{
	autofree char *there = io_join(env->project->workdir, name);
	struct link_source link = {.entry = {.path = name,
				       .type = 'l',
				       .mode = 0777,
				       .target = there}};
	const struct box_source source = {.next = link_entry, .arg = &link};
	struct box_count count;

	if (type_in(env, there) != 'd' || type_in(env, name))
		return 0;
	return box_put_source(
	    env->box, SANDBOX_WORKSPACE, &source, &count, err);
}

/* Directories of packages in the image's WORKDIR are looked for beside the
   files, which are elsewhere now. */
static int
link_beside(struct session *s, struct env *env, struct err *err)
{
	const struct project *p = env->project;
	const struct languages *all = session_languages(s, err);
	const struct language *l =
	    all && p->language ? languages_by_name(all, p->language) : NULL;

	if (!p->workdir || *p->workdir != '/' || !l)
		return all ? 0 : -1;
	for (size_t i = 0; i < l->dependencies.beside.n; i++)
		if (link_one(env, l->dependencies.beside.v[i], err))
			return -1;
	return 0;
}

/* ---- its files in the environment ---- */

/* How far it is, for who waits. */
struct sending {
	struct box_source files;
	const struct env *env;
	const struct session_events *ev;
};

static int
sending_entry(void *arg, struct box_entry *e, struct err *err)
{
	struct sending *s = arg;
	const struct box_count *sent = &s->env->project->sent;
	autobuf struct strbuf text = STRBUF_INIT;

	if (sent->files && sent->files % TELL_FILES == 0 && s->ev &&
	    s->ev->event) {
		strbuf_addf(&text, "copying %s: %llu files, ",
		    s->env->spec.name, (unsigned long long)sent->files);
		units_add_size(&text, sent->bytes);
		s->ev->event(s->ev->arg, "copy", text.buf);
	}
	return s->files.next(s->files.arg, e, err);
}

static ssize_t
sending_read(void *arg, const void **p, struct err *err)
{
	struct sending *s = arg;

	return s->files.read(s->files.arg, p, err);
}

static int
send_tree(struct env *env, const struct ignore *rules,
    struct snapshot_writer *w, const struct session_events *ev,
    struct strvec *skipped, struct err *err)
{
	struct project *p = env->project;
	struct project_tree *t = project_tree_open(
	    p->root, rules, w, env->spec.limits.disk, skipped, err);
	struct sending sending = {.env = env, .ev = ev};
	const struct box_source source = {
	    sending_entry, sending_read, &sending};
	int rc;

	if (!t)
		return -1;
	sending.files = project_tree_source(t);
	rc = box_put_source(
	    env->box, SANDBOX_WORKSPACE, &source, &p->sent, err);
	p->ignored = project_tree_count(t)->ignored;
	p->skipped = project_tree_count(t)->skipped;
	project_tree_close(t);
	return rc;
}

static int
fill(struct env *env, const struct session_events *ev, struct strvec *skipped,
    struct err *err)
{
	struct project *p = env->project;
	autofree char *path = project_snapshot_path(p), *name = NULL;
	autobuf struct strbuf text = STRBUF_INIT;
	struct snapshot_writer *w;
	struct ignore *rules;
	int rc;

	if (project_rules_read(p->root, &text, &name, err) ||
	    write_rules(p, &text, err))
		return -1;
	rules = ignore_parse(name, text.buf, text.len, err);
	if (!rules)
		return -1;
	w = snapshot_create(path, err);
	rc = w ? send_tree(env, rules, w, ev, skipped, err) : -1;
	ignore_free(rules);
	if (!rc)
		return snapshot_finish(w, err);
	snapshot_abandon(w);
	return -1;
}

int
session_project_restore(struct session *s, struct env *env, struct err *err)
{
	struct project_replay replay = {
	    .snapshot = session_project_snapshot(env, err)};
	struct box_source source = project_replay_source(&replay);
	struct box_count count;
	int rc = -1;

	if (replay.snapshot)
		rc = box_put_source(
		    env->box, SANDBOX_WORKSPACE, &source, &count, err);
	if (!rc)
		rc = link_beside(s, env, err);
	if (rc)
		err_prefix(err, "the files of project %s", env->spec.name);
	snapshot_close((struct snapshot *)replay.snapshot);
	return rc;
}

/* ---- opening ---- */

static struct project *
from_plan(const struct project_plan *plan)
{
	struct project *p = project_new();

	p->root = xstrdup(plan->root);
	p->language = plan->language ? xstrdup(plan->language->name) : NULL;
	p->why = plan->why ? xstrdup(plan->why) : NULL;
	p->image_why = plan->image_why ? xstrdup(plan->image_why) : NULL;
	p->dockerfile = plan->dockerfile ? xstrdup(plan->dockerfile) : NULL;
	p->workdir = plan->workdir ? xstrdup(plan->workdir) : NULL;
	p->opened_ms = clock_wall_ms();
	return p;
}

struct env *
session_project_open(struct session *s, const struct env_spec *spec,
    const struct project_plan *plan, const struct session_events *ev,
    struct strvec *skipped, struct err *err)
{
	autovec struct strvec none = STRVEC_INIT;
	autoerr struct err ignored = ERR_INIT;
	struct project *p = from_plan(plan);
	struct env *env;

	if (project_make_files(p, &s->runtime, err) ||
	    !(env = session_env_new(s, spec, ev, err))) {
		project_free(p);
		return NULL;
	}
	env->project = p;
	project_add_image(p, spec->layer);
	if (!fill(env, ev, skipped ? skipped : &none, err) &&
	    !link_beside(s, env, err)) {
		p->kept = env->id != NULL;
		if (!env->id || !session_env_save(s, env, err))
			return env;
	}
	p->kept = false;
	session_env_remove(s, env, &ignored);
	return NULL;
}

/* What nobody has asked for is no reason to open nothing on a small machine:
   a half of it for programs, a quarter for files that are in memory. */
static void
fit(uint64_t machine, const struct policy *p, struct limits *l)
{
	uint64_t memory = machine / 2, disk = machine / 4;

	if (!machine)
		return;
	if (l->memory > memory && !policy_changed(p, SET_PROJECT_MEMORY_LIMIT))
		l->memory = memory;
	if (l->disk > disk && l->workspace == WORKSPACE_MEMORY &&
	    !policy_changed(p, SET_PROJECT_DISK_LIMIT))
		l->disk = disk;
}

void
session_project_limits(struct session *s, const struct policy *p,
    enum box_kind kind, struct limits *out)
{
	policy_limits(p, out);
	out->timeout_ms = policy_num(p, SET_PROJECT_TIMEOUT);
	out->memory = policy_num(p, SET_PROJECT_MEMORY_LIMIT);
	out->cpu_milli = policy_num(p, SET_PROJECT_CPU_LIMIT);
	out->pids = policy_num(p, SET_PROJECT_PIDS_LIMIT);
	out->disk = policy_num(p, SET_PROJECT_DISK_LIMIT);
	/* The restricted sandbox has no disk of its own. */
	out->workspace = kind == BOX_RESTRICTED
	    ? WORKSPACE_MEMORY
	    : (enum workspace_kind)policy_num(p, SET_PROJECT_WORKSPACE);
	fit(session_machine_memory(s, kind), p, out);
}
