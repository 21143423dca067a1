#include "sandbox/sweep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/io.h"
#include "engine/endpoint.h"
#include "engine/engine.h"
#include "sandbox/cgroup.h"
#include "sandbox/kept.h"
#include "sandbox/sweep_impl.h"

#define SOCKETS_MAX (16u << 20) /* of /proc/net/unix */

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

bool
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

/*
 * Whether a process holds the socket (proc_net(5)).  To connect would take the
 * place of another client.
 */
static bool
is_listened_at(const char *path)
{
	autofree char *end = xasprintf(" %s\n", path);
	autobuf struct strbuf sockets = STRBUF_INIT;
	autoerr struct err ignored = ERR_INIT;

	return io_read_file("/proc/net/unix", &sockets, SOCKETS_MAX,
		   &ignored) ||
	       strstr(sockets.buf, end);
}

/* Of a kept environment: the lock is there for whoever comes next. */
static bool
is_kept_lock(const struct sweep *s, const char *name)
{
	autofree char *id = xstrndup(name, strcspn(name, "."));

	return kept_exists(s->rt, id);
}

/* Whether the notes name a record, and it is not known to be gone: one user may
   have several registers, as XDG_STATE_HOME says, and one directory of locks.
   */
static bool
has_record(const struct strbuf *notes)
{
	static const char line[] = "\nkept ";
	const char *p = strstr(notes->buf, line);
	autofree char *path = NULL;

	if (!p)
		return false;
	p += strlen(line);
	path = xstrndup(p, strcspn(p, "\n"));
	return !access(path, F_OK) || errno != ENOENT;
}

/* A lock file that can be locked belongs to nobody any more, unless who had it
   has just kept the environment. */
static void
sweep_lock(struct sweep *s, int dir, const char *dirname, const char *name)
{
	autofree char *path = io_join(dirname, name);
	autobuf struct strbuf notes = STRBUF_INIT;
	autoerr struct err ignored = ERR_INIT;
	autoclose int fd =
	    openat(dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	/* A socket of a kept one, whose record is gone, or elsewhere. */
	if (fd < 0 && errno == ENXIO && !is_listened_at(path) &&
	    !is_kept_lock(s, name) &&
	    sweep_item(s, "file", path, "its owner has ended", false))
		unlinkat(dir, name, 0);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) || is_kept_lock(s, name))
		return;
	io_read_all(fd, &notes, 65536, &ignored);
	if (has_record(&notes))
		return;
	if (sweep_notes(s, &notes) &&
	    sweep_item(s, "file", path, "its owner has ended", false))
		unlinkat(dir, name, 0);
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

	/* Before the containers are listed: those of later records are not
	   in the list. */
	sweep_kept_begin(&s);
	if (engine) {
		s.engine = engine_endpoint(engine)->url;
		s.asked = engine;
		sweep_engine(&s, engine);
	}
	sweep_kept(&s);
	sweep_scratch(&s);
	sweep_locks(&s, rt);
	json_free(s.containers);
	json_free(s.records);
	strvec_release(&s.wrong);
	return s.failed ? -1 : 0;
}
