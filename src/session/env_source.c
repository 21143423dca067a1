#include "session/env_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEM_PATH \
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct listing {
	const struct languages *ls;
	struct env_files *files;
	struct strvec dirs; /* those to be looked into */
	const char *below;  /* the directory that is listed; NULL: the top */
	size_t n;
};

static void
on_entry(void *arg, const struct box_entry *e)
{
	struct listing *l = arg;
	autofree char *path = NULL;

	if (!*e->path || e->sys)
		return;
	if (e->type == 'd' && !l->below && !detect_skips(l->ls, e->path))
		strvec_push(&l->dirs, e->path);
	if (e->type != 'f' || detect_skips_path(l->ls, e->path))
		return;
	if (l->n++ >= DETECT_FILES_MAX) {
		l->files->whole = false;
		return;
	}
	path = l->below ? xasprintf("%s/%s", l->below, e->path)
			: xstrdup(e->path);
	strvec_push(&l->files->paths, path);
}

static int
read_file(void *arg, const char *path, size_t max, struct strbuf *out)
{
	struct env_files *f = arg;
	autoerr struct err ignored = ERR_INIT;
	struct env env = {.box = f->box};

	return env_read(&env, path, max, out, &ignored);
}

int
env_list_below(struct env *env, const char *dir, unsigned levels,
    box_entry_fn *fn, void *arg, struct err *err)
{
	autoerr struct err why = ERR_INIT;

	if (!box_list(env->box, dir, levels, fn, arg, &why))
		return 0;
	if (why.code == EACCES || why.code == ENOENT || why.code == ENOTDIR)
		return 1;
	return err_move(err, &why);
}

/* The top first: what tools put below it is not even listed. */
int
env_files_list(struct env_files *f, struct env *env,
    const struct languages *ls, struct err *err)
{
	struct listing l = {.ls = ls, .files = f, .dirs = STRVEC_INIT};
	int rc;

	*f = (struct env_files){
	    .box = env->box, .paths = STRVEC_INIT, .whole = true};
	f->source = (struct project_source){
	    .paths = &f->paths, .read = read_file, .arg = f};
	rc = box_list(env->box, "", 1, on_entry, &l, err);
	for (size_t i = 0; rc >= 0 && i < l.dirs.n; i++) {
		l.below = l.dirs.v[i];
		rc = env_list_below(
		    env, l.below, ENV_SOURCE_LEVELS, on_entry, &l, err);
		f->whole &= rc <= 0;
	}
	strvec_release(&l.dirs);
	strvec_sort(&f->paths);
	return rc < 0 ? -1 : 0;
}

void
env_files_release(struct env_files *f)
{
	strvec_release(&f->paths);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

bool
env_files_have(void *arg, const char *path)
{
	const struct env_files *f = arg;

	return !f->whole ||
	       bsearch(&path, f->paths.v, f->paths.n, sizeof(*f->paths.v),
		   compare);
}

static void
on_bytes(void *arg, int fd, const void *p, size_t n, bool tail)
{
	(void)fd;
	(void)tail;
	strbuf_add(arg, p, n);
}

int
env_read(struct env *env, const char *path, size_t max, struct strbuf *out,
    struct err *err)
{
	struct box_sink sink = {.out = on_bytes, .arg = out};

	return box_cat(env->box, path, max, &sink, err);
}

static void
on_type(void *arg, const struct box_entry *e)
{
	*(char *)arg = e->type;
}

char
env_path_type(struct env *env, const char *path)
{
	autoerr struct err ignored = ERR_INIT;
	char type = 0;

	return box_list(env->box, path, 0, on_type, &type, &ignored) ? 0
								     : type;
}

void
env_use_bin(struct env *env, const char *bin, struct strvec *argv)
{
	autofree char *path = NULL;

	if (!bin || !argv->n || strchr(argv->v[0], '/'))
		return;
	path = xasprintf("%s/%s/%s", env_spec_workspace(&env->spec), bin,
	    argv->v[0]);
	if (!env_path_type(env, path))
		return;
	free(argv->v[0]);
	argv->v[0] = steal(&path);
}

void
env_add_path(const struct env *env, bool own, struct strvec *out)
{
	const char *path = box_search_path(env->box);

	if (!strvec_env_get(&env->spec.env, "PATH"))
		strvec_pushf(out, "PATH=%s%s", path ? path : SYSTEM_PATH,
		    own ? ":" SANDBOX_HOME "/.local/bin" : "");
}
