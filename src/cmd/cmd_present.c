/* present: a session file in front of a room, or rehearsed without one. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/units.h"
#include "cmd/call.h"
#include "cmd/file_process.h"
#include "cmd/host.h"
#include "cmd/present_call.h"

enum { WIDTH = 72, WIDTH_MIN = 20, SLOW_MS = 5000, STATUS_LACKING = 77 };

/* The process of the file, and what it reports. */
struct presenting {
	struct call *c;
	struct file_process process;
	struct loop_fd *watch;
	struct strbuf in;
	bool ended;
};

/* How many steps of a rehearsal are over. */
static void
tell_progress(const struct presenting *x)
{
	autofree char *text = NULL;
	size_t n = 0;

	for (const char *p = x->in.buf; (p = strchr(p, '\n')); p++)
		n++;
	text = xasprintf("rehearsed: %zu step%s", n, n == 1 ? "" : "s");
	if (call_has(x->c, "rehearse"))
		call_progress_log(x->c, "rehearsed", text, NULL);
}

static void
on_report(void *arg, int fd, unsigned events)
{
	struct presenting *x = arg;
	char buf[65536];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n > 0) {
		strbuf_add(&x->in, buf, (size_t)n);
		tell_progress(x);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		x->ended = true;
	}
}

static void
add_option(struct strvec *argv, const struct call *c, const char *name)
{
	if (call_has(c, name))
		strvec_pushf(argv, "--%s=%s", name, call_str(c, name));
}

/* The file may be in another directory, the notes are not. */
static int
make_words(struct call *c, struct strvec *argv)
{
	const char *to = call_str(c, "notes-to");
	autofree char *path = to ? realpath(to, NULL) : NULL;

	if (to && !path)
		return err_sys(&c->err, errno, "--notes-to %s", to);
	file_process_words(argv, c->host);
	strvec_push(argv, "present");
	if (call_has(c, "rehearse"))
		strvec_push(argv, "--rehearse");
	if (call_has(c, "offline"))
		strvec_push(argv, "--offline");
	add_option(argv, c, "type");
	add_option(argv, c, "time");
	add_option(argv, c, "width");
	if (path)
		strvec_pushf(argv, "--notes-to=%s", path);
	strvec_push(argv, "--");
	strvec_push(argv, c->argv[0]);
	return 0;
}

/* Whoever has the terminal gets its Ctrl-C. */
static void
wait_for_end(struct presenting *x)
{
	struct host *h = x->c->host;
	bool rehearse = call_has(x->c, "rehearse"), told = false;
	unsigned seen = h->interrupted;

	while (!x->ended) {
		loop_step(h->loop, -1);
		if (h->terminated && !told) {
			kill(x->process.pid, SIGTERM);
			told = true;
		} else if (rehearse && h->interrupted > seen) {
			kill(x->process.pid, SIGINT);
			seen = h->interrupted;
		}
	}
	if (!rehearse)
		h->interrupted = 0;
}

/* ---- what it reported ---- */

static int
take_error(struct call *c, const json *event)
{
	err_set(&c->err, ERR_CONFIG, "%s", json_str(event, "message", ""));
	if (json_str(event, "hint", NULL))
		err_hint(&c->err, "%s", json_str(event, "hint", ""));
	return -1;
}

static void
add_time(struct strbuf *out, const json *event, const char *name)
{
	int64_t ms = json_int(event, name, -1);

	if (ms >= 0)
		units_add_duration(out, (uint64_t)ms);
}

/* All of it but what kind of object it is. */
static json *
row_json(const json *event)
{
	json *j = json_copy(event);

	json_remove(j, "event");
	return j;
}

/* A step of a rehearsal. */
static void
add_row(struct call_table *t, const json *event, struct strbuf *why)
{
	autobuf struct strbuf ms = STRBUF_INIT, then = STRBUF_INIT;
	bool met = json_bool(event, "met", false);
	bool slow = json_int(event, "ms", 0) > SLOW_MS;
	autofree char *n = xasprintf("%d", (int)json_int(event, "n", 0));
	const char *cells[] = {n, NULL, NULL,
	    slow && !met ? "~ slow"
	    : slow	 ? "slow"
	    : met	 ? ""
			 : "~",
	    json_str(event, "command", "")};

	add_time(&ms, event, "ms");
	add_time(&then, event, "recorded_ms");
	cells[1] = ms.buf;
	cells[2] = then.buf;
	call_table_row(t, cells, row_json(event));
	if (!met)
		strbuf_addf(why, "\nstep %s, line %d:\n%s", n,
		    (int)json_int(event, "line", 0),
		    json_str(event, "why", ""));
}

struct sums {
	size_t steps, slow, unmet, recorded;
	int64_t ms, recorded_ms;
};

static void
add_up(struct sums *s, const json *event)
{
	int64_t ms = json_int(event, "ms", 0);
	int64_t then = json_int(event, "recorded_ms", -1);

	s->steps++;
	s->ms += ms;
	s->slow += ms > SLOW_MS;
	s->unmet += !json_bool(event, "met", false);
	if (then >= 0) {
		s->recorded++;
		s->recorded_ms += then;
	}
}

static void
say_sums(struct call *c, const struct sums *s, const json *end)
{
	autobuf struct strbuf text = STRBUF_INIT;

	strbuf_addf(&text, "%zu step%s in ", s->steps,
	    s->steps == 1 ? "" : "s");
	units_add_duration(&text, (uint64_t)s->ms);
	if (s->recorded) {
		strbuf_addf(&text, ", %s recorded in ",
		    s->recorded == s->steps ? "which were" : "some of them");
		units_add_duration(&text, (uint64_t)s->recorded_ms);
	}
	if (s->slow)
		strbuf_addf(&text, "; %zu slower than 5s", s->slow);
	if (s->unmet)
		strbuf_addf(&text, "; ~ %zu not as planned", s->unmet);
	strbuf_adds(&text, "\nplanned with typing and talking: ");
	add_time(&text, end, "planned_ms");
	call_text(c, "\n%s\n", text.buf);
	json_put_int(call_data(c), "ms", s->ms);
	json_put_int(call_data(c), "planned_ms",
	    json_int(end, "planned_ms", 0));
	json_put_int(call_data(c), "slow", (int64_t)s->slow);
	json_put_int(call_data(c), "unmet", (int64_t)s->unmet);
}

static void
show_rehearsal(struct call *c, const json *events, const json *end)
{
	static const struct column cols[] = {
	    {.key = "n", .title = "STEP", .right = true},
	    {.key = "time", .title = "TIME", .right = true},
	    {.key = "recorded", .title = "RECORDED", .right = true, .drop = 1},
	    {.key = "remark", .title = ""},
	    {.key = "command", .title = "COMMAND"}};
	struct call_table *t =
	    call_table_new(c, "steps", cols, ARRAY_SIZE(cols));
	autobuf struct strbuf why = STRBUF_INIT;
	struct sums sums = {0};
	const json *event;

	json_each(event, events) {
		add_row(t, event, &why);
		add_up(&sums, event);
	}
	call_table_end(t);
	call_bytes(c, why.buf, why.len);
	say_sums(c, &sums, end);
	c->status = sums.unmet > 0;
}

static void
say_end(struct call *c, const json *end)
{
	autobuf struct strbuf text = STRBUF_INIT;
	int recorded = (int)json_int(end, "recorded", 0);

	strbuf_addf(&text, "%s: %d of %d steps in ", c->argv[0],
	    (int)json_int(end, "done", 0), (int)json_int(end, "steps", 0));
	add_time(&text, end, "ms");
	if (recorded)
		strbuf_addf(&text, ", %d of them recorded", recorded);
	call_note(c, "%s", text.buf);
}

/* 1: it was the end, -1: an error. */
static int
take_line(struct presenting *x, const char *line, size_t n, json *steps)
{
	autoerr struct err ignored = ERR_INIT;
	json *event = json_parse(line, n, &ignored);
	const char *name = json_str(event, "event", "");
	struct call *c = x->c;
	int rc = 0;

	if (!strcmp(name, "step")) {
		json_push(steps, event);
		return 0;
	}
	if (!strcmp(name, "error")) {
		rc = take_error(c, event);
	} else if (!strcmp(name, "end")) {
		const char *lack = json_str(event, "lack", NULL);

		rc = 1;
		if (lack) {
			call_reason(c, "%s: %s", c->argv[0], lack);
			c->status = STATUS_LACKING;
		} else if (call_has(c, "rehearse")) {
			show_rehearsal(c, steps, event);
		} else {
			say_end(c, event);
		}
	}
	json_free(event);
	return rc;
}

static int
take_report(struct presenting *x, int status)
{
	autojson json *steps = json_array();
	const char *line = x->in.buf, *nl;
	int rc = 0;

	while (!rc && (nl = strchr(line, '\n'))) {
		rc = take_line(x, line, (size_t)(nl - line), steps);
		line = nl + 1;
	}
	if (rc)
		return rc > 0 ? 0 : -1;
	if (WIFSIGNALED(status))
		return err_set(&x->c->err, ERR_INTERNAL,
		    "%s: its process died of signal %d", x->c->argv[0],
		    WTERMSIG(status));
	return err_set(&x->c->err, ERR_INTERNAL,
	    "%s: its process ended without a word", x->c->argv[0]);
}

static int
present_all(struct call *c)
{
	struct presenting x = {.c = c, .in = STRBUF_INIT};
	autovec struct strvec argv = STRVEC_INIT;
	enum file_audience audience =
	    call_has(c, "rehearse") ? FILE_NOBODY : FILE_ROOM;
	int rc = -1;

	if (make_words(c, &argv))
		return -1;
	if (!file_process_start(&x.process, &argv, audience, &c->err)) {
		x.watch = loop_fd_add(c->host->loop, x.process.fd, POLLIN,
		    on_report, &x);
		wait_for_end(&x);
		loop_fd_remove(x.watch);
		rc = take_report(&x, file_process_end(&x.process));
	}
	file_process_release(&x.process, false);
	strbuf_release(&x.in);
	return rc;
}

/* ---- in the process of a file ---- */

static int
perform_file(struct call *c, int fd)
{
	struct present_order order = {
	    .file = file_process_enter(fd, c->argv[0], &c->err),
	    .notes = call_str(c, "notes-to"),
	    .rehearse = call_has(c, "rehearse"),
	    .offline = call_has(c, "offline"),
	    .types = call_has(c, "type"),
	    .type_ms = call_ms(c, "type", 0),
	    .time_ms = call_ms(c, "time", 0),
	    .width = (int)call_int(c, "width", WIDTH),
	    .report_fd = fd};

	if (c->err.kind || c->host->present(c, &order)) {
		file_process_report_error(fd, &c->err);
		err_clear(&c->err);
		c->status = 99;
	}
	return 0;
}

static int
check(struct call *c)
{
	uint64_t width = call_int(c, "width", WIDTH);

	if (width < WIDTH_MIN || width > SHRT_MAX)
		return err_set(&c->err, ERR_USAGE, "--width is %d to %d",
		    WIDTH_MIN, SHRT_MAX);
	if (call_has(c, "rehearse"))
		return call_has(c, "offline") || call_has(c, "notes-to")
			   ? err_set(&c->err, ERR_USAGE,
				 "--rehearse carries all steps out, and has "
				 "no notes")
			   : 0;
	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		return 0;
	err_set(&c->err, ERR_USAGE, "present needs a terminal, for its keys "
				    "and for the room");
	return err_hint(&c->err, "without one:  present --rehearse %s",
	    c->argv[0]);
}

static int
present_exec(struct call *c)
{
	int fd = file_process_fd(&c->err);

	if (fd < 0 || check(c))
		return -1;
	/* As for replay. */
	if (c->host->replaying || c->host->inv.stranger)
		return err_set(&c->err, ERR_USAGE,
		    "a session file presents no other");
	return fd ? perform_file(c, fd) : present_all(c);
}

static const struct opt present_opts[] = {
    OPT_TIME(0, "type", "type alone, a character in about TIME"),
    OPT_STR(0, "notes-to", "PATH", "notes and clock: a terminal, or a FIFO",
	COMP_HOST_FILE),
    OPT_TIME(0, "time", "what there is for all of it, for the clock"),
    OPT_INT(0, "width", "N", "columns of the narration, 72 unless said"),
    OPT_FLAG(0, "offline", "show what was recorded, without running it"),
    OPT_FLAG(0, "rehearse", "run all of it unseen, and say how long each step "
			    "takes"),
    OPT_END,
};

const struct cmd cmd_present = {
    .name = "present",
    .summary = "play a session file in front of a room",
    .help = "Headings and narration of the file are shown, and each command is "
	    "typed, a character for each key, and run when Enter is pressed, "
	    "in an addesh of its own as by replay. With --type a key types "
	    "all of it, and it runs; at '% pause' that waits for Enter.\n"
	    "Ctrl-N is all that comes next, Ctrl-P the step before again, "
	    "Ctrl-G goes to a step, Ctrl-S leaves one out, Ctrl-R runs the "
	    "last one once more, Ctrl-T takes the prompt over and gives it "
	    "back, Ctrl-F shows what was recorded instead, marked so, Ctrl-L "
	    "clears the screen, Ctrl-Y shows the notes, Ctrl-C stops the step "
	    "that runs, Ctrl-D ends. Whatever runs, Ctrl-F and Ctrl-S end it.\n"
	    "What is expected is compared silently; the notes have a ~ where "
	    "the room sees something else.",
    .examples = "present lesson.md\n"
		"present --type 40ms --notes-to /dev/pts/4 lesson.md\n"
		"present --rehearse lesson.md",
    .opts = present_opts,
    .args = {ARG("FILE", COMP_HOST_FILE)},
    .flags = CMD_NO_SESSION | CMD_NO_STEP,
    .exec = present_exec,
};
