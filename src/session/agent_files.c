#include "session/agent_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "sandbox/kept.h"

#define UNUSED_S (24 * 3600)
#define ID_BYTES 6
#define TEXT_MAX 4096

static const char image_suffix[] = ".image";

/* STATE/adde/KIND[/NAME], the caller's. */
static char *
path_of(const struct runtime *rt, const char *kind, const char *name)
{
	return xasprintf("%s/adde/%s%s%s", rt->state_dir, kind,
	    name ? "/" : "", name ? name : "");
}

static bool
is_old(const char *path)
{
	struct stat st;

	return !stat(path, &st) &&
	       clock_wall_ms() / 1000 - st.st_mtime >= UNUSED_S;
}

/* All that have a name in a directory of ours. */
static void
list_names(const char *dir, struct strvec *names)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (*e->d_name != '.')
			strvec_push(names, e->d_name);
	if (d)
		closedir(d);
}

/* ---- contexts ---- */

static char *
image_file(const char *context)
{
	return xasprintf("%s%s", context, image_suffix);
}

static bool
is_of_image(const char *context, const char *image)
{
	autofree char *file = image_file(context);
	autobuf struct strbuf text = STRBUF_INIT;
	autoerr struct err ignored = ERR_INIT;

	return !io_read_file(file, &text, TEXT_MAX, &ignored) &&
	       !strcmp(text.buf, image);
}

static void
remove_context(const char *path)
{
	autofree char *image = image_file(path);
	autoerr struct err ignored = ERR_INIT;

	if (!io_remove_tree(path, &ignored))
		unlink(image);
}

char *
agent_context_new(const struct runtime *rt, struct err *err)
{
	autofree char *dir = path_of(rt, "context", NULL);
	autofree char *id = io_random_hex(ID_BYTES);
	autofree char *path = io_join(dir, id);

	agent_files_sweep(rt, false, NULL);
	if (io_mkdirs(dir, 0700, err))
		return NULL;
	if (!mkdir(path, 0700))
		return steal(&path);
	err_sys(err, errno, "%s", path);
	return NULL;
}

void
agent_context_built(const struct runtime *rt, const char *dir,
    const char *image)
{
	autofree char *own = path_of(rt, "context", NULL);
	autofree char *full = realpath(own, NULL);
	autofree char *file = image_file(dir);
	autoerr struct err ignored = ERR_INIT;
	size_t n = full ? strlen(full) : 0;

	if (n && !strncmp(dir, full, n) && dir[n] == '/' &&
	    !strchr(dir + n + 1, '/'))
		io_replace_file(file, image, strlen(image), 0600, &ignored);
}

void
agent_context_remove(const struct runtime *rt, const char *image)
{
	autofree char *dir = path_of(rt, "context", NULL);
	autovec struct strvec names = STRVEC_INIT;

	list_names(dir, &names);
	for (size_t i = 0; i < names.n; i++) {
		autofree char *path = io_join(dir, names.v[i]);

		if (is_of_image(path, image))
			remove_context(path);
	}
}

/* ---- environments ---- */

char *
agent_workspace_new(const struct runtime *rt, const char *name,
    struct err *err)
{
	autofree char *dir = path_of(rt, "env", name);
	char *path = io_join(dir, "workspace");

	agent_files_sweep(rt, false, NULL);
	if (!io_mkdirs(path, 0700, err))
		return path;
	free(path);
	return NULL;
}

int
agent_env_remove(const struct runtime *rt, const char *name,
    struct err *err)
{
	autofree char *dir = path_of(rt, "env", name);

	return io_remove_tree(dir, err);
}

/* ---- what nobody uses ---- */

static void
tell(struct strvec *paths, const char *path)
{
	if (paths)
		strvec_push(paths, path);
}

static void
sweep_contexts(const struct runtime *rt, bool dry_run, struct strvec *paths)
{
	autofree char *dir = path_of(rt, "context", NULL);
	autovec struct strvec names = STRVEC_INIT;

	list_names(dir, &names);
	for (size_t i = 0; i < names.n; i++) {
		autofree char *path = io_join(dir, names.v[i]);
		autofree char *image = image_file(path);

		if (str_ends(path, image_suffix) || !is_old(path) ||
		    (!access(image, F_OK) && !is_old(image)))
			continue;
		tell(paths, path);
		if (!dry_run)
			remove_context(path);
	}
}

static bool
is_kept(const json *records, const char *name)
{
	const json *record;

	json_each (record, records)
		if (!strcmp(json_str(record, "name", ""), name))
			return true;
	return false;
}

/* A program that is run is a new file of the workspace. */
static bool
is_unused(const char *path)
{
	autofree char *workspace = io_join(path, "workspace");

	return is_old(path) &&
	       (access(workspace, F_OK) || is_old(workspace));
}

static void
sweep_envs(const struct runtime *rt, bool dry_run, struct strvec *paths)
{
	autofree char *dir = path_of(rt, "env", NULL);
	autovec struct strvec names = STRVEC_INIT;
	autojson json *records = NULL;

	list_names(dir, &names);
	if (names.n)
		records = kept_list(rt, NULL);
	for (size_t i = 0; i < names.n; i++) {
		autofree char *path = io_join(dir, names.v[i]);
		autoerr struct err ignored = ERR_INIT;

		if (!is_unused(path) || is_kept(records, names.v[i]))
			continue;
		tell(paths, path);
		if (!dry_run)
			io_remove_tree(path, &ignored);
	}
}

void
agent_files_sweep(const struct runtime *rt, bool dry_run,
    struct strvec *paths)
{
	sweep_contexts(rt, dry_run, paths);
	sweep_envs(rt, dry_run, paths);
}
