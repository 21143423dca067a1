#include "shell/interp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/call.h"
#include "cmd/dispatch.h"
#include "cmd/host.h"
#include "cmd/output.h"
#include "lexer/lexer.h"
#include "session/policy.h"
#include "shell/alias.h"
#include "shell/edit.h"
#include "shell/hostio.h"
#include "shell/keys.h"
#include "shell/recorder.h"
#include "shell/repeat.h"
#include "shell/replay.h"
#include "shell/source.h"

enum { MAX_DEPTH = 16, STATUS_USAGE = 2, STATUS_INTERRUPTED = 130 };

/* A command with its words expanded. */
struct prepared {
	struct strvec words;
	struct strvec vars; /* NAME=VALUE of those that they were made with */
	struct strbuf heredoc;
	char *text;
	struct hostio io;
};

static struct locus
locus_of(const struct interp *ip, const struct source *src, unsigned line)
{
	/* A text of one line needs no position, nor does what was typed, and
	   what is recorded will stand elsewhere. */
	if (src->goes_on || (ip->host->recorder && !ip->depth) ||
	    (!src->name && line == 1))
		return (struct locus){NULL, line};
	return (struct locus){src->name ? src->name : "-c", line};
}

struct lookup {
	struct host *host;
	struct strvec *vars; /* gets those that are the user's */
	struct err why; /* it has no value, where defining it is no remedy */
};

/* One that shows the state of the session. */
static bool
is_state(const char *name)
{
	return str_starts(name, "last.") || str_in(name, host_readonly);
}

/* Such a one, where the session has not come so far. */
static void
explain_unset(const char *name, struct err *why)
{
	bool last = str_starts(name, "last.");

	if (!is_state(name))
		return;
	err_set(why, ERR_USAGE, "$%s has no value yet", name);
	err_hint(why, "first:  %s      or quote it:  '$%s'",
	    last ? "run FILE" : "env new", name);
}

static char *
lookup(void *arg, const char *name)
{
	struct lookup *l = arg;
	char *value;

	if (!strcmp(name, "?"))
		return xasprintf("%d", l->host->last_status);
	value = l->host->variable(l->host, name);
	if (!value) {
		explain_unset(name, &l->why);
	} else if (!is_state(name)) {
		autofree char *pair = xasprintf("%s=%s", name, value);

		strvec_env_set(l->vars, pair);
	}
	return value;
}

static int
expand(struct host *h, const struct lex_word *w, struct strvec *vars,
    struct strbuf *out, struct err *err)
{
	struct lookup l = {h, vars, ERR_INIT};
	int rc = lex_expand(w, lookup, &l, out, err);

	if (rc && l.why.kind) {
		err_clear(err);
		err_move(err, &l.why);
	}
	err_clear(&l.why);
	return rc;
}

static int
expand_words(struct host *h, const struct lex_cmd *cmd, struct prepared *p,
    struct err *err)
{
	for (size_t i = 0; i < cmd->n; i++) {
		struct strbuf word = STRBUF_INIT;

		if (expand(h, &cmd->words[i], &p->vars, &word, err) < 0) {
			strbuf_release(&word);
			return -1;
		}
		strvec_push_owned(&p->words, strbuf_detach(&word));
	}
	return 0;
}

static int
prepare_heredoc(struct host *h, const struct lex_cmd *cmd, struct prepared *p,
    struct err *err)
{
	struct strbuf *out = &p->heredoc;

	if (cmd->has_heredoc)
		strbuf_add(out, cmd->heredoc.buf, cmd->heredoc.len);
	if (!cmd->herestr)
		return 0;
	if (expand(h, cmd->herestr, &p->vars, out, err) < 0)
		return -1;
	strbuf_addc(out, '\n');
	return 0;
}

/* A device holds nothing that could be lost. */
static bool
is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* `>`, `>>` and `|`. */
static int
prepare_io(struct interp *ip, const struct source *src,
    const struct lex_cmd *cmd, struct prepared *p, struct err *err)
{
	autobuf struct strbuf path = STRBUF_INIT;

	if (cmd->redirect && cmd->pipe)
		return err_set(err, ERR_USAGE, "> and | exclude each other");
	if (cmd->pipe && hostio_may_pipe(host_policy(ip->host),
			     src->interactive, err))
		return -1;
	if (cmd->pipe)
		return hostio_pipe(&p->io, ip->host, ip->out, cmd->pipe, err);
	if (!cmd->redirect)
		return 0;
	if (expand(ip->host, cmd->redirect, &p->vars, &path, err) < 0)
		return -1;
	if (!cmd->append && src->interactive && is_file(path.buf)) {
		autofree char *question =
		    xasprintf("overwrite %s?", path.buf);

		if (dispatch_confirm(ip->host, ip->out, true, question, err))
			return -1;
	}
	return hostio_file(&p->io, host_policy(ip->host), path.buf, cmd->append,
	    err);
}

static int
prepare(struct interp *ip, const struct source *src, const struct lex_cmd *cmd,
    struct prepared *p, struct err *err)
{
	const struct strvec *aliases =
	    policy_list(host_policy(ip->host), SET_ALIASES);

	if (expand_words(ip->host, cmd, p, err) < 0 ||
	    alias_expand(&p->words, aliases, err) < 0 ||
	    prepare_heredoc(ip->host, cmd, p, err) < 0)
		return -1;
	return prepare_io(ip, src, cmd, p, err);
}

/* The setting shell.trace: what is really executed. */
static void
trace(struct interp *ip, const struct strvec *words)
{
	autobuf struct strbuf text = STRBUF_INIT;

	strbuf_adds(&text, "+");
	for (size_t i = 0; i < words->n; i++) {
		strbuf_addc(&text, ' ');
		lex_quote(&text, words->v[i], 0);
	}
	output_line(ip->out, text.buf);
}

static int
run_prepared(struct interp *ip, const struct source *src,
    const struct lex_cmd *cmd, struct prepared *p)
{
	struct request rq = {.words = p->words.v, .nwords = p->words.n,
	    .text = p->text, .vars = &p->vars, .piped = cmd->pipe,
	    .at = locus_of(ip, src, cmd->line),
	    .interactive = src->interactive, .stdin_taken = src->stdin_taken,
	    .quiet = cmd->quiet || ip->mute, .timed = cmd->time,
	    .body_fd = p->io.fd >= 0 ? p->io.fd : ip->body_fd,
	    .body_name = p->io.fd >= 0 ? p->io.name : ip->body_name};

	if (cmd->has_heredoc || cmd->herestr)
		rq.heredoc = &p->heredoc;
	if (policy_bool(host_policy(ip->host), SET_TRACE))
		trace(ip, &p->words);
	if (cmd->repeat)
		return repeat_run(ip->host, ip->out, &rq, cmd->repeat);
	return dispatch_run(ip->host, ip->out, &rq);
}

/* Is it known what the next command does with the status of the last one? */
static bool
takes_up(const struct lex_cmd *cmd)
{
	const struct lex_word *w = &cmd->words[0];
	const struct cmd *row;

	if (!cmd->n || w->n != 1 || w->pieces[0].variable)
		return false;
	row = table_find(w->pieces[0].text);
	return row && row->flags & CMD_TAKES_UP;
}

static int
run_cmd(struct interp *ip, const struct source *src, const struct lex_cmd *cmd,
    const char *line_text)
{
	autoerr struct err err = ERR_INIT;
	struct prepared p = {.words = STRVEC_INIT, .vars = STRVEC_INIT,
	    .heredoc = STRBUF_INIT,
	    .io = {.fd = -1}};
	int64_t began = clock_ms();
	bool ran = false;
	int status, pipe_status = 0;

	p.text = xstrndup(line_text + cmd->start, cmd->end - cmd->start);
	ip->host->interrupted = 0;
	if (prepare(ip, src, cmd, &p, &err) < 0) {
		status = dispatch_error(ip->host, ip->out,
		    locus_of(ip, src, cmd->line), NULL, &err);
	} else {
		ran = true;
		if (src->edit)
			edit_command_begins(src->edit);
		status = run_prepared(ip, src, cmd, &p);
	}
	pipe_status = hostio_end(&p.io, ip->host);
	strvec_release(&p.words);
	strvec_release(&p.vars);
	strbuf_release(&p.heredoc);
	free(p.text);
	status = status ? status : pipe_status;
	if (src->edit && ran)
		edit_command_ended(src->edit, status, clock_ms() - began);
	ip->host->last_status = status;
	if (!takes_up(cmd))
		ip->host->step_status = status;
	return status;
}

static bool
interrupted(const struct interp *ip)
{
	return ip->host->interrupted || ip->host->terminated;
}

/* Says where a script ended early. */
static void
say_stopped(struct interp *ip, const struct source *src, unsigned line,
    int status)
{
	struct locus at = locus_of(ip, src, line);
	autofree char *text = NULL;

	if (!at.file || ip->out->mode == OUTPUT_JSON || interrupted(ip))
		return;
	text = xasprintf("addesh: %s:%u: status %d ends it here (-k goes on)",
	    at.file, at.line, status);
	output_line(ip->out, text);
}

/* Before the next command, or (NULL) at the end: true if the source ends with
   a failure that nothing takes up. */
static bool
settle(struct interp *ip, const struct source *src, const struct lex_cmd *next)
{
	int status = ip->pending;

	ip->pending = 0;
	if (status == 0 || (next && takes_up(next)))
		return false;
	/* With -k the first failure counts, but Ctrl-C ends all. */
	if (!ip->failed || interrupted(ip))
		ip->failed = status;
	if (ip->keep_going && !interrupted(ip))
		return false;
	say_stopped(ip, src, ip->pending_line, status);
	return ip->stop = true;
}

static void
fail(struct interp *ip, const struct source *src, unsigned line, int status)
{
	if (src->goes_on)
		return;
	ip->pending = status;
	ip->pending_line = line;
	if (interrupted(ip))
		settle(ip, src, NULL);
}

/* All commands of a line; returns the last status. */
static int
run_line(struct interp *ip, const struct source *src,
    const struct lex_line *line, const char *text)
{
	int status = 0;
	unsigned at = 0;

	for (size_t i = 0; i < line->n; i++) {
		const struct lex_cmd *cmd = &line->cmds[i];
		bool again = cmd->join == LEX_FIRST || cmd->join == LEX_THEN;

		if (again && i)
			fail(ip, src, at, status);
		if (again && settle(ip, src, cmd))
			return status;
		if ((cmd->join == LEX_AND && status != 0) ||
		    (cmd->join == LEX_OR && status == 0))
			continue;
		at = cmd->line;
		status = run_cmd(ip, src, cmd, text);
		if (ip->stop || ip->host->quit || interrupted(ip))
			break;
	}
	if (!ip->stop && !ip->host->quit)
		fail(ip, src, at, status);
	return status;
}

static int
run_recorded(struct interp *ip, struct source *src, const struct lex_line *line,
    const char *text)
{
	int status;

	recorder_line_begins(ip);
	status = run_line(ip, src, line, text);
	recorder_line_ended(ip, text, status);
	return status;
}

static int
syntax_error(struct interp *ip, struct source *src, unsigned line,
    struct err *err)
{
	int status = ip->pending;

	if (settle(ip, src, NULL))
		return status;
	status = dispatch_error(ip->host, ip->out, locus_of(ip, src, line), NULL,
	    err);
	ip->host->last_status = ip->host->step_status = status;
	fail(ip, src, line, status);
	return status;
}

/*
 * Reads until the lexer has a whole logical line.  `line` is released by the
 * caller if this returns SOURCE_OK.
 */
static enum source_status
read_line(struct interp *ip, struct source *src, struct lex_line *line,
    enum lex_status *lexed, struct err *err)
{
	size_t max = policy_num(host_policy(ip->host), SET_MAX_HEREDOC);
	struct lex_need need = {0};
	enum source_status r;
	unsigned flags;

	for (;;) {
		r = source_read(src, ip->host, &need, max, err);
		free(need.tag);
		if (r == SOURCE_CANCELLED || err->kind)
			return r;
		if (r == SOURCE_EOF && src->pos == src->text.len)
			return SOURCE_EOF;
		flags = r == SOURCE_EOF ? LEX_EOF : 0;
		*lexed = lex_line(line, src->text.buf + src->pos,
		    src->text.len - src->pos, src->line, flags,
		    max, err);
		if (*lexed != LEX_MORE)
			return SOURCE_OK;
		source_looked(src);
		need = line->need;
		line->need.tag = NULL;
		lex_line_release(line);
	}
}

/* Keeps a typed line, whole, heredoc and all. */
static void
remember(const struct source *src, const char *text, int status)
{
	if (src->edit)
		edit_remember(src->edit, text, status);
}

/* One logical line; -1 at the end of the source. */
static int
run_next(struct interp *ip, struct source *src)
{
	autoerr struct err err = ERR_INIT;
	autofree char *text = NULL;
	struct lex_line line;
	enum lex_status lexed;
	unsigned at = src->line;
	int status = 0;

	switch (read_line(ip, src, &line, &lexed, &err)) {
	case SOURCE_EOF:
		return err.kind ? syntax_error(ip, src, at, &err) : -1;
	case SOURCE_CANCELLED:
		source_use(src, src->text.len - src->pos, 0);
		status = ip->host->last_status = STATUS_INTERRUPTED;
		fail(ip, src, at, status);
		return settle(ip, src, NULL) ? -1 : status;
	default:
		break;
	}
	text = xstrndup(src->text.buf + src->pos, line.used);
	if (src->edit && line.n)
		ip->host->lines++;
	source_use(src, line.used, line.lines);
	if (lexed == LEX_ERROR)
		status = syntax_error(ip, src, line.err_line, &err);
	else if (line.n)
		status = run_recorded(ip, src, &line, text);
	else
		status = ip->host->last_status;
	remember(src, text, status);
	lex_line_release(&line);
	return status;
}

/* Ctrl-D at a prompt: whether there is a reason not to end yet. */
static bool
stays(struct interp *ip, const struct source *src)
{
	autoerr struct err err = ERR_INIT;

	if (!src->edit || ip->host->terminated ||
	    !ip->host->leave(ip->host, ip->out, &err))
		return false;
	ip->host->last_status = dispatch_error(ip->host, ip->out,
	    locus_of(ip, src, src->line), NULL, &err);
	return true;
}

int
interp_run(struct interp *ip, struct source *src)
{
	int status = 0, r;

	while (!ip->stop && !ip->host->quit && !ip->host->terminated) {
		r = run_next(ip, src);
		if (r < 0 && stays(ip, src))
			continue;
		if (r < 0)
			break;
		status = r;
		/* A command that ended well before it saw Ctrl-C is the last
		   one all the same. */
		if (!src->goes_on && interrupted(ip))
			fail(ip, src, src->line, STATUS_INTERRUPTED);
	}
	if (!ip->more && !ip->stop)
		settle(ip, src, NULL);
	return status;
}

int
interp_words(struct interp *ip, char *const *words, size_t n)
{
	autobuf struct strbuf text = STRBUF_INIT;
	struct request rq = {.words = words, .nwords = n,
	    .body_fd = STDOUT_FILENO};
	int status;

	for (size_t i = 0; i < n; i++) {
		strbuf_adds(&text, i ? " " : "");
		lex_quote(&text, words[i], 0);
	}
	rq.text = text.buf;
	status = dispatch_run(ip->host, ip->out, &rq);
	ip->host->last_status = status;
	if (!ip->failed)
		ip->failed = status;
	return status;
}

int
interp_status(const struct interp *ip)
{
	const struct host *h = ip->host;

	if (h->terminated)
		return 128 + h->terminated;
	if (h->quit && h->quit_status >= 0)
		return h->quit_status;
	return ip->failed;
}

/* The source's commands, whose results go where those of the call go; the
   status is that of the first that failed. */
static int
run_below(struct interp *ip, struct source *src)
{
	struct interp saved = *ip;
	int body_fd = ip->out->body_fd;
	bool mute = ip->out->mute;
	int status;

	ip->body_fd = body_fd;
	ip->body_name = ip->out->body_name;
	ip->mute = mute;
	ip->depth++;
	ip->failed = ip->pending = 0;
	ip->more = false;
	interp_run(ip, src);
	status = ip->failed;
	/* Whoever called it decides whether that was the end. */
	*ip = saved;
	ip->out->body_fd = body_fd;
	ip->out->mute = mute;
	return status;
}

static int
check_depth(struct interp *ip, const char *name, struct err *err)
{
	if (ip->depth < MAX_DEPTH)
		return 0;
	return err_set(err, ERR_USAGE,
	    "%s: files are nested more than %d deep", name, MAX_DEPTH);
}

/* host->source */
static int
interp_source(struct call *c, const char *path)
{
	struct interp *ip = c->host->interp;
	struct source src;
	autoclose int fd = -1;

	if (check_depth(ip, path, &c->err))
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(&c->err, errno, "%s", path);
	source_init_fd(&src, path, fd);
	c->status = run_below(ip, &src);
	source_release(&src);
	return 0;
}

/* host->again */
static int
interp_again(struct call *c, const char *text)
{
	struct interp *ip = c->host->interp;
	struct source src;

	if (check_depth(ip, c->argv[0], &c->err))
		return -1;
	source_init_text(&src, NULL, text);
	c->status = run_below(ip, &src);
	source_release(&src);
	return 0;
}

void
interp_init(struct interp *ip, struct host *host, struct output *out)
{
	*ip = (struct interp){.host = host, .out = out,
	    .body_fd = STDOUT_FILENO};
	host->interp = ip;
	host->source = interp_source;
	host->again = interp_again;
	host->record = recorder_command;
	host->replay = replay_file;
	host->keys = keys_help;
}
