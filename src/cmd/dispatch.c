#include "cmd/dispatch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/secrets.h"
#include "base/units.h"
#include "cmd/call.h"
#include "cmd/help.h"
#include "cmd/host.h"
#include "cmd/opts.h"
#include "cmd/output.h"
#include "cmd/pager.h"
#include "cmd/terminal.h"

json *
dispatch_error_json(const struct err *err)
{
	json *j = json_object();

	json_put_str(j, "kind", err_kind_name(err->kind));
	json_put_int(j, "code", err->code);
	json_put_str(j, "message", err->msg.buf);
	json_put_str(j, "hint", err->hint.len ? err->hint.buf : NULL);
	return j;
}

static void
write_json(struct output *o, json *j, int to)
{
	autofree char *line = json_print(j);
	int fd = o->body_fd;

	o->body_fd = to;
	output_body(o, line, strlen(line));
	output_body(o, "\n", 1);
	o->body_fd = fd;
}

/* All lines but the first are indented: what begins with "addesh:" is ours, and
   not part of a name with a newline. */
static void
add_lines(struct strbuf *out, const char *text)
{
	for (const char *p = text, *end; *p; p = *end ? end + 1 : end) {
		end = p + strcspn(p, "\n");
		strbuf_addf(out, "%s%.*s", p > text ? "\n  " : "",
		    (int)(end - p), p);
	}
}

/* A hint is a remedy, indented under the message. */
static void
add_error(struct strbuf *text, struct locus at, const char *cmd,
    const struct err *err)
{
	strbuf_adds(text, "addesh: ");
	if (at.file)
		strbuf_addf(text, "%s:%u: ", at.file, at.line);
	if (cmd)
		strbuf_addf(text, "%s: ", cmd);
	add_lines(text, err->msg.buf);
	if (err->hint.len)
		strbuf_adds(text, "\n  ");
	add_lines(text, err->hint.buf);
}

/* What a step has shown will stand elsewhere. */
static void
print_error(struct output *o, struct locus at, const char *cmd,
    const struct err *err)
{
	struct output_tap shown = o->shown;
	autobuf struct strbuf text = STRBUF_INIT, bare = STRBUF_INIT;

	add_error(&text, at, cmd, err);
	if (shown.fn) {
		add_error(&bare, (struct locus){0}, cmd, err);
		strbuf_addc(&bare, '\n');
		shown.fn(shown.arg, STDERR_FILENO, bare.buf, bare.len);
	}
	o->shown = (struct output_tap){0};
	output_line(o, text.buf);
	o->shown = shown;
}

static void
report_status(struct output *o, const char *cmd, int status, const char *kind)
{
	autofree char *line = NULL;

	if (o->status_fd < 0)
		return;
	line = xasprintf("%d %s %s\n", status, kind, cmd ? cmd : "-");
	io_write_all(o->status_fd, line, strlen(line));
}

/* The last member of every object. */
static void
put_env(json *j, struct host *h)
{
	struct prompt_facts facts = {0};

	if (h->prompt)
		h->prompt(h, &facts);
	json_put_str(j, "env", facts.env);
}

/* The object of a failure that belongs to no call. */
static json *
failure_json(struct host *h, const char *cmd, const struct err *err)
{
	json *j = json_object();

	json_put_int(j, "v", 1);
	json_put_str(j, "step", NULL);
	json_put_str(j, "cmd", cmd);
	json_put_bool(j, "ok", false);
	json_put_int(j, "status", err_kind_status(err->kind));
	json_put(j, "error", dispatch_error_json(err));
	put_env(j, h);
	return j;
}

/* Takes j. */
static void
keep_object(struct host *h, json *j)
{
	json_free(h->object);
	h->object = h->keep_object ? j : NULL;
	if (!h->keep_object)
		json_free(j);
}

int
dispatch_error(struct host *h, struct output *o, struct locus at,
    const char *cmd, const struct err *err)
{
	int status = err_kind_status(err->kind);
	autojson json *j = NULL;

	report_status(o, cmd, status, err_kind_name(err->kind));
	if (o->mode == OUTPUT_JSON || h->keep_object)
		j = failure_json(h, cmd, err);
	if (o->mode == OUTPUT_JSON)
		write_json(o, j, STDOUT_FILENO);
	else
		print_error(o, at, cmd, err);
	keep_object(h, steal(&j));
	return status;
}

static json *
call_json(struct call *c, int status)
{
	json *j = json_object();

	json_put_int(j, "v", 1);
	if (c->step)
		json_put_int(j, "step", c->step);
	else
		json_put_str(j, "step", NULL);
	json_put_str(j, "cmd", c->cmd->name);
	json_put_bool(j, "ok", status == 0);
	json_put_int(j, "status", status);
	if (!c->data && c->body.len && !c->redirected)
		json_put_bytes(call_data(c), "text", c->body.buf, c->body.len);
	if (c->data)
		json_put(j, "result", steal(&c->data));
	else if (!c->err.kind)
		json_put_str(j, "result", NULL);
	if (c->err.kind)
		json_put(j, "error", dispatch_error_json(&c->err));
	put_env(j, c->host);
	return j;
}

static void
show_body(struct call *c)
{
	struct output *o = c->out;

	if (!c->body.len || (o->mode == OUTPUT_JSON && !c->redirected))
		return;
	if (c->cmd->flags & CMD_PAGEABLE && c->interactive && !o->mute &&
	    output_is_terminal(o) && pager_wanted(o, &c->body))
		pager_show(c->host->loop, &c->body);
	else
		output_body(o, c->body.buf, c->body.len);
}

/* What could not be written is no success. */
static void
check_written(struct call *c)
{
	struct output *o = c->out;

	if (!o->body_errno || c->err.kind)
		return;
	err_sys(&c->err, o->body_errno, "writing %s",
	    c->redirected || c->object_fd != STDOUT_FILENO ? o->body_name
							   : "the result");
	/* A reader that has seen enough (`| head`) is told nothing. */
	if (o->body_errno == EPIPE)
		c->status = err_kind_status(c->err.kind);
}

static int
call_status(const struct call *c)
{
	return c->err.kind && !c->status ? err_kind_status(c->err.kind)
					 : c->status;
}

/* An object that did not get into its file is no success, either. */
static void
show_object(struct call *c, json *j, struct locus at)
{
	write_json(c->out, j, c->object_fd);
	if (c->object_fd == STDOUT_FILENO || !c->out->body_errno)
		return;
	check_written(c);
	if (c->out->body_errno != EPIPE)
		print_error(c->out, at, c->cmd->name, &c->err);
}

/* Shows result and error; returns the exit status. */
static int
show(struct call *c, struct locus at)
{
	struct output *o = c->out;
	autojson json *j = NULL;
	int status;

	show_body(c);
	check_written(c);
	output_end(o);
	if (o->mode == OUTPUT_JSON || c->host->keep_object)
		j = call_json(c, call_status(c));
	if (o->mode == OUTPUT_JSON)
		show_object(c, j, at);
	else if (c->err.kind && o->body_errno != EPIPE)
		print_error(o, at, c->cmd->name, &c->err);
	keep_object(c->host, steal(&j));
	status = call_status(c);
	report_status(o, c->cmd->name, status,
	    c->err.kind ? err_kind_name(c->err.kind)
			: status ? "program" : "ok");
	return status;
}

static int
check_allowed(struct call *c)
{
	if (c->heredoc && !(c->cmd->flags & CMD_TAKES_HEREDOC))
		return err_set(&c->err, ERR_USAGE, "takes no heredoc");
	if (!(c->cmd->flags & CMD_OWN_ONLY))
		return 0;
	return host_check_stranger(c->host, "it", &c->err);
}

static int
establish(struct call *c)
{
	struct host *h = c->host;

	if (c->cmd->flags & CMD_NO_SESSION)
		return 0;
	if (!h->session && h->open(h, &c->err) < 0)
		return -1;
	c->session = h->session;
	if (c->cmd->flags & CMD_NEEDS_ENGINE && h->need_engine(c) < 0)
		return -1;
	if (c->cmd->flags & CMD_NEEDS_ENV &&
	    h->need_env(c, call_str(c, "in")) < 0)
		return -1;
	return c->cmd->flags & CMD_NO_STEP ? 0 : h->begin(c);
}

static int
show_help(struct call *c)
{
	help_row(&c->body, c->cmd, output_columns(c->out));
	return 0;
}

/*
 * --json of all commands is for the one behind which it stands: its object is
 * the result, and goes where `>` or `|` says.  Of --json before all commands
 * `>` takes the result itself, and the object stays on stdout.
 */
static void
use_form(struct call *c)
{
	const struct optval *v = optset_get(c->opts, "json");

	if (!v || !v->given || !table_is_common(v->opt))
		return;
	c->out->mode = OUTPUT_JSON;
	c->object_fd = c->out->body_fd;
	c->out->body_fd = STDOUT_FILENO;
	c->redirected = false;
}

/* Parses, establishes, executes. */
static int
execute(struct call *c, const struct request *rq, size_t used)
{
	int r = opts_parse(c->opts, c->cmd, rq->words + used,
	    rq->nwords - used, &c->err);

	use_form(c);
	if (r < 0)
		return -1;
	if (call_has(c, "help"))
		return show_help(c);
	if (!c->cmd->exec) {
		autobuf struct strbuf usage = STRBUF_INIT;

		help_usage(&usage, c->cmd);
		err_set(&c->err, ERR_USAGE, "which of its commands?");
		return err_hint(&c->err, "usage: %s", usage.buf);
	}
	c->argv = c->opts->operands.v;
	c->argc = c->opts->operands.n;
	if (check_allowed(c) < 0 || establish(c) < 0)
		return -1;
	r = c->cmd->exec(c);
	c->duration_ms = clock_ms() - c->started_ms;
	if (r < 0 && !c->status)
		c->status = err_kind_status(c->err.kind);
	if (c->step)
		c->host->end(c);
	return r;
}

static void
show_time(struct call *c)
{
	autobuf struct strbuf text = STRBUF_INIT;

	strbuf_adds(&text, "time ");
	units_add_duration(&text, clock_ms() - c->started_ms);
	output_line(c->out, text.buf);
}

static struct call
call_of(struct host *h, struct output *o, const struct request *rq,
    struct optset *set)
{
	return (struct call){.host = h, .out = o, .opts = set, .err = ERR_INIT,
	    .body = STRBUF_INIT, .heredoc = rq->heredoc, .text = rq->text,
	    .interactive = rq->interactive, .stdin_taken = rq->stdin_taken,
	    .redirected = rq->body_fd != STDOUT_FILENO, .piped = rq->piped,
	    .vars = rq->vars, .object_fd = STDOUT_FILENO,
	    .started_ms = clock_ms()};
}

static void
call_release(struct call *c)
{
	optset_release(c->opts);
	strbuf_release(&c->body);
	json_free(c->data);
	err_clear(&c->err);
}

static void
close_step(struct call *c)
{
	if (c->step)
		c->host->close_step(c);
}

/* Before anything of it is kept. */
static void
learn_secrets(struct host *h, const struct request *rq)
{
	const struct strbuf *text = rq->heredoc;

	secrets_learn(h->secrets, rq->text, strlen(rq->text));
	if (text)
		secrets_learn_lines(h->secrets, text->buf, text->len);
	for (size_t i = 0; rq->vars && rq->vars->n && i < rq->nwords; i++)
		secrets_learn(h->secrets, rq->words[i], strlen(rq->words[i]));
}

int
dispatch_run(struct host *h, struct output *o, const struct request *rq)
{
	struct optset set;
	autoerr struct err err = ERR_INIT;
	struct call c = call_of(h, o, rq, &set);
	enum output_mode mode;
	size_t used;
	int status;

	learn_secrets(h, rq);
	if (h->settings)
		h->settings(h, o);
	mode = o->mode;
	output_begin(o, rq->body_fd, rq->body_name);
	o->mute = rq->quiet;
	c.cmd = dispatch_resolve(rq->words, rq->nwords, rq->interactive, &used,
	    &err);
	if (!c.cmd) {
		output_end(o); /* `quiet` does not hide why */
		return dispatch_error(h, o, rq->at, NULL, &err);
	}
	h->interrupted = 0;
	optset_init(&set, c.cmd);
	execute(&c, rq, used);
	if (h->release)
		h->release(h);
	status = show(&c, rq->at);
	close_step(&c);
	if (rq->timed || (o->verbose && o->mode != OUTPUT_JSON))
		show_time(&c);
	o->mode = mode;
	call_release(&c);
	return status;
}

json *
dispatch_object(struct host *h, struct output *o, const struct request *rq)
{
	struct optset set;
	autoerr struct err err = ERR_INIT;
	struct call c = call_of(h, o, rq, &set);
	size_t used;
	json *j;

	learn_secrets(h, rq);
	o->mode = OUTPUT_JSON;
	output_begin(o, STDOUT_FILENO, NULL);
	c.cmd = dispatch_resolve(rq->words, rq->nwords, false, &used, &err);
	if (!c.cmd)
		return failure_json(h, NULL, &err);
	optset_init(&set, c.cmd);
	execute(&c, rq, used);
	if (h->release)
		h->release(h);
	output_end(o);
	close_step(&c);
	j = call_json(&c, call_status(&c));
	call_release(&c);
	return j;
}

/* Reads one line from the terminal; false if there is none to be had. */
static bool
read_answer(struct host *h, char *answer, size_t size)
{
	ssize_t n = 0;

	if (host_wait_input(h, STDIN_FILENO, 0))
		n = read(STDIN_FILENO, answer, size - 1);
	answer[n > 0 ? n : 0] = 0;
	return n > 0;
}

int
dispatch_confirm(struct host *h, struct output *o, bool interactive,
    const char *question, struct err *err)
{
	char answer[256];
	autofree char *text = NULL;
	bool answered;

	if (h->inv.yes)
		return 0;
	if (!interactive || !isatty(STDIN_FILENO) ||
	    !o->terminal[STDERR_FILENO]) {
		err_set(err, ERR_USAGE, "%s: nobody is there to be asked",
		    question);
		return err_hint(err, "--yes says yes to every question");
	}
	text = xasprintf("%s [y/N] ", question);
	output_erase_progress(o);
	terminal_lend();
	io_write_all(STDERR_FILENO, text, strlen(text));
	answered = read_answer(h, answer, sizeof(answer));
	terminal_take();
	if (!answered)
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	if (answer[0] == 'y' || answer[0] == 'Y')
		return 0;
	return err_set(err, ERR_USAGE, "not done: the answer was no");
}

int
dispatch_ask(struct host *h, struct output *o, const char *question,
    bool hidden, struct strbuf *answer, struct err *err)
{
	char line[4096]; /* the longest that a terminal gives, termios(3) */
	bool answered;

	if (!isatty(STDIN_FILENO) || !o->terminal[STDERR_FILENO])
		return err_set(err, ERR_USAGE,
		    "%s: nobody is there to be asked", question);
	output_erase_progress(o);
	if (!hidden)
		terminal_lend();
	else if (!terminal_hide())
		return err_sys(err, errno, "the terminal shows what is typed");
	dprintf(STDERR_FILENO, "%s: ", question);
	answered = read_answer(h, line, sizeof(line));
	if (hidden) {
		terminal_show();
		dprintf(STDERR_FILENO, "\n");
	} else {
		terminal_take();
	}
	if (answered) {
		strbuf_add(answer, line, strcspn(line, "\n"));
	}
	explicit_bzero(line, sizeof(line));
	return answered ? 0 : err_set(err, ERR_INTERRUPTED, "interrupted");
}
