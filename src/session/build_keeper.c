#include <string.h>

#include "engine/image.h"
#include "sandbox/keeper.h"
#include "session/build_impl.h"

/* Can its programs run there?  Of what cannot be told the opening tells. */
static bool
runs_there(struct engine *e, const char *image)
{
	autoerr struct err ignored = ERR_INIT;
	const struct engine_facts *f = engine_facts(e, &ignored);
	struct image img = IMAGE_INIT;
	bool runs = false;

	if (!image_look_up(e, image, &img, &ignored))
		runs = !f || !*f->arch || !strcmp(f->arch, img.arch);
	image_release(&img);
	return runs;
}

/* The name of some image that is there; NULL if there is none. */
static char *
any_image(struct engine *e, struct err *err)
{
	autojson json *list = image_list(e, NULL, err);
	const json *image;

	json_each(image, list)
	{
		autovec struct strvec tags = STRVEC_INIT;

		json_strings(json_get(image, "RepoTags"), &tags);
		if (tags.n && !strstr(tags.v[0], "<none>") &&
		    runs_there(e, tags.v[0]))
			return xstrdup(tags.v[0]);
	}
	return NULL;
}

/* One of the Dockerfile's is there, but may be for another platform. */
static char *
choose_image(struct engine *e, const struct dockerfile *d, struct err *err)
{
	autovec struct strvec images = STRVEC_INIT;
	char *other;

	dockerfile_images(d, true, &images, NULL);
	for (size_t i = 0; i < images.n; i++)
		if (runs_there(e, images.v[i]))
			return xstrdup(images.v[i]);
	other = any_image(e, err);
	return other || err->kind || !images.n ? other : xstrdup(images.v[0]);
}

int
build_keeper_open(struct session *s, const struct dockerfile *d,
    enum builder_kind kind, bool network, struct box **keeper,
    struct err *err)
{
	const struct box_ctx ctx = {.loop = s->loop, .engine = s->engine,
	    .runtime = &s->runtime, .interrupts = s->interrupts};
	autofree char *image = NULL;

	*keeper = NULL;
	if (kind != BUILDER_BUILDAH)
		return 0;
	image = choose_image(s->engine, d, err);
	if (!image) /* from scratch, and nothing is there that could run */
		return err->kind ? -1 : 0;
	*keeper = keeper_open(image, network ? NET_FULL : NET_NONE, &ctx, err);
	return *keeper ? 0 : err_prefix(err, "keeping the build");
}
