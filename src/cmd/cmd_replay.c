/* replay: session files as checks, each in a process of its own
   (cmd/file_process.h). */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/loop.h"
#include "base/strvec.h"
#include "cmd/call.h"
#include "cmd/file_process.h"
#include "cmd/host.h"
#include "cmd/output.h"
#include "cmd/replay_call.h"
#include "replay/report.h"

struct replaying;

/* A file, and the process that replays it. */
struct performer {
	struct replaying *all;
	const char *file;
	struct file_process process;
	struct loop_fd *watch;
	struct strbuf in; /* of the report: what is not told yet */
	char *why; /* it could not be replayed */
	bool told, done;
};

struct replaying {
	struct call *c;
	struct report *report;
	struct performer *v;
	size_t n, next, shown; /* to begin, to print */
	size_t running;
	bool terminal; /* its process has it: one that stops for a person */
};

/* ---- its process ---- */

static void
add_option(struct strvec *argv, const char *name, const char *value)
{
	if (value)
		strvec_pushf(argv, "%s=%s", name, value);
}

static void
make_words(const struct performer *p, struct strvec *argv)
{
	const struct call *c = p->all->c;

	file_process_words(argv, c->host);
	strvec_push(argv, "replay");
	if (call_has(c, "offline"))
		strvec_push(argv, "--offline");
	if (call_has(c, "keep-going"))
		strvec_push(argv, "--keep-going");
	if (call_has(c, "keep"))
		strvec_push(argv, "--keep");
	if (call_has(c, "record"))
		strvec_push(argv, "--record");
	add_option(argv, "--only", call_str(c, "only"));
	add_option(argv, "--from", call_str(c, "from"));
	if (p->all->terminal)
		strvec_push(argv, call_has(c, "update") ? "--update"
							: "--break");
	else if (call_has(c, "update"))
		strvec_push(argv, "--update=all");
	strvec_push(argv, "--");
	strvec_push(argv, p->file);
}

static void on_report(void *arg, int fd, unsigned events);

static int
start(struct performer *p, struct err *err)
{
	autovec struct strvec argv = STRVEC_INIT;

	make_words(p, &argv);
	if (file_process_start(&p->process, &argv,
		p->all->terminal ? FILE_PERSON : FILE_NOBODY, err))
		return -1;
	p->watch = loop_fd_add(p->all->c->host->loop, p->process.fd, POLLIN,
	    on_report, p);
	p->all->running++;
	return 0;
}

/* ---- what it reports ---- */

static void
tell_line(struct performer *p, const char *line, size_t n, struct strbuf *out)
{
	autoerr struct err err = ERR_INIT;
	autojson json *event = json_parse(line, n, &err);
	const char *name = json_str(event, "event", "");
	struct report *r = p->all->report;

	if (!strcmp(name, "error"))
		report_error(r, p->file, json_str(event, "message", ""), out);
	else if (event)
		report_event(r, p->file, event, out);
	if (!strcmp(name, "error") || !strcmp(name, "end"))
		p->told = true;
}

/* With --json all of it is in the one object. */
static void
print(struct call *c, const struct strbuf *text)
{
	if (c->out->mode != OUTPUT_JSON)
		output_body(c->out, text->buf, text->len);
}

/* What has come so far; at the end, that nothing more will. */
static void
tell(struct performer *p)
{
	autobuf struct strbuf out = STRBUF_INIT;
	size_t used = 0;
	char *nl;

	while ((nl = memchr(p->in.buf + used, '\n', p->in.len - used))) {
		tell_line(p, p->in.buf + used, nl - (p->in.buf + used), &out);
		used = nl + 1 - p->in.buf;
	}
	strbuf_consume(&p->in, used);
	if (p->done && !p->told)
		report_error(p->all->report, p->file,
		    p->why ? p->why : "its process ended without a word",
		    &out);
	print(p->all->c, &out);
}

static void
end(struct performer *p)
{
	bool keep = call_has(p->all->c, "keep");
	int status;

	loop_fd_remove(p->watch);
	status = file_process_end(&p->process);
	p->all->running--;
	if (WIFSIGNALED(status))
		p->why = xasprintf("its process died of signal %d",
		    WTERMSIG(status));
	if (p->process.scratch.dir && keep)
		call_note(p->all->c,
		    "%s: kept for an hour:  XDG_STATE_HOME=%s/state addesh "
		    "env ls -a",
		    p->file, p->process.scratch.dir);
	file_process_release(&p->process, keep);
	p->done = true;
}

static void
on_report(void *arg, int fd, unsigned events)
{
	struct performer *p = arg;
	char buf[65536];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n > 0)
		strbuf_add(&p->in, buf, n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		end(p);
}

/* ---- all files ---- */

static void
begin_next(struct replaying *all)
{
	struct performer *p = &all->v[all->next++];
	autoerr struct err err = ERR_INIT;

	if (start(p, &err) == 0)
		return;
	file_process_release(&p->process, false);
	p->why = xstrdup(err.msg.buf);
	p->done = true;
}

/* What is told of a file comes behind all of the file before it. */
static void
show(struct replaying *all)
{
	while (all->shown < all->n) {
		struct performer *p = &all->v[all->shown];

		tell(p);
		if (!p->done)
			return;
		all->shown++;
	}
}

static void
pass_signals(struct replaying *all, unsigned *told)
{
	const struct host *h = all->c->host;
	int signo = h->terminated ? SIGTERM : SIGINT;

	/* Whoever has the terminal gets its Ctrl-C. */
	if ((h->interrupted == *told || all->terminal) && !h->terminated)
		return;
	*told = h->interrupted;
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].process.pid)
			kill(all->v[i].process.pid, signo);
	all->next = all->n;
}

static void
run_all(struct replaying *all, size_t at_once)
{
	unsigned told = all->c->host->interrupted;

	for (;;) {
		while (all->next < all->n && all->running < at_once)
			begin_next(all);
		show(all);
		if (!all->running && all->next == all->n)
			return;
		loop_step(all->c->host->loop, -1);
		pass_signals(all, &told);
	}
}

/* A person is asked at the terminal, about one file. */
static bool
wants_terminal(struct call *c)
{
	if (c->argc != 1 || call_has(c, "offline") || c->host->inv.yes ||
	    !isatty(STDIN_FILENO) || !c->out->terminal[STDOUT_FILENO] ||
	    !c->out->terminal[STDERR_FILENO])
		return false;
	if (call_has(c, "update"))
		return !call_str(c, "update");
	return call_has(c, "break") ||
	       !(call_has(c, "keep-going") || call_has(c, "tap") ||
		   call_has(c, "json"));
}

static enum report_form
form_of(struct call *c)
{
	if (call_has(c, "json"))
		return REPORT_JSON;
	return call_has(c, "tap") || !output_is_terminal(c->out)
	    ? REPORT_TAP
	    : REPORT_PEOPLE;
}

static int
write_junit(struct call *c, const struct report *r)
{
	autobuf struct strbuf xml = STRBUF_INIT;
	const char *path = call_str(c, "junit");

	if (!path)
		return 0;
	if (call_may_use_path(c, SET_HOST_WRITE, path))
		return -1;
	report_junit(r, &xml);
	return io_replace_file(path, xml.buf, xml.len, 0666, &c->err);
}

/* A part of the files is no proof of all of them (bats, "focus"). */
static void
check_partial(struct call *c)
{
	const char *ci = getenv("CI");

	if (c->status || !(call_has(c, "only") || call_has(c, "from")) ||
	    call_has(c, "allow-partial") || !ci || !*ci)
		return;
	call_reason(c, "replay: only a part was replayed, which is no success "
		       "where CI is set (--allow-partial)");
	c->status = 1;
}

static int
replay_all(struct call *c)
{
	struct replaying all = {.c = c, .n = c->argc,
	    .v = xcalloc(c->argc, sizeof(*all.v))};
	autobuf struct strbuf end_text = STRBUF_INIT;
	int rc;

	all.terminal = wants_terminal(c);
	all.report = report_new(form_of(c), c->out->verbose);
	for (size_t i = 0; i < all.n; i++)
		all.v[i] = (struct performer){.all = &all, .file = c->argv[i],
		    .in = STRBUF_INIT};
	run_all(&all, call_int(c, "jobs", 1) ? call_int(c, "jobs", 1) : 1);
	report_end(all.report, &end_text);
	print(c, &end_text);
	c->status = report_status(all.report);
	check_partial(c);
	rc = write_junit(c, all.report);
	call_set_data(c, report_json(all.report));
	for (size_t i = 0; i < all.n; i++) {
		strbuf_release(&all.v[i].in);
		free(all.v[i].why);
	}
	free(all.v);
	report_free(all.report);
	return rc;
}

/* ---- in the process of a file ---- */

/* "FILE:27" is the step at that line, unless there is a file of that name. */
static char *
split_line(const char *word, unsigned *line)
{
	const char *colon = strrchr(word, ':');
	char *end;
	unsigned long n = colon ? strtoul(colon + 1, &end, 10) : 0;

	if (!n || *end || n > UINT_MAX || !access(word, F_OK))
		return xstrdup(word);
	*line = n;
	return xstrndup(word, colon - word);
}

/* Its steps are executed where the file is. */
static int
perform_file(struct call *c, int fd)
{
	unsigned line = 0;
	autofree char *path = split_line(c->argv[0], &line);
	struct replay_order order = {
	    .file = file_process_enter(fd, path, &c->err),
	    .line = line,
	    .only = call_str(c, "only"),
	    .from = call_int(c, "from", 0),
	    .offline = call_has(c, "offline"),
	    .keep_going = call_has(c, "keep-going"),
	    .keep = call_has(c, "keep"),
	    .record = call_has(c, "record"),
	    .stop = call_has(c, "break"),
	    .update = !call_has(c, "update")	   ? UPDATE_NONE
		      : call_str(c, "update") ? UPDATE_ALL
						   : UPDATE_ASK,
	    .report_fd = fd};

	if (c->err.kind || c->host->replay(c, &order)) {
		file_process_report_error(fd, &c->err);
		err_clear(&c->err);
		c->status = 99;
	}
	return 0;
}

static int
replay_exec(struct call *c)
{
	int fd = file_process_fd(&c->err);

	if (fd < 0)
		return -1;
	if (call_has(c, "record") && call_has(c, "offline"))
		return err_set(&c->err, ERR_USAGE,
		    "--record and --offline exclude each other");
	/* Nor could what binds a file of somebody else bind the others. */
	if (c->host->replaying || c->host->inv.stranger)
		return err_set(&c->err, ERR_USAGE,
		    "a session file replays no other");
	if (fd)
		return perform_file(c, fd);
	return call_has(c, "list") ? replay_list(c) : replay_all(c);
}

static const struct opt replay_opts[] = {
    OPT_FLAG('l', "list", "name the steps and execute none"),
    OPT_FLAG(0, "offline", "compare what was recorded, without running it"),
    OPT_STR(0, "only", "STEP", "one step: its id, number, or /RE/",
	COMP_NONE),
    OPT_INT(0, "from", "N", "tell only of the steps from this one on"),
    OPT_FLAG(0, "record", "make the recording of a file that is as expected"),
    OPT_FLAG('k', "keep-going", "beyond the first step that differs"),
    OPT_FLAG(0, "break", "stop at a step that differs, with its session, as "
			 "at a terminal"),
    OPT_MAY_WORD(0, "update", "all",
	"write into the file what differs, after a question or (all) without"),
    OPT_INT('j', "jobs", "N", "replay so many files at once"),
    OPT_FLAG(0, "tap", "the form of TAP, as without a terminal"),
    OPT_FLAG(0, "json", "an object for each step"),
    OPT_STR(0, "junit", "FILE", "write a JUnit report as well",
	COMP_HOST_FILE),
    OPT_FLAG(0, "keep", "keep the environments for an hour, to be looked at"),
    OPT_FLAG(0, "allow-partial", "--only is a success where CI is set, too"),
    OPT_END,
};

const struct cmd cmd_replay = {
    .name = "replay",
    .summary = "execute session files and compare what they expect",
    .help = "Each file has an addesh of its own, with new directories instead "
	    "of the user's, in the directory where it is. FILE:LINE is the "
	    "step at that line.\n"
	    "At a terminal one file is stopped at the first step that is not "
	    "as expected: diff shows it again, retry, accept, skip, continue, "
	    "edit and quit decide, and any other command works there, too. "
	    "The status is 0 if "
	    "all is as expected, 1 if not, 77 if nothing could be replayed "
	    "here, and 99 if a file is wrong or a step is not recorded.",
    .examples = "replay lesson.md\nreplay --offline lesson.md\n"
		"replay -j 4 --junit report.xml lesson.md tour.md",
    .opts = replay_opts,
    .args = {ARG_SOME("FILE", COMP_HOST_FILE)},
    .flags = CMD_NO_SESSION | CMD_NO_STEP,
    .exec = replay_exec,
};
