#include "pack/context.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/sanitise.h"
#include "pack/beneath.h"
#include "pack/ignore.h"
#include "pack/inodes.h"
#include "pack/overlay.h"
#include "pack/path.h"
#include "pack/tree.h"

#define BUFFER_SIZE (128u << 10)
#define SLICE_MS 50 /* of one call, as in tree.c */
#define IGNORE_MAX (1u << 20)
#define IGNORE_NAME ".dockerignore"

struct context {
	struct context_spec spec;
	int root;
	struct overlay overlay;
	struct strbuf rules;     /* the text of ignore */
	bool has_rules;          /* it is a file of the context */
	struct strbuf leads_out; /* the first link that does; or empty */
	struct ignore *ignore;
	struct tree *tree;
	struct archive *tar;
	struct archive_entry *entry;
	locale_t bytes; /* "C": libarchive then takes names as they are */
	/* Of the file that is being sent. */
	int body;
	const char *data; /* or of the overlay */
	uint64_t left;
	struct strbuf path;
	/* Where the tar goes; what has no room there waits in rest. */
	char *to;
	size_t room;
	struct strbuf rest;
	bool ended, failed, closing;
	unsigned above; /* entries of what is put above that were sent */
	struct inodes inodes;
	struct context_count count;
	struct strvec skipped;
	char buffer[BUFFER_SIZE];
};

/* ---- the rules ----------------------------------------------------------- */

/* A file of the context as a whole: 1, 0 if there is none, -1. */
static int
read_small(
    struct context *c, const char *path, struct strbuf *text, struct err *err)
{
	const struct context_file *file = overlay_find(&c->overlay, path);
	autoclose int fd = -1;
	struct stat st;

	if (file) {
		strbuf_add(text, file->data, file->size);
		return 1;
	}
	if (c->root < 0)
		return 0;
	fd = open_beneath(c->root, path, O_RDONLY);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0 && errno == ELOOP) {
		err_set(err, ERR_CONFIG, "%s/%s: it is a symbolic link",
		    c->spec.root, path);
		return err_hint(err, "links are sent, but never followed: "
				     "put a copy in its place");
	}
	if (fd < 0)
		return err_sys(err, errno, "%s/%s", c->spec.root, path);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return err_set(err, ERR_CONFIG, "%s/%s: not a regular file",
		    c->spec.root, path);
	if (io_read_all(fd, text, IGNORE_MAX, err))
		return err_prefix(err, "%s/%s", c->spec.root, path);
	return 1;
}

static int
parse_rules(struct context *c, const char *path, struct err *err)
{
	autofree char *name =
	    c->spec.root ? io_join(c->spec.root, path) : xstrdup(path);

	c->ignore = ignore_parse(name, c->rules.buf, c->rules.len, err);
	return c->ignore ? 0 : -1;
}

/* DOCKERFILE.dockerignore wins over .dockerignore, as with BuildKit. */
static int
read_rules(struct context *c, struct err *err)
{
	autofree char *own =
	    c->spec.dockerfile ? xasprintf("%s" IGNORE_NAME, c->spec.dockerfile)
			       : NULL;
	const char *const paths[] = {own ? own : IGNORE_NAME, IGNORE_NAME};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		int rc = read_small(c, paths[i], &c->rules, err);

		if (rc < 0)
			return -1;
		c->has_rules = rc;
		if (rc)
			return parse_rules(c, paths[i], err);
	}
	strbuf_adds(&c->rules, c->spec.ignore ? c->spec.ignore : "");
	return parse_rules(c, IGNORE_NAME, err);
}

/* ---- opening ------------------------------------------------------------- */

static la_ssize_t
on_write(struct archive *a, void *arg, const void *p, size_t n)
{
	struct context *c = arg;
	size_t now = n < c->room ? n : c->room;

	if (c->closing)
		return -1;
	memcpy(c->to, p, now);
	c->to += now;
	c->room -= now;
	strbuf_add(&c->rest, (const char *)p + now, n - now);
	return (la_ssize_t)n;
}

static int
tar_fail(struct context *c, struct err *err)
{
	return err_set(err, ERR_IO, "making a tar archive: %s",
	    archive_error_string(c->tar));
}

/* Unbuffered: what libarchive writes goes straight to the reader. */
static int
open_tar(struct context *c, struct err *err)
{
	c->tar = archive_write_new();
	c->entry = archive_entry_new();
	c->bytes = newlocale(LC_CTYPE_MASK, "C", NULL);
	if (!c->tar || !c->entry || !c->bytes)
		abort();
	if (archive_write_set_format_pax_restricted(c->tar) != ARCHIVE_OK ||
	    archive_write_set_bytes_per_block(c->tar, 0) != ARCHIVE_OK ||
	    archive_write_set_bytes_in_last_block(c->tar, 1) != ARCHIVE_OK ||
	    archive_write_open(c->tar, c, NULL, on_write, NULL) != ARCHIVE_OK)
		return tar_fail(c, err);
	return 0;
}

static int
open_tree(struct context *c, struct err *err)
{
	struct tree_spec spec = {.root = c->root,
	    .title = c->spec.root ? c->spec.root : "",
	    .prefix = "",
	    .overlay = &c->overlay,
	    .ignore = c->ignore,
	    .count = &c->count,
	    .skipped = &c->skipped};

	if (!c->spec.under) {
		spec.keep[0] = c->spec.dockerfile;
		spec.keep[1] = IGNORE_NAME;
	}
	c->tree = tree_open(&spec, err);
	return c->tree ? 0 : -1;
}

static int
open_root(struct context *c, struct err *err)
{
	if (!c->spec.root)
		return 0;
	c->root = open(c->spec.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return c->root < 0 ? err_sys(err, errno, "%s", c->spec.root) : 0;
}

struct context *
context_open(const struct context_spec *spec, struct err *err)
{
	struct context *c = xcalloc(1, sizeof(*c));

	c->spec = *spec;
	c->root = c->body = -1;
	strbuf_init(&c->rules);
	strbuf_init(&c->leads_out);
	strbuf_init(&c->path);
	strbuf_init(&c->rest);
	strbuf_init(&c->inodes.paths);
	strvec_init(&c->skipped);
	if (overlay_init(&c->overlay, spec->files, spec->nfiles, err) ||
	    open_root(c, err) || read_rules(c, err) || open_tree(c, err) ||
	    open_tar(c, err)) {
		context_close(c);
		return NULL;
	}
	return c;
}

void
context_close(struct context *c)
{
	if (!c)
		return;
	c->closing = true; /* what is not complete stays so */
	archive_write_free(c->tar);
	archive_entry_free(c->entry);
	if (c->bytes)
		freelocale(c->bytes);
	tree_close(c->tree);
	ignore_free(c->ignore);
	overlay_release(&c->overlay);
	if (c->body >= 0)
		close(c->body);
	if (c->root >= 0)
		close(c->root);
	strbuf_release(&c->rules);
	strbuf_release(&c->leads_out);
	strbuf_release(&c->path);
	strbuf_release(&c->rest);
	inodes_release(&c->inodes);
	strvec_release(&c->skipped);
	free(c);
}

/* ---- entries ------------------------------------------------------------- */

/* The path as it is in the directory. */
static const char *
own_path(const struct context *c)
{
	return c->path.buf + (c->spec.under ? strlen(c->spec.under) + 1 : 0);
}

static int
fail(const struct context *c, int sys, struct err *err)
{
	autobuf struct strbuf name = STRBUF_INIT;

	sanitise_name(&name, own_path(c));
	err_sys(err, sys, "%s/%s", c->spec.root, name.buf);
	if (sys == EACCES)
		err_hint(err,
		    "if the build does not need it, list it in " IGNORE_NAME);
	return -1;
}

static int
changed(const struct context *c, struct err *err)
{
	autobuf struct strbuf name = STRBUF_INIT;

	sanitise_name(&name, own_path(c));
	return err_set(err, ERR_IO, "%s/%s: it changed while it was read",
	    c->spec.root, name.buf);
}

/* Opens the body; e->st becomes that of what was opened. */
static int
open_body(struct context *c, struct tree_entry *e, struct err *err)
{
	c->left = (uint64_t)e->st.st_size;
	if (e->file) {
		c->data = e->file->data;
		return 0;
	}
	c->body = open_beneath(e->dir, e->name, O_RDONLY);
	if (c->body < 0 && errno == ELOOP)
		return changed(c, err);
	if (c->body < 0 || fstat(c->body, &e->st))
		return fail(c, errno, err);
	if (!S_ISREG(e->st.st_mode))
		return changed(c, err);
	c->left = (uint64_t)e->st.st_size;
	return 0;
}

/*
 * A program's file capabilities, as Docker sends them: version 3 of the
 * attribute (capabilities(7)) names a user of this host's, and becomes 2.
 */
static void
set_capabilities(struct context *c)
{
	unsigned char value[24];
	ssize_t n =
	    fgetxattr(c->body, "security.capability", value, sizeof(value));

	if (n < 20)
		return;
	if (value[3] == 3)
		value[3] = 2;
	archive_entry_xattr_add_entry(
	    c->entry, "security.capability", value, 20);
}

/* A regular file: another name of one that was sent, or what is in it. */
static int
set_file(struct context *c, struct tree_entry *e, struct err *err)
{
	const char *first;

	if (open_body(c, e, err))
		return -1;
	if (!e->file && (e->st.st_mode & 0111))
		set_capabilities(c);
	if (e->file || e->st.st_nlink < 2)
		return 0;
	first = inodes_seen(&c->inodes, &e->st, c->path.buf);
	if (first) {
		archive_entry_set_hardlink(c->entry, first);
		c->left = 0;
	}
	return 0;
}

/* Would the names of path and target lead above the context? */
static bool
leads_out(const char *path, const char *target)
{
	const char *slash = strrchr(path, '/');
	autofree char *whole = xasprintf("%.*s/%s",
	    slash ? (int)(slash - path) : 1, slash ? path : ".", target);
	autofree char *clean = path_clean(whole);

	return !strcmp(clean, "..") || str_starts(clean, "../");
}

static int
set_link(struct context *c, const struct tree_entry *e, struct err *err)
{
	char target[PATH_MAX + 1];
	ssize_t n = readlinkat(e->dir, e->name, target, sizeof(target) - 1);

	if (n < 0)
		return errno == EINVAL ? changed(c, err) : fail(c, errno, err);
	target[n] = '\0';
	archive_entry_set_symlink(c->entry, target);
	if (!c->leads_out.len && leads_out(own_path(c), target))
		sanitise_name(&c->leads_out, own_path(c));
	return 0;
}

/*
 * libarchive would convert names from the locale's character set to UTF-8.  In
 * "C" it cannot, warns, and stores the bytes with hdrcharset=BINARY.
 */
static int
write_entry(struct context *c, struct err *err)
{
	locale_t before = uselocale(c->bytes);
	int rc = archive_write_header(c->tar, c->entry);

	uselocale(before);
	return rc < ARCHIVE_WARN ? tar_fail(c, err) : 0;
}

static int
write_header(struct context *c, struct tree_entry *e, struct err *err)
{
	archive_entry_clear(c->entry);
	if (S_ISREG(e->st.st_mode) && set_file(c, e, err))
		return -1;
	if (S_ISLNK(e->st.st_mode) && set_link(c, e, err))
		return -1;
	archive_entry_set_pathname(c->entry, c->path.buf);
	archive_entry_set_mode(c->entry, e->st.st_mode);
	archive_entry_set_mtime(c->entry, e->st.st_mtime, 0);
	archive_entry_set_size(c->entry, (la_int64_t)c->left);
	if (write_entry(c, err))
		return -1;
	c->count.files += !S_ISDIR(e->st.st_mode);
	c->count.bytes += c->left;
	return 0;
}

static void
end_body(struct context *c)
{
	if (c->body >= 0)
		close(c->body);
	c->body = -1;
	c->data = NULL;
}

/* What comes before the tree: 1 if e is of that. */
static int
next_above(struct context *c, struct tree_entry *e)
{
	const struct context_file *file = c->spec.above;

	if (!c->spec.under || c->above == 2)
		return 0;
	*e = (struct tree_entry){.path = c->spec.under, .dir = -1};
	e->st.st_mode = S_IFDIR | 0755;
	if (c->above++)
		return 1;
	e->path = file->path;
	e->file = file;
	e->st.st_mode = S_IFREG | file->mode;
	e->st.st_size = (off_t)file->size;
	e->st.st_mtime = file->mtime;
	return 1;
}

/* 0, TREE_LATER or -1. */
static int
next_entry(struct context *c, struct err *err)
{
	struct tree_entry e;
	int above = next_above(c, &e);
	int rc = above ? 1 : tree_next(c->tree, &e, err);

	if (rc < 0 || rc == TREE_LATER)
		return rc;
	if (!rc) {
		c->ended = true;
		return archive_write_close(c->tar) == ARCHIVE_OK
			   ? 0
			   : tar_fail(c, err);
	}
	strbuf_reset(&c->path);
	if (c->spec.under && !above)
		strbuf_addf(&c->path, "%s/", c->spec.under);
	strbuf_adds(&c->path, e.path);
	if (write_header(c, &e, err))
		return -1;
	if (!c->left)
		end_body(c);
	return 0;
}

/* No more is read than there is room for, so that it is copied once. */
static int
send_body(struct context *c, struct err *err)
{
	size_t want = c->room < 4096 ? 4096 : c->room;
	const char *p = c->data;
	ssize_t n;

	want = want < sizeof(c->buffer) ? want : sizeof(c->buffer);
	want = want < c->left ? want : (size_t)c->left;
	n = (ssize_t)want;
	if (p) {
		c->data += n;
	} else {
		p = c->buffer;
		n = read(c->body, c->buffer, want);
	}
	if (n < 0)
		return errno == EINTR ? 0 : fail(c, errno, err);
	if (!n)
		return changed(c, err);
	if (archive_write_data(c->tar, p, (size_t)n) != n)
		return tar_fail(c, err);
	c->left -= (uint64_t)n;
	if (!c->left)
		end_body(c);
	return 0;
}

ssize_t
context_read(struct context *c, void *p, size_t n, struct err *err)
{
	size_t now = c->rest.len < n ? c->rest.len : n;
	int64_t later = clock_ms() + SLICE_MS;
	int rc = 0;

	if (c->failed)
		return err_set(err, ERR_IO, "the context ended early");
	memcpy(p, c->rest.buf, now);
	strbuf_consume(&c->rest, now);
	c->to = (char *)p + now;
	c->room = n - now;
	while (c->room && !c->ended && rc != TREE_LATER && clock_ms() < later) {
		rc = c->left ? send_body(c, err) : next_entry(c, err);
		if (rc < 0) {
			c->failed = true;
			return -1;
		}
	}
	if (c->room == n && !c->ended)
		return CONTEXT_LATER;
	return (ssize_t)(n - c->room);
}

const struct context_count *
context_count(const struct context *c)
{
	return &c->count;
}

const struct strvec *
context_skipped(const struct context *c)
{
	return &c->skipped;
}

const char *
context_leads_out(const struct context *c)
{
	return c->leads_out.len ? c->leads_out.buf : NULL;
}

bool
context_rules(const struct context *c, const struct strbuf **text)
{
	*text = &c->rules;
	return c->has_rules;
}

bool
context_ignores(const struct context *c, const char *path)
{
	return ignore_path(c->ignore, path);
}
