#include "engine/build_leftovers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "engine/container.h"
#include "engine/http.h"
#include "engine/image.h"

/* How long a container may take to go. */
#define CONTAINER_MS 20000
/* A COPY that is cancelled is finished first, and we are not told. */
#define COPY_MS 2000
/* How long an image may be in use by the builder that was cancelled. */
#define BUSY_MS 10000
#define ROUND_MS 100

static int64_t
seconds_of(struct tm *tm)
{
	return (int64_t)timegm(tm);
}

/* RFC 3339, as JSON of an engine has it; fractions are left out. */
static int64_t
read_time(const char *s)
{
	struct tm tm = {0};
	int hours = 0, minutes = 0, end = 0;
	int64_t t;
	char sign;

	if (sscanf(s, "%4d-%2d-%2dT%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon,
		&tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &end) != 6)
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	t = seconds_of(&tm);
	s += end;
	s += *s == '.' ? 1 + strspn(s + 1, "0123456789") : 0;
	if (sscanf(s, "%c%2d:%2d", &sign, &hours, &minutes) == 3)
		t -= (sign == '-' ? -60 : 60) * (hours * 60 + minutes);
	return t;
}

/* "Date: Sat, 21 Nov 2026 16:19:21 GMT", RFC 9110, 5.6.7. */
int64_t
leftovers_clock(const struct strvec *headers)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (size_t i = 0; i < headers->n; i++) {
		struct tm tm = {0};
		char month[4];
		const char *at;

		if (strncasecmp(headers->v[i], "Date: ", 6) ||
		    sscanf(headers->v[i] + 6,
			"%*3s, %2d %3s %4d %2d:%2d:%2d GMT", &tm.tm_mday,
			month, &tm.tm_year, &tm.tm_hour, &tm.tm_min,
			&tm.tm_sec) != 6)
			continue;
		at = strstr(months, month);
		tm.tm_year -= 1900;
		tm.tm_mon = at ? (int)(at - months) / 3 : 0;
		return seconds_of(&tm);
	}
	return -1;
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

	return image &&
	       (read_time(json_str(image, "Created", "")) >= began) == during;
}

/* By id, which a program may have forged: one of before is not ours. */
static int
remove_container(struct engine *e, const char *id, int64_t began,
    struct err *err)
{
	autoerr struct err gone = ERR_INIT;
	autojson json *c = container_inspect(e, id, &gone);

	if (!c || read_time(json_str(c, "Created", "")) < began)
		return 0;
	return container_remove(e, id, CONTAINER_MS, err);
}

struct found {
	struct engine *e;
	const struct build_stream *s;
	int64_t began;
	struct strvec ours; /* whole ids, removed or not */
	struct strvec here; /* those that are there now */
};

static bool
is_named(const json *image)
{
	autovec struct strvec tags = STRVEC_INIT;

	json_strings(json_get(image, "RepoTags"), &tags);
	return tags.n && strcmp(tags.v[0], "<none>:<none>");
}

/* The full id without "sha256:". */
static const char *
bare_id(const char *id)
{
	const char *colon = strchr(id, ':');

	return colon ? colon + 1 : id;
}

/* Was it named as the image of a step? */
static bool
is_of_step(const struct found *f, const char *id)
{
	const struct steps *steps = &f->s->steps;

	for (size_t i = 0; i < steps->n; i++)
		if (steps->v[i]->image[0] &&
		    str_starts(id, steps->v[i]->image))
			return true;
	return false;
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

/* Looks for images of this build; parents come before their children. */
static void
look(struct found *f, const json *list)
{
	const json *image;
	size_t before;

	do {
		before = f->here.n;
		json_each(image, list)
		{
			const char *id = bare_id(json_str(image, "Id", ""));
			const char *parent =
			    bare_id(json_str(image, "ParentId", ""));

			if (is_named(image) || strvec_has(&f->here, id) ||
			    json_int(image, "Created", 0) < f->began)
				continue;
			if (is_of_step(f, id) ||
			    strvec_has(&f->ours, parent) ||
			    is_of_container(f, id)) {
				strvec_push(&f->here, id);
				strvec_push(&f->ours, id);
			}
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
remove_images(struct found *f, struct err *err)
{
	autofree char *path = engine_path(f->e, "/images/json?all=1");
	autojson json *list = engine_call(f->e, "listing the images", "GET",
	    path, NULL, err);

	if (!list)
		return -1;
	strvec_release(&f->here);
	look(f, list);
	return remove_found(f, err);
}

static bool
copies(const struct step *st)
{
	return st && st->told.state == BUILD_STOPPED &&
	       (!strncasecmp(st->text, "COPY", 4) ||
		   !strncasecmp(st->text, "ADD", 3));
}

static int
remove_containers(struct engine *e, const struct build_stream *s,
    const char *keeper, int64_t began, struct err *err)
{
	if (s->kind == BUILDER_BUILDAH && keeper)
		return container_remove(e, keeper, CONTAINER_MS, err);
	if (s->kind == BUILDER_CLASSIC && s->now && s->now->container[0])
		return remove_container(e, s->now->container, began, err);
	return 0;
}

/*
 * Round after round: the builder may come to an end meanwhile, and Podman fails
 * to list its images while somebody removes one.
 */
static int
remove_rounds(struct found *f, struct err *err)
{
	int64_t began = clock_ms();

	for (;;) {
		int rc = remove_images(f, err);
		int64_t after = clock_ms() - began;

		if (!rc && !f->here.n &&
		    (!copies(f->s->now) || after > COPY_MS))
			return 0;
		if (rc && (err->code < 500 || after > BUSY_MS))
			return -1;
		if (after > BUSY_MS)
			return err_set(err, ERR_ENGINE,
			    "image %.12s is in use", f->here.v[0]);
		err_clear(err);
		if (http_pause(engine_http(f->e), ROUND_MS,
			"removing what the build left", err))
			return -1;
	}
}

int
leftovers_remove(struct engine *e, const struct build_stream *s,
    const char *keeper, int64_t began, struct err *err)
{
	struct found f = {.e = e, .s = s, .began = began,
	    .ours = STRVEC_INIT, .here = STRVEC_INIT};
	int rc;

	if (s->kind == BUILDER_BUILDKIT)
		return 0;
	rc = remove_containers(e, s, keeper, began, err);
	if (!rc)
		rc = remove_rounds(&f, err);
	strvec_release(&f.ours);
	strvec_release(&f.here);
	return rc;
}
