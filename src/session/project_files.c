/* What is kept of projects beside the session, and when it goes. */
#include "session/project_impl.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/lockfile.h"
#include "sandbox/kept.h"

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
int
project_make_files(struct project *p, const struct runtime *rt, struct err *err)
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
	free(p->image_why);
	free(p->dockerfile);
	free(p->workdir);
	strvec_release(&p->images);
	free(p);
}

struct project *
project_new(void)
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
	json_put_str(j, "image_why", p->image_why);
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
	p = project_new();
	p->kept = true;
	p->id = xstrdup(id);
	p->dir = io_join(parent, id);
	json_add_text(json_get(j, "root"), &root);
	p->root = xstrdup(root.buf);
	p->language = text_member(j, "language");
	p->why = text_member(j, "why");
	p->image_why = text_member(j, "image_why");
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
