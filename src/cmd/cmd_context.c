/* context: files that are put together to be built. */
#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/sanitise.h"
#include "base/units.h"
#include "cmd/call.h"
#include "cmd/host.h"
#include "pack/context.h"
#include "project/template.h"
#include "session/session.h"

#define DOCKERFILE "Dockerfile"

static int
context_new_exec(struct call *c)
{
	struct staged *ctx = staging_new(
	    &c->session->staging, c->argc ? c->argv[0] : NULL, &c->err);

	if (!ctx)
		return -1;
	json_put_str(call_data(c), "name", ctx->name);
	call_note(c, "context %s is empty; add files to it:  context add FILE",
	    ctx->name);
	return 0;
}

const struct cmd cmd_context_new = {
    .name = "context new",
    .summary = "begin a context and select it",
    .help = "A context holds files that are built together, as if they were a "
	    "directory:  build @NAME.  Without NAME it is called c1, c2 ...\n"
	    "It is held in memory and gone with the session.",
    .examples = "context new\ncontext new web",
    .args = {ARG_OPTIONAL("NAME", COMP_NONE)},
    .exec = context_new_exec,
};

/* The one that is asked for or selected; the first file begins one. */
static struct staged *
choose(struct call *c)
{
	struct staging *s = &c->session->staging;
	const char *name = call_str(c, "context");

	if (!name && !s->current)
		return staging_new(s, NULL, &c->err);
	return staging_find(s, name, &c->err);
}

static int
add_heredoc(struct call *c, struct staged *ctx, struct staged_count *count)
{
	mode_t mode = call_has(c, "executable") ? 0755 : 0644;

	if (c->argc != 1)
		return err_set(&c->err, ERR_USAGE,
		    "a heredoc is the text of one file, and %zu are named",
		    c->argc);
	if (call_str(c, "from"))
		return err_set(&c->err, ERR_USAGE,
		    "--from is for files of this host, not for a heredoc");
	return staged_put(&c->session->staging, ctx, c->argv[0], mode,
	    c->heredoc->buf, c->heredoc->len, count, &c->err);
}

static int
add_files(struct call *c, struct staged *ctx, struct staged_count *count)
{
	const char *from = call_str(c, "from") ? call_str(c, "from") : ".";
	autofree char *rules = NULL;
	size_t len;

	if (call_has(c, "executable"))
		return err_set(&c->err, ERR_USAGE,
		    "--executable is for a heredoc: files keep their mode");
	rules = template_read("dockerignore", &len, &c->err);
	if (!rules)
		return -1;
	for (size_t i = 0; i < c->argc; i++) {
		autofree char *path = strcmp(from, ".") != 0
					  ? io_join(from, c->argv[i])
					  : xstrdup(c->argv[i]);

		if (call_may_use_path(c, SET_HOST_READ, path) ||
		    staged_add(&c->session->staging, ctx, from, c->argv[i],
			rules, count, &c->err))
			return -1;
	}
	return 0;
}

static void
tell_skipped(struct call *c, const struct staged_count *count)
{
	autobuf struct strbuf names = STRBUF_INIT;

	for (size_t i = 0; i < count->skipped.n; i++)
		strbuf_addf(&names, "%s%s", i ? ", " : "", count->skipped.v[i]);
	call_warn(c, "%llu left out, as they are no files: %s%s",
	    (unsigned long long)count->nskipped, names.buf,
	    count->nskipped > count->skipped.n ? " ..." : "");
}

static const char *
who_ignores(const struct staged *ctx)
{
	return staging_ignored_by(staged_file(ctx, ".dockerignore") != NULL);
}

static void
report_added(
    struct call *c, const struct staged *ctx, const struct staged_count *count)
{
	autobuf struct strbuf added = STRBUF_INIT, all = STRBUF_INIT;
	json *j = call_data(c);

	json_put_str(j, "context", ctx->name);
	json_put_int(j, "added", (int64_t)count->files);
	json_put_int(j, "bytes", (int64_t)count->bytes);
	json_put_int(j, "ignored", (int64_t)count->ignored);
	json_put(j, "skipped", json_from_strings(&count->skipped));
	json_put_int(j, "files", (int64_t)ctx->n);
	units_add_size(&added, count->bytes);
	units_add_size(&all, ctx->bytes);
	call_note(c, "%s: added %llu file%s, %s; it holds %zu, %s", ctx->name,
	    (unsigned long long)count->files, count->files == 1 ? "" : "s",
	    added.buf, ctx->n, all.buf);
	if (count->ignored)
		call_note(c, "%llu left out by %s",
		    (unsigned long long)count->ignored, who_ignores(ctx));
	if (count->nskipped)
		tell_skipped(c, count);
}

/* Directories in which no file is, or none that is sent. */
static int
nothing_added(struct call *c, const struct staged *ctx,
    const struct staged_count *count)
{
	err_set(&c->err, ERR_USAGE, "there is no file to add");
	if (count->ignored)
		err_hint(&c->err, "%llu left out by %s",
		    (unsigned long long)count->ignored, who_ignores(ctx));
	if (count->nskipped)
		tell_skipped(c, count);
	return -1;
}

static int
on_turn(void *host, struct err *err)
{
	return host_turn(host, err);
}

static int
context_add_exec(struct call *c)
{
	struct staging *s = &c->session->staging;
	size_t before = s->n;
	struct staged *ctx = choose(c);
	struct staged_count count = STAGED_COUNT_INIT;
	int rc = -1;

	count.turn = on_turn;
	count.arg = c->host;

	if (ctx)
		rc = c->heredoc ? add_heredoc(c, ctx, &count)
				: add_files(c, ctx, &count);
	if (!rc && !count.files)
		rc = nothing_added(c, ctx, &count);
	if (rc && ctx)
		staged_undo(s, ctx, &count);
	if (!rc)
		report_added(c, ctx, &count);
	else if (s->n > before)
		staging_remove(s, ctx);
	staged_count_release(&count);
	return rc;
}

static const struct opt context_add_opts[] = {
    OPT_STR('c', "context", "NAME", "to this one and not the selected one",
	COMP_CONTEXT),
    OPT_STR(0, "from", "DIR", "the directory that FILE is below, else this one",
	COMP_HOST_DIR),
    OPT_FLAG('x', "executable", "the heredoc's file may be executed"),
    OPT_END,
};

const struct cmd cmd_context_add = {
    .name = "context add",
    .summary = "add files, directories or a heredoc to a context",
    .help =
	"Adds each FILE under the path that is given, which is relative and "
	"has "
	"no .. ; a heredoc is the text of the one that is named.  What is "
	"there "
	"under that path is replaced.\n"
	"Of a directory all files below it are added but those that the "
	"context's .dockerignore leaves out; links are not followed.\n"
	"Files are read now: what becomes of them later makes no difference.  "
	"The contexts of a session hold 10000 files and 64 MB at most.\n"
	"The setting host.read says which files may be added.",
    .examples = "context add Dockerfile main.py\ncontext add src\n"
		"context add --from /srv/app .\n"
		"context add main.py <<EOF\nprint(1)\nEOF",
    .opts = context_add_opts,
    .args = {ARG_SOME("FILE", COMP_HOST_FILE)},
    .flags = CMD_TAKES_HEREDOC,
    .exec = context_add_exec,
};

static const struct column context_columns[] = {
    {"current", "", false, 0},
    {"name", "NAME", false, 0},
    {"files", "FILES", true, 0},
    {"bytes", "SIZE", true, 1},
};

static void
list_contexts(struct call *c)
{
	const struct staging *s = &c->session->staging;
	struct call_table *t = call_table_new(
	    c, "contexts", context_columns, ARRAY_SIZE(context_columns));

	for (size_t i = 0; i < s->n; i++) {
		const struct staged *ctx = s->v[i];
		autobuf struct strbuf size = STRBUF_INIT;
		autofree char *files = xasprintf("%zu", ctx->n);
		json *j = json_object();

		units_add_size(&size, ctx->bytes);
		json_put_bool(j, "current", ctx == s->current);
		json_put_str(j, "name", ctx->name);
		json_put_int(j, "files", (int64_t)ctx->n);
		json_put_int(j, "bytes", (int64_t)ctx->bytes);
		call_table_row(t,
		    (const char *[]){ctx == s->current ? "*" : "", ctx->name,
			files, size.buf},
		    j);
	}
	call_table_end(t);
}

static const struct column file_columns[] = {
    {"mode", "MODE", true, 2},
    {"size", "SIZE", true, 1},
    {"path", "PATH", false, 0},
    {"ignored", "", false, 0},
};

static void
list_file(struct call_table *t, const struct context_file *f, bool ignored)
{
	autobuf struct strbuf size = STRBUF_INIT, name = STRBUF_INIT;
	autofree char *mode = xasprintf("%03o", f->mode);
	json *j = json_object();
	char when[32];

	units_add_size(&size, f->size);
	sanitise_name(&name, f->path);
	clock_format_utc(clock_s_to_ms(f->mtime), when);
	json_put_bytes(j, "path", f->path, strlen(f->path));
	json_put_int(j, "mode", f->mode);
	json_put_int(j, "size", (int64_t)f->size);
	json_put_str(j, "modified", when);
	json_put_bool(j, "ignored", ignored);
	call_table_row(t,
	    (const char *[]){mode, size.buf, name.buf,
		ignored ? "left out by .dockerignore" : ""},
	    j);
}

/* The Dockerfile and .dockerignore are sent whatever the rules say. */
static bool
is_left_out(const struct context *seen, const char *path)
{
	static const char *const kept[] = {DOCKERFILE, ".dockerignore", NULL};

	return !str_in(path, kept) && context_ignores(seen, path);
}

static int
list_files(struct call *c, const struct staged *ctx)
{
	size_t len;
	autofree char *rules = template_read("dockerignore", &len, &c->err);
	struct context_spec spec = {.dockerfile = DOCKERFILE,
	    .files = ctx->files,
	    .nfiles = ctx->n,
	    .ignore = rules};
	struct context *seen = rules ? context_open(&spec, &c->err) : NULL;
	struct call_table *t;
	int rc = 0;

	if (!seen)
		return -1;
	t = call_table_new(c, "files", file_columns, ARRAY_SIZE(file_columns));
	for (size_t i = 0; i < ctx->n && !rc; i++) {
		list_file(
		    t, &ctx->files[i], is_left_out(seen, ctx->files[i].path));
		rc = host_turn(c->host, &c->err);
	}
	call_table_end(t);
	json_put_str(call_data(c), "context", ctx->name);
	context_close(seen);
	return rc;
}

static int
context_ls_exec(struct call *c)
{
	const struct staged *ctx;

	if (!c->argc) {
		list_contexts(c);
		return 0;
	}
	ctx = staging_find(&c->session->staging, c->argv[0], &c->err);
	return ctx ? list_files(c, ctx) : -1;
}

const struct cmd cmd_context_ls = {
    .name = "context ls",
    .summary = "list the contexts, or the files of one",
    .help = "Files that .dockerignore leaves out of a build are marked; a "
	    "context without one has that of templates/dockerignore.",
    .examples = "context ls\ncontext ls web",
    .args = {ARG_OPTIONAL("NAME", COMP_CONTEXT)},
    .flags = CMD_NO_STEP | CMD_PAGEABLE,
    .exec = context_ls_exec,
};

static int
context_use_exec(struct call *c)
{
	struct staging *s = &c->session->staging;
	struct staged *ctx = staging_find(s, c->argv[0], &c->err);

	if (!ctx)
		return -1;
	s->current = ctx;
	json_put_str(call_data(c), "name", ctx->name);
	return 0;
}

const struct cmd cmd_context_use = {
    .name = "context use",
    .summary = "select a context",
    .examples = "context use web",
    .args = {ARG("NAME", COMP_CONTEXT)},
    .exec = context_use_exec,
};

static int
remove_files(struct call *c, struct staged *ctx)
{
	json *removed = json_array();

	json_put_str(call_data(c), "context", ctx->name);
	json_put(call_data(c), "removed", removed);
	for (size_t i = 1; i < c->argc; i++) {
		if (!staged_drop(
			&c->session->staging, ctx, c->argv[i], &c->err))
			return -1;
		json_push_str(removed, c->argv[i]);
	}
	return 0;
}

static int
context_rm_exec(struct call *c)
{
	struct staging *s = &c->session->staging;
	struct staged *ctx = staging_find(s, c->argv[0], &c->err);

	if (!ctx)
		return -1;
	if (c->argc > 1)
		return remove_files(c, ctx);
	json_put_str(call_data(c), "context", ctx->name);
	json_put(call_data(c), "removed", json_array());
	staging_remove(s, ctx);
	return 0;
}

const struct cmd cmd_context_rm = {
    .name = "context rm",
    .summary = "drop a context, or files of it",
    .examples = "context rm web\ncontext rm web main.py lib",
    .args = {ARG("NAME", COMP_CONTEXT), ARG_REST("FILE", COMP_STAGED)},
    .exec = context_rm_exec,
};

const struct cmd cmd_context = {
    .name = "context",
    .summary = "staged files for a build: new, add, ls, use, rm",
};
