#include "engine/build_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of what was believed wrongly so much goes to the log it belongs to. */
#define DOUBTFUL_MAX 65536

static bool
is_hex(const char *s, size_t n)
{
	return strspn(s, "0123456789abcdef") == n;
}

/* "PREFIX" ID "\n" with 11 to 64 hexadecimal digits. */
static bool
read_id(const char *text, const char *prefix, char id[65])
{
	size_t n;

	if (!str_starts(text, prefix))
		return false;
	text += strlen(prefix);
	n = strcspn(text, "\n");
	if (n < 11 || n > 64 || strcmp(text + n, "\n") || !is_hex(text, n))
		return false;
	memcpy(id, text, n);
	id[n] = '\0';
	return true;
}

static bool
is_run(const struct step *st)
{
	return st && !strncasecmp(st->text, "RUN ", 4);
}

/* What comes from a container's stderr is red. */
static void
log_text(struct build_stream *s, const char *text)
{
	static const char red[] = "\033[91m", plain[] = "\033[0m";
	size_t n = strlen(text);
	const size_t before = sizeof(red) - 1, after = sizeof(plain) - 1;

	if (s->kind == BUILDER_CLASSIC && n >= before + after &&
	    str_starts(text, red) && str_ends(text, plain))
		steps_log(&s->steps, s->now, 2, text + before,
		    n - before - after);
	else
		steps_log(&s->steps, s->now, 1, text, n);
}

/* What is said of no step, but for what our caller says better. */
static void
log_whole(struct build_stream *s, const char *text)
{
	size_t n = strcspn(text, "\n");

	if (str_starts(text, "Successfully ") || (n == 64 && is_hex(text, n)))
		return;
	steps_log(&s->steps, NULL, 1, text, strlen(text));
}

/* From step first on all was forged by the RUN before it. */
static void
take_back(struct build_stream *s, size_t first)
{
	struct steps *steps = &s->steps;
	size_t from = 0;

	/* With the classic builder all of it came since one line. */
	if (s->kind == BUILDER_BUILDAH && first < steps->n)
		from = steps->v[first]->doubtful;
	for (size_t i = first; i < steps->n; i++)
		steps_withdraw(steps, steps->v[i]);
	s->container[0] = '\0';
	s->now = first ? steps->v[first - 1] : NULL;
	if (s->now)
		steps_begin(steps, s->now);
	if (from >= s->doubtful.len)
		return;
	steps_log(steps, s->now, 1, s->doubtful.buf + from,
	    s->doubtful.len - from);
	strbuf_truncate(&s->doubtful, from);
}

static void
doubt(struct build_stream *s, const char *text)
{
	size_t n = strlen(text);

	if (s->left[0] && n <= DOUBTFUL_MAX - s->doubtful.len)
		strbuf_add(&s->doubtful, text, n);
}

/*
 * Does "n of total" come after what there is, or once more?  buildah learns
 * after FROM of the triggers (ONBUILD) that it has to run as well.
 */
static bool
is_next(const struct build_stream *s, const char *stage, unsigned n,
    unsigned total)
{
	const struct step *now = s->now;

	if (!n || n > total || n > BUILD_STEPS_MAX)
		return false;
	if (!now || strcmp(now->stage, stage))
		return n == 1;
	if (now->told.n == 1 && n == 2 && total > now->told.total)
		return true;
	return total == now->told.total && n <= now->told.n + 1;
}

static void
begin_step(struct build_stream *s, const char *stage, unsigned n,
    unsigned total, const char *text)
{
	autofree char *key = xasprintf("%s %u", stage, n);
	autofree char *line = xstrndup(text, strcspn(text, "\n"));
	struct step *st = steps_find(&s->steps, key);

	if (st && st->told.state != BUILD_WAITING)
		take_back(s, st->told.id - 1);
	if (s->now && s->now->told.state == BUILD_RUNNING)
		steps_end(&s->steps, s->now, BUILD_DONE);
	if (!st)
		st = steps_add(&s->steps, key);
	if (!st)
		return;
	steps_name(st, stage, n, total, line);
	st->doubtful = s->doubtful.len;
	s->now = st;
	s->fresh = true;
	steps_begin(&s->steps, st);
}

static void
end_step(struct build_stream *s, const char *image)
{
	struct step *st = s->now;

	if (st->told.state != BUILD_RUNNING)
		return;
	memcpy(s->tip, image, sizeof(s->tip));
	memcpy(st->image, image, sizeof(st->image));
	/* Of FROM it is the base, but for triggers that were run. */
	st->made = !st->cached && (strncasecmp(st->text, "FROM", 4) ||
				      st->container[0]);
	steps_end(&s->steps, st, st->cached ? BUILD_CACHED : BUILD_DONE);
}

/* "Step 2/5 : RUN make" */
static bool
classic_step(struct build_stream *s, const char *text)
{
	unsigned n, total;
	int end = 0;

	if (sscanf(text, "Step %6u/%6u : %n", &n, &total, &end) != 2 || !end ||
	    !is_next(s, "", n, total))
		return false;
	begin_step(s, "", n, total, text + end);
	return true;
}

/* The builder has said that it removed the container; true if that is a line
   of its. */
static bool
classic_removed(struct build_stream *s, const char *text)
{
	char id[65];
	size_t i = s->steps.n;

	if (!read_id(text, "Removing intermediate container ", id) &&
	    !read_id(text, " ---> Removed intermediate container ", id))
		return false;
	if (!strcmp(id, s->container)) {
		if (s->witness->is_there(s->witness->arg, id))
			return false;
		memcpy(s->left, id, sizeof(id));
		strbuf_reset(&s->doubtful);
		s->container[0] = '\0';
		return true;
	}
	if (strcmp(id, s->left))
		return false;
	while (i && strcmp(s->steps.v[i - 1]->container, id))
		i--;
	take_back(s, i);
	return true;
}

/* All programs of steps before are over if this one's container is there. */
static void
classic_running(struct build_stream *s, const char *id)
{
	memcpy(s->container, id, sizeof(s->container));
	memcpy(s->now->container, id, sizeof(s->container));
	s->now->cached = false;
	if (s->witness->is_there(s->witness->arg, id))
		s->left[0] = '\0';
}

static void
classic_read(struct build_stream *s, const char *text)
{
	char id[65];

	if (classic_removed(s, text))
		return;
	if (s->container[0])
		log_text(s, text);
	else if (classic_step(s, text))
		;
	else if (s->fresh && !strcmp(text, "\n"))
		s->fresh = false; /* the end of the step's own line */
	else if (!s->now || s->now->told.state != BUILD_RUNNING)
		log_whole(s, text);
	else if (!strcmp(text, " ---> Using cache\n"))
		s->now->cached = true;
	else if (read_id(text, " ---> Running in ", id))
		classic_running(s, id);
	else if (read_id(text, " ---> ", id))
		end_step(s, id);
	else
		log_text(s, text);
	doubt(s, text);
}

/* "STEP 2/5: RUN make", "[1/2] STEP 2/3: RUN make" */
static bool
buildah_step(struct build_stream *s, const char *text)
{
	unsigned stage, stages, n, total;
	autofree char *name = NULL;
	int end = 0;

	if (sscanf(text, "[%6u/%6u] STEP %6u/%6u: %n", &stage, &stages, &n,
		&total, &end) == 4 && end) {
		name = xasprintf("%u", stage);
	} else {
		end = 0;
		name = xstrdup("");
		if (sscanf(text, "STEP %6u/%6u: %n", &n, &total, &end) != 2 ||
		    !end)
			return false;
	}
	if (!is_next(s, name, n, total))
		return false;
	begin_step(s, name, n, total, text + end);
	return true;
}

/* "COMMIT NAME", "[2/2] COMMIT NAME" */
static bool
is_commit(const char *text)
{
	unsigned stage, stages;
	int end = 0;

	if (sscanf(text, "[%6u/%6u] %n", &stage, &stages, &end) != 2)
		end = 0;
	return str_starts(text + end, "COMMIT");
}

static bool
buildah_cached(struct build_stream *s, const char *text)
{
	struct step *st = s->now;
	char id[65];

	if (!s->fresh || !read_id(text, "--> Using cache ", id) ||
	    (is_run(st) && !s->witness->is_made(s->witness->arg, id, false)))
		return false;
	st->cached = true;
	memcpy(st->image, id, sizeof(id));
	doubt(s, text);
	return true;
}

/* "--> ID": the step is over. */
static bool
buildah_image(struct build_stream *s, const char *text)
{
	struct step *st = s->now;
	char id[65];

	if (!read_id(text, "--> ", id))
		return false;
	if (st->cached ? !str_starts(st->image, id)
		       : is_run(st) && !s->witness->is_made(s->witness->arg,
					   id, true))
		return false;
	strbuf_reset(&s->held);
	if (st->cached && is_run(st))
		memcpy(s->left, id, sizeof(id));
	end_step(s, id);
	doubt(s, text);
	return true;
}

static void
log_held(struct build_stream *s)
{
	if (s->held.len)
		log_text(s, s->held.buf);
	strbuf_reset(&s->held);
}

static void
buildah_read(struct build_stream *s, const char *text)
{
	struct step *st = s->now;
	bool running = st && st->told.state == BUILD_RUNNING;

	if (running && (buildah_cached(s, text) || buildah_image(s, text)))
		return;
	log_held(s);
	if (running && is_commit(text)) {
		strbuf_adds(&s->held, text);
	} else if ((running && is_run(st)) || !buildah_step(s, text)) {
		if (running)
			log_text(s, text);
		else
			log_whole(s, text);
		s->fresh = false;
	}
	doubt(s, text);
}

void
build_text_read(struct build_stream *s, const char *text)
{
	if (s->kind == BUILDER_CLASSIC)
		classic_read(s, text);
	else
		buildah_read(s, text);
}

/* "The command '/bin/sh -c make' returned a non-zero code: 2" and "building at
   STEP "RUN make": while running runtime: exit status 2" name the step. */
struct step *
build_text_failed(struct build_stream *s, const char *message)
{
	bool named = str_starts(message, "The command '") ||
		     str_starts(message, "building at STEP \"");

	for (size_t i = s->steps.n; named && i-- > 0;) {
		struct step *st = s->steps.v[i];
		const char *what = strchr(st->text, ' ');

		if (st->told.state != BUILD_WAITING && is_run(st) &&
		    strstr(message, what + 1)) {
			if (st != s->now)
				take_back(s, i + 1);
			return st;
		}
	}
	return s->now && s->now->told.state == BUILD_RUNNING ? s->now : NULL;
}

void
build_text_end(struct build_stream *s)
{
	if (s->now && s->now->told.state == BUILD_RUNNING)
		log_held(s);
}
