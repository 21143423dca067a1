/* Files between this host and an environment: put, get, ls, cat. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/sanitise.h"
#include "base/units.h"
#include "cmd/call.h"
#include "cmd/table.h"
#include "sandbox/box.h"
#include "session/session.h"

/* More names than this are counted and not listed. */
#define LIST_MAX 100000
#define LIST_BYTES_MAX (16u << 20) /* of them */
/* What get and cat take without being told otherwise. */
#define GET_MAX (1ull << 30)

static void
add_plural(struct strbuf *sb, uint64_t n, const char *one, const char *many)
{
	if (!n)
		return;
	strbuf_addf(sb, "%s%llu %s", sb->len ? ", " : "", (unsigned long long)n,
	    n == 1 ? one : many);
}

/* "2 files, 1 directory, 12 KB" */
static void
add_count(struct strbuf *sb, const struct box_count *n)
{
	add_plural(sb, n->files, "file", "files");
	add_plural(sb, n->dirs, "directory", "directories");
	add_plural(sb, n->links, "link", "links");
	strbuf_adds(sb, ", ");
	units_add_size(sb, n->bytes);
}

static int
report_copy(struct call *c, const char *source, const char *dest,
    const struct box_count *n)
{
	autobuf struct strbuf text = STRBUF_INIT;
	json *j = call_data(c);

	json_put_str(j, "source", source);
	json_put_str(j, "destination", dest);
	json_put_int(j, "files", (int64_t)n->files);
	json_put_int(j, "directories", (int64_t)n->dirs);
	json_put_int(j, "links", (int64_t)n->links);
	json_put_int(j, "bytes", (int64_t)n->bytes);
	json_put_int(j, "skipped", (int64_t)n->skipped);
	if (!n->files && !n->dirs && !n->links)
		return err_set(&c->err, ERR_USAGE,
		    "%s is neither a file, a directory nor a link that can be "
		    "read: nothing was copied",
		    source);
	add_count(&text, n);
	call_note(c, "%s: %s", source, text.buf);
	if (n->skipped)
		call_warn(c,
		    "%s: left out %llu that are neither files, directories nor "
		    "links, or cannot be read",
		    source, (unsigned long long)n->skipped);
	return 0;
}

/* ".." would lead out of a place that the runner never leaves. */
static int
check_inside(struct call *c, const char *path)
{
	for (const char *p = path; p; p = strchr(p, '/')) {
		p += *p == '/';
		if (!strncmp(p, "..", 2) && (!p[2] || p[2] == '/'))
			return err_set(&c->err, ERR_USAGE,
			    "%s: a path in the environment has no ..", path);
	}
	return 0;
}

static int
put_exec(struct call *c)
{
	struct box_count count = {0};
	const char *dest = c->argc > 1 ? c->argv[1] : NULL;

	if ((dest && check_inside(c, dest)) ||
	    call_may_use_path(c, SET_HOST_READ, c->argv[0]) ||
	    box_put(c->env->box, c->argv[0], dest, &count, &c->err))
		return -1;
	return report_copy(c, c->argv[0], dest, &count);
}

const struct cmd cmd_put = {
    .name = "put",
    .summary = "copy a file or directory into the environment",
    .help =
	"Copies SRC of this host, with all below it if it is a directory, to "
	"DEST in the environment, a path relative to its workspace.\n"
	"Without DEST, or if DEST is a directory or ends in a slash, the copy "
	"has the name of SRC in there.  Links stay links and are not "
	"followed; sockets, pipes and devices are left out.\n"
	"The setting host.read says which files may be copied.",
    .examples = "put main.py\nput ./src lib/\nput data.csv input/data.csv",
    .args = {ARG("SRC", COMP_HOST_FILE), ARG_OPTIONAL("DEST", COMP_ENV_FILE)},
    .flags = CMD_NEEDS_ENV,
    .exec = put_exec,
};

/* The path on this host that will be written. */
static char *
get_target(const char *path, const char *dest)
{
	size_t len = strlen(path);
	const char *name = path;

	if (dest)
		return xstrdup(dest);
	while (len && path[len - 1] == '/')
		len--;
	for (size_t i = 0; i < len; i++)
		if (path[i] == '/')
			name = path + i + 1;
	return xasprintf("./%.*s", (int)(path + len - name), name);
}

static const struct opt size_opts[] = {
    OPT_SIZE(0, "max-size", "stop at this much content (1g)"),
    OPT_END,
};

/* A file of any size costs who makes it nothing: see sparse files. */
static int
too_big(struct call *c)
{
	if (c->err.code == EFBIG)
		err_hint(&c->err, "take more:  %s --max-size SIZE %s",
		    c->cmd->name, c->argv[0]);
	return -1;
}

static int
get_exec(struct call *c)
{
	struct box_count count = {0};
	const char *dest = c->argc > 1 ? c->argv[1] : NULL;
	autofree char *target = get_target(c->argv[0], dest);

	if (check_inside(c, c->argv[0]) ||
	    call_may_use_path(c, SET_HOST_WRITE, target))
		return -1;
	if (box_get(c->env->box, c->argv[0], dest,
		call_size(c, "max-size", GET_MAX), &count, &c->err))
		return too_big(c);
	return report_copy(c, c->argv[0], dest, &count);
}

const struct cmd cmd_get = {
    .name = "get",
    .summary = "copy a file or directory out of the environment",
    .help =
	"Copies SRC of the environment, a path relative to its workspace, to "
	"DEST on this host.\n"
	"Without DEST, or if DEST is a directory, the copy has the name of SRC "
	"in there.  Links stay links; nothing is written outside DEST, "
	"whatever the environment holds.\n"
	"The setting host.write says where may be written.",
    .examples = "get result.csv\nget out ./results",
    .opts = size_opts,
    .args = {ARG("SRC", COMP_ENV_FILE), ARG_OPTIONAL("DEST", COMP_HOST_FILE)},
    .flags = CMD_NEEDS_ENV,
    .exec = get_exec,
};

/* An entry of a listing that is kept for sorting. */
struct item {
	char *path, *target;
	struct box_entry e;
};

struct listing {
	struct item *v;
	size_t n, cap, bytes;
	uint64_t more; /* not kept */
};

static void
listing_add(void *arg, const struct box_entry *e)
{
	struct listing *l = arg;
	struct item *item;

	/* What is asked for is a directory: it is not among its own entries. */
	if (!*e->path && e->type == 'd')
		return;
	l->bytes += strlen(e->path) + (e->target ? strlen(e->target) : 0);
	if (l->n == LIST_MAX || l->bytes > LIST_BYTES_MAX) {
		l->more++;
		return;
	}
	GROW(l->v, l->n, &l->cap);
	item = &l->v[l->n++];
	item->e = *e;
	item->path = xstrdup(e->path);
	item->target = e->target ? xstrdup(e->target) : NULL;
}

static void
listing_release(struct listing *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].path);
		free(l->v[i].target);
	}
	free(l->v);
}

static int
item_order(const void *a, const void *b)
{
	return strcmp(
	    ((const struct item *)a)->path, ((const struct item *)b)->path);
}

/* "drwxr-xr-x", as ls -l has it. */
static void
format_mode(const struct box_entry *e, char text[11])
{
	static const char bits[] = "rwxrwxrwx";

	text[0] = e->type == 'f' ? '-' : e->type;
	for (int i = 0; i < 9; i++)
		text[i + 1] = e->mode & (0400 >> i) ? bits[i] : '-';
	if (e->mode & 04000)
		text[3] = e->mode & 0100 ? 's' : 'S';
	if (e->mode & 02000)
		text[6] = e->mode & 010 ? 's' : 'S';
	if (e->mode & 01000)
		text[9] = e->mode & 01 ? 't' : 'T';
	text[10] = 0;
}

static json *
item_json(const struct item *item, const char *name)
{
	const char type[2] = {item->e.type, 0};
	json *j = json_object();
	char when[32];

	clock_format_utc(clock_s_to_ms(item->e.mtime), when);
	json_put_bytes(j, "name", name, strlen(name));
	json_put_str(j, "type", type);
	json_put_int(j, "mode", item->e.mode & 07777);
	json_put_int(j, "size", (int64_t)item->e.size);
	json_put_str(j, "modified", when);
	json_put_int(j, "uid", item->e.uid);
	json_put_int(j, "gid", item->e.gid);
	if (item->target)
		json_put_bytes(j, "target", item->target, strlen(item->target));
	if (item->e.sys)
		json_put_str(j, "error", strerror(item->e.sys));
	return j;
}

static const struct column list_columns[] = {
    {"mode", "MODE", false, 3},
    {"size", "SIZE", true, 1},
    {"modified", "MODIFIED", false, 2},
    {"name", "NAME", false, 0},
};

static void
list_row(struct call_table *t, const struct item *item, const char *name)
{
	autobuf struct strbuf size = STRBUF_INIT, shown = STRBUF_INIT;
	time_t mtime = item->e.mtime;
	char mode[11], when[32] = "";
	struct tm tm;

	format_mode(&item->e, mode);
	if (item->e.type == 'f')
		units_add_size(&size, item->e.size);
	if (localtime_r(&mtime, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
	sanitise_name(&shown, name);
	if (item->e.type == 'd')
		strbuf_addc(&shown, '/');
	if (item->target) {
		strbuf_adds(&shown, " -> ");
		sanitise_name(&shown, item->target);
	}
	call_table_row(t,
	    (const char *[]){mode, size.len ? size.buf : NULL, when, shown.buf},
	    item_json(item, name));
}

static int
ls_exec(struct call *c)
{
	const char *path = c->argc ? c->argv[0] : ".";
	struct listing l = {0};
	struct call_table *t;

	if (check_inside(c, path))
		return -1;
	if (box_list(c->env->box, path, 1, listing_add, &l, &c->err)) {
		listing_release(&l);
		return -1;
	}
	if (l.n)
		qsort(l.v, l.n, sizeof(*l.v), item_order);
	t = call_table_new(
	    c, "entries", list_columns, ARRAY_SIZE(list_columns));
	for (size_t i = 0; i < l.n; i++)
		list_row(t, &l.v[i], *l.v[i].path ? l.v[i].path : path);
	call_table_end(t);
	json_put_str(call_data(c), "path", path);
	json_put_bool(call_data(c), "truncated", l.more > 0);
	if (l.more)
		call_warn(
		    c, "%llu more are not listed", (unsigned long long)l.more);
	listing_release(&l);
	return 0;
}

static const struct opt ls_opts[] = {
    OPT_FLAG('l', "long", "accepted: it always is"),
    OPT_FLAG('a', "all", "accepted: hidden files are always listed"),
    OPT_END,
};

const struct cmd cmd_ls = {
    .name = "ls",
    .summary = "list files of the environment",
    .help = "Lists what is in PATH, which is relative to the workspace, or "
	    "PATH itself if it is no directory.  Hidden files are listed too.",
    .examples = "ls\nls /etc",
    .opts = ls_opts,
    .args = {ARG_OPTIONAL("PATH", COMP_ENV_FILE)},
    .flags = CMD_NEEDS_ENV | CMD_PAGEABLE,
    .exec = ls_exec,
};

struct reading {
	struct call *c;
	struct strbuf kept; /* for the JSON form, at most `max` */
	uint64_t max, bytes;
};

static void
cat_out(void *arg, int fd, const void *p, size_t n, bool tail)
{
	struct reading *r = arg;
	uint64_t room = r->max - r->kept.len;

	call_stream(r->c, fd, p, n);
	r->bytes += n;
	strbuf_add(&r->kept, p, n < room ? n : room);
}

/* A link is not followed, as it may lead anywhere. */
static int
no_file(struct call *c)
{
	err_set(&c->err, ERR_USAGE, "%s is not a regular file", c->argv[0]);
	return err_hint(
	    &c->err, "if it is a link, follow it:  exec cat %s", c->argv[0]);
}

static int
cat_exec(struct call *c)
{
	uint64_t limit = policy_num(c->session->policy, SET_OUTPUT_LIMIT);
	struct reading r = {
	    .c = c, .kept = STRBUF_INIT, .max = limit ? limit : UINT64_MAX};
	struct box_sink sink = {.out = cat_out, .arg = &r};
	json *j;

	if (check_inside(c, c->argv[0]))
		return -1;
	if (box_cat(c->env->box, c->argv[0],
		call_size(c, "max-size", GET_MAX), &sink, &c->err)) {
		strbuf_release(&r.kept);
		return c->err.code == EINVAL ? no_file(c) : too_big(c);
	}
	j = call_data(c);
	json_put_str(j, "path", c->argv[0]);
	json_put_bytes(j, "content", r.kept.buf, r.kept.len);
	json_put_int(j, "bytes", (int64_t)r.bytes);
	json_put_bool(j, "truncated", r.bytes > r.kept.len);
	strbuf_release(&r.kept);
	return 0;
}

const struct cmd cmd_cat = {
    .name = "cat",
    .summary = "show a file of the environment",
    .help = "Writes the content of PATH, which is relative to the workspace, "
	    "as it is.  With --json no more than output_limit of it is given.",
    .examples = "cat result.csv\ncat /etc/passwd > passwd",
    .opts = size_opts,
    .args = {ARG("PATH", COMP_ENV_FILE)},
    .flags = CMD_NEEDS_ENV,
    .exec = cat_exec,
};
