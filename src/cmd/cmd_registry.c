/* Images on their way from and to a registry: pull, push. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "cmd/call.h"
#include "cmd/session_host.h"
#include "cmd/table.h"
#include "engine/image.h"
#include "session/image_name.h"
#include "session/session.h"

struct moving {
	struct call *c;
	char *what; /* "pull python:3.11-slim" */
};

static void
on_progress(void *arg, const struct progress *p)
{
	struct moving *moving = arg;

	call_progress(moving->c, moving->what, p->current, p->total);
}

static void
report_pull(
    struct call *c, const char *name, const struct image *img, int64_t began_ms)
{
	autobuf struct strbuf text = STRBUF_INIT;
	autofree char *id = image_id_short(img->id);
	json *j = call_data(c);

	json_put_str(j, "image", name);
	json_put_str(j, "id", img->id);
	json_put_str(j, "digest", img->digests.n ? img->digests.v[0] : NULL);
	json_put_str(j, "architecture", img->arch);
	json_put_int(j, "size", (int64_t)img->size);
	if (call_has(c, "quiet")) {
		call_text(c, "%s\n", name);
		return;
	}
	strbuf_addf(&text, "%s is here: %s, ", name, id);
	units_add_size(&text, img->size);
	strbuf_adds(&text, ", in ");
	units_add_duration(&text, clock_ms() - began_ms);
	call_note(c, "%s", text.buf);
}

static int
pull_reference(struct call *c, const char *name)
{
	struct image img = IMAGE_INIT;
	struct engine *engine = c->session->engine;
	struct moving moving = {.c = c, .what = xasprintf("pull %s", name)};
	bool quiet = call_has(c, "quiet");
	int64_t began_ms = clock_ms();
	int rc;

	rc = image_pull(engine, name, call_str(c, "platform"),
	    quiet ? NULL : on_progress, &moving, &c->err);
	/* Said to be there only when the engine can show it. */
	if (!rc)
		rc = image_inspect(engine, name, &img, &c->err);
	if (!rc)
		report_pull(c, name, &img, began_ms);
	image_release(&img);
	free(moving.what);
	return rc;
}

static int
pull_exec(struct call *c)
{
	autofree char *asked = session_image_name(c->session, c->argv[0]);
	struct reference ref = {0};
	autofree char *name = NULL;
	int rc;

	if (policy_may_use_image(c->session->policy, asked, NULL, &c->err) ||
	    reference_parse(&ref, asked, &c->err))
		return -1;
	/* A name with a digest means one thing however it is written. */
	name = ref.digest ? xstrdup(asked) : reference_familiar(&ref);
	session_host_note_latest(c, asked);
	rc = pull_reference(c, name);
	reference_release(&ref);
	return rc;
}

static const struct opt pull_opts[] = {
    OPT_FLAG('q', "quiet", "no progress, only the image's name at the end"),
    OPT_STR(
	0, "platform", "OS/ARCH", "the image for another platform", COMP_NONE),
    OPT_END,
};

const struct cmd cmd_pull = {
    .name = "pull",
    .summary = "fetch an image from its registry",
    .help =
	"Fetches IMAGE with the credentials that Docker's or Podman's client "
	"has for its registry.  Without a tag, latest is meant.\n"
	"The setting images says which images may be used here.",
    .examples = "pull python:3.11-slim\npull --platform linux/arm64 node:20",
    .opts = pull_opts,
    .args = {ARG("IMAGE", COMP_IMAGE)},
    .flags = CMD_NEEDS_ENGINE,
    .exec = pull_exec,
};

static void
report_push(struct call *c, const char *name, const struct reference *ref,
    const char *digest, int64_t began_ms)
{
	autobuf struct strbuf text = STRBUF_INIT;
	json *j = call_data(c);

	json_put_str(j, "image", name);
	json_put_str(j, "registry", ref->domain);
	json_put_str(j, "digest", digest);
	if (call_has(c, "quiet")) {
		call_text(c, "%s\n", name);
		return;
	}
	strbuf_addf(&text, "%s is at %s", name, ref->domain);
	if (digest)
		strbuf_addf(&text, ": %s", digest);
	strbuf_adds(&text, ", in ");
	units_add_duration(&text, clock_ms() - began_ms);
	call_note(c, "%s", text.buf);
}

static int
push_reference(struct call *c, const struct reference *ref)
{
	struct engine *e = c->session->engine;
	autofree char *name = reference_familiar(ref), *digest = NULL;
	struct moving moving = {.c = c, .what = xasprintf("push %s", name)};
	int64_t began_ms = clock_ms();
	int rc;

	rc = image_push(e, ref, call_has(c, "quiet") ? NULL : on_progress,
	    &moving, &digest, &c->err);
	if (rc && c->err.code == 404) {
		image_not_found(e, name, &c->err);
		if (!c->err.hint.len)
			err_hint(&c->err,
			    "give it that name:  image tag "
			    "IMAGE %s",
			    name);
	}
	if (!rc)
		report_push(c, name, ref, digest, began_ms);
	free(moving.what);
	return rc;
}

static int
push_exec(struct call *c)
{
	struct reference ref = {0};
	int rc;

	if (reference_parse(&ref, c->argv[0], &c->err))
		return -1;
	if (ref.digest) {
		rc = err_set(&c->err, ERR_USAGE,
		    "image '%s': what is pushed has a tag, not a digest",
		    c->argv[0]);
	} else {
		rc = policy_may_push(c->session->policy, &ref, &c->err);
		if (!rc)
			session_host_note_latest(c, c->argv[0]);
		if (!rc)
			rc = push_reference(c, &ref);
	}
	reference_release(&ref);
	return rc;
}

static const struct opt push_opts[] = {
    OPT_FLAG('q', "quiet", "no progress, only the image's name at the end"),
    OPT_END,
};

const struct cmd cmd_push = {
    .name = "push",
    .summary = "send an image to its registry",
    .help =
	"Sends IMAGE to the registry that its name begins with, with the "
	"credentials that 'login' keeps.  Without a tag, latest is meant.\n"
	"Nothing is sent unless the setting engine.push_registries lists the "
	"registry.",
    .examples = "image tag agent-env:try localhost:5000/try:1\n"
		"push localhost:5000/try:1",
    .opts = push_opts,
    .args = {ARG("IMAGE", COMP_IMAGE)},
    .flags = CMD_OWN_ONLY | CMD_NEEDS_ENGINE,
    .exec = push_exec,
};
