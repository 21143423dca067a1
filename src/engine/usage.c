#include "engine/usage.h"

#include <string.h>

#include "base/clock.h"
#include "engine/http.h"
#include "engine/image.h"

/* Adding up may take so many times the usual patience. */
#define PATIENCE 10

/* From 1.42 on only what matters can be asked for, and since 1.52 the single
   items come only with verbose. */
#define API_TYPES 42
#define API_VERBOSE 52

static int
ask(struct engine *e, const char *doing, const char *method, const char *path,
    json **answer, struct err *err)
{
	struct http_request rq = {.doing = doing,
	    .method = method,
	    .path = path,
	    .first_byte_ms = PATIENCE * engine_settings(e)->first_byte_ms};
	autobuf struct strbuf text = STRBUF_INIT;
	autoerr struct err wrong = ERR_INIT;

	if (http_do(engine_http(e), &rq, &text, err))
		return -1;
	*answer = json_parse(text.buf, text.len, &wrong);
	return *answer
		   ? 0
		   : err_set(err, ERR_ENGINE, "%s: the engine's answer is %s",
			 doing, wrong.msg.buf);
}

int
usage_get(struct engine *e, struct usage *u, struct err *err)
{
	autofree char *path = engine_path(e, "/system/df%s%s",
	    engine_api(e) >= API_TYPES ? "?type=image&type=build-cache" : "",
	    engine_api(e) >= API_VERBOSE ? "&verbose=1" : "");

	unsigned tries = 0;
	int rc;

	*u = (struct usage){0};
	do
		rc = ask(e, "asking what takes room", "GET", path, &u->df, err);
	while (rc && image_ask_again(e, &tries, err));
	return rc;
}

void
usage_release(struct usage *u)
{
	json_free(u->df);
	u->df = NULL;
}

/* A list by its name until 1.51, and since 1.52. */
static const json *
items(const struct usage *u, const char *old, const char *new)
{
	const json *list = json_get(u->df, old);

	return cJSON_IsArray(list) ? list : json_path(u->df, new);
}

uint64_t
usage_of_image(const struct usage *u, const char *id)
{
	const json *list = items(u, "Images", "ImageUsage.Items"), *image;

	json_each (image, list) {
		int64_t size = json_int(image, "Size", 0);
		int64_t shared = json_int(image, "SharedSize", -1);

		if (!image_id_same(json_str(image, "Id", ""), id))
			continue;
		return shared < 0 || shared > size ? 0
						   : (uint64_t)(size - shared);
	}
	return 0;
}

static bool
is_unused(const json *entry, int64_t since)
{
	const char *created = json_str(entry, "CreatedAt", "");
	int64_t at;

	if (json_bool(entry, "InUse", false))
		return false;
	return !clock_parse_utc(json_str(entry, "LastUsedAt", created), &at) &&
	       at <= since;
}

void
usage_of_cache(const struct usage *u, int64_t since, struct cache_usage *cache)
{
	const json *list = items(u, "BuildCache", "BuildCacheUsage.Items"),
		   *entry;

	*cache = (struct cache_usage){0};
	json_each (entry, list) {
		int64_t size = json_int(entry, "Size", 0);

		if (!is_unused(entry, since))
			continue;
		cache->entries++;
		if (size > 0 && !json_bool(entry, "Shared", false))
			cache->size += (uint64_t)size;
	}
}

int
usage_prune_cache(
    struct engine *e, uint64_t unused_s, uint64_t *bytes, struct err *err)
{
	autofree char *path = engine_path(e, "/build/prune?all=1&filters=");
	autofree char *filter =
	    xasprintf("{\"until\":[\"%llus\"]}", (unsigned long long)unused_s);
	autobuf struct strbuf url = STRBUF_INIT;
	autojson json *answer = NULL;
	int64_t got;

	*bytes = 0;
	strbuf_adds(&url, path);
	http_add_escaped(&url, filter, "");
	if (ask(e, "pruning the build cache", "POST", url.buf, &answer, err))
		return -1;
	got = json_int(answer, "SpaceReclaimed", 0);
	*bytes = got > 0 ? (uint64_t)got : 0;
	return 0;
}
