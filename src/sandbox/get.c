/*
 * Copying files of an environment to this host.  All names come from code that
 * nobody trusts: each component is looked at, and opened below the last one
 * without following links, so nothing is written outside the place named.
 */
#include "sandbox/box_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"

struct get {
	struct box *box;
	struct request *request;
	struct box_count *count;
	struct err *err;
	uint64_t max_bytes, entries;
	int base;   /* directory that the result is in */
	char *name; /* of the result there */
	bool bad;
	/* The file that is being written: its directory, both names. */
	int dir, fd;
	char *final, *temp;
};

static void
get_fail(struct get *g, int sys, const char *path)
{
	if (g->bad)
		return;
	g->bad = true;
	err_sys(g->err, sys, "%s%s%s", g->name, path[0] ? "/" : "", path);
	request_cancel(g->request);
}

/* ---- where ---- */

static bool
component_ok(const char *s, size_t n)
{
	return n > 0 && n < 256 && !(n == 1 && s[0] == '.') &&
	       !(n == 2 && s[0] == '.' && s[1] == '.');
}

/*
 * Opens the directory that holds rel ("" is the result itself) and says what
 * the last component is.  -1 with errno.
 */
static int
open_parent(struct get *g, const char *rel, char **last)
{
	autofree char *path =
	    rel[0] ? xasprintf("%s/%s", g->name, rel) : xstrdup(g->name);
	int dir = fcntl(g->base, F_DUPFD_CLOEXEC, 3), next;
	char *p = path, *slash;

	while (dir >= 0) {
		slash = strchrnul(p, '/');
		if (!component_ok(p, slash - p)) {
			close(dir);
			errno = EINVAL;
			return -1;
		}
		if (!*slash)
			break;
		*slash = '\0';
		next = openat(dir, p,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		close(dir);
		dir = next;
		p = slash + 1;
	}
	if (dir >= 0)
		*last = xstrdup(p);
	return dir;
}

/* ---- what ---- */

static void
file_end(struct get *g, bool keep)
{
	if (g->fd < 0)
		return;
	if (keep && renameat(g->dir, g->temp, g->dir, g->final))
		get_fail(g, errno, g->final);
	if (!keep || g->bad)
		unlinkat(g->dir, g->temp, 0);
	close(g->fd);
	close(g->dir);
	g->fd = g->dir = -1;
	free(g->final);
	free(g->temp);
	g->final = g->temp = NULL;
}

static char *
temp_name(void)
{
	autofree char *random = io_random_hex(8);

	return xasprintf(".addesh-%s~", random);
}

static void
get_file(struct get *g, int dir, char *last, const struct box_entry *e)
{
	g->temp = temp_name();
	g->final = last;
	g->dir = dir;
	/* Less what umask(2) says: code chose the mode, and must not let
	   others of this host write. */
	g->fd = openat(dir, g->temp,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    (e->mode & 0777) | 0600);
	if (g->fd >= 0)
		return;
	get_fail(g, errno, e->path);
	close(dir);
	free(g->final);
	free(g->temp);
	g->final = g->temp = NULL;
	g->dir = -1;
}

static void
get_link(struct get *g, int dir, const char *last, const struct box_entry *e)
{
	autofree char *temp = temp_name();

	if (!e->target || symlinkat(e->target, dir, temp)) {
		get_fail(g, e->target ? errno : EPROTO, e->path);
	} else if (renameat(dir, temp, dir, last)) {
		get_fail(g, errno, e->path);
		unlinkat(dir, temp, 0);
	} else {
		g->count->links++;
	}
}

static void
get_dir(struct get *g, int dir, const char *last, const struct box_entry *e)
{
	struct stat st;

	if (!mkdirat(dir, last, (e->mode & 0777) | 0700)) {
		g->count->dirs++;
		return;
	}
	if (errno == EEXIST &&
	    !fstatat(dir, last, &st, AT_SYMLINK_NOFOLLOW) &&
	    S_ISDIR(st.st_mode))
		g->count->dirs++;
	else
		get_fail(g, EEXIST, e->path);
}

static void
get_entry(struct get *g, const struct box_entry *e)
{
	char *last = NULL;
	int dir;

	if (e->sys || !strchr("fdl", e->type) || !e->type) {
		g->count->skipped++;
		return;
	}
	dir = open_parent(g, e->path, &last);
	if (dir < 0) {
		get_fail(g, errno, e->path);
		return;
	}
	if (e->type == 'f') {
		get_file(g, dir, last, e); /* keeps both */
		return;
	}
	if (e->type == 'l')
		get_link(g, dir, last, e);
	else
		get_dir(g, dir, last, e);
	close(dir);
	free(last);
}

static void
on_entry(void *arg, struct field_reader *fields)
{
	struct get *g = arg;
	struct box_entry_own own;

	file_end(g, false); /* one that never ended */
	if (g->bad)
		return;
	/* The runner keeps both bounds; if it was replaced, we do. */
	if (++g->entries > PROTO_ENTRIES_DEFAULT) {
		get_fail(g, E2BIG, "");
		return;
	}
	if (!box_entry_read(&own, fields)) {
		get_fail(g, EPROTO, "");
		return;
	}
	get_entry(g, &own.e);
	box_entry_release(&own);
}

static void
on_data(void *arg, const void *p, size_t n, bool end)
{
	struct get *g = arg;

	if (g->fd < 0 || g->bad)
		return;
	if (g->max_bytes && n > g->max_bytes - g->count->bytes) {
		get_fail(g, EFBIG, "");
		return;
	}
	if (io_write_all(g->fd, p, n)) {
		get_fail(g, errno, g->final);
		return;
	}
	g->count->bytes += n;
	if (end) {
		g->count->files++;
		file_end(g, true);
	}
}

/* ---- the call ---- */

/* Splits dest into a directory that exists and a name in it. */
static int
open_base(struct get *g, const char *path, const char *dest, struct err *err)
{
	autofree char *copy = xstrdup(dest ? dest : ".");
	size_t n = strlen(copy);
	const char *slash;
	struct stat st;

	while (n > 1 && copy[n - 1] == '/')
		copy[--n] = '\0';
	if (!stat(copy, &st) && S_ISDIR(st.st_mode)) {
		autofree char *from = xstrdup(path);

		n = strlen(from);
		while (n > 0 && from[n - 1] == '/')
			from[--n] = '\0';
		slash = strrchr(from, '/');
		g->name = xstrdup(slash ? slash + 1 : from);
	} else {
		char *cut = strrchr(copy, '/');

		g->name = xstrdup(cut ? cut + 1 : copy);
		copy[!cut ? 0 : cut == copy ? 1 : cut - copy] = '\0';
	}
	if (!component_ok(g->name, strlen(g->name)))
		return err_set(err, ERR_USAGE,
		    "say under which name %s should be kept", path);
	g->base = open(copy[0] ? copy : ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (g->base < 0)
		return err_sys(err, errno, "%s", copy);
	return 0;
}

int
box_get(struct box *box, const char *path, const char *dest,
    uint64_t max_bytes, struct box_count *count, struct err *err)
{
	static const struct request_ops ops = {
	    .entry = on_entry, .data = on_data};
	autofree char *full = box_path(box, path);
	autoerr struct err theirs = ERR_INIT;
	struct get g = {.box = box, .count = count, .err = err, .base = -1,
	    .max_bytes = max_bytes, .dir = -1, .fd = -1};
	int bad;

	*count = (struct box_count){0};
	bad = open_base(&g, full, dest, err);
	if (!bad) {
		g.request = box_get_start(box, full, -1, max_bytes, &ops, &g);
		bad = box_finish(box, g.request, &theirs);
		file_end(&g, false);
	}
	if (bad && theirs.kind != ERR_NONE && !g.bad)
		err_move(err, &theirs);
	if (g.base >= 0)
		close(g.base);
	free(g.name);
	return bad || g.bad ? -1 : 0;
}
