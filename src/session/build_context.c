/* What a builder is sent: the context's files, the Dockerfile, and what keeps
   that out of a COPY. */
#include <string.h>

#include "engine/http.h"
#include "session/build_impl.h"

/* Where a Dockerfile that is none of the context's is put in it. */
#define BESIDE ".addesh.Dockerfile"
/* Where the context is put in what BuildKit gets, and the stage that holds it
   then. */
#define UNDER ".addesh-context"
#define CONTEXT_STAGE "addesh-context"
#define IGNORE_FILE ".dockerignore"

static bool
takes_context(const struct dockerfile *d)
{
	for (size_t i = 0; i < d->n; i++)
		if (dockerfile_takes_context(&d->instructions[i]))
			return true;
	return false;
}

static void
add_file(struct build_context *c, const char *path, const void *p, size_t n)
{
	size_t i = 0;

	while (i < c->nfiles && strcmp(c->files[i].path, path) != 0)
		i++;
	if (i == c->nfiles)
		c->nfiles++;
	c->files[i] = (struct context_file){
	    .path = path, .mode = 0644, .data = p, .size = n};
}

static struct context *
open_context(const struct build_context *c, const char *dockerfile,
    struct err *err)
{
	struct context_spec spec = {.root = c->plan->root,
	    .dockerfile = dockerfile,
	    .files = c->files,
	    .nfiles = c->nfiles,
	    .ignore = c->plan->ignore,
	    .under = c->under,
	    .above = &c->above};

	return context_open(&spec, err);
}

/* What the context's rules say about its own files. */
struct hidden {
	bool rules;	 /* .dockerignore leaves itself out */
	bool dockerfile; /* and the Dockerfile */
	bool exists;	 /* there is a .dockerignore */
};

static int
look_at_rules(struct build_context *c, struct hidden *h, struct err *err)
{
	const char *inside = c->plan->inside;
	struct context *first = open_context(c, inside, err);
	const struct strbuf *rules;

	if (!first)
		return -1;
	h->exists = context_rules(first, &rules);
	strbuf_add(&c->ignore, rules->buf, rules->len);
	h->rules = context_ignores(first, IGNORE_FILE);
	h->dockerfile = inside && context_ignores(first, inside);
	context_close(first);
	return 0;
}

/*
 * The classic builder and buildah: as a file that no COPY sees, since they take
 * the Dockerfile and .dockerignore out of the context where that says so.
 */
static const char *
send_beside(struct build_context *c, const char *text, size_t len,
    const struct hidden *h)
{
	if (!h->exists)
		strbuf_adds(&c->ignore, "\n" IGNORE_FILE);
	strbuf_adds(&c->ignore, "\n" BESIDE "\n");
	add_file(c, IGNORE_FILE, c->ignore.buf, c->ignore.len);
	add_file(c, BESIDE, text, len);
	return BESIDE;
}

/*
 * BuildKit, which takes nothing out of a context that comes as a tar: above a
 * directory with the context, where that makes a difference and the Dockerfile
 * can be changed so; else it is seen by a COPY of its directory.
 */
static const char *
send_above(struct build_context *c, const struct hidden *h)
{
	const struct build_plan *p = c->plan;

	if (takes_context(c->dockerfile) &&
	    (!p->inside || h->dockerfile || h->rules))
		c->changed = dockerfile_with_context(c->dockerfile, p->text,
		    p->len, CONTEXT_STAGE, UNDER);
	if (c->changed) {
		c->under = UNDER;
		c->above = (struct context_file){.path = "Dockerfile",
		    .mode = 0644,
		    .data = c->changed,
		    .size = strlen(c->changed)};
		c->map->ours = "COPY " UNDER "/";
		c->map->stages = 1;
		return c->above.path;
	}
	if (h->dockerfile && takes_context(c->dockerfile))
		strvec_pushf(&c->record->warnings,
		    "BuildKit needs %s in the context, so a COPY of its "
		    "directory takes it along although it is ignored",
		    p->inside);
	if (p->inside)
		return p->inside;
	add_file(c, "Dockerfile", p->text, p->len);
	return "Dockerfile";
}

/*
 * Containers and images of the classic builder's steps have a label only if the
 * Dockerfile gives it to them.  One that is changed is sent beside its own, so
 * .dockerignore is changed too; where that would show in the image, files that
 * are right are worth more than the label.
 */
static bool
may_label(const struct build_context *c, const struct hidden *h)
{
	return c->map->kind == BUILDER_CLASSIC &&
	       (!h->exists || h->rules || !takes_context(c->dockerfile));
}

static void
choose_dockerfile(struct build_context *c, const struct hidden *h,
    struct build_spec *spec)
{
	const struct build_plan *p = c->plan;
	autofree char *label = xasprintf(LABEL_IMAGE "=%s", p->kind);

	spec->dockerfile = p->inside;
	if (may_label(c, h)) {
		c->changed = dockerfile_with_label(
		    c->dockerfile, p->text, p->len, label);
		c->map->ours = "LABEL \"" LABEL_IMAGE "\"=";
		spec->dockerfile =
		    send_beside(c, c->changed, strlen(c->changed), h);
		return;
	}
	strvec_push(&spec->labels, label);
	if (c->map->kind == BUILDER_BUILDKIT)
		spec->dockerfile = send_above(c, h);
	else if (!p->inside)
		spec->dockerfile = send_beside(c, p->text, p->len, h);
}

static ssize_t
read_context(void *arg, void *p, size_t n, struct err *err)
{
	const struct build_context *c = arg;
	ssize_t got = context_read(c->context, p, n, err);

	return got == CONTEXT_LATER ? HTTP_LATER : got;
}

int
build_context_make(struct build_context *c, struct build_spec *spec,
    struct err *err)
{
	const struct build_plan *p = c->plan;
	struct hidden h = {0};

	/* Ours are two at most: the Dockerfile and .dockerignore. */
	c->files = xcalloc(p->nfiles + 2, sizeof(*c->files));
	for (size_t i = 0; i < p->nfiles; i++)
		c->files[c->nfiles++] = p->files[i];
	strbuf_init(&c->ignore);
	if (look_at_rules(c, &h, err))
		return -1;
	choose_dockerfile(c, &h, spec);
	spec->read = read_context;
	spec->read_arg = c;
	return build_context_rewind(c, spec, err);
}

int
build_context_rewind(struct build_context *c, const struct build_spec *spec,
    struct err *err)
{
	context_close(c->context);
	c->context = open_context(
	    c, c->under ? c->plan->inside : spec->dockerfile, err);
	return c->context ? 0 : -1;
}

void
build_context_release(struct build_context *c)
{
	context_close(c->context);
	if (c->files)
		strbuf_release(&c->ignore);
	free(c->files);
	free(c->changed);
}

static bool
is_rules(const struct build_plan *p, const char *path)
{
	size_t n = p->inside ? strlen(p->inside) : 0;

	return !strcmp(path, IGNORE_FILE) ||
	       (n && !strncmp(path, p->inside, n) &&
		   !strcmp(path + n, IGNORE_FILE));
}

int
build_context_note_ignored(const struct build_context *c, struct session *s,
    struct err *err)
{
	const struct build_plan *p = c->plan;
	unsigned before = *s->interrupts;

	for (size_t i = 0; i < p->nfiles; i++) {
		const char *path = p->files[i].path;

		if (is_rules(p, path))
			c->record->own_ignore = true;
		else if ((!p->inside || strcmp(path, p->inside) != 0) &&
			 context_ignores(c->context, path))
			strvec_push(&c->record->ignored, path);
		loop_step(s->loop, 0);
		if (*s->interrupts != before)
			return err_set(err, ERR_INTERRUPTED, "interrupted");
	}
	return 0;
}

void
build_context_note_sent(const struct build_context *c)
{
	struct build_record *r = c->record;
	const struct strvec *skipped = context_skipped(c->context);

	r->context = *context_count(c->context);
	strvec_pushv(&r->skipped, skipped->v, skipped->n);
}
