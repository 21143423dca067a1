#include "shell/edit.h"

#include <errno.h>
#include <histedit.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "base/io.h"
#include "base/loop.h"
#include "base/sanitise.h"
#include "cmd/host.h"
#include "cmd/output.h"
#include "cmd/terminal.h"
#include "lexer/lexer.h"
#include "session/policy.h"
#include "shell/complete.h"
#include "shell/editor.h"
#include "shell/ghost.h"
#include "shell/history.h"
#include "shell/keys.h"
#include "shell/layout.h"
#include "shell/prompt.h"
#include "shell/signals.h"

enum { LIST_MAX = 100 };

struct edit {
	EditLine *el;
	History *history;
	struct host *host;
	struct output *out;
	struct signals *signals;
	char *history_file;
	struct strvec typed; /* the history, the oldest first */
	bool history_loaded;
	struct ghost ghost;
	struct strbuf prompt;
	int prompt_width;
	const struct lex_need *need; /* while a line is read */
	bool marks; /* the terminal may be told of prompts (OSC 133) */
	bool resized, suspended;
	bool misplaced; /* the cursor is not where libedit believes */
	bool ended; /* the terminal gives no more */
	size_t tabbed; /* 1 + where Tab was pressed last on this line */
};

static void
tell(const struct edit *e, const char *sequence)
{
	if (e->marks)
		io_write_all(STDOUT_FILENO, sequence, strlen(sequence));
}

static char *
prompt_fn(EditLine *el)
{
	struct edit *e;

	el_get(el, EL_CLIENTDATA, &e);
	return e->prompt.buf;
}

/* Called from the loop while a key is waited for: only notes it. */
static void
on_signal(void *arg, int signo)
{
	struct edit *e = arg;

	e->resized |= signo == SIGWINCH;
	e->suspended |= signo == SIGTSTP;
}

static void
suspend(struct edit *e)
{
	el_set(e->el, EL_PREP_TERM, 0);
	terminal_stop();
	el_set(e->el, EL_PREP_TERM, 1);
	tell(e, "\033[?2004h");
	el_set(e->el, EL_REFRESH);
}

static void
set_flag(void *arg, int fd, unsigned events)
{
	*(bool *)arg = true;
}

/* The line up to the cursor if that is at its end, else NULL. */
static char *
line_before_end(const struct edit *e)
{
	const LineInfo *li = el_line(e->el);

	if (li->cursor != li->lastchar || e->need->what)
		return NULL;
	return xstrndup(li->buffer, li->lastchar - li->buffer);
}

static void
show_ghost(struct edit *e)
{
	const struct policy *p = host_policy(e->host);
	autofree char *line = line_before_end(e);
	int columns, rows;

	if (!line || !e->marks || e->out->accessible || strchr(line, '\n'))
		return;
	output_size(e->out, &columns, &rows);
	ghost_make(&e->ghost, line,
	    columns - 1 - e->prompt_width - (int)strlen(line),
	    policy_bool(p, SET_HINTS),
	    policy_bool(p, SET_SUGGESTIONS) ? &e->typed : NULL);
	ghost_draw(&e->ghost, e->out->color[STDOUT_FILENO]);
}

/*
 * Draws the line anew, as after the terminal got another size.  Terminals wrap
 * what they show again, as one long row, so the cursor is as many cells behind
 * the prompt's first one as before.
 */
static void
redraw(struct edit *e)
{
	const LineInfo *li = el_line(e->el);
	autobuf struct strbuf back = STRBUF_INIT;
	int columns, rows, before = 0;
	size_t above = 0;

	el_get(e->el, EL_GETTC, "co", &before);
	output_size(e->out, &columns, &rows);
	if (before > 0)
		above = layout_cells(e->prompt.buf, li->buffer,
			    li->cursor - li->buffer, before) / columns;
	strbuf_adds(&back, "\r");
	if (above)
		strbuf_addf(&back, "\033[%zuA", above);
	strbuf_adds(&back, "\033[J");
	tell(e, back.buf);
	el_resize(e->el);
	el_set(e->el, EL_REFRESH);
}

/* Waits for a key; false: Ctrl-C or the end of the shell came instead. */
static bool
wait_key(struct edit *e)
{
	struct host *h = e->host;
	bool ready = false;
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
	struct loop_fd *w;

	if (e->misplaced)
		redraw(e);
	e->misplaced = false;
	/* What was pasted need not go through the loop byte by byte. */
	if (poll(&p, 1, 0) > 0)
		return true;
	show_ghost(e);
	w = loop_fd_add(h->loop, STDIN_FILENO, POLLIN, set_flag, &ready);
	while (!ready && !h->interrupted && !h->terminated) {
		loop_step(h->loop, -1);
		if (e->resized || e->suspended)
			ghost_erase(&e->ghost);
		if (e->resized)
			redraw(e);
		if (e->suspended)
			suspend(e);
		e->resized = e->suspended = false;
	}
	loop_fd_remove(w);
	ghost_erase(&e->ghost);
	return ready && !h->interrupted && !h->terminated;
}

/* EL_GETCFN: 1, 0 at the end, -1 with EINTR for Ctrl-C. */
static int
get_char(EditLine *el, wchar_t *out)
{
	mbstate_t state = {0};
	struct edit *e;
	char c;
	ssize_t n;
	size_t r;

	el_get(el, EL_CLIENTDATA, &e);
	for (;;) {
		if (!wait_key(e)) {
			errno = EINTR;
			return -1;
		}
		n = read(STDIN_FILENO, &c, 1);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0) {
			e->ended = true;
			return 0;
		}
		r = mbrtowc(out, &c, 1, &state);
		if (r == 0 || r == 1) {
			/* libedit takes an accent that is typed for itself
			   for a column of the screen. */
			e->misplaced =
			    e->marks && *out && wcwidth(*out) == 0;
			return 1;
		}
		/* A byte that belongs to no character is left out. */
		if (r == (size_t)-1)
			state = (mbstate_t){0};
	}
}

/* A pasted block is inserted as it is: Tab does not complete in it. */
static unsigned char
paste_key(EditLine *el, int ch)
{
	static const wchar_t end[] = L"\033[201~";
	const size_t n_end = wcslen(end);
	size_t n = 0, cap = 0;
	wchar_t *text = NULL, c;

	while (el_wgetc(el, &c) == 1) {
		GROW(text, n, &cap);
		text[n++] = c == L'\r' ? L'\n' : c;
		if (n >= n_end && !wmemcmp(text + n - n_end, end, n_end)) {
			n -= n_end;
			break;
		}
	}
	GROW(text, n, &cap);
	text[n] = 0;
	el_winsertstr(el, text);
	free(text);
	return CC_REFRESH;
}

/* Candidates under the line, each with its description. */
static void
list(const struct edit *e, const struct completion *c)
{
	autobuf struct strbuf text = STRBUF_INIT, safe = STRBUF_INIT;
	struct sanitiser plain = {0};
	int columns, rows, width = 0;

	output_size(e->out, &columns, &rows);
	for (size_t i = 0; i < c->items.n && i < LIST_MAX; i++) {
		int n = strcspn(c->items.v[i], "\t");

		width = n > width ? n : width;
	}
	strbuf_addc(&text, '\n');
	for (size_t i = 0; i < c->items.n && i < LIST_MAX; i++) {
		const char *s = c->items.v[i], *tab = strchr(s, '\t');
		int n = tab ? tab - s : (int)strlen(s);
		int room = columns - width - 5;

		strbuf_addf(&text, "  %.*s", n, s);
		if (tab && room > 8)
			strbuf_addf(&text, "%*s%.*s", width - n + 2, "", room,
			    tab + 1);
		strbuf_addc(&text, '\n');
	}
	if (c->items.n > LIST_MAX)
		strbuf_addf(&text, "  (%zu more)\n", c->items.n - LIST_MAX);
	/* An engine or whoever made the files chose the names. */
	sanitise_add(&plain, &safe, text.buf, text.len);
	sanitise_end(&plain, &safe);
	io_write_all(STDOUT_FILENO, safe.buf, safe.len);
}

/* How many characters n bytes are. */
static int
count_chars(const char *s, size_t n)
{
	autofree char *copy = xstrndup(s, n);
	size_t chars = mbstowcs(NULL, copy, 0);

	return chars == (size_t)-1 ? (int)n : (int)chars;
}

/* Puts text in place of what stands between start and the cursor. */
static void
replace(EditLine *el, size_t start, const char *text, char open)
{
	const LineInfo *li = el_line(el);
	autobuf struct strbuf quoted = STRBUF_INIT;
	const char *old = li->buffer + start;
	size_t n = li->cursor - old;

	lex_quote(&quoted, text, open);
	if (quoted.len >= n && !memcmp(quoted.buf, old, n)) {
		el_insertstr(el, quoted.buf + n);
		return;
	}
	el_deletestr(el, count_chars(old, n));
	el_insertstr(el, quoted.buf);
}

/* Inserts what all candidates have in common; false if that is no news. */
static bool
insert_common(EditLine *el, const struct completion *c, size_t point)
{
	autofree char *common = completion_common(c);
	bool whole = c->items.n == 1;

	if (!whole && strlen(common) <= point - c->start)
		return false;
	replace(el, c->start, common, c->open);
	if (whole && !c->no_space)
		el_insertstr(el, (char[]){c->open ? c->open : ' ',
				     c->open ? ' ' : 0, 0});
	return true;
}

/* Tab: the common part, and at the second one the list. */
static unsigned char
complete_key(EditLine *el, int ch)
{
	const LineInfo *li = el_line(el);
	size_t point = li->cursor - li->buffer;
	autofree char *line = xstrndup(li->buffer, point);
	unsigned char r = CC_ERROR;
	struct completion c;
	struct edit *e;

	el_get(el, EL_CLIENTDATA, &e);
	if (e->need->what == LEX_NEED_HEREDOC) {
		el_insertstr(el, "\t");
		return CC_REFRESH;
	}
	complete_line(e->host, line, point, &c);
	if (c.items.n && insert_common(el, &c, point)) {
		r = CC_REFRESH;
	} else if (c.items.n && e->tabbed == point + 1) {
		list(e, &c);
		r = CC_REDISPLAY;
	} else if (c.items.n) {
		r = CC_REFRESH_BEEP;
	}
	li = el_line(el);
	e->tabbed = li->cursor - li->buffer + 1;
	completion_release(&c);
	return r;
}

/* Ctrl-X Ctrl-E: the line in $EDITOR. */
static unsigned char
editor_key(EditLine *el, int ch)
{
	const LineInfo *li = el_line(el);
	autobuf struct strbuf text = STRBUF_INIT;
	int before = count_chars(li->buffer, li->cursor - li->buffer);
	int all = count_chars(li->buffer, li->lastchar - li->buffer);
	struct edit *e;

	el_get(el, EL_CLIENTDATA, &e);
	strbuf_add(&text, li->buffer, li->lastchar - li->buffer);
	el_set(el, EL_PREP_TERM, 0);
	tell(e, "\033[?2004l\r\n");
	if (editor_edit(e->host->loop, &text)) {
		el_cursor(el, all - before);
		el_deletestr(el, all);
		el_insertstr(el, text.buf);
	}
	el_set(el, EL_PREP_TERM, 1);
	tell(e, "\033[?2004h");
	return CC_REDISPLAY;
}

/* Takes the suggestion, or a word of it; false if there is none. */
static bool
accept(struct edit *e, bool word)
{
	struct strbuf *text = &e->ghost.text;
	autofree char *line = line_before_end(e);
	const char *p = text->buf;

	/* Keys that came in between have made it stale. */
	if (!e->ghost.suggestion || !line || strcmp(line, e->ghost.line.buf))
		return false;
	if (word) {
		p += strspn(p, " ");
		p += strcspn(p, " ");
		strbuf_truncate(text, p - text->buf);
	}
	el_insertstr(e->el, text->buf);
	ghost_clear(&e->ghost);
	return true;
}

/* Right and Ctrl-F. */
static unsigned char
forward_key(EditLine *el, int ch)
{
	struct edit *e;

	el_get(el, EL_CLIENTDATA, &e);
	if (!accept(e, false))
		el_cursor(el, 1);
	return CC_REFRESH;
}

/* End and Ctrl-E. */
static unsigned char
end_key(EditLine *el, int ch)
{
	const LineInfo *li = el_line(el);
	struct edit *e;

	el_get(el, EL_CLIENTDATA, &e);
	if (!accept(e, false))
		el_cursor(el, count_chars(li->cursor,
				  li->lastchar - li->cursor));
	return CC_REFRESH;
}

/* Alt-F: one word. */
static unsigned char
word_key(EditLine *el, int ch)
{
	const LineInfo *li = el_line(el);
	const char *p = li->cursor;
	struct edit *e;

	el_get(el, EL_CLIENTDATA, &e);
	if (accept(e, true))
		return CC_REFRESH;
	while (p < li->lastchar && strchr(" \t\n", *p))
		p++;
	while (p < li->lastchar && !strchr(" \t\n", *p))
		p++;
	el_cursor(el, count_chars(li->cursor, p - li->cursor));
	return CC_REFRESH;
}

/* The end of the input, as Ctrl-D is on an empty line. */
static unsigned char
leave_key(EditLine *el, int ch)
{
	return CC_EOF;
}

/* All names of a key of the table. */
static void
bind_key(EditLine *el, const struct key *key)
{
	for (const char *p = key->keys; *p; p += *p == ' ') {
		size_t n = strcspn(p, " ");
		autofree char *name = xstrndup(p, n);

		el_set(el, EL_BIND, name, key->does, NULL);
		p += n;
	}
}

static void
bind_keys(EditLine *el)
{
	/* The narrow call would leak copies of the names. */
	el_wset(el, EL_ADDFN, L"addesh-complete", L"complete the word",
	    complete_key);
	el_wset(el, EL_ADDFN, L"addesh-paste", L"insert a block", paste_key);
	el_wset(el, EL_ADDFN, L"addesh-editor", L"edit in $EDITOR", editor_key);
	el_wset(el, EL_ADDFN, L"addesh-forward", L"go right, or accept",
	    forward_key);
	el_wset(el, EL_ADDFN, L"addesh-end", L"go to the end, or accept",
	    end_key);
	el_wset(el, EL_ADDFN, L"addesh-leave", L"end the input", leave_key);
	el_wset(el, EL_ADDFN, L"addesh-word", L"go a word on, or accept it",
	    word_key);
	for (const struct key *k = keys_table; k->keys; k++)
		bind_key(el, k);
}

static void
load_history(struct edit *e)
{
	const struct policy *p = host_policy(e->host);
	uint64_t size = policy_num(p, SET_HISTORY_SIZE);
	HistEvent ev;

	history(e->history, &ev, H_SETSIZE, (int)size);
	history_load(&e->typed, e->history_file, size);
	for (size_t i = 0; i < e->typed.n; i++)
		history(e->history, &ev, H_ENTER, e->typed.v[i]);
	e->history_loaded = true;
}

struct edit *
edit_new(struct host *h, struct output *o, struct signals *sig)
{
	struct edit *e = xcalloc(1, sizeof(*e));
	HistEvent ev;

	e->host = h;
	e->out = o;
	e->signals = sig;
	e->marks = output_is_smart();
	strbuf_init(&e->prompt);
	strbuf_init(&e->ghost.text);
	strbuf_init(&e->ghost.line);
	strvec_init(&e->typed);
	if (!h->inv.no_history)
		e->history_file = history_path();
	e->el = el_init("addesh", stdin, stdout, stderr);
	e->history = history_init();
	history(e->history, &ev, H_SETUNIQUE, 1);
	el_set(e->el, EL_CLIENTDATA, e);
	el_set(e->el, EL_EDITOR, "emacs");
	el_set(e->el, EL_SIGNAL, 0);
	/* Between the lines it would show keys, whatever it found. */
	el_set(e->el, EL_SETTY, "-x", "-echo", NULL);
	el_set(e->el, EL_HIST, history, e->history);
	el_set(e->el, EL_PROMPT_ESC, prompt_fn, '\001');
	el_set(e->el, EL_GETCFN, get_char);
	bind_keys(e->el);
	/* The user's own bindings come last and win. */
	el_source(e->el, NULL);
	return e;
}

void
edit_free(struct edit *e)
{
	if (!e)
		return;
	el_end(e->el);
	history_end(e->history);
	strbuf_release(&e->prompt);
	strbuf_release(&e->ghost.text);
	strbuf_release(&e->ghost.line);
	strvec_release(&e->typed);
	free(e->history_file);
	free(e);
}

void
edit_end_key(struct edit *e, const char *key)
{
	el_set(e->el, EL_BIND, key, "addesh-leave", NULL);
}

static const char *
get_line(struct edit *e, int *count)
{
	const char *line;

	e->tabbed = 0;
	e->resized = e->suspended = e->misplaced = false;
	e->host->interrupted = 0;
	e->signals->editor = on_signal;
	e->signals->arg = e;
	/* A program that had the terminal may have left it otherwise. */
	terminal_take();
	/* libedit would do so after the prompt, too late for who types fast. */
	el_set(e->el, EL_PREP_TERM, 1);
	tell(e, "\033[?2004h");
	/* The size may have changed while a program ran. */
	el_resize(e->el);
	line = el_gets(e->el, count);
	tell(e, "\033[?2004l");
	e->signals->editor = NULL;
	return line;
}

static void
make_prompt(struct edit *e)
{
	const char *mark = e->marks ? "\001\033]133;B\033\\\001" : "";
	const struct policy *p = host_policy(e->host);

	strbuf_reset(&e->prompt);
	prompt_make(&e->prompt, e->host, e->need, policy_text(p, SET_PROMPT),
	    mark);
	e->prompt_width = (int)(e->prompt.len - strlen(mark));
}

enum source_status
edit_read(struct edit *e, const struct lex_need *need, struct strbuf *text)
{
	const char *line;
	int count = 0;

	if (!e->history_loaded)
		load_history(e);
	/* Whether there are colours, before the first command too. */
	if (e->host->settings)
		e->host->settings(e->host, e->out);
	if (!need->what)
		e->host->tell(e->host, e->out);
	e->need = need;
	make_prompt(e);
	if (!need->what)
		tell(e, "\033]133;A\033\\");
	line = get_line(e, &count);
	if (line && count > 0) {
		strbuf_add(text, line, count);
		if (line[count - 1] != '\n')
			strbuf_addc(text, '\n');
		return SOURCE_OK;
	}
	io_write_all(STDOUT_FILENO, "\n", 1);
	/* el_gets() counts -1 for a terminal that has gone as for Ctrl-C, and
	   does not always ask for a key first. */
	return !e->ended && (e->host->interrupted || e->host->terminated)
		   ? SOURCE_CANCELLED
		   : SOURCE_EOF;
}

void
edit_command_begins(struct edit *e)
{
	tell(e, "\033]133;C\033\\");
}

void
edit_command_ended(struct edit *e, int status, int64_t ms)
{
	const struct policy *p = host_policy(e->host);
	uint64_t limit = policy_num(p, SET_LONG_RUNNING);
	char mark[32];

	snprintf(mark, sizeof(mark), "\033]133;D;%d\033\\", status);
	tell(e, mark);
	if (limit && ms > 0 && (uint64_t)ms > limit)
		tell(e, "\a");
}

void
edit_remember(struct edit *e, const char *text, int status)
{
	const struct policy *p = host_policy(e->host);
	enum history_secrets secrets =
	    (enum history_secrets)policy_num(p, SET_HISTORY_REDACT);
	autofree char *line = xstrdup(text);
	size_t n = strlen(text);
	HistEvent ev;

	if (!history_append(e->history_file, text, status, secrets,
		e->host->secrets))
		return;
	/* In this session it comes back as it was typed. */
	while (n && line[n - 1] == '\n')
		line[--n] = 0;
	history(e->history, &ev, H_ENTER, line);
	strvec_push(&e->typed, line);
}
