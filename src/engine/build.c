#include "engine/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/units.h"
#include "engine/build_leftovers.h"
#include "engine/build_stream.h"
#include "engine/container.h"
#include "engine/http.h"
#include "engine/image.h"

/* Docker 23.0 has this API, and BuildKit 0.10 with the frontend 1.4; before,
   20.10 has BuildKit 0.8 with the frontend 1.2. */
#define API_FRONTEND_1_4 42

/*
 * buildah takes heredocs since 1.33, pull request 5092 of containers/buildah,
 * and COPY --link since 1.41, pull request 6240.  Without root it has no cgroup
 * of version 1 to set a limit in, and a RUN with one would not start.
 */
static int
find_buildah(struct engine *e, const char *version, struct builder *b,
    struct err *err)
{
	const struct engine_facts *f = engine_facts(e, err);
	unsigned major = 0, minor = 0;

	if (!f)
		return -1;
	sscanf(version, "%4u.%4u", &major, &minor);
	*b = (struct builder){.kind = BUILDER_BUILDAH, .mounts = true,
	    .heredocs = major > 1 || (major == 1 && minor >= 33),
	    .links = major > 1 || (major == 1 && minor >= 41),
	    .limits = !f->rootless || f->cgroup_version == 2,
	    .title = xasprintf("buildah%s%s of %s", *version ? " " : "",
		version, engine_title(e))};
	return 0;
}

int
builder_find(struct engine *e, enum builder_wish wish, struct builder *b,
    struct err *err)
{
	autovec struct strvec headers = STRVEC_INIT;
	bool newer = engine_api(e) >= API_FRONTEND_1_4;

	*b = (struct builder){0};
	if (engine_ping(e, "asking which builder there is", &headers, err))
		return -1;
	if (engine_kind(e) == ENGINE_PODMAN)
		return find_buildah(e,
		    http_header(&headers, "Libpod-Buildah-Version"), b, err);
	if (wish == BUILDER_WANT_BUILDKIT ||
	    (wish == BUILDER_ANY &&
		!strcmp(http_header(&headers, "Builder-Version"), "2")))
		*b = (struct builder){.kind = BUILDER_BUILDKIT,
		    .mounts = true, .heredocs = newer, .links = newer};
	else
		*b = (struct builder){.kind = BUILDER_CLASSIC, .limits = true};
	b->title = xasprintf("%s of %s",
	    b->kind == BUILDER_CLASSIC ? "the classic builder" : "BuildKit",
	    engine_title(e));
	return 0;
}

void
builder_release(struct builder *b)
{
	free(b->title);
	*b = (struct builder){0};
}

static void
add_parameter(struct strbuf *sb, const char *name, const char *value)
{
	strbuf_addf(sb, "&%s=", name);
	http_add_escaped(sb, value, "");
}

static void
add_number(struct strbuf *sb, const char *name, uint64_t n)
{
	strbuf_addf(sb, "&%s=%llu", name, (unsigned long long)n);
}

/* NAME=VALUE as an object. */
static void
add_map(struct strbuf *sb, const char *name, const struct strvec *list)
{
	autojson json *map = json_object();
	autofree char *text = NULL;

	for (size_t i = 0; i < list->n; i++) {
		autofree char *key = xstrdup(list->v[i]);
		char *value = key;

		strsep(&value, "=");
		if (!value)
			continue;
		json_remove(map, key);
		json_put_str(map, key, value);
	}
	if (!map->child)
		return;
	text = json_print(map);
	add_parameter(sb, name, text);
}

/* A namespace of RUN: one that a process of the engine's host has, or 0: its
   own. */
static void
add_namespace(struct strbuf *sb, const char *name, const char *file,
    int64_t pid)
{
	strbuf_addf(sb, "%s{\"Name\":\"%s\",\"Host\":false,\"Path\":\"",
	    sb->len ? "," : "[", name);
	if (pid)
		strbuf_addf(sb, "/proc/%lld/ns/%s", (long long)pid, file);
	strbuf_adds(sb, "\"}");
}

/*
 * The network of RUN, and with buildah the PID namespace of the keeper.
 * Podman's /build knows no "none", and shares the *host's* network with RUN
 * unless nsoptions says otherwise, whatever networkmode is
 * (pkg/api/handlers/compat/images_build.go).  Where it is not root it cannot
 * give RUN a network of its own, but to the keeper, as to any container.
 */
static void
add_namespaces(struct strbuf *sb, const struct build_spec *spec, int64_t keeper)
{
	autobuf struct strbuf options = STRBUF_INIT;

	if (spec->builder->kind != BUILDER_BUILDAH) {
		add_parameter(sb, "networkmode",
		    spec->network ? "default" : "none");
		return;
	}
	add_namespace(&options, "network", "net", spec->network ? keeper : 0);
	if (keeper)
		add_namespace(&options, "pid", "pid", keeper);
	strbuf_addc(&options, ']');
	add_parameter(sb, "nsoptions", options.buf);
	add_parameter(sb, "networkmode",
	    spec->network ? "NetworkEnabled" : "NetworkDisabled");
}

static char *
build_path(const struct engine *e, const struct build_spec *spec,
    int64_t keeper, const char *build_id)
{
	struct strbuf sb = STRBUF_INIT;
	autofree char *base = engine_path(e, "/build?rm=1&forcerm=1");
	const char *platform = spec->platform ? spec->platform
					      : engine_endpoint(e)->platform;

	strbuf_adds(&sb, base);
	add_parameter(&sb, "dockerfile", spec->dockerfile);
	for (size_t i = 0; i < spec->tags.n; i++)
		add_parameter(&sb, "t", spec->tags.v[i]);
	add_map(&sb, "buildargs", &spec->args);
	add_map(&sb, "labels", &spec->labels);
	if (spec->target)
		add_parameter(&sb, "target", spec->target);
	if (platform)
		add_parameter(&sb, "platform", platform);
	if (spec->no_cache)
		strbuf_adds(&sb, "&nocache=1");
	if (spec->memory && spec->builder->limits) {
		add_number(&sb, "memory", spec->memory);
		add_number(&sb, "memswap", spec->memory);
	}
	add_namespaces(&sb, spec, keeper);
	if (spec->builder->kind == BUILDER_BUILDKIT) {
		strbuf_adds(&sb, "&version=2");
		add_parameter(&sb, "buildid", build_id);
	}
	return strbuf_detach(&sb);
}

struct running {
	struct engine *e;
	const struct build_spec *spec;
	const struct build_events *ev;
	struct build_stream stream;
	int64_t began; /* seconds of the engine's clock */
	uint64_t sent;
	int64_t keeper; /* its process on the engine's host, or 0 */
	char id[33];	/* for BuildKit's cancel */
};

/* These are asked in the middle of the answer, which has a connection of its
   own. */
static bool
is_there(void *arg, const char *id)
{
	struct running *r = arg;
	autoerr struct err gone = ERR_INIT;
	autojson json *c = container_inspect(r->e, id, &gone);

	return c || gone.code != 404;
}

static bool
is_made(void *arg, const char *id, bool during)
{
	struct running *r = arg;

	return leftovers_is_made(r->e, id, r->began, during);
}

static ssize_t
read_context(void *arg, void *p, size_t n, struct err *err)
{
	struct running *r = arg;
	ssize_t got = r->spec->read(r->spec->read_arg, p, n, err);

	if (got > 0) {
		r->sent += (uint64_t)got;
		if (r->ev->sent)
			r->ev->sent(r->ev->arg, r->sent);
	}
	return got;
}

static void
draw_id(char id[33])
{
	unsigned char raw[16];

	if (getrandom(raw, sizeof(raw), 0) != sizeof(raw))
		abort();
	for (size_t i = 0; i < sizeof(raw); i++)
		snprintf(id + 2 * i, 3, "%02x", raw[i]);
}

static int
request(struct running *r, struct err *err)
{
	const struct build_spec *spec = r->spec;
	autofree char *path = build_path(r->e, spec, r->keeper, r->id);
	struct http_request rq = {.doing = "building the image",
	    .method = "POST", .path = path,
	    .content_type = "application/x-tar", .source = read_context,
	    .source_arg = r, .sink = build_stream_feed,
	    .sink_arg = &r->stream, .first_byte_ms = HTTP_PATIENT_MS,
	    .silence_ms = HTTP_PATIENT_MS,
	    .end_ms = spec->timeout_ms
			  ? clock_ms() + (int64_t)spec->timeout_ms
			  : 0};
	struct http *h = http_new(engine_endpoint(r->e),
	    engine_settings(r->e), engine_loop(r->e),
	    engine_interrupts(r->e));
	int rc = http_do(h, &rq, NULL, err);

	http_free(h);
	/* The engine is known, even if this connection is its first. */
	if (rc && err->kind == ERR_ENGINE &&
	    !str_starts(err->msg.buf, rq.doing))
		err_prefix(err, "%s", rq.doing);
	return rc;
}

/* What it means that the request ended with rc. */
static int
judge(struct running *r, int rc, struct err *err)
{
	autobuf struct strbuf limit = STRBUF_INIT;

	if (r->stream.failure.kind) {
		/* Whatever happened to the connection behind it. */
		err_move(err, &r->stream.failure);
		return -1;
	}
	if (rc && err->kind == ERR_TIMEOUT) {
		units_add_duration_exact(&limit, r->spec->timeout_ms);
		return err_set(err, ERR_TIMEOUT,
		    "the build was stopped at its time limit of %s",
		    limit.buf);
	}
	if (rc && err->kind == ERR_ENGINE && err->code >= 400)
		err->kind = ERR_IMAGE;
	if (rc)
		return -1;
	if (!objects_at_end(&r->stream.objects))
		return err_set(err, ERR_ENGINE, "building the image: the "
		    "engine's answer ends in the middle");
	if (!r->stream.image)
		return err_set(err, ERR_ENGINE, "building the image: the "
		    "engine does not say which image it built");
	return 0;
}

static void
cancel(struct running *r)
{
	autofree char *path = engine_path(r->e, "/build/cancel?id=%s", r->id);
	autoerr struct err ignored = ERR_INIT;

	engine_do(r->e, "stopping the build", "POST", path, NULL, &ignored);
}

/* After a build that did not succeed; err has why.  over: the builder has said
   so itself. */
static void
clean_up(struct running *r, bool over, struct err *err)
{
	const struct leftovers l = {.engine = r->e, .stream = &r->stream,
	    .keeper = r->spec->keeper, .began = r->began, .sent = r->sent};
	autoerr struct err left = ERR_INIT;

	if (r->ev->cleaning)
		r->ev->cleaning(r->ev->arg);
	if (r->spec->builder->kind == BUILDER_BUILDKIT && !over)
		cancel(r);
	if (leftovers_remove(&l, &left))
		err_hint(err, "something of the build may be left on the "
		    "engine: %s", left.msg.buf);
}

static int
find_keeper(struct running *r, struct err *err)
{
	const char *id = r->spec->keeper;
	autojson json *c = NULL;

	if (r->spec->builder->kind != BUILDER_BUILDAH || !id)
		return 0;
	c = container_inspect(r->e, id, err);
	if (!c)
		return -1;
	r->keeper = json_int(json_get(c, "State"), "Pid", 0);
	return r->keeper > 0
		   ? 0
		   : err_set(err, ERR_ENGINE,
			 "the container that keeps the build is not running");
}

char *
build_run(struct engine *e, const struct build_spec *spec,
    const struct build_events *ev, uint64_t *size, struct err *err)
{
	struct running r = {.e = e, .spec = spec, .ev = ev};
	struct build_witness witness = {.is_there = is_there,
	    .is_made = is_made, .arg = &r};
	struct image image = IMAGE_INIT;
	char *id = NULL;
	bool over;
	int rc;

	r.began = leftovers_clock(e, err);
	if (r.began < 0 || find_keeper(&r, err))
		return NULL;
	draw_id(r.id);
	build_stream_init(&r.stream, spec->builder->kind, ev, &witness);
	rc = request(&r, err);
	build_stream_end(&r.stream);
	over = !rc || r.stream.failure.kind;
	if (judge(&r, rc, err))
		clean_up(&r, over, err);
	else if (!image_inspect(e, r.stream.image, &image, err))
		id = xstrdup(image.id);
	*size = image.size;
	image_release(&image);
	build_stream_release(&r.stream);
	return id;
}
