#include "engine/image.h"

#include <string.h>

#include "base/nearest.h"
#include "engine/auth.h"
#include "engine/http.h"
#include "engine/reference.h"

/* A pull may be silent this many times the usual patience: while a registry
   is slow, or a big layer is unpacked. */
#define PULL_PATIENCE 10

void
image_release(struct image *img)
{
	free(img->id);
	free(img->arch);
	free(img->variant);
	free(img->os);
	free(img->user);
	free(img->workdir);
	strvec_release(&img->env);
	strvec_release(&img->entrypoint);
	strvec_release(&img->cmd);
	strvec_release(&img->volumes);
	strvec_release(&img->tags);
	strvec_release(&img->digests);
	json_free(img->labels);
	*img = (struct image)IMAGE_INIT;
}

/* "/v1.41/images/NAME" + after; the caller's. */
static char *
image_path(const struct engine *e, const char *name, const char *after)
{
	struct strbuf sb = STRBUF_INIT;
	autofree char *base = engine_path(e, "/images/");

	strbuf_adds(&sb, base);
	http_add_escaped(&sb, name, "/:@");
	strbuf_adds(&sb, after);
	return strbuf_detach(&sb);
}

static void
read_image(struct image *img, const json *j)
{
	const json *config = json_get(j, "Config"), *item;
	const json *labels = json_get(config, "Labels");

	img->id = xstrdup(json_str(j, "Id", ""));
	img->arch = xstrdup(json_str(j, "Architecture", ""));
	img->variant = xstrdup(json_str(j, "Variant", ""));
	img->os = xstrdup(json_str(j, "Os", ""));
	/* Fields of Config that are empty are left out since API 1.50. */
	img->user = xstrdup(json_str(config, "User", ""));
	img->workdir = xstrdup(json_str(config, "WorkingDir", ""));
	json_strings(json_get(config, "Env"), &img->env);
	json_strings(json_get(config, "Entrypoint"), &img->entrypoint);
	json_strings(json_get(config, "Cmd"), &img->cmd);
	json_strings(json_get(j, "RepoTags"), &img->tags);
	json_strings(json_get(j, "RepoDigests"), &img->digests);
	json_each(item, json_get(config, "Volumes"))
	{
		if (item->string)
			strvec_push(&img->volumes, item->string);
	}
	if (cJSON_IsObject(labels))
		img->labels = cJSON_Duplicate(labels, true);
	img->size = (uint64_t)json_int(j, "Size", 0);
}

int
image_hint_near(struct engine *e, const char *name, struct err *err)
{
	autovec struct strvec near = STRVEC_INIT;
	autobuf struct strbuf list = STRBUF_INIT;
	autoerr struct err ignored = ERR_INIT;

	image_near(e, name, 3, &near, &ignored);
	for (size_t i = 0; i < near.n; i++)
		strbuf_addf(&list, "%s%s", i ? ", " : "", near.v[i]);
	return near.n ? err_hint(err, "here are: %s", list.buf) : -1;
}

/* The error of an image that is not there, with what is near it. */
static int
not_found(struct engine *e, const char *name, struct err *err)
{
	err_set(err, ERR_IMAGE, "image %s is not here", name);
	err->code = 404;
	return image_hint_near(e, name, err);
}

int
image_inspect(struct engine *e, const char *name, struct image *img,
    struct err *err)
{
	autofree char *path = image_path(e, name, "/json");
	autojson json *j = engine_call(e, "inspecting the image", "GET", path,
	    NULL, err);

	*img = (struct image)IMAGE_INIT;
	if (!j && err->code == 404) {
		not_found(e, name, err);
		return err_hint(err, "fetch it: pull %s", name);
	}
	if (!j)
		return -1;
	read_image(img, j);
	return 0;
}

json *
image_list(struct engine *e, const struct strvec *labels, struct err *err)
{
	autobuf struct strbuf path = STRBUF_INIT;
	autofree char *base = engine_path(e, "/images/json");

	strbuf_adds(&path, base);
	engine_add_filter(&path, labels);
	return engine_call(e, "listing the images", "GET", path.buf, NULL,
	    err);
}

struct near {
	char *name;
	size_t distance; /* of the repository; and then of the tag: */
	bool same_tag;
};

static int
compare_near(const void *a, const void *b)
{
	const struct near *x = a, *y = b;

	if (x->distance != y->distance)
		return x->distance < y->distance ? -1 : 1;
	if (x->same_tag != y->same_tag)
		return x->same_tag ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Adds a tag that is there if it is near to what was meant. */
static void
try_near(const struct reference *want, const char *tag, struct near **near,
    size_t *n, size_t *cap)
{
	autofree char *wanted = reference_familiar_name(want), *have = NULL;
	autoerr struct err ignored = ERR_INIT;
	struct reference ref;
	size_t d = SIZE_MAX;

	if (reference_parse(&ref, tag, &ignored))
		return;
	have = reference_familiar_name(&ref);
	if (!strcmp(wanted, have))
		d = 0;
	else if (nearest_is_slip(wanted, have))
		d = nearest_distance(wanted, have);
	if (d != SIZE_MAX && ref.tag) {
		GROW(*near, *n, cap);
		(*near)[(*n)++] = (struct near){.distance = d,
		    .name = reference_familiar(&ref),
		    .same_tag = !strcmp(ref.tag,
			want->tag ? want->tag : "latest")};
	}
	reference_release(&ref);
}

static void
collect_near(const json *list, const struct reference *want,
    struct near **near, size_t *n)
{
	const json *image;
	size_t cap = 0;

	json_each(image, list)
	{
		autovec struct strvec tags = STRVEC_INIT;

		json_strings(json_get(image, "RepoTags"), &tags);
		for (size_t i = 0; i < tags.n; i++)
			try_near(want, tags.v[i], near, n, &cap);
	}
}

int
image_near(struct engine *e, const char *name, size_t max,
    struct strvec *names, struct err *err)
{
	autoerr struct err ignored = ERR_INIT;
	autojson json *list = NULL;
	struct reference want;
	struct near *near = NULL;
	size_t n = 0;

	if (reference_parse(&want, name, &ignored))
		return 0; /* nothing is near to what is no name */
	list = image_list(e, NULL, err);
	collect_near(list, &want, &near, &n);
	reference_release(&want);
	if (n)
		qsort(near, n, sizeof(*near), compare_near);
	for (size_t i = 0; i < n; i++) {
		if (i < max)
			strvec_push(names, near[i].name);
		free(near[i].name);
	}
	free(near);
	return list ? 0 : -1;
}

struct pulling {
	struct objects objects;
	struct pull pull;
};

static int
on_pull_data(void *arg, const void *p, size_t n, struct err *err)
{
	struct pulling *pl = arg;

	return objects_feed(&pl->objects, p, n, pull_object, &pl->pull, err);
}

static char *
pull_path(struct engine *e, const struct reference *ref, const char *platform)
{
	struct strbuf sb = STRBUF_INIT;
	autofree char *base = engine_path(e, "/images/create?fromImage=");
	autofree char *name = xasprintf("%s/%s", ref->domain, ref->path);

	if (!platform)
		platform = engine_endpoint(e)->platform;
	strbuf_adds(&sb, base);
	http_add_escaped(&sb, name, "");
	strbuf_adds(&sb, "&tag=");
	http_add_escaped(&sb, ref->digest ? ref->digest
			      : ref->tag  ? ref->tag
					  : "latest", "");
	if (platform) {
		strbuf_adds(&sb, "&platform=");
		http_add_escaped(&sb, platform, "");
	}
	return strbuf_detach(&sb);
}

static int
pull(struct engine *e, const struct reference *ref, const char *name,
    const char *platform, const char *auth, progress_fn *tell, void *arg,
    struct err *err)
{
	autofree char *path = pull_path(e, ref, platform);
	autofree char *doing = xasprintf("pulling %s", name);
	struct pulling pl = {.objects = OBJECTS_INIT};
	struct http_request rq = {.doing = doing, .method = "POST",
	    .path = path, .registry_auth = auth, .sink = on_pull_data,
	    .sink_arg = &pl,
	    .silence_ms = PULL_PATIENCE * engine_settings(e)->first_byte_ms};
	int rc;

	pull_init(&pl.pull, tell, arg);
	rc = http_do(engine_http(e), &rq, NULL, err);
	if (!rc && !objects_at_end(&pl.objects))
		rc = err_set(err, ERR_ENGINE,
		    "%s: the engine's answer ends in the middle", doing);
	else if (rc && err->code >= 400)
		err->kind = ERR_IMAGE;
	objects_release(&pl.objects);
	pull_release(&pl.pull);
	return rc;
}

/* As Docker's and Podman's registries' clients say it. */
static void
hint_login(const struct engine *e, const struct reference *ref, bool sent,
    struct err *err)
{
	static const char *const words[] = {
	    "unauthorized", "no basic auth credentials"};
	const char *tool =
	    engine_kind(e) == ENGINE_PODMAN ? "podman" : "docker";
	size_t i = 0;

	while (i < ARRAY_SIZE(words) && !strstr(err->msg.buf, words[i]))
		i++;
	if (i == ARRAY_SIZE(words))
		return;
	if (sent)
		err_hint(err,
		    "the credentials kept for %s were refused; again, on this "
		    "host:  %s login %s", ref->domain, tool, ref->domain);
	else
		err_hint(err, "log in, on this host:  %s login %s", tool,
		    ref->domain);
}

int
image_pull(struct engine *e, const char *name, const char *platform,
    progress_fn *tell, void *arg, struct err *err)
{
	autovec struct strvec env = STRVEC_INIT;
	autoerr struct err no_auth = ERR_INIT;
	struct endpoint_inputs here;
	struct auth_inputs in = {.env = &env,
	    .podman = engine_kind(e) == ENGINE_PODMAN,
	    .loop = engine_loop(e), .interrupts = engine_interrupts(e)};
	struct reference ref;
	struct auth a;
	char *header = NULL;
	int rc;

	if (reference_parse(&ref, name, err))
		return -1;
	endpoint_inputs_here(&here, &env);
	in.home = here.home;
	if (auth_find(&a, &ref, &in, &no_auth) > 0)
		header = auth_header(&a);
	auth_release(&a);
	if (no_auth.kind == ERR_INTERRUPTED)
		rc = err_move(err, &no_auth);
	else
		rc = pull(e, &ref, name, platform, header, tell, arg, err);
	/* Most images need no login, so this is said only if it matters. */
	if (rc && no_auth.kind)
		err_hint(err, "no credentials were sent: %s", no_auth.msg.buf);
	else if (rc && err->kind != ERR_INTERRUPTED)
		hint_login(e, &ref, header != NULL, err);
	auth_header_free(header);
	reference_release(&ref);
	return rc;
}

int
image_remove(struct engine *e, const char *name, bool force, struct err *err)
{
	autofree char *path =
	    image_path(e, name, force ? "?force=1" : "?force=0");

	if (!engine_do(e, "removing the image", "DELETE", path, NULL, err))
		return 0;
	if (err->code == 404)
		return not_found(e, name, err);
	return -1;
}
