#include "session/project.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/lockfile.h"
#include "sandbox/kept.h"
#include "session/project_tree.h"
#include "session/session_impl.h"

#define DIR_NAME "projects"
#define LOCK_SUFFIX ".lock"
#define ID_BYTES 8

/* ---- its files ---- */

static char *
files_dir(const struct runtime *rt)
{
	return io_join(rt->state_dir, DIR_NAME);
}

static char *
lock_path(const struct project *p)
{
	return xasprintf("%s" LOCK_SUFFIX, p->dir);
}

/* The lock comes first: a directory without one is nobody's. */
static int
make_files(struct project *p, const struct runtime *rt, struct err *err)
{
	autofree char *parent = files_dir(rt), *lock = NULL;

	if (io_mkdirs(parent, 0700, err))
		return -1;
	p->id = io_random_hex(ID_BYTES);
	p->dir = io_join(parent, p->id);
	lock = lock_path(p);
	p->lock = lockfile_create(lock);
	if (p->lock < 0)
		return err_sys(err, errno, "%s", lock);
	return io_mkdirs(p->dir, 0700, err);
}

static void
remove_files(const char *dir)
{
	autofree char *lock = xasprintf("%s" LOCK_SUFFIX, dir);
	autoerr struct err ignored = ERR_INIT;

	io_remove_tree(dir, &ignored);
	unlink(lock);
}

void
project_free(struct project *p)
{
	if (!p)
		return;
	if (!p->kept && p->dir)
		remove_files(p->dir);
	if (p->lock >= 0)
		close(p->lock);
	free(p->id);
	free(p->dir);
	free(p->root);
	free(p->language);
	free(p->why);
	free(p->dockerfile);
	free(p->workdir);
	strvec_release(&p->images);
	free(p);
}

static struct project *
new_project(void)
{
	struct project *p = xcalloc(1, sizeof(*p));

	p->lock = -1;
	strvec_init(&p->images);
	return p;
}

void
project_add_image(struct project *p, const char *image)
{
	if (image && !strvec_has(&p->images, image))
		strvec_push(&p->images, image);
}

/* ---- in the register ---- */

static json *
count_json(const struct box_count *n)
{
	json *j = json_object();

	json_put_int(j, "files", (int64_t)n->files);
	json_put_int(j, "directories", (int64_t)n->dirs);
	json_put_int(j, "links", (int64_t)n->links);
	json_put_int(j, "bytes", (int64_t)n->bytes);
	return j;
}

json *
project_json(const struct project *p)
{
	json *j;

	if (!p)
		return NULL;
	j = json_object();
	json_put_str(j, "id", p->id);
	json_put(j, "root", json_text(p->root, strlen(p->root)));
	json_put_str(j, "language", p->language);
	json_put_str(j, "why", p->why);
	json_put_str(j, "dockerfile", p->dockerfile);
	json_put_str(j, "workdir", p->workdir);
	json_put(j, "images", json_from_strings(&p->images));
	json_put(j, "sent", count_json(&p->sent));
	json_put_int(j, "ignored", (int64_t)p->ignored);
	json_put_int(j, "skipped", (int64_t)p->skipped);
	json_put_int(j, "opened_ms", p->opened_ms);
	return j;
}

/* Of an id in a file somebody may have changed a name must not lead away. */
static bool
is_id(const char *id)
{
	return strlen(id) == 2 * ID_BYTES && !id[strspn(id, "0123456789abcdef")];
}

static char *
text_member(const json *j, const char *name)
{
	const char *text = json_str(j, name, NULL);

	return text ? xstrdup(text) : NULL;
}

struct project *
project_read(const struct session *s, const json *j)
{
	autobuf struct strbuf root = STRBUF_INIT;
	const char *id = json_str(j, "id", "");
	const json *sent = json_get(j, "sent");
	autofree char *parent = files_dir(&s->runtime);
	struct project *p;

	if (!is_id(id))
		return NULL;
	p = new_project();
	p->kept = true;
	p->id = xstrdup(id);
	p->dir = io_join(parent, id);
	json_add_text(json_get(j, "root"), &root);
	p->root = xstrdup(root.buf);
	p->language = text_member(j, "language");
	p->why = text_member(j, "why");
	p->dockerfile = text_member(j, "dockerfile");
	p->workdir = text_member(j, "workdir");
	json_strings(json_get(j, "images"), &p->images);
	p->sent = (struct box_count){
	    .files = (uint64_t)json_int(sent, "files", 0),
	    .dirs = (uint64_t)json_int(sent, "directories", 0),
	    .links = (uint64_t)json_int(sent, "links", 0),
	    .bytes = (uint64_t)json_int(sent, "bytes", 0)};
	p->ignored = (uint64_t)json_int(j, "ignored", 0);
	p->skipped = (uint64_t)json_int(j, "skipped", 0);
	p->opened_ms = json_int(j, "opened_ms", 0);
	return p;
}

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

static int
send_tree(struct env *env, const struct ignore *rules,
    struct snapshot_writer *w, struct strvec *skipped, struct err *err)
{
	struct project *p = env->project;
	struct project_tree *t = project_tree_open(
	    p->root, rules, w, env->spec.limits.disk, skipped, err);
	struct box_source source;
	int rc;

	if (!t)
		return -1;
	source = project_tree_source(t);
	rc = box_put_source(
	    env->box, SANDBOX_WORKSPACE, &source, &p->sent, err);
	p->ignored = project_tree_count(t)->ignored;
	p->skipped = project_tree_count(t)->skipped;
	project_tree_close(t);
	return rc;
}

static int
fill(struct env *env, struct strvec *skipped, struct err *err)
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
	rc = w ? send_tree(env, rules, w, skipped, err) : -1;
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
	struct project *p = new_project();

	p->root = xstrdup(plan->root);
	p->language = plan->language ? xstrdup(plan->language->name) : NULL;
	p->why = plan->why ? xstrdup(plan->why) : NULL;
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

	if (make_files(p, &s->runtime, err) ||
	    !(env = session_env_new(s, spec, ev, err))) {
		project_free(p);
		return NULL;
	}
	env->project = p;
	project_add_image(p, spec->layer);
	if (!fill(env, skipped ? skipped : &none, err) &&
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

/* ---- what dead sessions left ---- */

static bool
is_claimed(const struct runtime *rt, const char *id)
{
	autojson json *list = kept_list(rt, NULL);
	const json *item;

	json_each (item, list)
		if (!strcmp(json_str(json_get(item, "project"), "id", ""), id))
			return true;
	return false;
}

/* Who opened it may have ended just now: its record is looked for once the lock
   is ours. */
static bool
is_left(const struct runtime *rt, const char *lock)
{
	const char *name = strrchr(lock, '/') + 1;
	autofree char *id =
	    xstrndup(name, strlen(name) - strlen(LOCK_SUFFIX));
	autoclose int fd = lockfile_take_abandoned(lock);

	return fd >= 0 && !is_claimed(rt, id);
}

int
project_sweep(const struct runtime *rt, bool dry_run, struct strvec *paths)
{
	autofree char *parent = files_dir(rt);
	autovec struct strvec locks = STRVEC_INIT;
	DIR *dir = opendir(parent);
	struct dirent *de;
	int found = 0;

	while (dir && (de = readdir(dir)))
		if (str_ends(de->d_name, LOCK_SUFFIX))
			strvec_push_owned(&locks, io_join(parent, de->d_name));
	if (dir)
		closedir(dir);
	for (size_t i = 0; i < locks.n; i++) {
		char *path = locks.v[i];

		if (!is_left(rt, path))
			continue;
		path[strlen(path) - strlen(LOCK_SUFFIX)] = '\0';
		found++;
		if (paths)
			strvec_push(paths, path);
		if (!dry_run)
			remove_files(path);
	}
	return found;
}
