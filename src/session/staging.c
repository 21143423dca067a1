#include "session/staging.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/nearest.h"
#include "base/sanitise.h"
#include "pack/beneath.h"
#include "pack/overlay.h"
#include "pack/path.h"
#include "pack/tree.h"

#define NAME_LEN_MAX 64
#define PATH_LEN_MAX 4096
#define SKIPPED_MAX 20

static void
file_free(struct context_file *f)
{
	free((char *)f->path);
	free((void *)f->data);
}

static void
count_in(struct staging *s, struct staged *c, const struct context_file *f)
{
	s->files++;
	s->bytes += f->size;
	c->bytes += f->size;
}

static void
count_out(struct staging *s, struct staged *c, const struct context_file *f)
{
	s->files--;
	s->bytes -= f->size;
	c->bytes -= f->size;
}

static void
file_release(struct staging *s, struct staged *c, struct context_file *f)
{
	count_out(s, c, f);
	file_free(f);
}

static void
staged_free(struct staging *s, struct staged *c)
{
	for (size_t i = 0; i < c->n; i++)
		file_release(s, c, &c->files[i]);
	free(c->files);
	free(c->name);
	free(c);
}

void
staging_release(struct staging *s)
{
	for (size_t i = 0; i < s->n; i++)
		staged_free(s, s->v[i]);
	free(s->v);
	*s = (struct staging){0};
}

void
staged_count_release(struct staged_count *count)
{
	strvec_release(&count->skipped);
	for (size_t i = 0; i < count->nchanges; i++) {
		free(count->changes[i].path);
		file_free(&count->changes[i].old);
	}
	free(count->changes);
}

/* ---- contexts ------------------------------------------------------------ */

static const struct staged *
find(const struct staging *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->v[i]->name, name))
			return s->v[i];
	return NULL;
}

static int
check_name(const struct staging *s, const char *name, struct err *err)
{
	size_t good = strspn(name, "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

	if (!*name || name[good] || strlen(name) > NAME_LEN_MAX ||
	    *name == '-' || *name == '.')
		return err_set(err, ERR_USAGE,
		    "'%s' is not a name: letters, digits, _ . and - only, up "
		    "to %d",
		    name, NAME_LEN_MAX);
	if (!find(s, name))
		return 0;
	err_set(err, ERR_USAGE, "there is a context '%s' already", name);
	return err_hint(err,
	    "select it:  context use %s      or drop it:  "
	    "context rm %s",
	    name, name);
}

static char *
free_name(const struct staging *s)
{
	for (size_t n = 1;; n++) {
		char *name = xasprintf("c%zu", n);

		if (!find(s, name))
			return name;
		free(name);
	}
}

struct staged *
staging_new(struct staging *s, const char *name, struct err *err)
{
	struct staged *c;

	if (name && check_name(s, name, err))
		return NULL;
	c = xcalloc(1, sizeof(*c));
	c->name = name ? xstrdup(name) : free_name(s);
	GROW(s->v, s->n, &s->cap);
	s->v[s->n++] = c;
	s->current = c;
	return c;
}

struct staged *
staging_find(const struct staging *s, const char *name, struct err *err)
{
	struct nearest near = NEAREST_INIT(name);

	if (!name && !s->current) {
		err_set(err, ERR_USAGE, "no context is selected");
		if (s->n)
			err_hint(err, "see them:  context ls");
		else
			err_hint(err, "begin one:  context new");
	}
	if (!name)
		return s->current;
	for (size_t i = 0; i < s->n; i++) {
		if (!strcmp(s->v[i]->name, name))
			return s->v[i];
		nearest_try(&near, s->v[i]->name);
	}
	err_set(err, ERR_USAGE, "there is no context '%s'", name);
	if (near.best)
		err_hint(err, "did you mean %s?", near.best);
	else if (s->n)
		err_hint(err, "see them:  context ls");
	else
		err_hint(err, "begin it:  context new %s", name);
	return NULL;
}

void
staging_remove(struct staging *s, struct staged *c)
{
	size_t i = 0;

	while (s->v[i] != c)
		i++;
	memmove(&s->v[i], &s->v[i + 1], (--s->n - i) * sizeof(*s->v));
	if (s->current == c)
		s->current = s->n ? s->v[s->n - 1] : NULL;
	staged_free(s, c);
}

/* ---- files --------------------------------------------------------------- */

const struct context_file *
staged_file(const struct staged *c, const char *path)
{
	size_t i = overlay_bound(c->files, c->n, path);

	return i < c->n && !strcmp(c->files[i].path, path) ? &c->files[i]
							   : NULL;
}

/* The first file below this directory, n if there is none. */
static size_t
first_below(const struct staged *c, const char *dir)
{
	autofree char *prefix = xasprintf("%s/", dir);
	size_t i = overlay_bound(c->files, c->n, prefix);

	return i < c->n && str_starts(c->files[i].path, prefix) ? i : c->n;
}

/* The path that text names in a context; the caller's. */
static char *
parse_path(const char *text, struct err *err)
{
	autofree char *path = *text ? path_clean(text) : xstrdup("");
	bool up = false;

	for (const char *s = text; s; s = strchr(s, '/')) {
		s += *s == '/';
		up |= !strncmp(s, "..", 2) && (!s[2] || s[2] == '/');
	}
	if (*text == '/' || up)
		err_set(err, ERR_USAGE,
		    "%s: a path in a context is relative and has no ..", text);
	else if (!*path || strlen(path) >= PATH_LEN_MAX)
		err_set(err, ERR_USAGE, "'%.32s'%s is not the name of a file",
		    text, strlen(text) > 32 ? "..." : "");
	else
		return steal(&path);
	return NULL;
}

/* A name cannot be a file and a directory. */
static int
check_place(const struct staged *c, const char *path, struct err *err)
{
	size_t below = first_below(c, path);
	autofree char *dir = xstrdup(path);
	char *slash;

	if (below < c->n)
		return err_set(err, ERR_USAGE,
		    "%s: it is a directory in %s, where %s is", path, c->name,
		    c->files[below].path);
	while ((slash = strrchr(dir, '/'))) {
		*slash = '\0';
		if (staged_file(c, dir))
			return err_set(err, ERR_USAGE, "%s: %s is a file in %s",
			    path, dir, c->name);
	}
	return 0;
}

static int
full(const char *path, struct err *err)
{
	autobuf struct strbuf name = STRBUF_INIT;

	sanitise_name(&name, path);
	err_set(err, ERR_USAGE,
	    "%s: the contexts of a session hold %d files and %llu MB at most",
	    name.buf, STAGING_FILES_MAX,
	    (unsigned long long)(STAGING_BYTES_MAX >> 20));
	return err_hint(err, "what is larger is built from its directory:  "
			     "build DIR");
}

/* Room for n bytes under path, when what is there has gone? */
static int
check_room(const struct staging *s, const struct staged *c, const char *path,
    uint64_t n, struct err *err)
{
	const struct context_file *old = staged_file(c, path);
	uint64_t bytes = s->bytes - (old ? old->size : 0);

	if (n > STAGING_BYTES_MAX - bytes ||
	    (!old && s->files >= STAGING_FILES_MAX))
		return full(path, err);
	return 0;
}

/* What is there is kept in count. */
static struct context_file *
make_place(struct staging *s, struct staged *c, const char *path,
    struct staged_count *count)
{
	size_t i = overlay_bound(c->files, c->n, path);
	struct staged_change *change;

	GROW(count->changes, count->nchanges, &count->cap);
	change = &count->changes[count->nchanges++];
	*change = (struct staged_change){.path = xstrdup(path)};
	if (staged_file(c, path)) {
		change->old = c->files[i];
		count_out(s, c, &change->old);
		return &c->files[i];
	}
	GROW(c->files, c->n, &c->cap);
	memmove(&c->files[i + 1], &c->files[i], (c->n - i) * sizeof(*c->files));
	c->n++;
	return &c->files[i];
}

void
staged_undo(struct staging *s, struct staged *c, struct staged_count *count)
{
	while (count->nchanges) {
		struct staged_change *change =
		    &count->changes[--count->nchanges];
		size_t i = overlay_bound(c->files, c->n, change->path);

		file_release(s, c, &c->files[i]);
		free(change->path);
		if (change->old.path) {
			c->files[i] = change->old;
			count_in(s, c, &c->files[i]);
			continue;
		}
		memmove(&c->files[i], &c->files[i + 1],
		    (--c->n - i) * sizeof(*c->files));
	}
}

/* Takes data, whatever it returns. */
static int
put(struct staging *s, struct staged *c, const char *path,
    const struct stat *st, struct strbuf *data, struct staged_count *count,
    struct err *err)
{
	struct context_file *f;
	size_t n = data->len;

	if (check_place(c, path, err) || check_room(s, c, path, n, err)) {
		strbuf_release(data);
		return -1;
	}
	f = make_place(s, c, path, count);
	*f = (struct context_file){.path = xstrdup(path),
	    .mode = st->st_mode & 07777,
	    .data = strbuf_detach(data),
	    .size = n,
	    .mtime = st->st_mtime};
	count_in(s, c, f);
	count->files++;
	count->bytes += n;
	return 0;
}

int
staged_put(struct staging *s, struct staged *c, const char *path, mode_t mode,
    const void *p, size_t n, struct staged_count *count, struct err *err)
{
	struct stat st = {.st_mode = mode, .st_mtime = clock_wall_ms() / 1000};
	struct strbuf data = STRBUF_INIT;
	autofree char *clean = parse_path(path, err);

	if (!clean)
		return -1;
	if (!strcmp(clean, ".") || str_ends(path, "/"))
		return err_set(err, ERR_USAGE,
		    "%s: that is a directory and not the name of a file", path);
	strbuf_add(&data, p, n);
	return put(s, c, clean, &st, &data, count, err);
}

/* An open file; its size is looked at before it is read. */
static int
put_open(struct staging *s, struct staged *c, int fd, const struct stat *st,
    const char *path, struct staged_count *count, struct err *err)
{
	struct strbuf data = STRBUF_INIT;

	if (check_room(s, c, path, (uint64_t)st->st_size, err))
		return -1;
	if (io_read_all(fd, &data, STAGING_BYTES_MAX, err)) {
		strbuf_release(&data);
		return err_prefix(err, "%s", path);
	}
	return put(s, c, path, st, &data, count, err);
}

static void
skip(struct staged_count *count, const char *path, const char *what)
{
	autobuf struct strbuf text = STRBUF_INIT;

	sanitise_name(&text, path);
	strbuf_addf(&text, " (%s)", what);
	if (count->nskipped++ < SKIPPED_MAX)
		strvec_push(&count->skipped, text.buf);
}

static int
put_entry(struct staging *s, struct staged *c, const struct tree_entry *e,
    struct staged_count *count, struct err *err)
{
	autoclose int fd = -1;
	struct stat st;

	if (S_ISDIR(e->st.st_mode))
		return 0;
	if (S_ISREG(e->st.st_mode))
		fd = open_beneath(e->dir, e->name, O_RDONLY);
	if (!S_ISREG(e->st.st_mode) || (fd < 0 && errno == ELOOP)) {
		skip(count, e->path, "link");
		return 0;
	}
	if (fd < 0 || fstat(fd, &st)) {
		autobuf struct strbuf name = STRBUF_INIT;
		int sys = errno;

		sanitise_name(&name, e->path);
		return err_sys(err, sys, "%s", name.buf);
	}
	if (!S_ISREG(st.st_mode)) {
		skip(count, e->path, "no file any more");
		return 0;
	}
	return put_open(s, c, fd, &st, e->path, count, err);
}

static int
put_tree(struct staging *s, struct staged *c, struct tree *t,
    struct staged_count *count, struct err *err)
{
	struct tree_entry e;
	int rc;

	while ((rc = tree_next(t, &e, err)) > 0) {
		if (rc != TREE_LATER && put_entry(s, c, &e, count, err))
			return -1;
		if (count->turn && count->turn(count->arg, err))
			return -1;
	}
	return rc;
}

static int
put_directory(struct staging *s, struct staged *c, int fd, const char *from,
    const char *path, const char *rules, struct staged_count *count,
    struct err *err)
{
	const struct context_file *own = staged_file(c, ".dockerignore");
	struct ignore *ignore =
	    own ? ignore_parse(own->path, own->data, own->size, err)
		: ignore_parse(".dockerignore", rules, strlen(rules), err);
	struct overlay none = {0};
	struct context_count seen = {0};
	struct tree_spec spec = {.root = fd,
	    .title = strcmp(from, ".") != 0 ? from : "",
	    .prefix = strcmp(path, ".") != 0 ? path : "",
	    .overlay = &none,
	    .ignore = ignore,
	    .count = &seen,
	    .skipped = &count->skipped};
	struct tree *t = ignore ? tree_open(&spec, err) : NULL;
	int rc = t ? put_tree(s, c, t, count, err) : -1;

	count->ignored += seen.ignored;
	count->nskipped += seen.skipped;
	tree_close(t);
	ignore_free(ignore);
	return rc;
}

static int
open_failed(const char *path, struct err *err)
{
	if (errno != ELOOP)
		return err_sys(err, errno, "%s", path);
	err_set(err, ERR_USAGE, "%s: it is a symbolic link", path);
	return err_hint(err, "links are not followed: name the file that it "
			     "leads to");
}

static int
add_below(struct staging *s, struct staged *c, int root, const char *from,
    const char *path, const char *rules, struct staged_count *count,
    struct err *err)
{
	autoclose int fd = open_beneath(root, path, O_RDONLY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return open_failed(path, err);
	if (S_ISREG(st.st_mode))
		return put_open(s, c, fd, &st, path, count, err);
	if (S_ISDIR(st.st_mode))
		return put_directory(s, c, fd, from, path, rules, count, err);
	return err_set(
	    err, ERR_USAGE, "%s: neither a file nor a directory", path);
}

/* A file that is elsewhere has a path below the directory that it is in. */
static int
hint_from(const char *from, const char *path, struct err *err)
{
	const char *name = strrchr(path, '/');
	autofree char *dir = NULL, *whole = NULL;

	if ((*path != '/' && !str_starts(path, "../")) || !name[1] ||
	    !strcmp(name, "/.") || !strcmp(name, "/.."))
		return -1;
	dir = name == path ? xstrdup("/")
			   : xstrndup(path, (size_t)(name - path));
	whole = *path == '/' || !strcmp(from, ".") ? xstrdup(dir)
						   : io_join(from, dir);
	return err_hint(err, "its directory is named before:  "
	    "context add --from %s %s", whole, name + 1);
}

int
staged_add(struct staging *s, struct staged *c, const char *from,
    const char *path, const char *rules, struct staged_count *count,
    struct err *err)
{
	autofree char *clean = parse_path(path, err);
	autoclose int root = -1;

	if (!clean)
		return hint_from(from, path, err);
	root = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(err, errno, "%s", from);
	return add_below(s, c, root, from, clean, rules, count, err);
}

const char *
staging_ignored_by(bool own)
{
	return own ? "its .dockerignore"
		   : "the installed .dockerignore; one of its own decides "
		     "instead:  context add .dockerignore <<EOF";
}

size_t
staged_drop(
    struct staging *s, struct staged *c, const char *path, struct err *err)
{
	autofree char *clean = parse_path(path, err);
	size_t i, n = 0;

	if (!clean)
		return 0;
	i = first_below(c, clean);
	if (i < c->n) {
		size_t len = strlen(clean);

		while (i + n < c->n &&
		       !strncmp(c->files[i + n].path, clean, len) &&
		       c->files[i + n].path[len] == '/')
			n++;
	} else if (staged_file(c, clean)) {
		i = overlay_bound(c->files, c->n, clean);
		n = 1;
	}
	if (!n)
		err_set(err, ERR_USAGE, "there is no %s in the context %s",
		    clean, c->name);
	for (size_t k = i; k < i + n; k++)
		file_release(s, c, &c->files[k]);
	memmove(
	    &c->files[i], &c->files[i + n], (c->n - i - n) * sizeof(*c->files));
	c->n -= n;
	return n;
}
