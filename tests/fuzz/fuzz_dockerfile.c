/* Dockerfiles: parsed, asked about, labelled and searched. */
#include <string.h>

#include "project/dockerfile_rules.h"
#include "fuzz.h"

/* What stands in the file counts by itself: no image is refused. */
static int
refuse(void *arg, const char *image, struct err *err)
{
	(void)arg;
	return err_set(err, ERR_POLICY, "%s", image);
}

static void
ask(const struct dockerfile *d)
{
	autovec struct strvec images = STRVEC_INIT;
	struct dockerfile_checks checks = {.image = refuse};
	struct dockerfile_findings findings = {0};
	size_t n;

	free(dockerfile_constructs(d, &n));
	dockerfile_images(d, false, &images, NULL);
	dockerfile_images(d, true, &images, NULL);
	dockerfile_find(d, &checks, &findings);
	dockerfile_findings_release(&findings);
}

/* A label changes nothing but the label: it is read again, with one
   instruction more for each stage. */
static void
label(const struct dockerfile *d, const char *text, size_t size,
    const struct dockerfile_options *options)
{
	autofree char *labelled =
	    dockerfile_with_label(d, text, size, "a.b=c \"$d\\");
	autoerr struct err err = ERR_INIT;
	struct dockerfile *again;

	if (strlen(labelled) > DOCKERFILE_MAX)
		return;
	again = dockerfile_parse(
	    "D", labelled, strlen(labelled), options, &err);
	/* The files that are as long as they may be are the exception. */
	if (again ? again->n != d->n + d->nstages : d->n < 9000)
		abort();
	dockerfile_free(again);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static char *given[] = {(char *)"A=$B", (char *)"TAG=1", NULL};
	const struct strvec args = {.v = given, .n = 2};
	const struct dockerfile_options options = {.args = &args};
	autoerr struct err err = ERR_INIT;
	struct dockerfile *d = dockerfile_parse(
	    "D", (const char *)data, size, &options, &err);

	if (!d) {
		if (!err.msg.len)
			abort();
		return 0;
	}
	ask(d);
	label(d, (const char *)data, size, &options);
	dockerfile_free(d);
	return 0;
}
