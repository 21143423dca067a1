/* changes and project apply: from a project's environment back to the host. */
#include <string.h>

#include "base/io.h"
#include "base/sanitise.h"
#include "cmd/call.h"
#include "cmd/edits_view.h"
#include "cmd/host.h"
#include "cmd/project_call.h"
#include "cmd/table.h"
#include "session/changes.h"
#include "session/host_edit.h"

/* Is path what the operand names, or below it? */
static bool
is_named(const char *path, const char *operand)
{
	size_t n;

	while (str_starts(operand, "./"))
		operand += 2;
	n = strlen(operand);
	while (n && operand[n - 1] == '/')
		n--;
	return !n || !strcmp(operand, ".") ||
	       (!strncmp(path, operand, n) && (!path[n] || path[n] == '/'));
}

static bool
is_chosen(void *arg, const struct edit *e)
{
	const struct call *c = arg;

	for (size_t i = 0; i < c->argc; i++)
		if (is_named(e->path, c->argv[i]))
			return true;
	return !c->argc;
}

static int
look(struct call *c, struct changes *changes)
{
	if (!project_call_find(c, c->env->spec.name) ||
	    session_changes(c->env, changes, &c->err))
		return -1;
	edits_keep(&changes->edits, is_chosen, c);
	return 0;
}

/* What is no change of a file's content stays where it is. */
static void
tell_others(struct call *c, const struct changes *changes)
{
	json *j = call_data(c), *list = json_array();

	for (size_t i = 0; i < changes->others.n; i++) {
		const char *text = changes->others.v[i];
		autobuf struct strbuf line = STRBUF_INIT;

		sanitise_name(&line, text);
		call_warn(c, "%s", line.buf);
		json_push_str(list, text);
	}
	json_put(j, "others", list);
	json_put_int(j, "ignored", (int64_t)changes->ignored);
}

static int
look_and_tell(struct call *c, struct changes *changes, struct strbuf *summary)
{
	if (look(c, changes))
		return -1;
	edits_show(c, &changes->edits, summary);
	tell_others(c, changes);
	return 0;
}

static int
changes_exec(struct call *c)
{
	autobuf struct strbuf summary = STRBUF_INIT;
	struct changes changes = CHANGES_INIT;
	int rc = look_and_tell(c, &changes, &summary);

	if (!rc)
		call_note(c, "%s", changes.edits.n ? summary.buf
						   : "no file has changed");
	changes_release(&changes);
	return rc;
}

const struct cmd cmd_changes = {
    .name = "changes",
    .summary = "show what differs from the project that was opened",
    .help =
	"Compares the files of the environment with those of the directory as "
	"it was opened, all of their content, and shows a diff.  With PATH "
	"only that file or what is below that directory.\n"
	"Files that the project's rules leave out are no changes.  Links, and "
	"what cannot be read, are named.",
    .examples = "changes\nchanges src > mine.patch",
    .args = {ARG_REST("PATH", COMP_ENV_FILE)},
    .flags = CMD_NEEDS_ENV | CMD_OF_PROJECT | CMD_PAGEABLE,
    .exec = changes_exec,
};

/* -------- project apply -------- */

static int
may_write(struct call *c, const struct edits *edits)
{
	for (size_t i = 0; i < edits->n; i++) {
		autofree char *path =
		    io_join(c->env->project->root, edits->v[i].path);

		if (call_may_use_path(c, SET_HOST_WRITE, path))
			return -1;
	}
	return 0;
}

static int
ask(struct call *c, const char *question, char *answer)
{
	autobuf struct strbuf line = STRBUF_INIT;

	if (call_ask(c, question, false, &line))
		return c->err.kind == ERR_USAGE
		    ? err_hint(&c->err, "--yes says yes to every question")
		    : -1;
	*answer = line.len ? line.buf[0] | ' ' : 'n';
	return 0;
}

struct asking {
	struct call *c;
	int rc; /* of the last answer: after none nothing more is asked */
};

static bool
is_wanted(void *arg, const struct edit *e)
{
	struct asking *a = arg;
	autobuf struct strbuf question = STRBUF_INIT;
	char answer = 'n';

	if (a->rc)
		return false;
	strbuf_adds(&question, !e->before.exists ? "create "
		: !e->after.exists ? "remove " : "change ");
	sanitise_name(&question, e->path);
	strbuf_adds(&question, "? [y/N]");
	a->rc = ask(a->c, question.buf, &answer);
	return answer == 'y';
}

static int
ask_each(struct call *c, struct edits *edits)
{
	struct asking asking = {.c = c};

	edits_keep(edits, is_wanted, &asking);
	return asking.rc;
}

/* Leaves those that are to be written. */
static int
ask_all(struct call *c, struct edits *edits)
{
	autobuf struct strbuf question = STRBUF_INIT;
	char answer;

	if (c->host->inv.yes || !edits->n)
		return 0;
	edits_show_now(c);
	strbuf_addf(&question, "Write %zu file%s to ", edits->n,
	    edits->n == 1 ? "" : "s");
	sanitise_name(&question, c->env->project->root);
	strbuf_adds(&question, "? [y/N, e: ask for each]");
	if (ask(c, question.buf, &answer))
		return -1;
	if (answer == 'e')
		return ask_each(c, edits);
	return answer == 'y' ? 0 : err_set(&c->err, ERR_USAGE,
	    "not done: the answer was no");
}

static int
write_back(struct call *c, struct edits *edits)
{
	autoerr struct err err = ERR_INIT;
	const char *root = c->env->project->root;

	if (!edits->n) {
		call_note(c, "nothing to write");
		return 0;
	}
	if (host_edit(root, edits, &c->err)) {
		err_hint(&c->err, "nothing was written to %s", root);
		return -1;
	}
	call_note(c, "wrote %zu file%s to %s", edits->n,
	    edits->n == 1 ? "" : "s", root);
	if (session_changes_accept(c->env, edits, &err))
		call_warn(c, "these changes will be shown again: %s",
		    err.msg.buf);
	return 0;
}

static int
project_apply_exec(struct call *c)
{
	autobuf struct strbuf summary = STRBUF_INIT;
	struct changes changes = CHANGES_INIT;
	int rc = look_and_tell(c, &changes, &summary);

	if (!rc) {
		rc = may_write(c, &changes.edits) ||
		     ask_all(c, &changes.edits) ||
		     write_back(c, &changes.edits);
		json_put_int(call_data(c), "written",
		    rc ? 0 : (int64_t)changes.edits.n);
	}
	changes_release(&changes);
	return rc ? -1 : 0;
}

const struct cmd cmd_project_apply = {
    .name = "project apply",
    .summary = "write a project's changes back to its directory",
    .help =
	"Shows what differs from the project as it was opened and, after a "
	"question for all of it or each file, writes that to the directory on "
	"this host: all of it or none.  -y of addesh says yes.\n"
	"A file that was changed on this host since is an error, and so is a "
	"link in its way.  Links and modes, but for who may execute a file, "
	"are not written.  The setting host.write says where may be written.",
    .examples = "project apply\nproject apply src/main.py",
    .args = {ARG_REST("PATH", COMP_ENV_FILE)},
    .flags = CMD_NEEDS_ENV | CMD_OF_PROJECT,
    .exec = project_apply_exec,
};
