/* What can be made again: prune. */
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "cmd/call.h"
#include "cmd/table.h"
#include "engine/container.h"
#include "engine/image.h"
#include "engine/usage.h"
#include "session/dep_use.h"
#include "session/own_image.h"
#include "session/session.h"

#define DEFAULT_MS (UINT64_C(24) * 3600 * 1000)
/* A younger one may be of a step that its builder is about to end. */
#define STEP_MIN_S 3600
#define STEP_REMOVE_MS 20000

struct pruning {
	struct call *c;
	struct engine *engine;
	struct call_table *table;
	bool dry, cache_only;
	/* Seconds of the epoch; what was used after `since` stays. */
	int64_t now, since;
	json *images, *containers; /* as the engine lists them */
	struct strvec gone_containers; /* ids */
	struct usage usage;
	unsigned gone, kept;
	uint64_t bytes;
	struct err first; /* of what could not be removed */
};

/* Something that goes. */
struct victim {
	const char *kind;
	const char *name; /* for people */
	const char *id;   /* NULL: it is no image */
	const char *what; /* what it is */
	uint64_t size;
	int64_t used; /* 0: not known */
};

static void
report(struct pruning *p, const struct victim *v)
{
	autobuf struct strbuf size = STRBUF_INIT, age = STRBUF_INIT;
	json *j = json_object();
	char when[32];

	p->gone++;
	p->bytes += v->size;
	clock_format_utc(clock_s_to_ms(v->used), when);
	json_put_str(j, "kind", v->kind);
	json_put_str(j, "name", v->name);
	json_put_str(j, "id", v->id);
	json_put_str(j, "what", v->what);
	json_put_int(j, "size", (int64_t)v->size);
	json_put_str(j, "last_used", v->used ? when : NULL);
	units_add_size(&size, v->size);
	if (v->used)
		units_add_age(&age, p->now - v->used);
	call_table_row(p->table,
	    (const char *[]){v->kind, v->name, size.buf, age.buf, v->what}, j);
}

/* Keeps the first of several errors; Ctrl-C ends all. */
static int
failed(struct pruning *p, struct err *err)
{
	if (!p->first.kind || err->kind == ERR_INTERRUPTED)
		return err_move(&p->first, err);
	err_clear(err);
	return -1;
}

static bool
is_interrupted(const struct pruning *p)
{
	return p->first.kind == ERR_INTERRUPTED;
}

/* ---- containers ---- */

/*
 * A container in which the classic builder carried out a RUN, made of an image
 * by its id and without a health check (withoutHealthcheck() in
 * builder/dockerfile of moby).
 */
static bool
is_step(const struct pruning *p, const json *c)
{
	const json *labels = json_get(c, "Labels");
	autojson json *j = NULL;
	autovec struct strvec test = STRVEC_INIT;
	autoerr struct err ignored = ERR_INIT;

	if (strcmp(json_str(c, "State", ""), "exited") ||
	    !*json_str(labels, LABEL_IMAGE, "") ||
	    json_get(labels, "addesh.owner"))
		return false;
	j = container_inspect(p->engine, json_str(c, "Id", ""), &ignored);
	json_strings(json_path(j, "Config.Healthcheck.Test"), &test);
	return test.n == 1 && !strcmp(test.v[0], "NONE") &&
	       str_starts(
		   json_str(json_get(j, "Config"), "Image", ""), "sha256:");
}

/* That of a build whose engine ended in the middle of it: an image that it was
   made of could not go either. */
static void
prune_container(struct pruning *p, const json *c)
{
	const char *id = json_str(c, "Id", "");
	autofree char *name = image_id_short(id);
	autoerr struct err err = ERR_INIT;
	struct victim v = {.kind = "container",
	    .name = name,
	    .what = "of a build that its engine did not end",
	    .used = json_int(c, "Created", 0)};

	if (!*id || v.used > p->since || v.used > p->now - STEP_MIN_S ||
	    !is_step(p, c))
		return;
	if (!p->dry && container_remove(p->engine, id, STEP_REMOVE_MS, &err)) {
		failed(p, &err);
		return;
	}
	strvec_push(&p->gone_containers, id);
	report(p, &v);
}

/* ---- images ---- */

/* A container of anybody. */
static bool
is_in_use(const struct pruning *p, const json *image)
{
	const char *id = json_str(image, "Id", "");
	const json *c;

	if (json_int(image, "Containers", 0) > 0)
		return true;
	json_each (c, p->containers) {
		if (image_id_same(json_str(c, "ImageID", ""), id) &&
		    !strvec_has(&p->gone_containers, json_str(c, "Id", "")))
			return true;
	}
	return false;
}

/*
 * Removes an image under this name.  That it is in use, or that another one was
 * made from it since it was looked at, is no error: then it is kept.
 */
static void
prune_image(struct pruning *p, const char *name, const struct victim *v)
{
	autoerr struct err err = ERR_INIT;

	if (p->dry || !image_remove(p->engine, name, false, NULL, &err)) {
		report(p, v);
		if (!p->dry)
			dep_use_forget(&p->c->session->runtime, v->id);
	} else if (err.code == 409) {
		p->kept++;
	} else if (err.code != 404) {
		failed(p, &err);
	}
}

/* A layer of dependencies, by the one name that is ours to take away. */
static void
prune_layer(
    struct pruning *p, const json *image, const char *name, bool is_last)
{
	const json *labels = json_get(image, "Labels");
	const char *id = json_str(image, "Id", "");
	autofree char *shown = reference_shorten(name);
	struct victim v = {.kind = "dependencies",
	    .name = shown,
	    .id = id,
	    .what = json_str(labels, LABEL_DEPS, NULL),
	    .used = dep_use_time(&p->c->session->runtime, id)};
	int64_t created = json_int(image, "Created", 0);

	if (created > v.used)
		v.used = created;
	if (v.used > p->since || is_in_use(p, image)) {
		p->kept++;
		return;
	}
	/* With other names it stays, and nothing is reclaimed. */
	if (is_last)
		v.size = usage_of_image(&p->usage, id);
	prune_image(p, name, &v);
}

static void
prune_nameless(struct pruning *p, const json *image)
{
	const char *id = json_str(image, "Id", "");
	autofree char *shown = image_id_short(id);
	struct victim v = {.kind = "image",
	    .name = shown,
	    .id = id,
	    .what = "made by addesh, and without a name",
	    .size = usage_of_image(&p->usage, id),
	    .used = json_int(image, "Created", 0)};

	if (v.used > p->since || is_in_use(p, image))
		p->kept++;
	else
		prune_image(p, id, &v);
}

static void
prune_one(struct pruning *p, const json *image)
{
	const json *labels = json_get(image, "Labels");
	autovec struct strvec names = STRVEC_INIT;

	image_names(image, &names);
	if (!names.n && own_image(labels))
		prune_nameless(p, image);
	for (size_t i = 0; i < names.n; i++)
		if (own_image_is_deps(labels, names.v[i]))
			prune_layer(p, image, names.v[i], names.n == 1);
}

/* ---- the rest ---- */

static void
prune_cache(struct pruning *p, uint64_t unused_ms)
{
	autoerr struct err err = ERR_INIT;
	struct cache_usage cache;
	autofree char *name = NULL;
	uint64_t said;
	struct victim v = {
	    .kind = "build cache", .what = "of all builds on the engine"};

	usage_of_cache(&p->usage, p->since, &cache);
	if (!cache.entries)
		return;
	v.name = name = xasprintf(
	    "%zu entr%s", cache.entries, cache.entries == 1 ? "y" : "ies");
	v.size = cache.size;
	if (!p->dry &&
	    usage_prune_cache(p->engine, unused_ms / 1000, &said, &err)) {
		failed(p, &err);
		return;
	}
	/* It counts what images hold as well, and so gave nothing back. */
	if (!p->dry && said < v.size)
		v.size = said;
	report(p, &v);
}

/* What is kept of images that are gone: only of old ones, since it may be
   another engine that has them. */
static void
forget_uses(struct pruning *p)
{
	const struct runtime *rt = &p->c->session->runtime;
	autovec struct strvec ids = STRVEC_INIT;
	const json *image;

	dep_use_list(rt, &ids);
	for (size_t i = 0; i < ids.n; i++) {
		bool here = dep_use_time(rt, ids.v[i]) > p->since;

		json_each (image, p->images)
			here |= image_id_same(
			    json_str(image, "Id", ""), ids.v[i]);
		if (!here)
			dep_use_forget(rt, ids.v[i]);
	}
}

static int
look(struct pruning *p)
{
	struct err *err = &p->c->err;

	p->images = image_list(p->engine, NULL, err);
	if (!p->images)
		return -1;
	p->containers = container_list(p->engine, NULL, err);
	return p->containers ? usage_get(p->engine, &p->usage, err) : -1;
}

static void
prune_all(struct pruning *p, uint64_t unused_ms)
{
	const json *image, *container;

	if (p->cache_only) {
		prune_cache(p, unused_ms);
		return;
	}
	json_each (container, p->containers) {
		if (!is_interrupted(p))
			prune_container(p, container);
	}
	json_each (image, p->images) {
		if (!is_interrupted(p))
			prune_one(p, image);
	}
	if (!is_interrupted(p))
		prune_cache(p, unused_ms);
	if (!p->dry)
		forget_uses(p);
}

static void
sum_up(struct pruning *p, uint64_t unused_ms)
{
	autobuf struct strbuf text = STRBUF_INIT;
	json *j = call_data(p->c);

	json_put_bool(j, "dry_run", p->dry);
	json_put_int(j, "older_than_ms", (int64_t)unused_ms);
	json_put_int(j, "kept", p->kept);
	json_put_int(j, "reclaimed", (int64_t)p->bytes);
	strbuf_addf(
	    &text, "%u %s, ", p->gone, p->dry ? "would be removed" : "removed");
	units_add_size(&text, p->bytes);
	strbuf_adds(&text, p->dry ? " would be reclaimed" : " reclaimed");
	if (p->kept)
		strbuf_addf(&text, "; %u kept: in use", p->kept);
	if (p->kept && unused_ms) {
		strbuf_adds(&text, ", or used less than ");
		units_add_span(&text, unused_ms);
		strbuf_adds(&text, " ago");
	}
	call_note(p->c, "%s", text.buf);
}

static const struct column columns[] = {
    {"kind", "KIND", false, 0},
    {"name", "NAME", false, 0},
    {"size", "SIZE", true, 0},
    {"last_used", "LAST USED", false, 2},
    {"what", "WHAT IT IS", false, 1},
};

static int
prune_exec(struct call *c)
{
	uint64_t unused_ms = call_ms(c, "older-than", DEFAULT_MS);
	int64_t now = clock_wall_ms() / 1000;
	struct pruning p = {.c = c,
	    .engine = c->session->engine,
	    .now = now,
	    .since = now - (int64_t)(unused_ms / 1000),
	    .dry = call_has(c, "dry-run"),
	    .cache_only = call_has(c, "cache"),
	    .first = ERR_INIT};
	int rc = look(&p);

	if (!rc) {
		p.table =
		    call_table_new(c, "items", columns, ARRAY_SIZE(columns));
		prune_all(&p, unused_ms);
		call_table_end(p.table);
		sum_up(&p, unused_ms);
		rc = p.first.kind ? err_move(&c->err, &p.first) : 0;
	}
	usage_release(&p.usage);
	json_free(p.images);
	json_free(p.containers);
	strvec_release(&p.gone_containers);
	err_clear(&p.first);
	return rc;
}

static const struct opt prune_opts[] = {
    OPT_TIME(0, "older-than", "what was not used for so long; 24h else"),
    OPT_FLAG(0, "cache", "the build cache only"),
    OPT_FLAG('n', "dry-run", "remove nothing, only list"),
    OPT_END,
};

const struct cmd cmd_prune = {
    .name = "prune",
    .summary = "remove what can be made again",
    .help =
	"Removes from the engine what was not used for a while and can be "
	"made again: layers of installed dependencies, images of addesh that "
	"have lost their name, and the build cache, which all builds of the "
	"engine share.  What a container uses is kept.\n"
	"What dead sessions left behind is the matter of 'gc'.",
    .examples = "prune --dry-run\nprune --older-than 7d",
    .opts = prune_opts,
    .flags = CMD_OWN_ONLY | CMD_NEEDS_ENGINE,
    .exec = prune_exec,
};
