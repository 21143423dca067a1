#include "sandbox/sweep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#include "base/io.h"
#include "base/units.h"
#include "engine/endpoint.h"
#include "engine/engine.h"
#include "sandbox/cgroup.h"
#include "sandbox/kept.h"
#include "sandbox/sweep_impl.h"

int
sweep_item(struct sweep *s, const char *kind, const char *name,
    const char *why, bool keep)
{
	struct sweep_item item = {
	    .kind = kind, .name = name, .why = why, .keep = keep};

	if (s->fn)
		s->fn(s->arg, &item);
	return !keep && !s->dry;
}

void
sweep_failed(struct sweep *s, struct err *e)
{
	s->failed = true;
	if (s->err->kind == ERR_NONE)
		err_move(s->err, e);
}

static bool
sweep_cgroup(struct sweep *s, const char *path)
{
	autoerr struct err err = ERR_INIT;

	if (!cgroup_is_leaf(path) ||
	    !sweep_item(s, "cgroup", path, "its owner has ended", false) ||
	    !cgroup_remove_dir(path, &err))
		return true;
	sweep_failed(s, &err);
	return false;
}

/* An engine was swept before the locks were looked at, if it was this one. */
static bool
sweep_noted_engine(struct sweep *s, const char *url)
{
	if (s->engine && !strcmp(s->engine, url))
		return !s->failed;
	sweep_item(s, "engine", url, "what a dead session left there is not "
	    "looked at: use --engine", true);
	return false;
}

/* The lines KIND WHAT behind the first of a lock file; false: something of
   them is left. */
static bool
sweep_notes(struct sweep *s, struct strbuf *notes)
{
	char *rest = notes->buf;
	bool clean = true;

	strsep(&rest, "\n");
	for (char *line; (line = strsep(&rest, "\n"));) {
		char *what = strchr(line, ' ');

		if (!what)
			continue;
		*what++ = '\0';
		if (!strcmp(line, "cgroup"))
			clean &= sweep_cgroup(s, what);
		else if (!strcmp(line, "engine"))
			clean &= sweep_noted_engine(s, what);
	}
	return clean;
}

/* A lock file that can be locked belongs to nobody any more. */
static void
sweep_lock(struct sweep *s, int dir, const char *dirname, const char *name)
{
	autofree char *path = io_join(dirname, name);
	autobuf struct strbuf notes = STRBUF_INIT;
	autoerr struct err ignored = ERR_INIT;
	autoclose int fd =
	    openat(dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	/* A socket of a kept one, whose record is gone. */
	if (fd < 0 && errno == ENXIO &&
	    sweep_item(s, "file", path, "its owner has ended", false))
		unlinkat(dir, name, 0);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB))
		return;
	io_read_all(fd, &notes, 65536, &ignored);
	if (sweep_notes(s, &notes) &&
	    sweep_item(s, "file", path, "its owner has ended", false))
		unlinkat(dir, name, 0);
}

/* ---- the register ---- */

/* What of one that has ended only the record tells of; false: some is left. */
static bool
clean_kept(struct sweep *s, const json *record)
{
	const char *id = json_str(record, "id", "");
	autovec struct strvec dirs = STRVEC_INIT;
	bool clean = true;

	json_strings(json_path(record, "box.cgroups"), &dirs);
	for (size_t i = 0; i < dirs.n; i++)
		clean &= sweep_cgroup(s, dirs.v[i]);
	if (!s->dry)
		runtime_lock_remove(s->rt, id);
	return clean;
}

/* The record stays until somebody was told of it. */
static void
sweep_ended(struct sweep *s, const json *record)
{
	const char *name = json_str(record, "name", "");
	autoerr struct err err = ERR_INIT;
	bool clean = clean_kept(s, record);

	if (s->gc && sweep_item(s, "environment", name, "it has ended", false) &&
	    clean && kept_remove(s->rt, json_str(record, "id", ""), &err))
		sweep_failed(s, &err);
}

static void
sweep_kept_item(struct sweep *s, const json *record)
{
	enum kept_state state =
	    kept_state(record, s->containers, s->engine);
	autobuf struct strbuf why = STRBUF_INIT;

	if (state == KEPT_ENDED) {
		sweep_ended(s, record);
		return;
	}
	strbuf_adds(&why, "kept: it ends after ");
	units_add_duration_exact(&why,
	    (uint64_t)json_int(record, "lease_ms", 0));
	strbuf_adds(&why, " without use");
	sweep_item(s, "environment", json_str(record, "name", ""),
	    state == KEPT_LIVES ? why.buf
				: "kept, on an engine that was not asked",
	    true);
}

static void
sweep_kept(struct sweep *s)
{
	autojson json *list = kept_list(s->rt, NULL);
	const json *record;

	json_each (record, list)
		sweep_kept_item(s, record);
}

/* Of a kept environment: the lock is there for whoever comes next. */
static bool
is_kept_lock(const struct sweep *s, const char *name)
{
	autofree char *id = xstrndup(name, strcspn(name, "."));

	return kept_exists(s->rt, id);
}

static void
sweep_locks(struct sweep *s, const struct runtime *rt)
{
	autofree char *path = io_join(rt->runtime_dir, "env");
	DIR *dir = opendir(path);
	struct dirent *de;

	while (dir && (de = readdir(dir)))
		if (de->d_name[0] != '.' && !is_kept_lock(s, de->d_name))
			sweep_lock(s, dirfd(dir), path, de->d_name);
	if (dir)
		closedir(dir);
}

int
sweep_run(const struct runtime *rt, struct engine *engine, bool dry,
    sweep_fn *fn, void *arg, struct err *err)
{
	struct sweep s = {.dry = dry, .gc = fn != NULL, .fn = fn, .arg = arg,
	    .err = err, .rt = rt};

	if (engine) {
		s.engine = engine_endpoint(engine)->url;
		sweep_engine(&s, engine);
	}
	sweep_kept(&s);
	sweep_locks(&s, rt);
	json_free(s.containers);
	return s.failed ? -1 : 0;
}
