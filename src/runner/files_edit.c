/*
 * EDIT: several files are changed all or none.  Until the client's last ENTRY
 * nothing changes but for files with names of their own, which go again with
 * whoever goes before.  From then on only names change, what was there keeps one
 * until the end, and the parent does not kill us.
 */
#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define ITEMS_MAX 20000

struct item {
	char *path;
	struct swap swap; /* its directory is shared with its neighbours */
	uint64_t was_size;
	uint32_t was_crc;
};

struct edit {
	struct work *w;
	int top; /* the request's directory */
	struct item *v;
	size_t n, cap;
	int fd; /* the new content of the last item, -1: none */
	mode_t mode;
	char **made; /* directories, the outer ones first */
	size_t nmade, made_cap;
};

/* ---- taking it back ---- */

static void
remove_directory(const struct edit *e, const char *path)
{
	char name[NAME_SIZE];
	int dir = path_open_parent(e->top, path, false, name);

	if (dir < 0)
		return;
	(void)unlinkat(dir, name, AT_REMOVEDIR);
	close(dir);
}

static void
undo(struct edit *e)
{
	for (size_t i = e->n; i > 0; i--)
		swap_undo(&e->v[i - 1].swap);
	for (size_t i = e->nmade; i > 0; i--)
		remove_directory(e, e->made[i - 1]);
}

static void
edit_left(struct work *w)
{
	undo(w->arg);
}

static void
edit_fail(struct edit *e, int error, const char *text, const char *path)
{
	undo(e);
	work_fail(e->w, error, text, path);
}

/* ---- where ---- */

static void
note_made(struct edit *e, const char *path, size_t n)
{
	char **v = e->made;

	if (e->nmade == e->made_cap) {
		e->made_cap = e->made_cap > 0 ? 2 * e->made_cap : 16;
		v = realloc(v, e->made_cap * sizeof(*v));
	}
	if (v != NULL) {
		e->made = v;
		v[e->nmade] = strndup(path, n);
	}
	if (v == NULL || v[e->nmade] == NULL)
		edit_fail(e, ENOMEM, "memory", path);
	e->nmade++;
}

static void
fail_directory(struct edit *e, int error, const char *path)
{
	edit_fail(e, error,
	    error == EMFILE ? "in too many directories" : "directory", path);
}

/* Makes what is missing above path, and knows what that was. */
static void
make_above(struct edit *e, const char *path)
{
	char *copy = strdup(path);
	int fd, error;

	for (char *s = copy; s != NULL && (s = strchr(s, '/')) != NULL; s++) {
		*s = '\0';
		fd = path_open_dir(e->top, copy, false);
		error = errno;
		if (fd < 0 && error == ENOENT) {
			note_made(e, copy, strlen(copy));
			fd = path_open_dir(e->top, copy, true);
			error = errno;
		}
		if (fd < 0)
			fail_directory(e, error, path);
		close(fd);
		*s = '/';
	}
	free(copy);
}

static bool
same_directory(const char *a, const char *b)
{
	const char *sa = strrchr(a, '/'), *sb = strrchr(b, '/');
	size_t na = sa != NULL ? (size_t)(sa - a) : 0;
	size_t nb = sb != NULL ? (size_t)(sb - b) : 0;

	return na == nb && (sa != NULL) == (sb != NULL) &&
	    memcmp(a, b, na) == 0;
}

static bool
name_ok(const char *name)
{
	return name[0] != '\0' && strlen(name) < NAME_SIZE &&
	    strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* The item's path stays as long as it: its name is the end of that. */
static void
find_place(struct edit *e, struct item *it)
{
	const struct item *before = it > e->v ? it - 1 : NULL;
	const char *slash = strrchr(it->path, '/');
	char name[NAME_SIZE];

	it->swap.name = slash != NULL ? slash + 1 : it->path;
	if (!name_ok(it->swap.name))
		edit_fail(e, EINVAL, "path", it->path);
	if (before != NULL && same_directory(before->path, it->path)) {
		it->swap.dir = before->swap.dir;
		return;
	}
	if (!it->swap.removes)
		make_above(e, it->path);
	it->swap.dir = path_open_parent(e->top, it->path, false, name);
	if (it->swap.dir < 0)
		fail_directory(e, errno == ENOENT ? ESTALE : errno, it->path);
}

/* ---- what comes ---- */

static struct item *
item_add(struct edit *e, struct work_entry *from)
{
	struct item *it = e->v;

	if (e->n == e->cap) {
		e->cap = e->cap > 0 ? 2 * e->cap : 16;
		it = realloc(it, e->cap * sizeof(*it));
	}
	if (it == NULL || e->n >= ITEMS_MAX)
		edit_fail(e, it == NULL ? ENOMEM : E2BIG, "too many files",
		    from->path);
	e->v = it;
	it = &e->v[e->n];
	memset(it, 0, sizeof(*it));
	it->path = from->path;
	it->swap.dir = -1;
	it->swap.removes = from->type == 'x';
	it->swap.has_was = from->has_was;
	it->was_size = from->was_size;
	it->was_crc = (uint32_t)from->was_crc;
	from->path = NULL;
	return it;
}

static void
take_entry(struct edit *e, const struct message *m)
{
	struct work_entry entry = {.path = NULL};
	struct item *it;

	work_entry_read(&entry, m);
	if (e->fd >= 0 || entry.path == NULL || entry.path[0] == '\0' ||
	    (entry.type != 'f' && (entry.type != 'x' || !entry.has_was)))
		edit_fail(e, EPROTO, "entry", entry.path);
	e->mode = work_mode(e->w, entry.mode);
	it = item_add(e, &entry);
	find_place(e, it);
	e->n++;
	free(entry.target);
	if (it->swap.removes)
		return;
	e->fd = swap_temp_file(it->swap.dir, it->swap.temp);
	if (e->fd < 0) {
		it->swap.temp[0] = '\0';
		edit_fail(e, errno, "create", it->path);
	}
}

static void
take_data(struct edit *e, const struct frame *f)
{
	const char *path = e->n > 0 ? e->v[e->n - 1].path : NULL;
	const uint8_t *data = f->payload;
	size_t left = f->len;
	ssize_t n;

	if (e->fd < 0)
		edit_fail(e, EPROTO, "content", path);
	while (left > 0) {
		n = write(e->fd, data, left);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			edit_fail(e, errno, "write", path);
		data += n;
		left -= (size_t)n;
	}
	if ((f->flags & PROTO_F_END) == 0)
		return;
	if (fchmod(e->fd, e->mode) < 0)
		edit_fail(e, errno, "attributes", path);
	close(e->fd);
	e->fd = -1;
}

/* ---- what is there ---- */

static bool
has_content(const struct item *it, int fd)
{
	static uint8_t buf[65536];
	uint64_t size = 0;
	uint32_t crc = 0;
	ssize_t n;

	while (size <= it->was_size) {
		n = read(fd, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		crc = frame_crc(crc, buf, (size_t)n);
		size += (uint64_t)n;
	}
	return size == it->was_size && crc == it->was_crc;
}

static void
check_item(struct edit *e, struct item *it)
{
	struct stat st;
	int fd;

	work_alive();
	if (!it->swap.has_was) {
		if (fstatat(it->swap.dir, it->swap.name, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
		    errno != ENOENT)
			edit_fail(e, ESTALE, "changed", it->path);
		return;
	}
	fd = openat(it->swap.dir, it->swap.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		edit_fail(e, errno == EACCES ? EACCES : ESTALE, "changed",
		    it->path);
	if (fstat(fd, &it->swap.seen) < 0 || !S_ISREG(it->swap.seen.st_mode) ||
	    !has_content(it, fd))
		edit_fail(e, ESTALE, "changed", it->path);
	close(fd);
}

/* ---- the change ---- */

/* Directories in which nothing is left, the inner ones first. */
static void
remove_empty_above(const struct edit *e, const struct item *it)
{
	char *path = strdup(it->path), *slash;

	while (path != NULL && (slash = strrchr(path, '/')) != NULL) {
		*slash = '\0';
		remove_directory(e, path);
	}
	free(path);
}

static void
commit(struct edit *e)
{
	for (size_t i = 0; i < e->n; i++) {
		check_item(e, &e->v[i]);
		swap_make_newer(&e->v[i].swap);
	}
	for (size_t i = 0; i < e->n; i++)
		if (swap_move(&e->v[i].swap) < 0)
			edit_fail(e, errno, "rename", e->v[i].path);
	for (size_t i = 0; i < e->n; i++)
		swap_done(&e->v[i].swap);
	for (size_t i = 0; i < e->n; i++)
		if (e->v[i].swap.removes)
			remove_empty_above(e, &e->v[i]);
}

/* ---- the request ---- */

/* A descriptor for each directory. */
static void
raise_files(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &l);
	}
}

static void
take_all(struct edit *e)
{
	struct message m;
	struct frame f;
	int added;

	for (;;) {
		work_next_frame(e->w, &f);
		if (f.type == PROTO_DATA) {
			take_data(e, &f);
			continue;
		}
		added = message_add(&e->w->messages, &f, &m);
		if (added < 0)
			edit_fail(e, EMSGSIZE, "entry", NULL);
		if (added > 0 && m.len == 0)
			break;
		if (added > 0)
			take_entry(e, &m);
	}
	if (e->fd >= 0)
		edit_fail(e, EPROTO, "content", NULL);
}

void
files_edit(struct work *w)
{
	static struct edit e;
	uint8_t buf[32];
	struct field_writer f;

	e.w = w;
	e.fd = -1;
	raise_files();
	e.top = path_open_dir(-1, w->path, false);
	if (e.top < 0)
		work_fail(w, errno, "open", w->path);
	w->arg = &e;
	w->left = edit_left;
	take_all(&e);
	commit(&e);
	field_writer_init(&f, buf, sizeof(buf));
	field_put_u64(&f, PROTO_K_COUNT, e.n);
	work_verdict(w, &f);
}
