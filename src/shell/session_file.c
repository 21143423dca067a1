#include "shell/session_file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "cmd/host.h"
#include "cmd/output.h"
#include "replay/transcript.h"
#include "shell/interp.h"
#include "shell/stepper.h"

/* The kind of a script shows in its first lines. */
enum { PEEK = 64 << 10, STATUS_UNEXPECTED = 1 };

/* Not of a pipe, whose bytes would be gone. */
static ssize_t
peek(const char *path, char *buf)
{
	struct stat st;
	autoclose int fd = -1;

	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -1 : read(fd, buf, PEEK);
}

bool
session_file_is(const char *path)
{
	autofree char *buf = xmalloc(PEEK);
	ssize_t n = peek(path, buf);

	if (n < 0)
		return false;
	return transcript_is_markdown(path) || transcript_has_steps(buf, n);
}

/* Nothing but the status is compared. */
static bool
is_met(const struct stepper *st, const struct transcript_step *s,
    const struct answer *a)
{
	return want_status_met(&s->status, &a->status) ||
	       stepper_is_taken_up(st, s);
}

static void
try_step(struct stepper *st, const struct transcript_step *s, struct answer *a)
{
	unsigned attempts = s->options.retry ? s->options.retry : 1;
	const struct host *h = st->ip->host;

	for (unsigned n = 0; n < attempts; n++) {
		if (n)
			stepper_pause(st, s->options.retry_every_ms);
		stepper_perform(st, s, a);
		if (is_met(st, s, a) ||
		    h->interrupted || h->terminated)
			return;
	}
}

static void
stop(struct interp *ip, const struct transcript *t,
    const struct transcript_step *s, int status)
{
	autofree char *text = NULL;

	ip->failed = ip->failed ? ip->failed
		     : status	? status
				: STATUS_UNEXPECTED;
	if (ip->keep_going)
		return;
	ip->stop = true;
	text = xasprintf("addesh: %s:%u: status %d ends it here (-k goes on)",
	    t->name, s->line, status);
	output_line(ip->out, text);
}

static void
run_step(struct stepper *st, const struct transcript_step *s)
{
	autobuf struct strbuf why = STRBUF_INIT;
	struct answer a;

	answer_init(&a);
	try_step(st, s, &a);
	if (!is_met(st, s, &a))
		stop(st->ip, st->t, s, a.status.code);
	else if (!stepper_capture(st, s, &a, &why))
		stop(st->ip, st->t, s, STATUS_UNEXPECTED);
	answer_release(&a);
}

int
session_file_run(struct interp *ip, const char *path, struct err *err)
{
	struct transcript *t = transcript_read_file(path, err);
	const struct host *h = ip->host;
	struct stepper st;

	if (!t)
		return -1;
	stepper_init(&st, ip, t, true);
	stepper_bind(&st, path);
	for (size_t i = 0; i < t->n_steps && !ip->stop && !h->quit; i++) {
		run_step(&st, &t->steps[i]);
		if (h->interrupted || h->terminated)
			break;
	}
	stepper_release(&st);
	transcript_free(t);
	return 0;
}
