/* Which builder a Dockerfile gets, and what it must not hold then. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "session/build_impl.h"

/* DOCKER_BUILDKIT as Docker's client has it: 1 or 0 instead of the engine's
   own choice. */
static enum builder_wish
wish(void)
{
	const char *v = getenv("DOCKER_BUILDKIT");

	if (!v || !*v)
		return BUILDER_ANY;
	return !strcmp(v, "0") || !strcasecmp(v, "false") ? BUILDER_WANT_CLASSIC
							  : BUILDER_WANT_BUILDKIT;
}

static bool
can(const struct builder *b, enum dockerfile_need need)
{
	switch (need) {
	case NEEDS_HEREDOC:
		return b->heredocs;
	case NEEDS_MOUNT:
		return b->mounts;
	case NEEDS_LINK:
		return b->links;
	case NEEDS_NO_CLASSIC:
		return b->kind != BUILDER_CLASSIC;
	case NEEDS_BUILDKIT:
		return b->kind == BUILDER_BUILDKIT;
	case NEEDS_FRONTEND:
		/* Where heredocs are, the frontend is newer than 1.2. */
		return b->heredocs;
	case NEEDS_MOUNT_VARIABLE:
		return b->heredocs || b->kind == BUILDER_BUILDAH;
	case NEEDS_SECRET:
		break;
	}
	return false;
}

static const struct dockerfile_construct *
missing_construct(const struct builder *b,
    const struct dockerfile_construct *need, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!can(b, need[i].need))
			return &need[i];
	return NULL;
}

static int
refuse_construct(const struct builder *b, const struct dockerfile *d,
    const char *name, const struct dockerfile_construct *c, struct err *err)
{
	err_set(err, ERR_CONFIG, "%s:%u: %s: %s cannot do this", name, c->line,
	    c->what, b->title);
	if (c->need == NEEDS_SECRET)
		return err_hint(err,
		    "addesh offers no secrets and no ssh to builds; copy what "
		    "is needed from another stage");
	if (b->kind == BUILDER_CLASSIC)
		return err_hint(err,
		    "DOCKER_BUILDKIT asks for this builder: unset it");
	if (b->kind == BUILDER_BUILDKIT && d->syntax)
		return err_hint(err,
		    "an engine with a newer BuildKit can, without fetching "
		    "%s first",
		    d->syntax);
	return err_hint(err, "an engine with a newer BuildKit can%s",
	    c->need == NEEDS_HEREDOC
		? "; or put the text into a file, and COPY that"
		: c->need == NEEDS_LINK ? "; or leave --link out" : "");
}

/*
 * BuildKit is there on Docker since 18.09 even where the engine does not offer
 * it by itself, and is taken where the Dockerfile needs it.
 */
int
build_choose_builder(struct engine *e, const struct dockerfile *d,
    const char *name, struct builder *b, char **why, struct err *err)
{
	enum builder_wish w = wish();
	size_t n;
	autofree struct dockerfile_construct *need =
	    dockerfile_constructs(d, &n);
	const struct dockerfile_construct *lacks, *first;

	if (builder_find(e, w, b, err))
		return -1;
	lacks = first = missing_construct(b, need, n);
	if (lacks && b->kind == BUILDER_CLASSIC && w == BUILDER_ANY) {
		builder_release(b);
		if (builder_find(e, BUILDER_WANT_BUILDKIT, b, err))
			return -1;
		lacks = missing_construct(b, need, n);
	}
	if (lacks)
		return refuse_construct(b, d, name, lacks, err);
	if (first)
		*why = xasprintf("BuildKit is used, for %s in line %u of %s",
		    first->what, first->line, name);
	return 0;
}

/* Podman 4 refuses a context with such a link by an empty answer. */
static bool
is_for_link(const struct builder *b, const char *link, const struct err *err)
{
	return b->kind == BUILDER_BUILDAH && err->code == 500 && link;
}

/* BuildKit names the image of which it has no more than the name. */
static bool
is_for_syntax(const struct builder *b, const struct dockerfile *d,
    const struct err *err)
{
	return b->kind == BUILDER_BUILDKIT && d->syntax &&
	       strstr(err->msg.buf, "docker/dockerfile");
}

void
build_explain(const struct builder *b, const struct dockerfile *d,
    const char *link, struct err *err)
{
	if (is_for_link(b, link, err))
		err_hint(err,
		    "Podman takes no link that leads out of the directory, as "
		    "%s does: list it in .dockerignore",
		    link);
	if (is_for_syntax(b, d, err))
		err_hint(err,
		    "line %u, syntax=%s, has the engine fetch that image: "
		    "leave it out, and the engine's own program reads the file",
		    d->syntax_line, d->syntax);
}
