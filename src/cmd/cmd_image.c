/* Single images: image info, image rm, image tag. */
#include <stdlib.h>
#include <string.h>

#include "base/mask.h"
#include "base/units.h"
#include "cmd/call.h"
#include "cmd/image_use.h"
#include "cmd/output.h"
#include "cmd/table.h"
#include "engine/image.h"
#include "session/dep_use.h"
#include "session/own_image.h"
#include "session/session.h"

const struct cmd cmd_image = {
    .name = "image",
    .summary = "commands on images: info, rm, tag",
};

/* ---- image info ---- */

/* A variable whose name tells has no word of its value shown: mask_secrets()
   alone would stop at a blank. */
static void
add_variable(struct strbuf *out, const char *text)
{
	size_t n = strcspn(text, "=");
	autofree char *probe = xasprintf("%.*s=x", (int)n, text);
	autobuf struct strbuf masked = STRBUF_INIT;

	mask_secrets(&masked, probe, strlen(probe));
	if (text[n] && strcmp(masked.buf, probe))
		strbuf_adds(out, masked.buf);
	else
		mask_secrets(out, text, strlen(text));
}

static json *
variables_json(const struct strvec *list)
{
	json *array = json_array();

	for (size_t i = 0; i < list->n; i++) {
		autobuf struct strbuf text = STRBUF_INIT;

		add_variable(&text, list->v[i]);
		json_push_str(array, text.buf);
	}
	return array;
}

static json *
names_json(const struct strvec *list)
{
	json *array = json_array();

	for (size_t i = 0; i < list->n; i++) {
		autofree char *name = reference_shorten(list->v[i]);

		/* As older engines say that there is none. */
		if (*name != '<')
			json_push_str(array, name);
	}
	return array;
}

static json *
labels_json(const json *labels)
{
	json *map = json_object();
	const json *l;

	json_each (l, labels) {
		autofree char *pair = xasprintf("%s=%s", l->string,
		    cJSON_IsString(l) ? l->valuestring : "");
		autobuf struct strbuf text = STRBUF_INIT;

		add_variable(&text, pair);
		json_put_str(
		    map, l->string, text.buf + strcspn(text.buf, "=") + 1);
	}
	return map;
}

static void
describe(json *j, const struct image *img, const struct image_users *users)
{
	json_put_str(j, "id", img->id);
	json_put(j, "tags", names_json(&img->tags));
	json_put(j, "digests", names_json(&img->digests));
	json_put_str(j, "created", img->created);
	json_put_int(j, "size", (int64_t)img->size);
	json_put_str(j, "architecture", img->arch);
	json_put_str(j, "variant", img->variant);
	json_put_str(j, "os", img->os);
	json_put_str(j, "user", img->user);
	json_put_str(j, "workdir", img->workdir);
	json_put(j, "env", variables_json(&img->env));
	json_put(j, "entrypoint", variables_json(&img->entrypoint));
	json_put(j, "cmd", variables_json(&img->cmd));
	json_put(j, "volumes", variables_json(&img->volumes));
	json_put(j, "labels", labels_json(img->labels));
	json_put_int(j, "layers", (int64_t)img->layers);
	json_put_bool(j, "ours", own_image(img->labels));
	image_users_put(users, j);
}

static void
add_value(struct strbuf *sb, const json *v)
{
	if (cJSON_IsBool(v))
		strbuf_adds(sb, cJSON_IsTrue(v) ? "yes" : "no");
	else if (cJSON_IsNumber(v))
		strbuf_addf(sb, "%.0f", v->valuedouble);
	else if (cJSON_IsString(v))
		strbuf_adds(sb, v->valuestring);
}

/* A line for each value of a list. */
static void
show_member(struct call *c, const json *m)
{
	bool plain = c->out->mode == OUTPUT_PLAIN, list = cJSON_IsArray(m);
	const char *title = m->string;
	const json *item;

	if (!list && !cJSON_IsObject(m)) {
		autobuf struct strbuf text = STRBUF_INIT;

		if (!strcmp(title, "size") && !plain)
			units_add_size(&text, (uint64_t)m->valuedouble);
		else
			add_value(&text, m);
		if (text.len)
			call_fact(c, m->string, title, text.buf);
		return;
	}
	json_each (item, m) {
		autobuf struct strbuf text = STRBUF_INIT;

		if (!list)
			strbuf_addf(&text, "%s=", item->string);
		add_value(&text, item);
		call_fact(c, m->string, title, text.buf);
		title = "";
	}
}

static int
image_info_exec(struct call *c)
{
	struct engine *e = c->session->engine;
	struct image img = IMAGE_INIT;
	struct image_use use = {0};
	autousers struct image_users users = IMAGE_USERS_INIT;
	const json *m;
	int rc;

	rc = image_check_name(c->argv[0], &c->err);
	if (!rc)
		rc = image_inspect(e, c->argv[0], &img, &c->err);
	if (!rc)
		rc = image_use_init(&use, c->session, &c->err);
	if (!rc) {
		image_users_find(&users, &use, img.id);
		describe(call_data(c), &img, &users);
		json_each (m, call_data(c))
			show_member(c, m);
	}
	image_use_release(&use);
	image_release(&img);
	return rc;
}

const struct cmd cmd_image_info = {
    .name = "image info",
    .summary = "what an image is, and which environments use it",
    .help = "Values that look like secrets are shown as ***.",
    .examples = "image info python:3.11-slim",
    .args = {ARG("IMAGE", COMP_IMAGE)},
    .flags = CMD_NEEDS_ENGINE | CMD_PAGEABLE,
    .exec = image_info_exec,
};

/* ---- image rm ---- */

/* Says which environments stand in the way. */
static void
name_users(struct call *c, const struct image *img)
{
	autousers struct image_users users = IMAGE_USERS_INIT;
	autoerr struct err ignored = ERR_INIT;
	struct image_use use;

	image_use_init(&use, c->session, &ignored);
	image_users_find(&users, &use, img->id ? img->id : "");
	image_use_release(&use);
	for (size_t i = 0; i < users.here.n; i++)
		err_hint(&c->err, "environment %s uses it:  env rm %s",
		    users.here.v[i], users.here.v[i]);
	for (size_t i = 0; i < users.elsewhere.n; i++)
		err_hint(&c->err, "environment %s of another session uses it",
		    users.elsewhere.v[i]);
}

/* Where no name is like it. */
static void
hint_images(struct call *c)
{
	if (!c->err.hint.len)
		err_hint(&c->err, "see what is there:  images -a");
}

/* The engine's words of what it took away, sorted into lists. */
static void
put_gone(struct call *c, const json *gone)
{
	json *untagged = cJSON_GetObjectItem(call_data(c), "untagged");
	json *deleted = cJSON_GetObjectItem(call_data(c), "deleted");
	const json *item;

	json_each (item, gone) {
		const char *tag = json_str(item, "Untagged", NULL);
		const char *id = json_str(item, "Deleted", NULL);

		if (tag)
			json_push_str(untagged, tag);
		if (id)
			json_push_str(deleted, id);
	}
}

static int
image_rm_one(struct call *c, const char *name, json *removed)
{
	struct engine *e = c->session->engine;
	autojson json *gone = NULL;
	struct image img = IMAGE_INIT;
	autoerr struct err ignored = ERR_INIT;
	int rc;

	image_look_up(e, name, &img, &ignored);
	rc = image_remove(e, name, call_has(c, "force"), &gone, &c->err);
	if (!rc) {
		put_gone(c, gone);
		dep_use_forget(&c->session->runtime, img.id ? img.id : "");
		json_push_str(removed, name);
		call_note(c, "image %s removed", name);
	} else if (c->err.code == 409) {
		name_users(c, &img);
	} else if (c->err.code == 404) {
		hint_images(c);
	}
	image_release(&img);
	return rc;
}

/* That it is there, too: nobody is asked about an image that is not. */
static int
check_ours(struct call *c, const char *name)
{
	struct image img = IMAGE_INIT;
	autoerr struct err err = ERR_INIT;
	int rc = image_look_up(c->session->engine, name, &img, &err);

	if (rc && err.code == 404) {
		image_not_found(c->session->engine, name, &c->err);
		hint_images(c);
	} else if (rc) {
		err_move(&c->err, &err);
	} else if (!own_image(img.labels)) {
		rc = err_set(&c->err, ERR_USAGE,
		    "addesh did not make the image %s: it has no label of ours",
		    name);
		err_hint(
		    &c->err, "remove it all the same:  image rm -a %s", name);
	}
	image_release(&img);
	return rc;
}

/* Before the first one is removed. */
static int
check_names(struct call *c)
{
	for (size_t i = 0; i < c->argc; i++)
		if (image_check_name(c->argv[i], &c->err) ||
		    (!call_has(c, "force") && !call_has(c, "any") &&
			check_ours(c, c->argv[i])))
			return -1;
	return 0;
}

static int
image_rm_exec(struct call *c)
{
	autobuf struct strbuf names = STRBUF_INIT;
	json *removed;
	int rc = 0;

	if (check_names(c))
		return -1;
	for (size_t i = 0; i < c->argc; i++)
		strbuf_addf(&names, "%s%s", i ? ", " : "", c->argv[i]);
	if (c->interactive && !call_has(c, "force") &&
	    policy_bool(c->session->policy, SET_CONFIRM_IMAGE_RM) &&
	    call_confirm(
		c, "remove the image%s %s?", c->argc > 1 ? "s" : "", names.buf))
		return -1;
	removed = json_array();
	json_put(call_data(c), "removed", removed);
	json_put(call_data(c), "untagged", json_array());
	json_put(call_data(c), "deleted", json_array());
	for (size_t i = 0; i < c->argc && !rc; i++)
		rc = image_rm_one(c, c->argv[i], removed);
	return rc;
}

static const struct opt image_rm_opts[] = {
    OPT_FLAG('a', "any", "also images that addesh did not make"),
    OPT_FLAG('f', "force",
	"do not ask, and remove it even if addesh did not make it or it has "
	"other names"),
    OPT_END,
};

const struct cmd cmd_image_rm = {
    .name = "image rm",
    .summary = "remove images from the engine",
    .help = "Removes each IMAGE that addesh made; others only with -a or -f.  A "
	    "person is asked first unless the setting "
	    "shell.confirm.image_rm is off.",
    .examples = "image rm agent-env:try\nimage rm -f old:1 old:2",
    .opts = image_rm_opts,
    .args = {ARG_SOME("IMAGE", COMP_IMAGE)},
    .flags = CMD_OWN_ONLY | CMD_NEEDS_ENGINE,
    .exec = image_rm_exec,
};

/* ---- image tag ---- */

static int
parse_tag(struct call *c, struct reference *ref)
{
	if (reference_parse(ref, c->argv[1], &c->err))
		return -1;
	if (!ref->digest)
		return 0;
	reference_release(ref);
	return err_set(&c->err, ERR_USAGE,
	    "image '%s': a digest comes from the content, it cannot be given",
	    c->argv[1]);
}

/* other: has lost the name, or NULL. */
static void
tell_tagged(struct call *c, const char *name, const char *other)
{
	autofree char *lost = NULL;

	json_put_str(call_data(c), "source", c->argv[0]);
	json_put_str(call_data(c), "image", name);
	json_put_str(call_data(c), "taken_from", other);
	call_note(c, "%s is now called %s too", c->argv[0], name);
	if (!other)
		return;
	lost = own_image_lost(name, other);
	call_warn(c, "%s", lost);
}

/* NULL unless another image that is not ours has the name. */
static char *
other_of_name(struct call *c, const char *name)
{
	struct engine *e = c->session->engine;
	char *id = own_image_other(e, name);
	struct image img = IMAGE_INIT;
	autoerr struct err ignored = ERR_INIT;

	if (id && !image_look_up(e, c->argv[0], &img, &ignored) &&
	    !strcmp(img.id, id)) {
		free(id);
		id = NULL;
	}
	image_release(&img);
	return id;
}

static int
image_tag_exec(struct call *c)
{
	struct reference ref = {0};
	autofree char *name = NULL, *other = NULL;
	int rc;

	if (image_check_name(c->argv[0], &c->err) || parse_tag(c, &ref))
		return -1;
	name = reference_familiar(&ref);
	/* Else a name that the policy allows could be put on anything. */
	rc =
	    policy_may_use_image(c->session->policy, c->argv[0], NULL, &c->err);
	if (!rc)
		other = other_of_name(c, name);
	if (!rc)
		rc = image_tag(c->session->engine, c->argv[0], &ref, &c->err);
	if (!rc)
		tell_tagged(c, name, other);
	else if (c->err.code == 404)
		hint_images(c);
	reference_release(&ref);
	return rc;
}

const struct cmd cmd_image_tag = {
    .name = "image tag",
    .summary = "give an image one more name",
    .help = "Without a tag NAME means NAME:latest.  What has had the name "
	    "loses it.",
    .examples = "image tag agent-env:try ghcr.io/team/app:1",
    .args = {ARG("IMAGE", COMP_IMAGE), ARG("NAME", COMP_IMAGE)},
    .flags = CMD_OWN_ONLY | CMD_NEEDS_ENGINE,
    .exec = image_tag_exec,
};
