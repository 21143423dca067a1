#include "session/project_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/loop.h"
#include "base/units.h"
#include "pack/beneath.h"
#include "pack/tree.h"
#include "project/gitignore.h"
#include "project/template.h"

#define RULES_MAX (1u << 20)
#define READ_SIZE (64u << 10)
#define TURN_MS 20 /* without a look at Ctrl-C */

/* ---- what is left out ---- */

int
project_rules_file(const char *root, const char *name, struct strbuf *text,
    struct err *err)
{
	autoclose int dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclose int fd = -1;
	struct stat st;

	if (dir < 0)
		return err_sys(err, errno, "%s", root);
	fd = open_beneath(dir, name, O_RDONLY);
	if (fd < 0 && (errno == EACCES || errno == EPERM))
		return err_sys(err, errno, "%s/%s", root, name);
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return 0;
	if (io_read_all(fd, text, RULES_MAX, err))
		return err_prefix(err, "%s/%s", root, name);
	return 1;
}

int
project_rules_read(const char *root, struct strbuf *text, char **name,
    struct err *err)
{
	autobuf struct strbuf git = STRBUF_INIT;
	autofree char *own = NULL;
	size_t len;
	int rc = project_rules_file(root, ".dockerignore", text, err);

	*name = NULL;
	if (rc < 0)
		return -1;
	if (rc) {
		*name = io_join(root, ".dockerignore");
		return 0;
	}
	own = template_read("projectignore", &len, err);
	if (!own)
		return -1;
	strbuf_add(text, own, len);
	rc = project_rules_file(root, ".gitignore", &git, err);
	if (rc < 0)
		return -1;
	gitignore_translate(git.buf, git.len, text);
	*name = io_join(root, ".gitignore");
	return 0;
}

/* ---- looking at it ---- */

int
project_file_read(const char *root, const char *path, size_t max,
    struct strbuf *out)
{
	autoclose int dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclose int fd = dir < 0 ? -1 : open_beneath(dir, path, O_RDONLY);
	struct stat st;
	ssize_t n = 1;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return -1;
	strbuf_grow(out, max < (size_t)st.st_size ? max : (size_t)st.st_size);
	while (max && n > 0) {
		char buf[4096];

		n = read(fd, buf, max < sizeof(buf) ? max : sizeof(buf));
		if (n < 0)
			return -1;
		strbuf_add(out, buf, (size_t)n);
		max -= (size_t)n;
	}
	return 0;
}

/* Hostile rules take their time for each of many files. */
static int
take_paths(struct session *s, struct tree *t, size_t max, struct strvec *paths,
    struct err *err)
{
	unsigned before = *s->interrupts;
	int64_t turn = clock_ms() + TURN_MS;
	struct tree_entry e;
	int rc;

	while ((rc = tree_next(t, &e, err)) > 0 && paths->n < max) {
		if (rc != TREE_LATER && S_ISREG(e.st.st_mode))
			strvec_push(paths, e.path);
		if (clock_ms() < turn)
			continue;
		loop_step(s->loop, 0);
		if (*s->interrupts != before)
			return err_set(err, ERR_INTERRUPTED, "interrupted");
		turn = clock_ms() + TURN_MS;
	}
	return rc < 0 ? -1 : 0;
}

int
project_paths(struct session *s, const char *root,
    const struct ignore *rules, size_t max, struct strvec *paths,
    struct err *err)
{
	autovec struct strvec skipped = STRVEC_INIT;
	autoclose int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct context_count count = {0};
	struct overlay nothing = {0};
	const struct tree_spec spec = {.root = fd,
	    .title = root,
	    .prefix = "",
	    .overlay = &nothing,
	    .ignore = rules,
	    .count = &count,
	    .skipped = &skipped,
	    .lenient = true};
	struct tree *t;
	int rc;

	if (fd < 0)
		return err_sys(err, errno, "%s", root);
	t = tree_open(&spec, err);
	if (!t)
		return -1;
	rc = take_paths(s, t, max, paths, err);
	tree_close(t);
	return rc;
}

/* ---- the directory ---- */

struct project_tree {
	const char *root;
	struct snapshot_writer *snapshot;
	uint64_t max_bytes, bytes;
	uint64_t left; /* of the file that is read */
	struct overlay nothing;
	struct context_count count;
	struct tree *tree;
	int root_fd, fd; /* fd: of the file that is read, or -1 */
	struct tree_entry at;
	char target[PATH_MAX];
	char buf[READ_SIZE];
};

struct project_tree *
project_tree_open(const char *root, const struct ignore *rules,
    struct snapshot_writer *w, uint64_t max_bytes, struct strvec *skipped,
    struct err *err)
{
	struct project_tree *t = xcalloc(1, sizeof(*t));
	struct tree_spec spec = {.title = root,
	    .prefix = "",
	    .overlay = &t->nothing,
	    .ignore = rules,
	    .count = &t->count,
	    .skipped = skipped,
	    .lenient = true};

	t->root = root;
	t->snapshot = w;
	t->max_bytes = max_bytes;
	t->fd = -1;
	t->root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	spec.root = t->root_fd;
	if (t->root_fd < 0)
		err_sys(err, errno, "%s", root);
	else
		t->tree = tree_open(&spec, err);
	if (t->tree)
		return t;
	project_tree_close(t);
	return NULL;
}

void
project_tree_close(struct project_tree *t)
{
	if (!t)
		return;
	tree_close(t->tree);
	if (t->fd >= 0)
		close(t->fd);
	if (t->root_fd >= 0)
		close(t->root_fd);
	free(t);
}

const struct context_count *
project_tree_count(const struct project_tree *t)
{
	return &t->count;
}

static int
too_large(const struct project_tree *t, struct err *err)
{
	autobuf struct strbuf limit = STRBUF_INIT;

	units_add_size(&limit, t->max_bytes);
	err_set(err, ERR_USAGE, "%s is larger than %s, its room in the "
	    "environment", t->root, limit.buf);
	err_hint(err, "what it does not need is named in .dockerignore or "
		      ".gitignore");
	return err_hint(err, "have more:  set project.disk_limit SIZE");
}

/* 1, 0: it is left out, or -1.  What is opened decides what it is. */
static int
open_file(struct project_tree *t, struct err *err)
{
	struct stat *st = &t->at.st;

	if (t->fd >= 0)
		close(t->fd);
	t->fd = open_beneath(t->at.dir, t->at.name, O_RDONLY);
	if (t->fd < 0 || fstat(t->fd, st) || !S_ISREG(st->st_mode)) {
		if (t->fd >= 0 || errno == ENOENT || errno == ELOOP)
			tree_skip(t->tree, "changed while it was read");
		else if (errno == EACCES || errno == EPERM)
			tree_skip(t->tree, "unreadable");
		else
			return err_sys(err, errno, "%s/%s", t->root,
			    t->at.path);
		return 0;
	}
	if (t->max_bytes &&
	    (uint64_t)st->st_size > t->max_bytes - t->bytes)
		return too_large(t, err);
	t->left = (uint64_t)st->st_size;
	return 1;
}

/* The same. */
static int
read_link(struct project_tree *t, struct err *err)
{
	ssize_t n = readlinkat(t->at.dir, t->at.name, t->target,
	    sizeof(t->target) - 1);

	if (n <= 0) {
		tree_skip(t->tree, "changed while it was read");
		return 0;
	}
	t->target[n] = '\0';
	return 1;
}

static int
note(struct project_tree *t, const struct box_entry *e, struct err *err)
{
	const struct snapshot_entry kept = {.path = e->path,
	    .type = e->type,
	    .mode = e->mode,
	    .mtime = e->mtime,
	    .size = e->size,
	    .target = e->target};

	return snapshot_add(t->snapshot, &kept, err);
}

static void
fill(const struct project_tree *t, char type, struct box_entry *e)
{
	const struct stat *st = &t->at.st;

	*e = (struct box_entry){.path = t->at.path,
	    .type = type,
	    .mode = st->st_mode & 0777,
	    .size = type == 'f' ? (uint64_t)st->st_size : 0,
	    .target = type == 'l' ? t->target : NULL,
	    .mtime = st->st_mtime};
}

static int
tree_entry(void *arg, struct box_entry *e, struct err *err)
{
	struct project_tree *t = arg;
	int rc;

	for (;;) {
		rc = tree_next(t->tree, &t->at, err);
		if (rc == TREE_LATER)
			return BOX_LATER;
		if (rc <= 0)
			return rc;
		if (S_ISDIR(t->at.st.st_mode)) {
			fill(t, 'd', e);
			break;
		}
		if (S_ISLNK(t->at.st.st_mode)) {
			rc = read_link(t, err);
			fill(t, 'l', e);
		} else {
			rc = open_file(t, err);
			fill(t, 'f', e);
		}
		if (rc < 0)
			return -1;
		if (rc)
			break;
	}
	return note(t, e, err) ? -1 : 1;
}

static ssize_t
tree_read(void *arg, const void **p, struct err *err)
{
	struct project_tree *t = arg;
	/* What is written behind its end meanwhile does not count. */
	ssize_t n = read(t->fd, t->buf,
	    t->left < sizeof(t->buf) ? t->left : sizeof(t->buf));

	*p = t->buf;
	if (n < 0)
		return err_sys(err, errno, "%s/%s", t->root, t->at.path);
	t->bytes += (uint64_t)n;
	t->left -= (uint64_t)n;
	if (t->max_bytes && t->bytes > t->max_bytes)
		return too_large(t, err);
	if (n && snapshot_write(t->snapshot, t->buf, (size_t)n, err))
		return -1;
	return n;
}

struct box_source
project_tree_source(struct project_tree *t)
{
	return (struct box_source){tree_entry, tree_read, t};
}

/* ---- the snapshot ---- */

static int
replay_entry(void *arg, struct box_entry *e, struct err *err)
{
	struct project_replay *r = arg;
	const struct snapshot_entry *s;

	if (r->next == snapshot_count(r->snapshot))
		return 0;
	s = r->entry = snapshot_at(r->snapshot, r->next++);
	*e = (struct box_entry){.path = s->path,
	    .type = s->type,
	    .mode = s->mode,
	    .size = s->size,
	    .target = s->target,
	    .mtime = s->mtime};
	return 1;
}

static ssize_t
replay_read(void *arg, const void **p, struct err *err)
{
	struct project_replay *r = arg;
	const struct snapshot_entry *e = steal(&r->entry);

	*p = e ? e->data : NULL;
	return e ? (ssize_t)e->size : 0;
}

struct box_source
project_replay_source(struct project_replay *r)
{
	return (struct box_source){replay_entry, replay_read, r};
}
