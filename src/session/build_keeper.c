#include <string.h>

#include "engine/image.h"
#include "sandbox/keeper.h"
#include "session/build_impl.h"

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
		if (tags.n && !strstr(tags.v[0], "<none>"))
			return xstrdup(tags.v[0]);
	}
	return NULL;
}

int
build_keeper_open(struct session *s, const struct dockerfile *d,
    enum builder_kind kind, bool network, struct box **keeper,
    struct err *err)
{
	const struct box_ctx ctx = {.loop = s->loop, .engine = s->engine,
	    .runtime = &s->runtime, .interrupts = s->interrupts};
	autovec struct strvec images = STRVEC_INIT;
	autofree char *image = NULL;

	*keeper = NULL;
	if (kind != BUILDER_BUILDAH)
		return 0;
	dockerfile_images(d, true, &images);
	image = images.n ? xstrdup(images.v[0]) : any_image(s->engine, err);
	if (!image) /* from scratch, and nothing is there that could run */
		return err->kind ? -1 : 0;
	*keeper = keeper_open(image, network ? NET_FULL : NET_NONE, &ctx, err);
	return *keeper ? 0 : err_prefix(err, "keeping the build");
}
