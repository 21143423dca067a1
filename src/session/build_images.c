/* The images that a build begins with, on the engine before it begins. */
#include <string.h>

#include "engine/image.h"
#include "session/build_impl.h"

struct pulling {
	const struct build_watch *watch;
	const char *image;
};

static void
on_pull(void *arg, const struct progress *p)
{
	const struct pulling *pulling = arg;

	if (pulling->watch->pull)
		pulling->watch->pull(
		    pulling->watch->arg, pulling->image, p);
}

/*
 * Is another image here under the name?  The classic builder takes it all the
 * same (GetImageAndReleasableLayer in daemon/images of moby/moby looks for it
 * without the platform), BuildKit asks the registry and leaves the name as it
 * is, and buildah pulls, as is done here for it.
 */
static bool
is_other(const struct build_bases *b, const char *image, const char *platform,
    const struct image *img)
{
	autofree char *line = NULL;

	if (!*platform || image_is_for(img, platform))
		return false;
	if (b->kind == BUILDER_BUILDAH)
		return true;
	line = b->kind == BUILDER_CLASSIC
	    ? xasprintf("%s is here for %s/%s, which the classic builder takes "
		  "for %s too; to have that:  pull --platform %s %s", image,
		  img->os, img->arch, platform, platform, image)
	    : xasprintf("%s is here for %s/%s; BuildKit itself asks for %s, "
		  "without credentials", image, img->os, img->arch, platform);
	if (b->kind == BUILDER_CLASSIC)
		strvec_push(&b->record->warnings, line);
	else if (b->watch->note)
		b->watch->note(b->watch->arg, line);
	return false;
}

/*
 * The builder would fetch it itself, but without a session it has no
 * credentials of ours.
 */
static int
have_image(const struct build_bases *b, const char *image,
    const char *platform, struct err *err)
{
	struct pulling pulling = {b->watch, image};
	struct image img = IMAGE_INIT;
	const struct image_pull how = {
	    .policy = b->pull ? PULL_ALWAYS : PULL_MISSING,
	    .platform = *platform ? platform : NULL,
	    .tell = on_pull,
	    .arg = &pulling};
	int rc = image_obtain(b->engine, image, &how, &img, err);

	if (!rc && is_other(b, image, platform, &img))
		rc = image_pull(
		    b->engine, image, platform, on_pull, &pulling, err);
	if (!rc && img.triggers.n)
		build_record_triggers(b->record, image, &img.triggers);
	image_release(&img);
	return rc;
}

int
build_have_images(const struct build_bases *b, const struct dockerfile *d,
    struct err *err)
{
	autovec struct strvec images = STRVEC_INIT, platforms = STRVEC_INIT;

	dockerfile_images(
	    d, b->kind != BUILDER_BUILDKIT, &images, &platforms);
	for (size_t i = 0; i < images.n; i++) {
		const char *platform = platforms.v[i];

		if (!*platform && b->platform)
			platform = b->platform;
		if (have_image(b, images.v[i], platform, err))
			return -1;
	}
	return 0;
}
