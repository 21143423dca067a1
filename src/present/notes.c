#include "present/notes.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/loop.h"
#include "cmd/call.h"
#include "cmd/host.h"
#include "cmd/output.h"
#include "present/narration.h"
#include "present/present_impl.h"

enum { TICK_MS = 1000, WHY_LINES = 12 };

struct notes {
	const struct present *p;
	struct loop *loop;
	char *path;
	int fd; /* -1: nobody reads (a FIFO), or it has gone (a terminal) */
	bool terminal;
	bool page; /* it can be drawn anew */
	struct loop_fd *watch; /* while it takes nothing */
	struct loop_timer *tick;
	struct strbuf out; /* on its way */
	bool stale; /* what was written last is not the state any more */
	bool clock; /* only the time is */
};

/* ---- what they say ---- */

static void
add_lines(struct strbuf *out, const char *text, size_t max)
{
	size_t i = 0;

	for (const char *s = text; *s && i < max; i++) {
		size_t n = strcspn(s, "\n");

		strbuf_adds(out, "  ");
		narration_plain(out, s, n);
		strbuf_addc(out, '\n');
		s += n + (s[n] == '\n');
	}
}

/* Of the step before, and of those that nobody sees. */
static void
add_surprises(const struct present *p, struct strbuf *out)
{
	for (size_t i = 0; i < p->t->n_steps; i++) {
		const struct shown *w = &p->shown[i];

		if (!w->done || w->met ||
		    (i != p->last && !p->t->steps[i].options.hide))
			continue;
		strbuf_addf(out, "~ step %zu is not as planned:\n", i + 1);
		add_lines(out, w->why ? w->why : "", WHY_LINES);
	}
}

static void
add_command(const struct present *p, struct strbuf *out)
{
	autofree char *text = xstrndup(p->t->steps[p->i].text,
	    screen_length(p, p->i));

	strbuf_adds(out, "next:\n");
	add_lines(out, text, WHY_LINES);
}

static const char *
what_to_press(const struct present *p)
{
	if (p->place == AT_SECTION)
		return "a key shows the next section\n";
	if (p->place == AT_END)
		return "Enter ends it\n";
	return p->typed && p->typed == screen_length(p, p->i)
		   ? "Enter runs it\n"
		   : "keys type it\n";
}

void
notes_text(const struct present *p, int columns, struct strbuf *out)
{
	const char *heading = p->i < p->t->n_steps
				  ? transcript_step_heading(p->t,
					&p->t->steps[p->i])
				  : NULL;

	plan_say(p, out);
	strbuf_addc(out, '\n');
	if (heading) {
		narration_plain(out, heading, strlen(heading));
		strbuf_addc(out, '\n');
	}
	strbuf_addc(out, '\n');
	section_notes(p, p->i, columns, out);
	add_surprises(p, out);
	if (p->i < p->t->n_steps)
		add_command(p, out);
	strbuf_adds(out, what_to_press(p));
}

/* ---- where they go ---- */

static void flush(struct notes *n);

static void
on_writable(void *arg, int fd, unsigned events)
{
	flush(arg);
}

static void
lose(struct notes *n)
{
	loop_fd_remove(n->watch);
	n->watch = NULL;
	close(n->fd);
	n->fd = -1;
	strbuf_reset(&n->out);
	n->stale = true;
}

/* A FIFO may have a reader later.  A terminal that went does not come back: who
   has its name then is somebody else. */
static bool
is_there(struct notes *n)
{
	if (n->fd < 0 && !n->terminal)
		n->fd = open(n->path,
		    O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return n->fd >= 0;
}

/* Lines that do not fit would push the first ones out. */
static void
add_page(struct strbuf *out, const char *text, int rows)
{
	strbuf_adds(out, "\033[0m\033[H\033[2J");
	for (int i = 0; *text && i < rows - 1; i++) {
		size_t n = strcspn(text, "\n");

		strbuf_add(out, text, n);
		strbuf_adds(out, "\r\n");
		text += n + (text[n] == '\n');
	}
}

static void
render(struct notes *n)
{
	struct winsize ws = {0};
	autobuf struct strbuf text = STRBUF_INIT;
	int columns = 72;

	if (n->terminal && !ioctl(n->fd, TIOCGWINSZ, &ws) && ws.ws_col)
		columns = ws.ws_col;
	if (!n->stale) {
		plan_say(n->p, &text);
		strbuf_addf(&n->out, "\0337\033[H%s\033[K\0338", text.buf);
		return;
	}
	notes_text(n->p, columns, &text);
	if (n->page) {
		strbuf_addc(&text, '\n');
		text_wrap(&text, keys_reminder(), 0, columns - 1);
		add_page(&n->out, text.buf, ws.ws_row ? ws.ws_row : 24);
	} else {
		strbuf_addf(&n->out, "--\n%s", text.buf);
	}
}

static void
wait_for_reader(struct notes *n, bool on)
{
	if (on && !n->watch)
		n->watch = loop_fd_add(n->loop, n->fd, POLLOUT, on_writable,
		    n);
	if (!on && n->watch) {
		loop_fd_remove(n->watch);
		n->watch = NULL;
	}
}

/* Writes what can be written now; only a state as a whole is left out. */
static void
flush(struct notes *n)
{
	ssize_t r;

	while (is_there(n)) {
		if (!n->out.len && !n->stale && !n->clock) {
			wait_for_reader(n, false);
			return;
		}
		if (!n->out.len) {
			render(n);
			n->stale = n->clock = false;
		}
		r = write(n->fd, n->out.buf, n->out.len);
		if (r > 0) {
			strbuf_consume(&n->out, (size_t)r);
		} else if (r < 0 && errno == EAGAIN) {
			wait_for_reader(n, true);
			return;
		} else if (r == 0 || errno != EINTR) {
			lose(n);
			return;
		}
	}
}

static void
on_tick(void *arg)
{
	struct notes *n = arg;

	n->clock = n->page;
	flush(n);
	loop_timer_set(n->tick, clock_ms() + TICK_MS);
}

void
notes_refresh(struct notes *n)
{
	if (!n)
		return;
	n->stale = true;
	flush(n);
}

static int
check(struct notes *n, struct err *err)
{
	struct stat st;

	if (stat(n->path, &st))
		return err_sys(err, errno, "--notes-to %s", n->path);
	if (S_ISFIFO(st.st_mode))
		return 0;
	n->terminal = true;
	n->fd = S_ISCHR(st.st_mode)
		    ? open(n->path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
		    : -1;
	if (S_ISCHR(st.st_mode) && n->fd < 0)
		return err_sys(err, errno, "--notes-to %s", n->path);
	if (n->fd < 0 || !isatty(n->fd))
		return err_set(err, ERR_USAGE,
		    "--notes-to %s is neither a terminal nor a FIFO", n->path);
	n->page = output_is_smart();
	/* Another one controls no session of ours (/dev/tty is ours, too). */
	if (tcgetsid(n->fd) == getsid(0))
		return err_set(err, ERR_USAGE,
		    "--notes-to %s is the terminal that the room looks at",
		    n->path);
	return 0;
}

struct notes *
notes_open(struct present *p, const char *path, struct err *err)
{
	struct notes *n = xcalloc(1, sizeof(*n));

	n->p = p;
	n->loop = p->c->host->loop;
	n->path = xstrdup(path);
	n->fd = -1;
	strbuf_init(&n->out);
	if (check(n, err)) {
		notes_close(n);
		return NULL;
	}
	n->tick = loop_timer_add(n->loop, clock_ms() + TICK_MS, on_tick, n);
	return n;
}

void
notes_close(struct notes *n)
{
	if (!n)
		return;
	loop_fd_remove(n->watch);
	loop_timer_remove(n->tick);
	if (n->fd >= 0)
		close(n->fd);
	strbuf_release(&n->out);
	free(n->path);
	free(n);
}
