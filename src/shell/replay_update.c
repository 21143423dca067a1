/* What came out, written into the file that expected something else. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "cmd/call.h"
#include "cmd/host.h"
#include "replay/rewrite.h"
#include "shell/replay_impl.h"

void
replay_align(struct judge_stream *st)
{
	expectation_rewind(&st->x);
	alignment_release(&st->al);
	align(&st->al, &st->x, &st->a);
}

/* As in a recording. */
static void
hide_secrets(struct updated *u, const struct secrets *secrets)
{
	for (size_t i = 0; i < u->n; i++) {
		struct strbuf text = STRBUF_INIT;
		char *line = u->v[i].text;

		if (!line)
			continue;
		secrets_hide(secrets, &text, line, strlen(line), true);
		u->v[i].text = strbuf_detach(&text);
		free(line);
	}
}

static int
update_stream(struct updated *u, struct replay *r, struct judge_stream *st,
    bool is_err, const bool *accept, struct err *err)
{
	replay_align(st);
	if (update_lines(u, &st->al, &st->x, &st->a, r->masks, is_err, accept,
		err))
		return -1;
	hide_secrets(u, r->c->host->secrets);
	return 0;
}

static void
accepted_release(struct accepted *a)
{
	updated_release(&a->out);
	updated_release(&a->err);
}

/* What was not compared stays. */
static struct rewrite_step
rewrite_of(const struct replay *r, struct accepted *a)
{
	enum step_stream which = r->t->steps[a->step].options.stream;
	bool out = a->has_output && which != STREAM_STDERR;
	bool errs = a->has_output && which != STREAM_STDOUT;

	return (struct rewrite_step){.step = a->step,
	    .out = out ? &a->out : NULL,
	    .err = errs ? &a->err : NULL,
	    .status = a->has_status ? &a->status : NULL};
}

/* A question may have waited for long, with the file in an editor. */
static int
check_unchanged(const struct replay *r, struct err *err)
{
	const char *path = r->order->file;
	autobuf struct strbuf now = STRBUF_INIT;

	if (io_read_file(path, &now, SIZE_MAX, err))
		return -1;
	if (r->written.len ? now.len == r->written.len &&
				 !memcmp(now.buf, r->written.buf, now.len)
			   : now.len == r->t->len &&
				 !memcmp(now.buf, r->t->text, now.len))
		return 0;
	err_set(err, ERR_CONFIG, "%s was changed since it was read", path);
	return err_hint(err, "nothing is written: replay it again");
}

int
replay_write(struct replay *r, struct err *err)
{
	autofree struct rewrite_step *steps =
	    xcalloc(r->n_accepted + 1, sizeof(*steps));
	autobuf struct strbuf text = STRBUF_INIT;
	struct stat st;

	if (!r->n_accepted)
		return 0;
	if (r->not_writable)
		return err_set(err, ERR_POLICY, "%s", r->not_writable);
	for (size_t i = 0; i < r->n_accepted; i++)
		steps[i] = rewrite_of(r, &r->accepted[i]);
	if (rewrite(&text, r->t, steps, r->n_accepted, err) ||
	    check_unchanged(r, err))
		return -1;
	if (stat(r->order->file, &st))
		st.st_mode = 0666;
	if (io_replace_file(r->order->file, text.buf, text.len,
		st.st_mode & 07777, err))
		return -1;
	strbuf_reset(&r->written);
	strbuf_add(&r->written, text.buf, text.len);
	return 0;
}

void
replay_forget(struct replay *r)
{
	for (size_t i = 0; i < r->n_accepted; i++)
		accepted_release(&r->accepted[i]);
	free(r->accepted);
	r->accepted = NULL;
	r->n_accepted = r->accepted_cap = 0;
}

/* What is no output and no status only a person can write. */
int
replay_may_accept(struct replay *r, size_t i, const struct attempt *at,
    struct err *err)
{
	if (r->t->kind == TRANSCRIPT_BARE)
		return err_set(err, ERR_USAGE,
		    "%s has only commands, and nowhere to write what they "
		    "come to",
		    r->t->name);
	if (at->judgement.rest_met && !r->t->steps[i].options.expect_fail)
		return 0;
	return err_set(err, ERR_USAGE,
	    "what is not as expected is no output and no status: edit the "
	    "step's options");
}

int
replay_accept(struct replay *r, size_t i, struct attempt *at,
    const struct replay_choice *choice, struct err *err)
{
	const struct judgement *j = &at->judgement;
	/* All of it is checked once more as a whole. */
	bool part = choice && choice->left;
	struct accepted a = {.step = i,
	    .has_output = !j->output_met,
	    .has_status = !j->status_met && (!part || choice->status),
	    .status = want_status_of(&at->answer.status)};

	if (replay_may_accept(r, i, at, err))
		return -1;
	if (a.has_output &&
	    (update_stream(&a.out, r, &at->judgement.stream[1], false,
		 part ? choice->out : NULL, err) ||
		update_stream(&a.err, r, &at->judgement.stream[2], true,
		    part ? choice->err : NULL, err))) {
		accepted_release(&a);
		return -1;
	}
	GROW(r->accepted, r->n_accepted, &r->accepted_cap);
	r->accepted[r->n_accepted++] = a;
	return 0;
}
