/* The list of images: images. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "cmd/call.h"
#include "cmd/image_use.h"
#include "cmd/table.h"
#include "engine/image.h"
#include "session/dep_use.h"
#include "session/own_image.h"
#include "session/session.h"

/* One row a name, since names are what commands take. */
struct listed {
	char *name;        /* NULL: it has none */
	const json *image; /* of the engine's list */
	struct image_users users;
};

struct listing {
	struct call *c;
	struct image_use use;
	const char *prefix; /* of the names that are meant, or NULL */
	bool all, deps;
	struct listed *rows;
	size_t n, cap;
	size_t hidden; /* images of others that would fit */
};

static int64_t
created(const struct listed *l)
{
	return json_int(l->image, "Created", 0);
}

/* Newest first; as the engine lists them where it is the same second. */
static int
compare(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;
	int64_t tx = created(x), ty = created(y);

	if (tx != ty)
		return tx > ty ? -1 : 1;
	if (x->image != y->image)
		return x->image < y->image ? -1 : 1;
	return x->name && y->name ? strcmp(x->name, y->name) : 0;
}

/* "docker.io/library/python" and "python" are the same name. */
static bool
fits(const struct listing *ls, const char *name)
{
	autoerr struct err ignored = ERR_INIT;
	struct reference ref = {0};
	autofree char *full = NULL;

	if (!ls->prefix || (name && str_starts(name, ls->prefix)))
		return true;
	if (!name || reference_parse(&ref, name, &ignored))
		return false;
	full = reference_full(&ref);
	reference_release(&ref);
	return str_starts(full, ls->prefix);
}

static bool
is_deps(const json *image)
{
	return !strcmp(json_str(json_get(image, "Labels"), LABEL_IMAGE, ""),
	    LABEL_IMAGE_DEPS);
}

/* Is it among those that are asked for, whatever its names? */
static bool
is_shown(const struct listing *ls, const json *image,
    const struct image_users *users)
{
	if (ls->deps)
		return is_deps(image);
	return ls->all || image_users_any(users) ||
	       own_image(json_get(image, "Labels"));
}

static void
add_name(struct listing *ls, const json *image, const char *name)
{
	struct listed *l;

	GROW(ls->rows, ls->n, &ls->cap);
	l = &ls->rows[ls->n++];
	*l = (struct listed){.name = name ? xstrdup(name) : NULL,
	    .image = image,
	    .users = IMAGE_USERS_INIT};
	image_users_find(&l->users, &ls->use, json_str(image, "Id", ""));
}

static void
add_image(struct listing *ls, const json *image)
{
	autovec struct strvec given = STRVEC_INIT, names = STRVEC_INIT;
	autousers struct image_users users = IMAGE_USERS_INIT;
	bool fit = false;

	image_names(image, &given);
	for (size_t i = 0; i < given.n; i++) {
		strvec_push_owned(&names, reference_shorten(given.v[i]));
		fit |= fits(ls, names.v[i]);
	}
	if (!fit && (names.n || !fits(ls, NULL)))
		return;
	image_users_find(&users, &ls->use, json_str(image, "Id", ""));
	if (!is_shown(ls, image, &users)) {
		ls->hidden++;
		return;
	}
	for (size_t i = 0; i < names.n; i++)
		if (fits(ls, names.v[i]))
			add_name(ls, image, names.v[i]);
	if (!names.n)
		add_name(ls, image, NULL);
}

/* ---- showing ---- */

static void
put_time(json *j, const char *name, int64_t s)
{
	char when[32];

	clock_format_utc(clock_s_to_ms(s), when);
	json_put_str(j, name, s ? when : NULL);
}

static json *
row_json(const struct listing *ls, const struct listed *l, int64_t used)
{
	const json *labels = json_get(l->image, "Labels");
	json *j = json_object();

	json_put_str(j, "image", l->name);
	json_put_str(j, "id", json_str(l->image, "Id", ""));
	json_put_int(j, "size", json_int(l->image, "Size", 0));
	put_time(j, "created", created(l));
	json_put_bool(j, "ours", own_image(labels));
	image_users_put(&l->users, j);
	if (!ls->deps)
		return j;
	put_time(j, "last_used", used);
	json_put_str(j, "base", json_str(labels, LABEL_BASE, NULL));
	json_put_str(j, "deps", json_str(labels, LABEL_DEPS, NULL));
	return j;
}

static void
add_age(struct strbuf *sb, int64_t s)
{
	if (s)
		units_add_age(sb, clock_wall_ms() / 1000 - s);
}

static void
show_row(const struct listing *ls, struct call_table *t, const struct listed *l)
{
	const json *labels = json_get(l->image, "Labels");
	const char *id = json_str(l->image, "Id", "");
	int64_t used = dep_use_time(&ls->c->session->runtime, id);
	autofree char *digits = image_id_short(id);
	autobuf struct strbuf size = STRBUF_INIT, age = STRBUF_INIT,
			      use = STRBUF_INIT, users = STRBUF_INIT;

	units_add_size(&size, (uint64_t)json_int(l->image, "Size", 0));
	add_age(&age, created(l));
	add_age(&use, used);
	image_users_add(&l->users, &users);
	if (ls->deps)
		call_table_row(t,
		    (const char *[]){l->name ? l->name : "(no name)", digits,
			size.buf, age.buf, used ? use.buf : "never",
			json_str(labels, LABEL_BASE, NULL),
			json_str(labels, LABEL_DEPS, NULL), users.buf},
		    row_json(ls, l, used));
	else
		call_table_row(t,
		    (const char *[]){l->name ? l->name : "(no name)", digits,
			size.buf, age.buf, users.buf},
		    row_json(ls, l, used));
}

static const struct column image_columns[] = {
    {"image", "IMAGE", false, 0},
    {"id", "ID", false, 2},
    {"size", "SIZE", true, 1},
    {"created", "CREATED", false, 3},
    {"environments", "ENVIRONMENTS", false, 4},
};

static const struct column deps_columns[] = {
    {"image", "IMAGE", false, 5},
    {"id", "ID", false, 0},
    {"size", "SIZE", true, 1},
    {"created", "CREATED", false, 4},
    {"last_used", "LAST USED", false, 2},
    {"base", "BASE", false, 3},
    {"deps", "DEPENDENCIES", false, 0},
    {"environments", "ENVIRONMENTS", false, 6},
};

static void
show(struct listing *ls)
{
	struct call_table *t = call_table_new(ls->c, "images",
	    ls->deps ? deps_columns : image_columns,
	    ls->deps ? ARRAY_SIZE(deps_columns) : ARRAY_SIZE(image_columns));

	if (ls->n)
		qsort(ls->rows, ls->n, sizeof(*ls->rows), compare);
	for (size_t i = 0; i < ls->n; i++)
		show_row(ls, t, &ls->rows[i]);
	call_table_end(t);
}

static void
note_rest(const struct listing *ls)
{
	const char *prefix = ls->prefix;
	bool hidden = ls->hidden && !ls->deps;

	if (prefix && !ls->n && !hidden)
		call_note(ls->c, "no image's name begins with %s", prefix);
	else if (hidden)
		call_note(ls->c, "%zu other%s on the engine:  images -a%s%s",
		    ls->hidden, ls->hidden == 1 ? " is" : "s are",
		    prefix ? " --filter " : "", prefix ? prefix : "");
	else if (ls->deps && !ls->n)
		call_note(ls->c, "there are no layers of dependencies");
}

static int
images_exec(struct call *c)
{
	struct listing ls = {.c = c,
	    .prefix = call_str(c, "filter"),
	    .all = call_has(c, "all"),
	    .deps = call_has(c, "deps")};
	autojson json *all = image_list(c->session->engine, NULL, &c->err);
	const json *image;
	int rc = -1;

	if (all && !image_use_init(&ls.use, c->session, &c->err)) {
		json_each (image, all)
			add_image(&ls, image);
		show(&ls);
		note_rest(&ls);
		rc = 0;
	}
	for (size_t i = 0; i < ls.n; i++) {
		image_users_release(&ls.rows[i].users);
		free(ls.rows[i].name);
	}
	free(ls.rows);
	image_use_release(&ls.use);
	return rc;
}

static const struct opt images_opts[] = {
    OPT_FLAG('a', "all", "all images of the engine"),
    OPT_STR(0, "filter", "PREFIX", "those whose name begins so", COMP_IMAGE),
    OPT_FLAG(0, "deps", "the layers with installed dependencies"),
    OPT_END,
};

const struct cmd cmd_images = {
    .name = "images",
    .summary = "list images",
    .help = "Lists the images that addesh made and those that environments "
	    "use, the newest first; with -a all that the engine has.",
    .examples = "images -a\nimages --filter agent-env",
    .opts = images_opts,
    .flags = CMD_NEEDS_ENGINE | CMD_PAGEABLE,
    .exec = images_exec,
};
