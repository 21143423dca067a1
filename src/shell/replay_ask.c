/* `replay --update` at a terminal: a person looks at each change, as git's
   "add -p" has it. */
#include <stdlib.h>
#include <string.h>

#include "cmd/call.h"
#include "cmd/dispatch.h"
#include "cmd/host.h"
#include "cmd/output.h"
#include "replay/show.h"
#include "shell/replay_impl.h"

static const char help[] =
    "y  write this change into the file\n"
    "n  leave what the file expects\n"
    "a  write this and all that follow, also of later steps\n"
    "d  leave this and what follows of this step\n"
    "q  leave this and end the replay here; what was agreed to is written\n";

/* Of one step: how far its changes were asked. */
struct asking {
	struct replay *r;
	struct replay_choice *choice;
	size_t n, total;
	bool none; /* of what follows in this step */
};

static void
print(struct asking *q, const struct strbuf *text)
{
	output_body(q->r->c->out, text->buf, text->len);
}

/* The answer's letter; q if there is none to be had. */
static char
read_letter(struct asking *q)
{
	struct call *c = q->r->c;
	autobuf struct strbuf answer = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;
	autofree char *question = xasprintf(
	    "(%zu/%zu) write it into the file? [y,n,a,d,q,?]", q->n, q->total);

	if (dispatch_ask(c->host, c->out, question, false, &answer, &err) ||
	    c->host->interrupted)
		return 'q';
	return answer.len ? answer.buf[0] : '?';
}

/* Is the change that was shown taken? */
static bool
take(struct asking *q)
{
	struct replay *r = q->r;

	for (;;) {
		switch (read_letter(q)) {
		case 'a':
			r->take_all = true;
			return true;
		case 'y':
			return true;
		case 'q':
			r->ended = true;
			return false;
		case 'd':
			q->none = true;
			return false;
		case 'n':
			return false;
		default:
			output_body(r->c->out, help, sizeof(help) - 1);
		}
	}
}

/* Asks, unless an answer before this one was for it, too. */
static bool
decide(struct asking *q, const struct strbuf *text)
{
	bool taken = q->r->take_all;

	q->n++;
	if (!taken && !q->none && !q->r->ended) {
		if (q->total > 1)
			print(q, text);
		taken = take(q);
	}
	q->choice->taken += taken;
	q->choice->left += !taken;
	return taken;
}

static size_t
count_hunks(const struct alignment *al)
{
	size_t n = 0, begin = 0, end;

	for (; alignment_hunk(al, &begin, &end); begin = end)
		n++;
	return n;
}

static bool *
ask_stream(struct asking *q, struct judge_stream *st, const char *name)
{
	const struct show_stream shown = {&st->x, &st->a, &st->al};
	const struct show s = {.masks = q->r->masks,
	    .width = q->r->order->width,
	    .color = q->r->order->color};
	size_t begin = 0, end;
	bool *accept = xcalloc(count_hunks(&st->al) + 1, sizeof(*accept));

	for (size_t i = 0; alignment_hunk(&st->al, &begin, &end); i++) {
		autobuf struct strbuf text = STRBUF_INIT;

		strbuf_addf(&text, "%s:\n", name);
		show_hunk(&text, &s, &shown, begin, end);
		accept[i] = decide(q, &text);
		begin = end;
	}
	return accept;
}

static bool
ask_status(struct asking *q, const struct transcript_step *s,
    const struct attempt *at)
{
	const struct want_status got = want_status_of(&at->answer.status);
	autobuf struct strbuf text = STRBUF_INIT;

	strbuf_adds(&text, "status: ");
	want_status_add(&text, &got);
	strbuf_adds(&text, ", expected was ");
	want_status_add(&text, &s->status);
	strbuf_addc(&text, '\n');
	return decide(q, &text);
}

void
replay_ask(struct replay *r, size_t i, struct attempt *at,
    struct replay_choice *choice)
{
	struct judgement *j = &at->judgement;
	struct asking q = {.r = r, .choice = choice};

	*choice = (struct replay_choice){0};
	for (int fd = 1; fd <= 2 && !j->output_met; fd++) {
		replay_align(&j->stream[fd]);
		q.total += count_hunks(&j->stream[fd].al);
	}
	q.total += !j->status_met;
	if (!r->take_all)
		print(&q, &j->why);
	if (at->answer.overdue && !r->take_all) {
		static const char late[] =
		    "it was stopped at its time limit: this is what came "
		    "until then\n";

		output_body(r->c->out, late, sizeof(late) - 1);
	}
	if (!j->output_met) {
		choice->out = ask_stream(&q, &j->stream[1], "stdout");
		choice->err = ask_stream(&q, &j->stream[2], "stderr");
	}
	if (!j->status_met)
		choice->status = ask_status(&q, &r->t->steps[i], at);
}

void
replay_choice_release(struct replay_choice *choice)
{
	free(choice->out);
	free(choice->err);
}
