#include "project/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "pack/path.h"

#define MAGIC "addesh snapshot 1\n"
#define MAGIC_LEN (sizeof(MAGIC) - 1)
#define BUFFER_SIZE (256u << 10)
#define NAME_LEN_MAX (64u << 10) /* of a path, and of a target */

struct head {
	uint32_t mode, path_len, target_len, zero;
	int64_t mtime;
	uint64_t size;
};

struct snapshot {
	void *map; /* NULL: the bytes are borrowed */
	size_t map_len;
	struct snapshot_entry *v;
	size_t n, cap;
	const struct snapshot_entry **sorted; /* by path */
};

/* ---- reading ---- */

/* What is to be read, from front to end. */
struct reader {
	const char *p;
	size_t left;
};

static const void *
take(struct reader *r, uint64_t n)
{
	const char *at = r->p;

	if (n > r->left)
		return NULL;
	r->p += n;
	r->left -= (size_t)n;
	return at;
}

/* A text of this length with its NUL, and none before. */
static const char *
take_text(struct reader *r, uint32_t len)
{
	const char *text =
	    len <= NAME_LEN_MAX ? take(r, (uint64_t)len + 1) : NULL;

	return text && !text[len] && strlen(text) == len ? text : NULL;
}

static char
type_of(uint32_t mode)
{
	return S_ISREG(mode) ? 'f' : S_ISDIR(mode) ? 'd' : S_ISLNK(mode) ? 'l'
									 : 0;
}

static bool
read_entry(struct reader *r, const struct head *h, struct snapshot_entry *e)
{
	*e = (struct snapshot_entry){.type = type_of(h->mode),
	    .mode = h->mode & 0777,
	    .mtime = h->mtime,
	    .size = h->size};
	e->path = take_text(r, h->path_len);
	e->target = take_text(r, h->target_len);
	if (!e->type || !e->path || !e->target || !path_is_below(e->path))
		return false;
	if (e->type != 'l')
		e->target = NULL;
	if (e->type != 'f')
		return !e->size;
	e->data = take(r, e->size);
	return e->data != NULL;
}

static bool
read_entries(struct snapshot *s, struct reader *r)
{
	const void *magic = take(r, MAGIC_LEN), *at;
	struct head h;

	if (!magic || memcmp(magic, MAGIC, MAGIC_LEN))
		return false;
	while ((at = take(r, sizeof(h)))) {
		memcpy(&h, at, sizeof(h));
		if (!h.mode)
			return h.size == s->n && !r->left;
		GROW(s->v, s->n, &s->cap);
		if (!read_entry(r, &h, &s->v[s->n]))
			return false;
		s->n++;
	}
	return false;
}

static int
by_path(const void *a, const void *b)
{
	return strcmp((*(const struct snapshot_entry *const *)a)->path,
	    (*(const struct snapshot_entry *const *)b)->path);
}

static bool
sort(struct snapshot *s)
{
	s->sorted = xcalloc(s->n + 1, sizeof(*s->sorted));
	for (size_t i = 0; i < s->n; i++)
		s->sorted[i] = &s->v[i];
	if (s->n)
		qsort(s->sorted, s->n, sizeof(*s->sorted), by_path);
	for (size_t i = 1; i < s->n; i++)
		if (!by_path(&s->sorted[i - 1], &s->sorted[i]))
			return false; /* two of a name */
	return true;
}

struct snapshot *
snapshot_parse(const void *p, size_t n, struct err *err)
{
	struct snapshot *s = xcalloc(1, sizeof(*s));
	struct reader r = {p, n};

	if (read_entries(s, &r) && sort(s))
		return s;
	snapshot_close(s);
	err_set(err, ERR_IO, "it is damaged, or was not finished");
	err->code = EBADMSG;
	return NULL;
}

struct snapshot *
snapshot_open(const char *path, struct err *err)
{
	autoclose int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct snapshot *s;
	struct stat st;
	void *map = MAP_FAILED;

	if (fd >= 0 && !fstat(fd, &st) && st.st_size > 0)
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd,
		    0);
	else if (fd >= 0)
		errno = EBADMSG;
	if (map == MAP_FAILED) {
		err_sys(err, errno, "%s", path);
		return NULL;
	}
	s = snapshot_parse(map, (size_t)st.st_size, err);
	if (!s) {
		munmap(map, (size_t)st.st_size);
		err_prefix(err, "%s", path);
		return NULL;
	}
	s->map = map;
	s->map_len = (size_t)st.st_size;
	return s;
}

void
snapshot_close(struct snapshot *s)
{
	if (!s)
		return;
	if (s->map)
		munmap(s->map, s->map_len);
	free(s->v);
	free(s->sorted);
	free(s);
}

size_t
snapshot_count(const struct snapshot *s)
{
	return s->n;
}

const struct snapshot_entry *
snapshot_at(const struct snapshot *s, size_t i)
{
	return &s->v[i];
}

const struct snapshot_entry *
snapshot_find(const struct snapshot *s, const char *path)
{
	const struct snapshot_entry key = {.path = path}, *at = &key;
	const struct snapshot_entry *const *found = s->n
	    ? bsearch(&at, s->sorted, s->n, sizeof(*s->sorted), by_path)
	    : NULL;

	return found ? *found : NULL;
}

/* ---- writing ---- */

struct snapshot_writer {
	char *path;
	int fd;
	struct strbuf buf; /* not written yet, */
	uint64_t written;  /* behind so many bytes */
	uint64_t n;
	/* The entry that is being written: where its head is, what that says of
	   the size, and what came. */
	uint64_t head_at, claimed, size;
};

static int
fail(const struct snapshot_writer *w, struct err *err)
{
	return err_sys(err, errno, "%s", w->path);
}

static int
flush(struct snapshot_writer *w, struct err *err)
{
	if (io_write_all(w->fd, w->buf.buf, w->buf.len))
		return fail(w, err);
	w->written += w->buf.len;
	strbuf_reset(&w->buf);
	return 0;
}

struct snapshot_writer *
snapshot_create(const char *path, struct err *err)
{
	struct snapshot_writer *w = xcalloc(1, sizeof(*w));

	strbuf_init(&w->buf);
	strbuf_adds(&w->buf, MAGIC);
	w->path = xstrdup(path);
	w->fd = open(path,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (w->fd >= 0)
		return w;
	fail(w, err);
	snapshot_abandon(w);
	return NULL;
}

/* A file that was written while it was read has another size than it said. */
static int
settle(struct snapshot_writer *w, struct err *err)
{
	off_t at = (off_t)(w->head_at + offsetof(struct head, size));

	if (w->size == w->claimed)
		return 0;
	if (flush(w, err))
		return -1;
	if (pwrite(w->fd, &w->size, sizeof(w->size), at) !=
	    (ssize_t)sizeof(w->size))
		return fail(w, err);
	w->claimed = w->size;
	return 0;
}

static mode_t
type_mode(char type)
{
	return type == 'f' ? S_IFREG : type == 'd' ? S_IFDIR : S_IFLNK;
}

int
snapshot_add(struct snapshot_writer *w, const struct snapshot_entry *e,
    struct err *err)
{
	const char *target = e->target ? e->target : "";
	const struct head h = {.mode = type_mode(e->type) | (e->mode & 0777),
	    .path_len = (uint32_t)strlen(e->path),
	    .target_len = (uint32_t)strlen(target),
	    .mtime = e->mtime,
	    .size = e->type == 'f' ? e->size : 0};

	if (settle(w, err))
		return -1;
	if (w->buf.len > BUFFER_SIZE && flush(w, err))
		return -1;
	w->head_at = w->written + w->buf.len;
	w->claimed = h.size;
	w->size = 0;
	w->n++;
	strbuf_add(&w->buf, &h, sizeof(h));
	strbuf_add(&w->buf, e->path, h.path_len + 1);
	strbuf_add(&w->buf, target, h.target_len + 1);
	return 0;
}

int
snapshot_write(struct snapshot_writer *w, const void *p, size_t n,
    struct err *err)
{
	w->size += n;
	strbuf_add(&w->buf, p, n);
	return w->buf.len > BUFFER_SIZE ? flush(w, err) : 0;
}

int
snapshot_finish(struct snapshot_writer *w, struct err *err)
{
	struct head end = {0};
	int rc = settle(w, err);

	end.size = w->n;
	strbuf_add(&w->buf, &end, sizeof(end));
	if (!rc)
		rc = flush(w, err);
	snapshot_abandon(w);
	return rc;
}

void
snapshot_abandon(struct snapshot_writer *w)
{
	if (!w)
		return;
	if (w->fd >= 0)
		close(w->fd);
	free(w->path);
	strbuf_release(&w->buf);
	free(w);
}
