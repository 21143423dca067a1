#include "engine/image.h"

#include <string.h>

#include "base/arch.h"
#include "base/nearest.h"
#include "engine/http.h"
#include "engine/reference.h"

/* Of an id without "sha256:". */
#define ID_DIGITS 64
#define SHORT_DIGITS 12
/* Of asking for a list that changes while it is made. */
#define TRIES 20
#define PAUSE_MS 100

void
image_release(struct image *img)
{
	free(img->id);
	free(img->arch);
	free(img->variant);
	free(img->os);
	free(img->user);
	free(img->workdir);
	free(img->created);
	strvec_release(&img->env);
	strvec_release(&img->entrypoint);
	strvec_release(&img->cmd);
	strvec_release(&img->volumes);
	strvec_release(&img->triggers);
	strvec_release(&img->tags);
	strvec_release(&img->digests);
	json_free(img->labels);
	*img = (struct image)IMAGE_INIT;
}

const char *
image_id_digits(const char *id)
{
	const char *colon = strchr(id, ':');

	return colon ? colon + 1 : id;
}

char *
image_id_short(const char *id)
{
	return xasprintf("%.*s", SHORT_DIGITS, image_id_digits(id));
}

bool
image_id_same(const char *a, const char *b)
{
	a = image_id_digits(a);
	return *a && !strcmp(a, image_id_digits(b));
}

static bool
is_digits_of_id(const char *name)
{
	return strlen(name) == ID_DIGITS &&
	    strspn(name, "0123456789abcdef") == ID_DIGITS;
}

int
image_check_name(const char *name, struct err *err)
{
	struct reference ref = {0};

	if (is_digits_of_id(name))
		return 0;
	if (reference_parse(&ref, name, err))
		return -1;
	reference_release(&ref);
	return 0;
}

/* "/v1.41/images/NAME" + after; the caller's. */
static char *
image_path(const struct engine *e, const char *name, const char *after)
{
	struct strbuf sb = STRBUF_INIT;
	autofree char *base = engine_path(e, "/images/");

	strbuf_adds(&sb, base);
	/* Podman takes the digits of an image that is not there for a name
	   that is wrong. */
	if (is_digits_of_id(name))
		strbuf_adds(&sb, "sha256:");
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
	json_strings(json_get(config, "OnBuild"), &img->triggers);
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
	img->created = xstrdup(json_str(j, "Created", ""));
	json_each(item, json_path(j, "RootFS.Layers"))
		img->layers++;
}

bool
image_is_for(const struct image *img, const char *platform)
{
	autofree char *copy = xstrdup(platform);
	char *rest = copy;
	const char *first = arch_name(strsep(&rest, "/"));
	const char *second = rest ? arch_name(strsep(&rest, "/")) : NULL;

	if (!second)
		return !strcasecmp(first, img->os) ||
		       !strcasecmp(first, img->arch);
	return !strcasecmp(first, img->os) && !strcasecmp(second, img->arch);
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

int
image_not_found(struct engine *e, const char *name, struct err *err)
{
	err_set(err, ERR_IMAGE, "image %s is not here", name);
	err->code = 404;
	return image_hint_near(e, name, err);
}

int
image_look_up(struct engine *e, const char *name, struct image *img,
    struct err *err)
{
	autofree char *path = image_path(e, name, "/json");
	autojson json *j = NULL;
	unsigned tries = 0;

	*img = (struct image)IMAGE_INIT;
	do
		j = engine_call(e, "inspecting the image", "GET", path, NULL,
		    err);
	while (!j && image_ask_again(e, &tries, err));
	if (!j)
		return -1;
	read_image(img, j);
	return 0;
}

int
image_inspect(struct engine *e, const char *name, struct image *img,
    struct err *err)
{
	if (!image_look_up(e, name, img, err))
		return 0;
	if (err->code != 404)
		return -1;
	image_not_found(e, name, err);
	return err_hint(err, "fetch it:  pull %s", name);
}

/* What Podman says of any image while another one is removed. */
static bool
is_removal(const struct err *err)
{
	return err->code >= 500 &&
	       (strstr(err->msg.buf, "image not known") ||
		   strstr(err->msg.buf, "locating item named ") ||
		   strstr(err->msg.buf, "reading data blob "));
}

bool
image_ask_again(struct engine *e, unsigned *tries, struct err *err)
{
	autoerr struct err interrupted = ERR_INIT;

	if (!is_removal(err) || ++*tries >= TRIES)
		return false;
	if (http_pause(engine_http(e), PAUSE_MS, "listing the images",
		&interrupted)) {
		err_move(err, &interrupted);
		return false;
	}
	err_clear(err);
	return true;
}

json *
image_list(struct engine *e, const struct strvec *labels, struct err *err)
{
	autobuf struct strbuf path = STRBUF_INIT;
	autofree char *base = engine_path(e, "/images/json");
	unsigned tries = 0;
	json *list;

	strbuf_adds(&path, base);
	engine_add_filter(&path, labels);
	do
		list = engine_call(e, "listing the images", "GET", path.buf,
		    NULL, err);
	while (!list && image_ask_again(e, &tries, err));
	return list;
}

static void
add_names(const json *list, struct strvec *names)
{
	const json *name;

	json_each(name, list)
	{
		/* "<none>:<none>", "<none>@<none>": how older engines say that
		   there is none. */
		if (cJSON_IsString(name) && !str_starts(name->valuestring, "<"))
			strvec_push(names, name->valuestring);
	}
}

void
image_names(const json *element, struct strvec *names)
{
	add_names(json_get(element, "RepoTags"), names);
	if (!names->n)
		add_names(json_get(element, "RepoDigests"), names);
}

struct near {
	char *name;
	size_t distance, tag_distance; /* of the repository, then the tag */
};

static int
compare_near(const void *a, const void *b)
{
	const struct near *x = a, *y = b;

	if (x->distance != y->distance)
		return x->distance < y->distance ? -1 : 1;
	if (x->tag_distance != y->tag_distance)
		return x->tag_distance < y->tag_distance ? -1 : 1;
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
		    .tag_distance = nearest_distance(ref.tag,
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

int
image_tag(struct engine *e, const char *name, const struct reference *as,
    struct err *err)
{
	autofree char *path = image_path(e, name, "/tag?repo=");
	autofree char *repo = xasprintf("%s/%s", as->domain, as->path);
	autobuf struct strbuf sb = STRBUF_INIT;

	strbuf_adds(&sb, path);
	http_add_escaped(&sb, repo, "");
	strbuf_adds(&sb, "&tag=");
	http_add_escaped(&sb, as->tag ? as->tag : "latest", "");
	if (!engine_do(e, "naming the image", "POST", sb.buf, NULL, err))
		return 0;
	return err->code == 404 ? image_not_found(e, name, err) : -1;
}

int
image_remove(struct engine *e, const char *name, bool force, json **gone,
    struct err *err)
{
	autofree char *path =
	    image_path(e, name, force ? "?force=1" : "?force=0");
	json *answer =
	    engine_call(e, "removing the image", "DELETE", path, NULL, err);

	if (gone)
		*gone = answer;
	else
		json_free(answer);
	if (answer)
		return 0;
	if (err->code == 404)
		return image_not_found(e, name, err);
	return -1;
}
