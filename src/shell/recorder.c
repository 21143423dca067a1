#include "shell/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/secrets.h"
#include "cmd/call.h"
#include "cmd/host.h"
#include "cmd/output.h"
#include "cmd/saved_step.h"
#include "export/export.h"
#include "replay/answer.h"
#include "replay/record.h"
#include "replay/recording.h"
#include "shell/interp.h"

struct recorder {
	char *path;
	struct masks *masks;
	struct record *record;
	int fd; /* of the recording */
	struct answer answer; /* of the line that is executed */
	int64_t began;
	unsigned steps;
	bool in_line;
	char *cast; /* the file, or NULL */
};

static void
on_output(void *arg, int fd, const void *p, size_t n)
{
	struct recorder *r = arg;

	answer_add(&r->answer, clock_us() - r->began, fd, p, n);
}

static void
recorder_free(struct recorder *r)
{
	autoerr struct err ignored = ERR_INIT;

	if (!r)
		return;
	record_close(r->record, &ignored);
	masks_free(r->masks);
	answer_release(&r->answer);
	if (r->fd >= 0)
		close(r->fd);
	free(r->path);
	free(r->cast);
	free(r);
}

static int
write_cast(const struct recorder *r, struct err *err)
{
	const struct export_options o = EXPORT_OPTIONS_INIT;
	autobuf struct strbuf text = STRBUF_INIT;
	struct export_session *s = export_open(r->path, err);
	int rc = s ? export_cast(&text, s, &o, err) : -1;

	export_close(s);
	return rc ? rc
		  : io_replace_file(r->cast, text.buf, text.len, 0666, err);
}

static int
finish(struct recorder *r, struct err *err)
{
	int rc = record_close(r->record, err);

	r->record = NULL;
	return rc || !r->cast ? rc : write_cast(r, err);
}

/* What cannot be written is told. */
static void
tell(struct output *out, const struct err *err, const char *then)
{
	autofree char *text =
	    xasprintf("addesh: record: %s%s", err->msg.buf, then);

	output_line(out, text);
}

void
recorder_end(struct recorder *r, struct output *out)
{
	autoerr struct err err = ERR_INIT;

	if (r && finish(r, &err))
		tell(out, &err, "");
	recorder_free(r);
}

static int
open_recording(struct recorder *r, struct err *err)
{
	autofree char *path = recording_path(r->path);
	autobuf struct strbuf head = STRBUF_INIT;

	r->fd = open(path,
	    O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
	    0666);
	recording_add_head(&head);
	if (r->fd < 0 || io_write_all(r->fd, head.buf, head.len))
		return err_sys(err, errno, "%s", path);
	return 0;
}

/* "FILE.cast" of "FILE.md", beside its recording. */
static char *
cast_path(const char *path)
{
	autofree char *recording = recording_path(path);
	size_t n = strlen(recording) - strlen(".rec.jsonl");

	return xasprintf("%.*s.cast", (int)n, recording);
}

static int
check_cast(const struct recorder *r, bool replace, struct err *err)
{
	if (!r->cast || replace || access(r->cast, F_OK))
		return 0;
	return err_sys(err, EEXIST, "%s", r->cast);
}

static struct recorder *
begin(const char *path, bool replace, bool cast, struct err *err)
{
	struct recorder *r = xcalloc(1, sizeof(*r));
	const struct record_front front = {0};
	autofree char *cwd = realpath(".", NULL);

	r->fd = -1;
	answer_init(&r->answer);
	r->path = xstrdup(path);
	r->cast = cast ? cast_path(path) : NULL;
	r->masks = masks_new();
	masks_add_value(r->masks, "CWD", cwd ? cwd : "");
	if (!check_cast(r, replace, err))
		r->record = record_open(path, replace, &front, r->masks, err);
	if (r->record && !open_recording(r, err))
		return r;
	recorder_free(r);
	return NULL;
}

static int
stop(struct call *c)
{
	struct recorder *r = c->host->recorder;
	int rc;

	if (!r)
		return err_set(&c->err, ERR_USAGE, "nothing is recorded");
	c->host->recorder = NULL;
	c->out->tap = (struct output_tap){0};
	rc = finish(r, &c->err);
	saved_steps_note(c, r->path, r->steps);
	recorder_free(r);
	return rc;
}

int
recorder_command(struct call *c, const char *path, bool replace, bool cast)
{
	struct host *h = c->host;

	if (!path)
		return stop(c);
	if (h->recorder)
		return err_set(&c->err, ERR_USAGE, "%s is being recorded",
		    h->recorder->path);
	h->recorder = begin(path, replace, cast, &c->err);
	if (!h->recorder && c->err.code == EEXIST)
		err_hint(&c->err, "record -f replaces it");
	return h->recorder ? 0 : -1;
}

void
recorder_line_begins(struct interp *ip)
{
	struct recorder *r = ip->host->recorder;

	/* A line of a sourced file is part of the line that sources it. */
	if (!r || r->in_line || ip->depth)
		return;
	answer_release(&r->answer);
	r->began = clock_us();
	r->in_line = true;
	ip->out->tap = (struct output_tap){on_output, r, false};
	ip->host->keep_object = true;
}

static int
add_answer(struct recorder *r, const char *text, struct err *err)
{
	autobuf struct strbuf line = STRBUF_INIT;

	recording_add(&line, NULL, text, &r->answer);
	if (io_write_all(r->fd, line.buf, line.len))
		return err_sys(err, errno, "the recording");
	return 0;
}

/* text and answer are without secrets. */
static int
add_step(struct interp *ip, struct recorder *r, const char *text,
    struct err *err)
{
	autofree char *env = ip->host->variable(ip->host, "env");
	const struct record_step s = record_step_of(text, &r->answer);

	if (env)
		masks_add_env(r->masks, env);
	if (record_append(r->record, &s, err) || add_answer(r, text, err))
		return -1;
	r->steps++;
	return 0;
}

/* A file that cannot be written is told, and ends the recording: what is
   missing would not be noticed. */
static void
give_up(struct interp *ip, const struct err *err)
{
	recorder_free(ip->host->recorder);
	ip->host->recorder = NULL;
	tell(ip->out, err, "; it ends here");
}

void
recorder_line_ended(struct interp *ip, const char *text, int status)
{
	struct recorder *r = ip->host->recorder;
	const struct secrets *secrets = ip->host->secrets;
	autobuf struct strbuf kept = STRBUF_INIT;
	autoerr struct err err = ERR_INIT;

	if (!r || !r->in_line || ip->depth)
		return;
	r->in_line = false;
	ip->out->tap = (struct output_tap){0};
	ip->host->keep_object = false;
	/* That ends the recording, and would end each replay of it. */
	if (ip->host->quit)
		return;
	r->answer.us = clock_us() - r->began;
	r->answer.object = steal(&ip->host->object);
	answer_set_status(&r->answer, status);
	secrets_hide(secrets, &kept, text, strlen(text), false);
	answer_hide(&r->answer, secrets);
	if (add_step(ip, r, kept.buf, &err))
		give_up(ip, &err);
}
