/* Images of the engine: pull, images, image rm. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/units.h"
#include "cmd/call.h"
#include "cmd/session_host.h"
#include "cmd/table.h"
#include "engine/image.h"
#include "engine/reference.h"
#include "sandbox/box.h"
#include "session/session.h"

/* Labels of what we make begin so. */
#define OUR_LABELS "addesh."
#define SHORT_ID 12

struct pulling {
	struct call *c;
	char *what; /* "pull python:3.11-slim" */
};

static void
pull_progress(void *arg, const struct progress *p)
{
	struct pulling *pulling = arg;

	call_progress(pulling->c, pulling->what, p->current, p->total);
}

/* The id without its algorithm, cut to what people compare. */
static void
add_short_id(struct strbuf *sb, const char *id)
{
	const char *colon = strchr(id, ':');

	strbuf_addf(sb, "%.*s", SHORT_ID, colon ? colon + 1 : id);
}

static void
report_pull(
    struct call *c, const char *name, const struct image *img, int64_t began_ms)
{
	autobuf struct strbuf text = STRBUF_INIT;
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
	strbuf_addf(&text, "%s is here: ", name);
	add_short_id(&text, img->id);
	strbuf_adds(&text, ", ");
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
	struct pulling pulling = {.c = c, .what = xasprintf("pull %s", name)};
	bool quiet = call_has(c, "quiet");
	int64_t began_ms = clock_ms();
	int rc;

	rc = image_pull(engine, name, call_str(c, "platform"),
	    quiet ? NULL : pull_progress, &pulling, &c->err);
	/* Said to be there only when the engine can show it. */
	if (!rc)
		rc = image_inspect(engine, name, &img, &c->err);
	if (!rc)
		report_pull(c, name, &img, began_ms);
	image_release(&img);
	free(pulling.what);
	return rc;
}

static int
pull_exec(struct call *c)
{
	struct reference ref = {0};
	autofree char *name = NULL;
	int rc;

	if (policy_may_use_image(
		c->session->policy, c->argv[0], NULL, &c->err) ||
	    reference_parse(&ref, c->argv[0], &c->err))
		return -1;
	name = reference_familiar(&ref);
	session_host_note_latest(c, c->argv[0]);
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

static bool
is_ours(const json *image)
{
	const json *labels = json_get(image, "Labels"), *label;

	json_each (label, labels) {
		if (label->string && str_starts(label->string, OUR_LABELS))
			return true;
	}
	return false;
}

/* Names of this session's environments that were made from the image. */
static void
find_users(const struct session *s, const char *id, struct strvec *users)
{
	for (size_t i = 0; i < s->nenvs; i++) {
		const struct env *env = s->envs[i];
		const char *used = NULL;

		if (env->box)
			used =
			    strvec_env_get(box_describe(env->box), "image_id");
		if (used && !strcmp(used, id))
			strvec_push(users, env->spec.name);
	}
}

struct listed {
	const char *name; /* NULL: it has none */
	const char *id;
	int64_t size, created;
	const struct strvec *users;
};

static json *
listed_json(const struct listed *l)
{
	json *j = json_object(), *users = json_array();
	char when[32];

	clock_format_utc(clock_s_to_ms(l->created), when);
	json_put_str(j, "image", l->name);
	json_put_str(j, "id", l->id);
	json_put_int(j, "size", l->size);
	json_put_str(j, "created", when);
	for (size_t i = 0; i < l->users->n; i++)
		json_push_str(users, l->users->v[i]);
	json_put(j, "environments", users);
	return j;
}

static void
list_row(struct call_table *t, const struct listed *l)
{
	autobuf struct strbuf id = STRBUF_INIT, size = STRBUF_INIT,
			      users = STRBUF_INIT;
	time_t created = l->created;
	char when[32] = "";
	struct tm tm;

	add_short_id(&id, l->id);
	units_add_size(&size, (uint64_t)l->size);
	if (localtime_r(&created, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d", &tm);
	for (size_t i = 0; i < l->users->n; i++)
		strbuf_addf(&users, "%s%s", i ? " " : "", l->users->v[i]);
	call_table_row(t,
	    (const char *[]){l->name ? l->name : "(no name)", id.buf, size.buf,
		when, users.len ? users.buf : NULL},
	    listed_json(l));
}

/* One row a name, since names are what commands take. */
static void
list_image(struct call_table *t, const json *image, const struct strvec *users)
{
	const json *tags = json_get(image, "RepoTags"), *tag;
	struct listed l = {.id = json_str(image, "Id", ""),
	    .size = json_int(image, "Size", 0),
	    .created = json_int(image, "Created", 0),
	    .users = users};
	bool named = false;

	json_each (tag, tags) {
		/* "<none>:<none>" is how older engines say that there is none.
		 */
		if (!cJSON_IsString(tag) || str_starts(tag->valuestring, "<"))
			continue;
		autofree char *name = reference_shorten(tag->valuestring);

		l.name = name;
		list_row(t, &l);
		l.name = NULL;
		named = true;
	}
	if (!named)
		list_row(t, &l);
}

static const struct column image_columns[] = {
    {"image", "IMAGE", false, 0},
    {"id", "ID", false, 2},
    {"size", "SIZE", true, 1},
    {"created", "CREATED", false, 3},
    {"environments", "ENVIRONMENTS", false, 4},
};

static int
images_exec(struct call *c)
{
	autojson json *all = image_list(c->session->engine, NULL, &c->err);
	struct call_table *t;
	const json *image;
	size_t hidden = 0;

	if (!all)
		return -1;
	t = call_table_new(
	    c, "images", image_columns, ARRAY_SIZE(image_columns));
	json_each (image, all) {
		autovec struct strvec users = STRVEC_INIT;

		find_users(c->session, json_str(image, "Id", ""), &users);
		if (call_has(c, "all") || users.n || is_ours(image))
			list_image(t, image, &users);
		else
			hidden++;
	}
	call_table_end(t);
	if (hidden)
		call_note(c, "%zu other%s on the engine:  images -a", hidden,
		    hidden == 1 ? " is" : "s are");
	return 0;
}

static const struct opt images_opts[] = {
    OPT_FLAG('a', "all", "all images of the engine"),
    OPT_END,
};

const struct cmd cmd_images = {
    .name = "images",
    .summary = "list images",
    .help = "Lists the images that addesh made and those that environments "
	    "of this session use; with -a all that the engine has.",
    .examples = "images -a",
    .opts = images_opts,
    .flags = CMD_NEEDS_ENGINE | CMD_PAGEABLE,
    .exec = images_exec,
};

const struct cmd cmd_image = {
    .name = "image",
    .summary = "commands on images",
};

/* Says which of our own environments stand in the way. */
static void
name_users(struct call *c, const char *name)
{
	struct image img = IMAGE_INIT;
	autoerr struct err ignored = ERR_INIT;
	autovec struct strvec users = STRVEC_INIT;

	if (!image_inspect(c->session->engine, name, &img, &ignored))
		find_users(c->session, img.id, &users);
	for (size_t i = 0; i < users.n; i++)
		err_hint(&c->err, "environment %s uses it:  env rm %s",
		    users.v[i], users.v[i]);
	image_release(&img);
}

static int
image_rm_one(struct call *c, const char *name, json *removed)
{
	bool force = call_has(c, "force");

	if (image_remove(c->session->engine, name, force, &c->err)) {
		if (c->err.code == 409)
			name_users(c, name);
		else if (c->err.code == 404 && !c->err.hint.len)
			err_hint(&c->err, "see what is there:  images -a");
		return -1;
	}
	json_push_str(removed, name);
	call_note(c, "image %s removed", name);
	return 0;
}

static int
image_rm_exec(struct call *c)
{
	autobuf struct strbuf names = STRBUF_INIT;
	json *removed;
	int rc = 0;

	for (size_t i = 0; i < c->argc; i++)
		strbuf_addf(&names, "%s%s", i ? ", " : "", c->argv[i]);
	if (c->interactive && !call_has(c, "force") &&
	    policy_bool(c->session->policy, SET_CONFIRM_IMAGE_RM) &&
	    call_confirm(
		c, "remove the image%s %s?", c->argc > 1 ? "s" : "", names.buf))
		return -1;
	removed = json_array();
	json_put(call_data(c), "removed", removed);
	for (size_t i = 0; i < c->argc && !rc; i++)
		rc = image_rm_one(c, c->argv[i], removed);
	return rc;
}

static const struct opt image_rm_opts[] = {
    OPT_FLAG(
	'f', "force", "do not ask, and remove it even if it has other names"),
    OPT_END,
};

const struct cmd cmd_image_rm = {
    .name = "image rm",
    .summary = "remove images from the engine",
    .help = "Removes each IMAGE.  A person is asked first unless the "
	    "setting shell.confirm.image_rm is off.",
    .examples = "image rm python:3.9\nimage rm -f old:1 old:2",
    .opts = image_rm_opts,
    .args = {ARG_SOME("IMAGE", COMP_IMAGE)},
    .flags = CMD_NEEDS_ENGINE,
    .exec = image_rm_exec,
};
