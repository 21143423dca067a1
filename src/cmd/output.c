#include "cmd/output.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"

/* Progress is silent for this long, and on no terminal speaks this rarely. */
enum {
	PROGRESS_QUIET_MS = 400,
	PROGRESS_TTY_MS = 100,
	PROGRESS_LINE_MS = 5000
};

static bool
env_true(const char *name)
{
	const char *v = getenv(name);

	return v && *v && strcmp(v, "0") != 0 && strcmp(v, "false") != 0;
}

/* no-color.org, bixense.com/clicolors. */
bool
output_is_smart(void)
{
	const char *term = getenv("TERM");

	return term && *term && strcmp(term, "dumb") != 0;
}

static bool
want_color(enum output_when color, bool terminal)
{
	const char *v;

	if (color != OUTPUT_AUTO)
		return color == OUTPUT_ALWAYS;
	if ((v = getenv("NO_COLOR")) && *v)
		return false;
	if (env_true("CLICOLOR_FORCE"))
		return true;
	if ((v = getenv("CLICOLOR")) && !strcmp(v, "0"))
		return false;
	return terminal && output_is_smart();
}

void
output_init(struct output *o)
{
	memset(o, 0, sizeof(*o));
	o->status_fd = -1;
	o->body_fd = STDOUT_FILENO;
	for (int fd = 1; fd <= 2; fd++)
		o->terminal[fd] = isatty(fd);
}

void
output_use_color(struct output *o, enum output_when color)
{
	for (int fd = 1; fd <= 2; fd++)
		o->color[fd] = want_color(color, o->terminal[fd]);
}

/* Lines of the program's stderr are red, or marked where colours are not. */
static void
mark_program(struct output *o)
{
	o->program[1] = o->program[2] = (struct sanitiser){0};
	if (o->color[2] && !o->accessible) {
		o->program[2].mark = "\033[31m";
		o->program[2].unmark = "\033[0m";
	} else {
		o->program[2].mark = "! ";
	}
}

void
output_same_streams(struct output *o)
{
	o->program[2].mark = o->program[2].unmark = NULL;
}

void
output_begin(struct output *o, int fd, const char *name)
{
	o->body_fd = fd;
	o->body_name = name;
	o->body_errno = 0;
	o->mute = false;
	o->progress_began = o->progress_shown = 0;
	free(o->progress_step);
	o->progress_step = NULL;
	mark_program(o);
}

static int
write_all(struct output *o, int fd, const void *p, size_t n)
{
	/* Not for what others write meanwhile. */
	struct loop *l = steal(&o->loop);
	int rc = l ? loop_write(l, fd, p, n) : io_write_all(fd, p, n);

	o->loop = l;
	return rc;
}

/* Writes to 1, 2 or the body's descriptor and keeps the first error. */
static void
put(struct output *o, int fd, const void *p, size_t n)
{
	if (n == 0)
		return;
	if (fd == o->body_fd && o->body_errno)
		return;
	if (write_all(o, fd, p, n) == 0) {
		if (fd <= STDERR_FILENO)
			o->in_line[fd] = ((const char *)p)[n - 1] != '\n';
		return;
	}
	if (fd == o->body_fd)
		o->body_errno = errno;
	if (fd == STDOUT_FILENO && !o->write_errno)
		o->write_errno = errno;
}

void
output_erase_progress(struct output *o)
{
	if (!o->progress_drawn)
		return;
	put(o, STDERR_FILENO, "\r\033[J", 4);
	o->progress_drawn = false;
	o->in_line[STDERR_FILENO] = false;
}

/* Ends the line that is open on a terminal, and its colours, for what stands
   there next is somebody else's. */
static void
break_line(struct output *o, int fd)
{
	struct sanitiser *s = &o->program[fd];

	if (s->coloured || (s->in_line && s->unmark))
		put(o, fd, "\033[0m", 4);
	put(o, fd, "\n", 1);
	s->in_line = false;
}

/* stdout and stderr of a terminal share the line they stand on. */
static void
end_open_line(struct output *o)
{
	for (int fd = 1; fd <= 2; fd++) {
		if (!o->in_line[fd])
			continue;
		if (o->terminal[fd])
			break_line(o, fd);
		o->in_line[fd] = false;
	}
}

static void
end_program(struct output *o, int fd)
{
	autobuf struct strbuf rest = STRBUF_INIT;
	bool open = o->in_line[fd];

	if (!o->terminal[fd])
		return;
	sanitise_end(&o->program[fd], &rest);
	put(o, fd, rest.buf, rest.len);
	/* Colours that were put back opened no line. */
	o->in_line[fd] = open || o->program[fd].in_line;
}

void
output_end(struct output *o)
{
	output_erase_progress(o);
	end_program(o, STDOUT_FILENO);
	end_program(o, STDERR_FILENO);
	end_open_line(o);
	o->body_fd = STDOUT_FILENO;
	o->mute = false;
}

static bool
body_on_terminal(const struct output *o)
{
	return o->body_fd == STDOUT_FILENO && o->terminal[STDOUT_FILENO];
}

bool
output_is_terminal(const struct output *o)
{
	return body_on_terminal(o) && !o->tap.fn;
}

/* Gives it to the tap; is it for the tap alone? */
static bool
tapped(struct output *o, int fd, const void *p, size_t n)
{
	if (n && o->shown.fn && fd <= STDERR_FILENO)
		o->shown.fn(o->shown.arg, fd, p, n);
	if (!o->tap.fn || fd > STDERR_FILENO)
		return false;
	if (n)
		o->tap.fn(o->tap.arg, fd, p, n);
	return o->tap.only;
}

void
output_body(struct output *o, const void *p, size_t n)
{
	autobuf struct strbuf safe = STRBUF_INIT;
	struct sanitiser plain = {0};

	if (o->mute || tapped(o, o->body_fd, p, n))
		return;
	output_erase_progress(o);
	if (!body_on_terminal(o)) {
		put(o, o->body_fd, p, n);
		return;
	}
	/* A line that a program did not end is none of it. */
	for (int fd = 1; fd <= 2; fd++)
		if (n && o->terminal[fd] && o->program[fd].in_line)
			break_line(o, fd);
	/* Names of images and files come from outside too. */
	sanitise_add(&plain, &safe, p, n);
	sanitise_end(&plain, &safe);
	put(o, STDOUT_FILENO, safe.buf, safe.len);
}

void
output_program(struct output *o, int fd, const void *p, size_t n)
{
	autobuf struct strbuf safe = STRBUF_INIT;
	int to = fd == STDOUT_FILENO ? o->body_fd : STDERR_FILENO;

	if (o->mute || n == 0 ||
	    (o->mode == OUTPUT_JSON && to <= STDERR_FILENO) ||
	    tapped(o, to, p, n))
		return;
	output_erase_progress(o);
	if (to > STDERR_FILENO || !o->terminal[to]) {
		put(o, to, p, n);
		return;
	}
	if (o->in_line[3 - to] && o->terminal[3 - to])
		break_line(o, 3 - to);
	sanitise_add(&o->program[to], &safe, p, n);
	put(o, to, safe.buf, safe.len);
}

void
output_host(struct output *o, int fd, const void *p, size_t n)
{
	output_erase_progress(o);
	if (!tapped(o, fd, p, n))
		put(o, fd, p, n);
}

/* A line on stderr, whatever it belongs to. */
static void
put_line(struct output *o, const char *text)
{
	autobuf struct strbuf line = STRBUF_INIT;
	struct sanitiser plain = {0};

	output_erase_progress(o);
	end_open_line(o);
	if (o->terminal[STDERR_FILENO])
		sanitise_add(&plain, &line, text, strlen(text));
	else
		strbuf_adds(&line, text);
	strbuf_addc(&line, '\n');
	put(o, STDERR_FILENO, line.buf, line.len);
}

void
output_line(struct output *o, const char *text)
{
	autofree char *line = NULL;

	if (o->listener) {
		o->listener(o->listener_arg, text);
		return;
	}
	line = xasprintf("%s\n", text);
	if (!tapped(o, STDERR_FILENO, line, strlen(line)))
		put_line(o, text);
}

/* The form that PROGRESS_AUTO stands for here. */
static enum output_progress
progress_form(const struct output *o)
{
	if (o->quiet || o->mute || o->tap.only)
		return PROGRESS_NONE;
	if (o->progress != PROGRESS_AUTO)
		return o->progress;
	if (o->mode == OUTPUT_JSON)
		return PROGRESS_NONE;
	return o->terminal[STDERR_FILENO] && !o->accessible ? PROGRESS_TTY
							    : PROGRESS_PLAIN;
}

static void
progress_json(struct output *o, const char *text, int64_t ms)
{
	autojson json *j = json_object();
	autofree char *line = NULL;

	json_put_num(j, "t", (double)ms / 1000);
	json_put_str(j, "ev", "progress");
	json_put_str(j, "text", text);
	line = json_print(j);
	put_line(o, line);
}

/*
 * A line of the drawing, in fewer columns than there are.  No character takes
 * more columns than bytes.
 */
static void
draw_line(struct strbuf *out, const char *text, size_t n, size_t columns)
{
	autobuf struct strbuf safe = STRBUF_INIT, line = STRBUF_INIT;
	struct sanitiser plain = {0};
	size_t cut;

	sanitise_add(&plain, &safe, text, n);
	sanitise_end(&plain, &safe);
	for (const char *p = safe.buf; *p; p++) {
		if (*p == '\r' && p[1])
			strbuf_reset(&line);
		else if (*p == '\033') /* "ESC [ ... LETTER", no other passes */
			while (p[1] && !isalpha((unsigned char)*p))
				p++;
		else
			strbuf_addc(&line, (unsigned char)*p < ' ' ? ' ' : *p);
	}
	cut = line.len < columns ? line.len : columns - 1;
	while (cut < line.len && cut && (line.buf[cut] & 0xc0) == 0x80)
		cut--;
	strbuf_add(out, line.buf, cut);
}

/*
 * Begins a drawing, and ends one of so many lines below its first.  The cursor
 * goes back to where it begins: a terminal that gets another size wraps or cuts
 * what it shows, each in its own way, but takes the cursor along, and from there
 * on all is ours to be erased.  Nothing wraps while it is drawn, even if the
 * size changes just then.
 */
static void
drawing_begin(struct output *o, struct strbuf *out)
{
	output_erase_progress(o);
	end_open_line(o);
	strbuf_adds(out, "\033[?7l\r\033[J");
}

static void
drawing_end(struct output *o, struct strbuf *out, int lines)
{
	if (lines)
		strbuf_addf(out, "\033[%dA", lines);
	strbuf_adds(out, "\r\033[?7h");
	put(o, STDERR_FILENO, out->buf, out->len);
	o->in_line[STDERR_FILENO] = false;
	o->progress_drawn = true;
}

/* What stands under the line is dim. */
static void
progress_draw(struct output *o, const char *text, const char *under)
{
	autobuf struct strbuf out = STRBUF_INIT;
	bool dim = o->color[STDERR_FILENO];
	int lines = 0, columns, rows;

	output_size(o, &columns, &rows);
	drawing_begin(o, &out);
	draw_line(&out, text, strlen(text), columns);
	for (; under && *under && lines < rows - 1; lines++) {
		size_t n = strcspn(under, "\n");

		strbuf_adds(&out, dim ? "\r\n\033[2m" : "\r\n");
		draw_line(&out, under, n, columns);
		strbuf_adds(&out, dim ? "\033[0m" : "");
		under += n + (under[n] == '\n');
	}
	drawing_end(o, &out, lines);
}

void
output_draw(struct output *o, const char *lines)
{
	autobuf struct strbuf out = STRBUF_INIT;
	int drawn = 0, columns, rows;

	output_size(o, &columns, &rows);
	drawing_begin(o, &out);
	for (; *lines && drawn < rows - 1; drawn++) {
		size_t n = strcspn(lines, "\n");

		strbuf_adds(&out, drawn ? "\r\n" : "");
		strbuf_add(&out, lines, n);
		lines += n + (lines[n] == '\n');
	}
	drawing_end(o, &out, drawn ? drawn - 1 : 0);
}

/* With -v each step has a line at once, and its numbers none. */
static void
tell_step(struct output *o, const char *step)
{
	if (o->quiet || o->mute || o->mode == OUTPUT_JSON || o->tap.only ||
	    (o->progress_step && !strcmp(o->progress_step, step)))
		return;
	free(o->progress_step);
	o->progress_step = xstrdup(step);
	put_line(o, step);
}

void
output_progress(struct output *o, const char *step, const char *text,
    const char *under)
{
	enum output_progress form = progress_form(o);
	int64_t now = clock_ms();

	if (o->listener) {
		o->listener(o->listener_arg, text);
		return;
	}
	if (o->verbose) {
		tell_step(o, step);
		return;
	}
	if (!o->progress_began)
		o->progress_began = now;
	if (form == PROGRESS_NONE ||
	    now - o->progress_began < PROGRESS_QUIET_MS ||
	    (o->progress_shown && now - o->progress_shown <
			(form == PROGRESS_TTY ? PROGRESS_TTY_MS
					      : PROGRESS_LINE_MS)))
		return;
	o->progress_shown = now;
	if (form == PROGRESS_TTY)
		progress_draw(o, text, under);
	else if (form == PROGRESS_JSON)
		progress_json(o, text, now - o->progress_began);
	else
		put_line(o, text);
}

static int
env_number(const char *name)
{
	const char *v = getenv(name);
	long n = v ? strtol(v, NULL, 10) : 0;

	return n > 0 && n < 10000 ? (int)n : 0;
}

void
output_size(const struct output *o, int *columns, int *rows)
{
	struct winsize ws = {0};

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) < 0 &&
	    ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) < 0)
		ws = (struct winsize){0};
	*columns = ws.ws_col ? ws.ws_col : env_number("COLUMNS");
	*rows = ws.ws_row ? ws.ws_row : env_number("LINES");
	*columns = *columns > 0 ? *columns : 80;
	*rows = *rows > 0 ? *rows : 24;
}

int
output_columns(const struct output *o)
{
	int columns = 80, rows;

	if (!o->tap.fn)
		output_size(o, &columns, &rows);
	return columns < 80 ? columns : 80;
}

void
output_release(struct output *o)
{
	free(o->progress_step);
	o->progress_step = NULL;
}
