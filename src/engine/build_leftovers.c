#include "engine/build_leftovers.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/container.h"
#include "engine/http.h"
#include "engine/image.h"

/* How long a container may take to go. */
#define CONTAINER_MS 20000
/* A COPY that is cancelled is finished first, and we are not told: so long for
   any, and for one MB of the context, and at most. */
#define COPY_MS 2000
#define COPY_MB_MS 50
#define COPY_MAX_MS 60000
/* How long an image may be in use by the builder that was cancelled; but
   Podman 4.3 takes seconds to list some hundred images. */
#define BUSY_MS 3000
#define ROUND_MS 100
#define ROUNDS_MIN 4

/* When something was made, in seconds; -1 if that is not said. */
static int64_t
created(const json *j)
{
	int64_t t;

	return clock_parse_utc(json_str(j, "Created", ""), &t) ? -1 : t;
}

int64_t
leftovers_clock(struct engine *e, struct err *err)
{
	autovec struct strvec headers = STRVEC_INIT;
	int64_t t;

	if (engine_ping(e, "asking the engine for its time", &headers, err))
		return -1;
	t = http_date(http_header(&headers, "Date"));
	return t >= 0 ? t
		      : err_set(err, ERR_ENGINE,
			    "the engine's answers have no date");
}

static json *
inspect_image(struct engine *e, const char *id)
{
	autofree char *path = engine_path(e, "/images/%s/json", id);
	autoerr struct err ignored = ERR_INIT;

	return engine_call(e, "inspecting an image of the build", "GET", path,
	    NULL, &ignored);
}

bool
leftovers_is_made(struct engine *e, const char *id, int64_t began, bool during)
{
	autojson json *image = inspect_image(e, id);
	int64_t made = created(image);

	/* Whole seconds do not say what came first in one of them. */
	return image && (during ? made >= began : made <= began);
}

/* By id, which a program may have forged: one of before is not ours. */
static int
remove_container(struct engine *e, const char *id, int64_t began,
    struct err *err)
{
	autoerr struct err gone = ERR_INIT;
	autojson json *c = container_inspect(e, id, &gone);

	if (!c || created(c) < began)
		return 0;
	return container_remove(e, id, CONTAINER_MS, err);
}

struct found {
	struct engine *e;
	const struct build_stream *s;
	int64_t began, stopped; /* of the engine's clock */
	struct strvec ours; /* whole ids, removed or not */
	struct strvec here; /* those that are there now */
	bool copied;	    /* what a COPY made came after all */
};

static bool
is_named(const json *image)
{
	autovec struct strvec tags = STRVEC_INIT;

	json_strings(json_get(image, "RepoTags"), &tags);
	return tags.n && strcmp(tags.v[0], "<none>:<none>");
}

/* The first that named it as its image, or NULL: it made or found it.  Those
   behind, of another stage, find what this one made. */
static const struct step *
step_of(const struct found *f, const char *id)
{
	const struct steps *steps = &f->s->steps;

	for (size_t i = 0; i < steps->n; i++) {
		const struct step *st = steps->v[i];

		if (st->image[0] && str_starts(id, st->image))
			return st;
	}
	return NULL;
}

/* Was it committed from the container of a RUN that we know? */
static bool
is_of_container(const struct found *f, const char *id)
{
	const struct step *now = f->s->now;
	autojson json *image = NULL;

	if (f->s->kind != BUILDER_CLASSIC || !now || !now->container[0])
		return false;
	image = inspect_image(f->e, id);
	return str_starts(json_str(image, "Container", ""), now->container);
}

static bool
copies(const struct step *st)
{
	return st && st->told.state == BUILD_STOPPED &&
	       (!strncasecmp(st->text, "COPY", 4) ||
		   !strncasecmp(st->text, "ADD", 3));
}

/*
 * Is it what the COPY made that was going on when the build was stopped?  It
 * has the parent that COPY had, which may be others' too; but nobody else has
 * just copied on top of it.
 */
static bool
is_of_copy(const struct found *f, const json *image, const char *id)
{
	const struct build_stream *s = f->s;
	const char *parent = image_id_digits(json_str(image, "ParentId", ""));
	autofree char *path = engine_path(f->e, "/images/%s/history", id);
	autoerr struct err ignored = ERR_INIT;
	autojson json *history = NULL;

	if (s->kind != BUILDER_CLASSIC || !copies(s->now) || !s->tip[0] ||
	    !str_starts(parent, s->tip) ||
	    json_int(image, "Created", 0) < f->stopped)
		return false;
	history = engine_call(f->e, "asking how an image was made", "GET",
	    path, NULL, &ignored);
	return history && history->child &&
	       strstr(json_str(history->child, "CreatedBy", ""),
		   strncasecmp(s->now->text, "COPY", 4) ? "#(nop) ADD "
							: "#(nop) COPY ");
}

static void
add_found(struct found *f, const char *id)
{
	strvec_push(&f->here, id);
	if (!strvec_has(&f->ours, id))
		strvec_push(&f->ours, id);
}

/* One that was made when nobody listened any more. */
static void
add_late(struct found *f, const char *id)
{
	add_found(f, id);
	f->copied = true;
}

/* Is it the parent of one that was found?  The classic builder does not name
   those of all triggers (ONBUILD). */
static bool
is_parent(const struct found *f, const json *list, const char *id)
{
	const json *image;

	json_each(image, list)
	{
		const char *child = image_id_digits(json_str(image, "Id", ""));

		if (strvec_has(&f->here, child) &&
		    image_id_same(json_str(image, "ParentId", ""), id))
			return true;
	}
	return false;
}

/* Looks for images of this build. */
static void
look(struct found *f, const json *list)
{
	const json *image;
	size_t before;

	do {
		before = f->here.n;
		json_each(image, list)
		{
			const char *id =
			    image_id_digits(json_str(image, "Id", ""));
			const char *parent =
			    image_id_digits(json_str(image, "ParentId", ""));
			const struct step *st = step_of(f, id);

			if (is_named(image) || strvec_has(&f->here, id) ||
			    json_int(image, "Created", 0) < f->began ||
			    (st && !st->made))
				continue;
			if (st || strvec_has(&f->ours, id) ||
			    is_parent(f, list, id))
				add_found(f, id);
			else if (strvec_has(&f->ours, parent) ||
				 is_of_container(f, id) ||
				 is_of_copy(f, image, id))
				add_late(f, id);
		}
	} while (f->here.n > before);
}

static bool
image_is_there(struct engine *e, const char *id)
{
	autojson json *image = inspect_image(e, id);

	return image != NULL;
}

/*
 * 0 even if some are in use (409); those stay in here.  Podman removes a parent
 * with its last child, whatever noprune is, and then says of its id that it is
 * no name (500).
 */
static int
remove_found(struct found *f, struct err *err)
{
	/* Children come after their parents for the most part; where not, the
	   next round finds the parent without one. */
	for (size_t i = f->here.n; i-- > 0;) {
		autofree char *path = engine_path(f->e,
		    "/images/%s?noprune=1", f->here.v[i]);
		int rc = engine_do(f->e, "removing an image of the build",
		    "DELETE", path, NULL, err);

		if (!rc || !image_is_there(f->e, f->here.v[i]))
			strvec_remove(&f->here, i);
		else if (err->code != 409)
			return -1;
		err_clear(err);
	}
	return 0;
}

static int
find_images(struct found *f, struct err *err)
{
	autofree char *path = engine_path(f->e, "/images/json?all=1");
	autojson json *list = engine_call(f->e, "listing the images", "GET",
	    path, NULL, err);

	if (!list)
		return -1;
	strvec_release(&f->here);
	look(f, list);
	return 0;
}

static int
remove_containers(const struct leftovers *l, struct err *err)
{
	const struct build_stream *s = l->stream;

	if (s->kind == BUILDER_BUILDAH && l->keeper)
		return container_remove(l->engine, l->keeper, CONTAINER_MS,
		    err);
	if (s->kind == BUILDER_CLASSIC && s->now && s->now->container[0])
		return remove_container(l->engine, s->now->container,
		    l->began, err);
	return 0;
}

/* How long an image may still come. */
static int64_t
copy_ms(const struct leftovers *l)
{
	int64_t ms = COPY_MS;

	if (!copies(l->stream->now))
		return 0;
	if (l->stream->kind == BUILDER_CLASSIC)
		ms += (int64_t)(l->sent >> 20) * COPY_MB_MS;
	return ms < COPY_MAX_MS ? ms : COPY_MAX_MS;
}

/*
 * Round after round: the builder may come to an end meanwhile, and Podman fails
 * to list its images while somebody removes one.  Nothing is removed before
 * what a COPY makes has come: without its parent it could not be told.
 */
static int
remove_rounds(struct found *f, int64_t copy, struct err *err)
{
	int64_t began = clock_ms(), after, end = copy + BUSY_MS;
	bool wait, over;
	int rc;

	for (int round = 1;; round++) {
		rc = find_images(f, err);
		after = clock_ms() - began;
		wait = !f->copied && after < copy;
		over = after > end && round >= ROUNDS_MIN;
		if (!rc && !wait)
			rc = remove_found(f, err);
		if (!rc && !wait && (!f->here.n || over))
			return 0; /* what is there then is others' by now */
		if (rc && (err->code < 500 || over))
			return -1;
		err_clear(err);
		if (http_pause(engine_http(f->e), ROUND_MS,
			"removing what the build left", err))
			return -1;
	}
}

int
leftovers_remove(const struct leftovers *l, struct err *err)
{
	struct found f = {.e = l->engine, .s = l->stream, .began = l->began,
	    .ours = STRVEC_INIT, .here = STRVEC_INIT};
	int rc;

	if (l->stream->kind == BUILDER_BUILDKIT)
		return 0;
	f.stopped = leftovers_clock(l->engine, err);
	rc = f.stopped < 0 ? -1 : remove_containers(l, err);
	if (!rc)
		rc = remove_rounds(&f, copy_ms(l), err);
	strvec_release(&f.ours);
	strvec_release(&f.here);
	return rc;
}
