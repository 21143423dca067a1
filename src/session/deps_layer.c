#include "session/deps_layer.h"

#include <regex.h>
#include <string.h>

#include "base/encode.h"
#include "base/io.h"
#include "base/mask.h"
#include "engine/reference.h"
#include "session/dep_use.h"

#define KEY_LEN 32
#define LINE_SIZE 1024
#define INSTALLED_MAX 5000
#define LABEL_SIZE 1000 /* of LABEL_DEPS: it is for people */

/* Runs the words after FILE and keeps what they print: a list is worth
   nothing if it is an error that nothing is installed yet. */
static const char list_script[] =
    "f=$1; shift; mkdir -p \"${f%/*}\"; \"$@\" >\"$f\" 2>/dev/null || :";

/* ---- the instructions ---- */

static void
add_quoted(struct strbuf *out, const char *s, bool variables)
{
	dockerfile_add_quoted(out, s, strlen(s), '\\', variables);
}

static void
add_exec(struct strbuf *out, const char *name, const struct strvec *words)
{
	autojson json *array = json_from_strings(words);
	autofree char *text = json_print(array);

	strbuf_addf(out, "%s %s\n", name, text);
}

/* The installer's own variables go with each command: an instruction for each
   would be a step, which takes longer than most commands. */
static void
add_env(const struct installer *in, struct strvec *words)
{
	if (!in->env.n)
		return;
	strvec_push(words, "env");
	strvec_pushv(words, in->env.v, in->env.n);
}

/* {packages} is all of them, each a word of its own. */
static void
add_run(struct strbuf *out, const struct installer *in,
    const struct strvec *argv, const struct strvec *packages,
    const char *file)
{
	autovec struct strvec words = STRVEC_INIT;

	add_env(in, &words);
	for (size_t i = 0; i < argv->n; i++) {
		if (!strcmp(argv->v[i], "{packages}"))
			strvec_pushv(&words, packages->v, packages->n);
		else if (file && !strcmp(argv->v[i], "{file}"))
			strvec_push(&words, file);
		else
			strvec_push(&words, argv->v[i]);
	}
	add_exec(out, "RUN", &words);
}

static void
add_list(struct strbuf *out, const struct language *l, const char *when)
{
	const struct installer *in = &l->dependencies;
	autovec struct strvec words = STRVEC_INIT;

	if (!in->list.n)
		return;
	strvec_push(&words, "sh");
	strvec_push(&words, "-c");
	strvec_push(&words, list_script);
	strvec_push(&words, "sh");
	strvec_pushf(&words, DEPS_DIR "/%s.%s", l->name, when);
	add_env(in, &words);
	strvec_pushv(&words, in->list.v, in->list.n);
	add_exec(out, "RUN", &words);
}

/* The value of an environment's variable, else of ours; NULL if neither is
   set. */
static const char *
outside(const struct strvec *variables, const char *name)
{
	const char *value = variables ? strvec_env_get(variables, name) : NULL;

	return value ? value : getenv(name);
}

static void
add_args(const struct installer *in, const struct strvec *variables,
    struct strbuf *out, struct strvec *args)
{
	for (size_t i = 0; i < in->variables.n; i++) {
		const char *name = in->variables.v[i];
		const char *value = outside(variables, name);
		autofree char *both = NULL;

		if (!value)
			continue;
		strbuf_addf(out, "ARG %s\n", name);
		both = xasprintf("%s=%s", name, value);
		strvec_env_set(args, both);
	}
}

static void
add_files(const struct dep_group *g, struct strbuf *out, struct strvec *lists)
{
	const struct installer *in = &g->language->dependencies;
	const char *dir = in->dir ? in->dir : DEPS_DIR;
	const struct strvec none = STRVEC_INIT;

	for (size_t i = 0; i < g->n_files; i++) {
		autovec struct strvec words = STRVEC_INIT;

		strvec_pushf(lists, "list%zu", lists->n);
		strvec_push(&words, lists->v[lists->n - 1]);
		strvec_pushf(&words, "%s/%s", dir, g->files[i].name);
		add_exec(out, "COPY", &words);
	}
	for (size_t i = 0; i < g->n_files; i++) {
		const struct commands *c = &g->files[i].how->commands;
		autofree char *name = io_join(dir, g->files[i].name);

		for (size_t k = 0; k < c->n; k++)
			add_run(out, in, &c->v[k], &none, name);
	}
}

static void
add_group(const struct dep_group *g, const struct strvec *variables,
    struct strbuf *out, struct strvec *args, struct strvec *lists)
{
	const struct installer *in = &g->language->dependencies;

	if (in->dir) {
		strbuf_adds(out, "WORKDIR ");
		add_quoted(out, in->dir, false);
		strbuf_addc(out, '\n');
	}
	add_args(in, variables, out, args);
	add_list(out, g->language, "before");
	add_files(g, out, lists);
	for (size_t i = 0; g->packages.n && i < in->packages.n; i++)
		add_run(out, in, &in->packages.v[i], &g->packages,
		    NULL);
	add_list(out, g->language, "after");
	for (size_t i = 0; i < in->set.n; i++) {
		size_t n = strcspn(in->set.v[i], "=");

		strbuf_addf(out, "ENV %.*s=", (int)n, in->set.v[i]);
		add_quoted(out, in->set.v[i] + n + 1, true);
		strbuf_addc(out, '\n');
	}
}

static bool
is_root(const char *user)
{
	return !*user || !strcmp(user, "0") || !strcmp(user, "root") ||
	       !strcmp(user, "0:0") || !strcmp(user, "root:root");
}

static bool
moves(const struct deps *d)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->groups[i].language->dependencies.dir)
			return true;
	return false;
}

/* What runs in it finds user and directory as the image has them. */
void
deps_dockerfile(const struct deps *d, const struct image *base,
    const struct strvec *variables, struct strbuf *text, struct strvec *args,
    struct strvec *lists)
{
	if (!is_root(base->user))
		strbuf_adds(text, "USER 0\n");
	for (size_t i = 0; i < d->n; i++)
		add_group(&d->groups[i], variables, text, args, lists);
	if (moves(d)) {
		strbuf_adds(text, "WORKDIR ");
		add_quoted(text, *base->workdir ? base->workdir : "/", false);
		strbuf_addc(text, '\n');
	}
	if (!is_root(base->user)) {
		strbuf_adds(text, "USER ");
		add_quoted(text, base->user, false);
		strbuf_addc(text, '\n');
	}
}

/* ---- the layer ---- */

struct layering {
	struct session *session;
	const struct deps_request *q;
	const struct build_watch *watch;
	struct image base;
	struct strbuf text; /* without FROM */
	struct strvec args, lists;
	char key[SHA256_HEX_SIZE];
	char *name; /* OWN_DEPS_REPO:KEY */
};

static int
get_base(struct layering *l, struct err *err)
{
	struct engine *e = session_engine(l->session, err);
	const struct image_pull how = {.policy = l->q->pull};

	return e ? image_obtain(e, l->q->image, &how, &l->base, err) : -1;
}

static void
hash_text(struct strbuf *all, const char *text, size_t n)
{
	strbuf_addf(all, "%zu\n", n);
	strbuf_add(all, text, n);
}

static void
make_key(struct layering *l)
{
	const struct deps *d = l->q->deps;
	autobuf struct strbuf all = STRBUF_INIT;

	hash_text(&all, l->base.id, strlen(l->base.id));
	hash_text(&all, l->text.buf, l->text.len);
	for (size_t i = 0; i < l->args.n; i++)
		hash_text(&all, l->args.v[i], strlen(l->args.v[i]));
	for (size_t i = 0; i < d->n; i++)
		for (size_t k = 0; k < d->groups[i].n_files; k++)
			hash_text(&all, d->groups[i].files[k].text,
			    d->groups[i].files[k].len);
	sha256_hex(all.buf, all.len, l->key);
	l->key[KEY_LEN] = '\0';
	l->name = xasprintf(OWN_DEPS_REPO ":%s", l->key);
}

/* Its id, or NULL; err is set if the engine did not say. */
static char *
find_layer(struct layering *l, struct err *err)
{
	struct image img = IMAGE_INIT;
	char *id = NULL;

	if (image_look_up(l->session->engine, l->name, &img, err)) {
		if (err->code == 404)
			err_clear(err);
		return NULL;
	}
	/* Anybody may give this name to an image. */
	if (own_image_is_deps(img.labels, l->name))
		id = xstrdup(img.id);
	image_release(&img);
	return id;
}

/*
 * The base under a name that FROM takes: BuildKit takes no ids.  The names that
 * the engine has for it are whole ones, which no search for short names can
 * mistake.
 */
static char *
base_name(const struct layering *l, struct err *err)
{
	autofree char *asked = reference_shorten(l->q->image);

	if (strchr(l->q->image, '@')) /* a digest: nothing is more exact */
		return xstrdup(l->q->image);
	for (size_t i = 0; i < l->base.tags.n; i++) {
		autofree char *tag = reference_shorten(l->base.tags.v[i]);

		if (!strcmp(tag, asked))
			return xstrdup(l->base.tags.v[i]);
	}
	if (l->base.tags.n)
		return xstrdup(l->base.tags.v[0]);
	err_set(err, ERR_USAGE, "%s has no name that a layer could be built on",
	    l->q->image);
	err_hint(err, "give it one:  image tag %s NAME", l->q->image);
	return NULL;
}

static void
add_labels(const struct layering *l, struct strvec *labels)
{
	autobuf struct strbuf list = STRBUF_INIT, safe = STRBUF_INIT;

	deps_describe(l->q->deps, LABEL_SIZE, &list);
	mask_secrets(&safe, list.buf, list.len);
	if (safe.len > LABEL_SIZE) {
		strbuf_truncate(&safe, LABEL_SIZE - 3);
		/* In no character's middle. */
		while (!utf8_valid(safe.buf, safe.len))
			strbuf_truncate(&safe, safe.len - 1);
		strbuf_adds(&safe, "...");
	}
	strvec_pushf(labels, LABEL_BASE "=%s", l->q->image);
	strvec_pushf(labels, LABEL_DEPS "=%s", safe.buf);
	strvec_pushf(labels, LABEL_DEPS_KEY "=%s", l->key);
}

static struct context_file *
context_files(const struct layering *l)
{
	const struct deps *d = l->q->deps;
	struct context_file *files =
	    xcalloc(l->lists.n + 1, sizeof(*files));
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++)
		for (size_t k = 0; k < d->groups[i].n_files; k++, n++)
			files[n] = (struct context_file){
			    .path = l->lists.v[n],
			    .mode = 0644,
			    .data = d->groups[i].files[k].text,
			    .size = d->groups[i].files[k].len};
	return files;
}

static int
build_layer(struct layering *l, const char *from, struct build_record *r,
    struct err *err)
{
	const struct policy *p = l->q->policy;
	autofree struct context_file *files = context_files(l);
	autobuf struct strbuf text = STRBUF_INIT;
	autovec struct strvec tags = STRVEC_INIT;
	struct build_plan plan = {.files = files,
	    .nfiles = l->lists.n,
	    .name = "dependencies",
	    .tags = &tags,
	    .args = &l->args,
	    .labels = STRVEC_INIT,
	    .kind = LABEL_IMAGE_DEPS,
	    .no_cache = l->q->again,
	    .trusted = true,
	    .timeout_ms = policy_num(p, SET_DEPENDENCIES_TIMEOUT),
	    .memory = policy_num(p, SET_DEPENDENCIES_MEMORY_LIMIT),
	    .network = true};
	int rc;

	strbuf_addf(&text, "FROM %s\n%s", from, l->text.buf);
	plan.text = text.buf;
	plan.len = text.len;
	strvec_push(&tags, l->name);
	add_labels(l, &plan.labels);
	rc = session_build(l->session, &plan, l->watch, r, err);
	strvec_release(&plan.labels);
	if (!rc && r->status != BUILD_COMPLETED)
		rc = err_set(err, r->why.kind, "%s", r->why.msg.buf);
	return rc;
}

static char *
make_layer(struct layering *l, struct build_record *r, struct err *err)
{
	const struct policy *p = l->q->policy;
	autofree char *from = NULL;

	if (!policy_num(p, SET_DEPENDENCIES_NETWORK)) {
		err_set(err, ERR_POLICY,
		    "installing needs a network, and dependencies.network is "
		    "none (%s)", policy_where(p, SET_DEPENDENCIES_NETWORK));
		return NULL;
	}
	from = base_name(l, err);
	if (!from || build_layer(l, from, r, err))
		return NULL;
	return xstrdup(r->id);
}

char *
session_deps_layer(struct session *s, const struct deps_request *q,
    const struct build_watch *watch, struct build_record *r, struct err *err)
{
	struct layering l = {.session = s,
	    .q = q,
	    .watch = watch,
	    .base = IMAGE_INIT,
	    .text = STRBUF_INIT,
	    .args = STRVEC_INIT,
	    .lists = STRVEC_INIT};
	autoerr struct err ignored = ERR_INIT;
	char *id = NULL;

	if (!get_base(&l, err)) {
		deps_dockerfile(q->deps, &l.base, q->variables, &l.text,
		    &l.args, &l.lists);
		make_key(&l);
		if (!q->again)
			id = find_layer(&l, err);
		if (!id && err->kind == ERR_NONE)
			id = make_layer(&l, r, err);
		if (id)
			dep_use_note(&s->runtime, id, &ignored);
	}
	image_release(&l.base);
	strbuf_release(&l.text);
	strvec_release(&l.args);
	strvec_release(&l.lists);
	free(l.name);
	return id;
}

/* ---- what is installed ---- */

/* Name and version in a line, the caller's; false if it has none. */
static bool
read_line(const regex_t *re, const char *line, struct dep_installed *out)
{
	regmatch_t m[3];

	if (regexec(re, line, ARRAY_SIZE(m), m, 0) || m[1].rm_so < 0 ||
	    m[2].rm_so < 0)
		return false;
	out->name = xstrndup(line + m[1].rm_so,
	    (size_t)(m[1].rm_eo - m[1].rm_so));
	out->version = xstrndup(line + m[2].rm_so,
	    (size_t)(m[2].rm_eo - m[2].rm_so));
	return true;
}

static struct dep_installed *
read_list(const regex_t *re, const struct strbuf *text, size_t *n)
{
	struct dep_installed *v = NULL;
	size_t cap = 0, at = 0;

	*n = 0;
	while (at < text->len && *n < INSTALLED_MAX) {
		size_t len = strcspn(text->buf + at, "\n");
		char line[LINE_SIZE];

		if (len < sizeof(line)) {
			memcpy(line, text->buf + at, len);
			line[len] = '\0';
			GROW(v, *n, &cap);
			*n += read_line(re, line, &v[*n]);
		}
		/* A NUL ends what is looked at, and is stepped over. */
		at += len + 1;
	}
	return v;
}

static bool
list_has(const struct dep_installed *v, size_t n,
    const struct dep_installed *one)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(v[i].name, one->name) &&
		    !strcmp(v[i].version, one->version))
			return true;
	return false;
}

void
deps_installed_free(struct dep_installed *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(v[i].name);
		free(v[i].version);
	}
	free(v);
}

struct dep_installed *
deps_installed(const struct language *l, const struct strbuf *before,
    const struct strbuf *after, size_t *n)
{
	struct dep_installed *old, *all;
	size_t n_old, n_all, kept = 0;
	regex_t re;

	*n = 0;
	if (!l->dependencies.installed ||
	    regcomp(&re, l->dependencies.installed, REG_EXTENDED))
		return NULL;
	old = read_list(&re, before, &n_old);
	all = read_list(&re, after, &n_all);
	regfree(&re);
	for (size_t i = 0; i < n_all; i++) {
		if (list_has(old, n_old, &all[i])) {
			free(all[i].name);
			free(all[i].version);
		} else {
			all[kept++] = all[i];
		}
	}
	deps_installed_free(old, n_old);
	*n = kept;
	return all;
}
