/* A person at the step that is not as expected, with the session alive. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "cmd/call.h"
#include "cmd/child.h"
#include "cmd/host.h"
#include "cmd/output.h"
#include "cmd/terminal.h"
#include "shell/interp.h"
#include "shell/replay_impl.h"
#include "shell/takeover.h"

/* One stop; host->breakpoint while the prompt is there. */
struct breakpoint {
	struct replay *r;
	size_t i;
	struct attempt *at;
	enum break_choice choice;
};

static void
show_difference(const struct breakpoint *b)
{
	output_body(b->r->c->out, b->at->judgement.why.buf,
	    b->at->judgement.why.len);
}

/* The user's editor at the step; what was changed counts from then on. */
static int
edit_file(struct breakpoint *b, struct err *err)
{
	autovec struct strvec argv = STRVEC_INIT;
	const char *editor = getenv("VISUAL");
	struct replay *r = b->r;
	pid_t pid;

	if (!editor || !*editor)
		editor = getenv("EDITOR");
	child_words(&argv, editor && *editor ? editor : "vi");
	strvec_pushf(&argv, "+%u", r->t->steps[b->i].line);
	strvec_push(&argv, r->order->file);
	pid = child_start(argv.v, -1, err);
	if (pid < 0)
		return -1;
	if (child_wait(r->c->host->loop, pid))
		return err_set(err, ERR_IO, "%s failed", argv.v[0]);
	if (replay_read_again(r, b->i, err))
		return -1;
	b->at->stale = true;
	return 0;
}

/* host->choose: the commands of the stop. */
static int
choose(struct call *c, enum break_choice choice)
{
	struct breakpoint *b = c->host->breakpoint;

	if (choice == BREAK_DIFF) {
		show_difference(b);
		return 0;
	}
	if (choice == BREAK_EDIT)
		return edit_file(b, &c->err);
	if (choice == BREAK_ACCEPT && b->at->stale)
		return err_set(&c->err, ERR_USAGE,
		    "the file was edited since: retry");
	if (choice == BREAK_ACCEPT &&
	    (replay_accept(b->r, b->i, b->at, NULL, &c->err) ||
		replay_write(b->r, &c->err)))
		return -1;
	b->choice = choice;
	c->host->interp->stop = true;
	return 0;
}

/* What is typed is addressed to the session as the steps left it; the end of
   the input is `quit`. */
static enum break_choice
ask(struct breakpoint *b)
{
	static const char text[] =
	    "stopped: diff, retry, accept, skip, continue, edit, quit, or any "
	    "command\n";
	struct host *h = b->r->c->host;

	b->choice = BREAK_QUIT;
	show_difference(b);
	(void)io_write_all(STDERR_FILENO, text, sizeof(text) - 1);
	h->breakpoint = b;
	h->choose = choose;
	terminal_open();
	takeover(h->interp, NULL);
	terminal_close();
	h->breakpoint = NULL;
	h->choose = NULL;
	return h->quit ? BREAK_QUIT : b->choice;
}

static void
retry(struct breakpoint *b)
{
	autoerr struct err err = ERR_INIT;
	struct attempt *at = b->at;
	struct replay *r = b->r;

	if (!replay_try(r, &r->t->steps[b->i], at, &err))
		return;
	judgement_release(&at->judgement);
	strbuf_addf(&at->judgement.why, "%s\n", err.msg.buf);
}

bool
replay_break(struct replay *r, size_t i, struct attempt *at)
{
	struct breakpoint b = {.r = r, .i = i, .at = at};

	for (;;) {
		switch (ask(&b)) {
		case BREAK_RETRY:
			retry(&b);
			if (at->judgement.met)
				return true;
			continue;
		case BREAK_ACCEPT:
			at->accepted = true;
			return true;
		case BREAK_SKIP:
			at->skipped = true;
			return true;
		case BREAK_CONTINUE:
			return true;
		default:
			return false;
		}
	}
}
