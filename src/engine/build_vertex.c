#include "engine/build_vertex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "engine/buildkit.h"

static char *
text_dup(struct buildkit_text t)
{
	return xstrndup(t.p ? t.p : "", t.n);
}

/*
 * "[stage-1 2/5] RUN make" and "[2/5] RUN make" are steps of the Dockerfile
 * (dockerfile2llb's prefixCommand), with the platform in front of the stage if
 * there are several; "[internal] load .dockerignore" and "exporting to image"
 * are the builder's own.
 */
static void
name_step(struct step *st, const char *name)
{
	const char *close = name[0] == '[' ? strchr(name, ']') : NULL;
	const char *count = close;
	autofree char *stage = NULL;
	unsigned n = 0, total = 0;
	int end = 0;

	while (count && count > name + 1 && count[-1] != ' ')
		count--;
	if (!count || close[1] != ' ' ||
	    sscanf(count, "%6u/%6u]%n", &n, &total, &end) != 2 ||
	    count + end != close + 1 || !n || !total) {
		steps_name(st, "", 0, 0, name);
		return;
	}
	stage = xstrndup(name + 1,
	    count > name + 1 ? (size_t)(count - name - 2) : 0);
	/* Triggers (ONBUILD) are counted, and not in the total. */
	steps_name(st, stage, n, n > total ? n : total, close + 2);
}

static struct step *
step_of(struct build_stream *s, struct buildkit_text digest)
{
	autofree char *key = text_dup(digest);

	return steps_find(&s->steps, key);
}

/* The engine's time in ours, between the build's begin and now; what was said
   first is taken for just now. */
static int64_t
our_time(struct build_stream *s, int64_t theirs)
{
	int64_t now = clock_ms(), ours;

	if (!s->have_clock)
		s->clock = theirs - now;
	s->have_clock = true;
	ours = theirs - s->clock;
	return ours < s->began_ms ? s->began_ms : ours > now ? now : ours;
}

/* Another step failed, or nobody wants it any more. */
static bool
is_cancelled(const char *error)
{
	return strstr(error, "context canceled") != NULL;
}

/*
 * What has no inputs, as FROM, begins and ends for its cache's key and once
 * more for its files (sharedOp in BuildKit's solver), and whatever is asked for
 * again does so as cached.  BuildKit tells mostly the last of these; which are
 * told is a matter of time.  The images are here before the build, so that
 * nothing that takes long comes behind the first end.
 */
static bool
is_ended(enum build_state state)
{
	return state == BUILD_DONE || state == BUILD_CACHED;
}

static void
change_step(struct build_stream *s, struct step *st, bool is_new,
    const struct buildkit_vertex *v)
{
	struct build_step before = st->told;
	autofree char *error = text_dup(v->error);

	if (is_ended(before.state) && !error[0])
		return;
	if (v->started >= 0 && !st->told.began_ms)
		st->told.began_ms = our_time(s, v->started);
	st->told.ended_ms =
	    v->completed >= 0 ? our_time(s, v->completed) : 0;
	if (st->told.ended_ms && st->told.ended_ms < st->told.began_ms)
		st->told.ended_ms = st->told.began_ms;
	if (error[0] && v->completed >= 0) {
		free(st->error);
		st->error = xstrndup(error, BUILD_TEXT_MAX);
		st->told.exit_code = steps_exit_code(error, "exit code: ");
		st->told.state =
		    is_cancelled(error) ? BUILD_STOPPED : BUILD_FAILED;
	} else if (v->completed >= 0) {
		st->told.state = v->cached ? BUILD_CACHED : BUILD_DONE;
	} else if (v->started >= 0) {
		st->told.state = BUILD_RUNNING;
	}
	if (is_new || st->told.state != before.state)
		steps_tell(&s->steps, st);
}

static void
on_vertex(void *arg, const struct buildkit_vertex *v)
{
	struct build_stream *s = arg;
	autofree char *key = text_dup(v->digest), *name = text_dup(v->name);
	struct step *st = steps_find(&s->steps, key);
	bool is_new = !st;

	if (is_new)
		st = steps_add(&s->steps, key);
	if (!st)
		return;
	if (name[0])
		name_step(st, name);
	change_step(s, st, is_new, v);
}

static void
on_log(void *arg, const struct buildkit_log *log)
{
	struct build_stream *s = arg;

	steps_log(&s->steps, step_of(s, log->vertex),
	    log->stream == 2 ? 2 : 1, log->data.p, log->data.n);
}

static void
on_warning(void *arg, struct buildkit_text vertex, struct buildkit_text text)
{
	struct build_stream *s = arg;
	autofree char *words = text_dup(text);
	autofree char *line = xasprintf("warning: %s\n", words);

	steps_log(&s->steps, step_of(s, vertex), 2, line, strlen(line));
}

int
build_vertex_read(struct build_stream *s, const char *base64, struct err *err)
{
	struct buildkit_sink sink = {.vertex = on_vertex, .log = on_log,
	    .warning = on_warning, .arg = s};
	autobuf struct strbuf raw = STRBUF_INIT;

	if (base64_decode(&raw, base64, strlen(base64)))
		return err_set(err, ERR_ENGINE,
		    "BuildKit's progress is not base64");
	return buildkit_read(raw.buf, raw.len, &sink, err);
}
