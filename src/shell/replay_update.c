/* What came out, written into the file that expected something else. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "cmd/call.h"
#include "replay/update.h"
#include "shell/replay_impl.h"

/* A line of the new output, of either stream. */
struct placed {
	const struct updated_line *line;
	const struct transcript_lines *of;
	double place; /* its line in the file, or behind that of another */
	bool err;
};

/* New lines stand behind the line of their stream that comes before them. */
static void
place(struct placed *to, const struct updated *u,
    const struct transcript_lines *lines, bool err, unsigned begin)
{
	double last = lines->n ? lines->v[0].line - .5 : begin + (err ? 1e9 : 0);

	for (size_t i = 0; i < u->n; i++) {
		ptrdiff_t kept = u->v[i].kept;

		if (kept >= 0)
			last = lines->v[kept].line;
		to[i] = (struct placed){&u->v[i], lines, last, err};
		if (kept >= 0)
			last += .5;
	}
}

/* Both lists are in order; stdout comes first. */
static void
merge(struct replay *r, const struct transcript_step *s, struct placed *out,
    size_t n_out, struct placed *errs, size_t n_errs, struct strbuf *text)
{
	size_t i = 0, k = 0;

	while (i < n_out || k < n_errs) {
		bool is_err = i == n_out ||
			      (k < n_errs && errs[k].place < out[i].place);
		const struct placed *p = is_err ? &errs[k++] : &out[i++];

		if (p->line->kept >= 0) {
			const struct transcript_line *l =
			    &p->of->v[p->line->kept];

			strbuf_add(text, r->t->text + l->start,
			    l->end - l->start);
			continue;
		}
		strbuf_addf(text, "%*s%s%s\n", (int)s->indent, "",
		    p->line->text, r->t->crlf ? "\r" : "");
	}
}

static int
update_stream(struct updated *u, struct replay *r, struct judge_stream *st,
    bool is_err, struct err *err)
{
	expectation_rewind(&st->x);
	alignment_release(&st->al);
	align(&st->al, &st->x, &st->a);
	return update_lines(u, &st->al, &st->x, &st->a, r->masks, is_err,
	    NULL, err);
}

static int
new_output(struct replay *r, const struct transcript_step *s,
    struct attempt *at, struct strbuf *text, struct err *err)
{
	struct updated out = {0}, errs = {0};
	struct judge_stream *st = at->judgement.stream;
	int rc = -1;

	if (!update_stream(&out, r, &st[1], false, err) &&
	    !update_stream(&errs, r, &st[2], true, err)) {
		autofree struct placed *a = xcalloc(out.n + 1, sizeof(*a));
		autofree struct placed *b = xcalloc(errs.n + 1, sizeof(*b));

		place(a, &out, &s->out, false, s->line);
		place(b, &errs, &s->err, true, s->line);
		merge(r, s, a, out.n, b, errs.n, text);
		rc = 0;
	}
	updated_release(&out);
	updated_release(&errs);
	return rc;
}

static void
add_hunk(struct replay *r, struct span at, struct strbuf *text)
{
	struct hunk *h;

	GROW(r->hunks, r->n_hunks, &r->hunks_cap);
	h = &r->hunks[r->n_hunks++];
	h->at = at;
	h->text = strbuf_detach(text);
}

static void
add_status(struct replay *r, const struct transcript_step *s,
    const struct attempt *at)
{
	struct want_status got = want_status_of(&at->answer.status);
	struct strbuf text = STRBUF_INIT;

	if (at->answer.status.code) {
		strbuf_addf(&text, "%*s", (int)s->indent, "");
		want_status_add(&text, &got);
		strbuf_addf(&text, "%s\n", r->t->crlf ? "\r" : "");
	}
	add_hunk(r, s->at_status, &text);
}

/* The file as it was read, with all that is to be there instead. */
int
replay_write(struct replay *r, struct err *err)
{
	autobuf struct strbuf text = STRBUF_INIT;
	size_t at = 0;
	struct stat st;

	if (!r->n_hunks)
		return 0;
	if (call_may_use_path(r->c, SET_HOST_WRITE, r->order->file))
		return err_move(err, &r->c->err);
	for (size_t i = 0; i < r->n_hunks; i++) {
		const struct hunk *h = &r->hunks[i];

		strbuf_add(&text, r->t->text + at, h->at.start - at);
		strbuf_adds(&text, h->text);
		at = h->at.end;
	}
	strbuf_add(&text, r->t->text + at, r->t->len - at);
	if (stat(r->order->file, &st))
		st.st_mode = 0666;
	return io_replace_file(r->order->file, text.buf, text.len,
	    st.st_mode & 07777, err);
}

void
replay_forget_hunks(struct replay *r)
{
	for (size_t i = 0; i < r->n_hunks; i++)
		free(r->hunks[i].text);
	free(r->hunks);
	r->hunks = NULL;
	r->n_hunks = r->hunks_cap = 0;
}

int
replay_accept(struct replay *r, size_t i, struct attempt *at, struct err *err)
{
	const struct transcript_step *s = &r->t->steps[i];
	struct judgement *j = &at->judgement;
	autobuf struct strbuf text = STRBUF_INIT;

	if (r->t->kind == TRANSCRIPT_BARE)
		return err_set(err, ERR_USAGE,
		    "%s has only commands, and nowhere to write what they "
		    "come to",
		    r->t->name);
	if (!j->rest_met || s->options.expect_fail)
		return err_set(err, ERR_USAGE,
		    "what is not as expected is no output and no status: edit "
		    "the step's options");
	if (!j->output_met && new_output(r, s, at, &text, err))
		return -1;
	if (!j->output_met)
		add_hunk(r, s->at_output, &text);
	if (!j->status_met)
		add_status(r, s, at);
	return 0;
}
