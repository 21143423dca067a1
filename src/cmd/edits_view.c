#include "cmd/edits_view.h"

#include <string.h>

#include "base/sanitise.h"
#include "cmd/output.h"
#include "project/text_diff.h"
#include "session/apply.h"

enum { CHANGED, CREATED, REMOVED, N_ACTIONS };

static const char *const action_names[] = {"changed", "created", "removed"};

struct totals {
	size_t actions[N_ACTIONS], added, removed;
};

static int
action_of(const struct edit *e)
{
	return !e->before.exists ? CREATED : !e->after.exists ? REMOVED
							      : CHANGED;
}

static json *
edit_json(const struct edit *e, const struct diff_count *n)
{
	const struct file_state *s = e->after.exists ? &e->after : &e->before;
	json *j = json_object();

	json_put_bytes(j, "path", e->path, strlen(e->path));
	json_put_str(j, "action", action_names[action_of(e)]);
	json_put_int(j, "added", (int64_t)n->added);
	json_put_int(j, "removed", (int64_t)n->removed);
	json_put_bool(j, "binary", n->binary);
	json_put_int(j, "mode", s->mode);
	json_put_int(j, "bytes", (int64_t)s->content.len);
	if (e->from)
		json_put_bytes(j, "from", e->from, strlen(e->from));
	if (e->moved) {
		json_put_int(j, "moved_hunks", (int64_t)e->moved);
		json_put_int(j, "offset", e->offset);
	}
	return j;
}

static void
tell_moved(struct call *c, const struct edit *e)
{
	autobuf struct strbuf name = STRBUF_INIT;

	if (!e->moved)
		return;
	sanitise_name(&name, e->path);
	call_note(c, "%s: %zu hunk%s applied at another line, by up to %ld",
	    name.buf, e->moved, e->moved == 1 ? "" : "s", e->offset);
}

static void
summarise(const struct totals *t, struct strbuf *out)
{
	static const char *const words[] = {"changed", "new", "removed"};
	const char *comma = "";

	for (int i = 0; i < N_ACTIONS; i++) {
		if (!t->actions[i])
			continue;
		strbuf_addf(out, "%s%zu %s", comma, t->actions[i], words[i]);
		comma = ", ";
	}
	if (!*comma)
		strbuf_adds(out, "nothing to change");
	else
		strbuf_addf(out, " (+%zu -%zu lines)", t->added, t->removed);
}

/* What goes to a file or another command is a diff that it can read. */
static void
show_text(struct call *c, const struct strbuf *diff)
{
	if (c->redirected || !c->out->terminal[1])
		strbuf_add(&c->body, diff->buf, diff->len);
	else
		text_diff_show(&c->body, diff->buf, diff->len,
		    c->out->color[1]);
}

void
edits_show(struct call *c, const struct edits *edits, struct strbuf *summary)
{
	autobuf struct strbuf diff = STRBUF_INIT;
	struct totals t = {{0}, 0, 0};
	json *j = call_data(c), *list = json_array();

	for (size_t i = 0; i < edits->n; i++) {
		const struct edit *e = &edits->v[i];
		struct diff_count n;

		text_diff(&diff, e, &n);
		json_push(list, edit_json(e, &n));
		tell_moved(c, e);
		t.actions[action_of(e)]++;
		t.added += n.added;
		t.removed += n.removed;
	}
	json_put(j, "files", list);
	json_put_int(j, "added", (int64_t)t.added);
	json_put_int(j, "removed", (int64_t)t.removed);
	json_put_bytes(j, "diff", diff.buf, diff.len);
	show_text(c, &diff);
	summarise(&t, summary);
}

void
edits_show_now(struct call *c)
{
	if (c->redirected || c->out->mode == OUTPUT_JSON)
		return;
	output_body(c->out, c->body.buf, c->body.len);
	strbuf_reset(&c->body);
}

void
edits_show_miss(struct call *c, const struct patch_miss *m)
{
	json *j;

	if (!m->hunk)
		return;
	j = json_object();
	json_put_int(j, "hunk", (int64_t)m->hunk);
	json_put_int(j, "patch_line", (int64_t)m->patch_line);
	json_put_int(j, "line", (int64_t)m->line);
	json_put_bytes(j, "wanted", m->wanted.buf, m->wanted.len);
	if (m->at_end)
		json_put_str(j, "found", NULL);
	else
		json_put_bytes(j, "found", m->found.buf, m->found.len);
	json_put_bool(j, "applied_before", m->applied);
	json_put(call_data(c), "failed", j);
}

void
edits_remember(struct call *c, const struct edits *edits)
{
	autoerr struct err err = ERR_INIT;
	bool dropped = false;

	if (session_undo_push(c->session, c->env, edits, c->step, &dropped,
		&err))
		call_warn(c, "this cannot be undone: %s", err.msg.buf);
	else if (dropped)
		call_warn(c, "this cannot be undone: it changes more than is "
			     "kept for that");
}
