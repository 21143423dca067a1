/*
 * Dockerfiles, parsed as BuildKit's dockerfile/parser and instructions do:
 * parser directives, continuations with their escape, comments, heredocs,
 * flags, exec and shell form, and variables of ARG and ENV where they are
 * replaced.  What comes is hostile: a Dockerfile of a foreign repository.
 */
#ifndef ADDESH_PROJECT_DOCKERFILE_H
#define ADDESH_PROJECT_DOCKERFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strvec.h"

struct dockerfile_heredoc {
	char *name, *body;
	unsigned line;
};

struct dockerfile_instruction {
	char *name; /* upper case: "RUN" */
	char *text; /* on one line, as written: "RUN pip install x" */
	unsigned line, end_line; /* from 1; end_line holds heredocs too */
	unsigned stage; /* index; before the first FROM: 0, as of it */
	struct strvec flags; /* "--from=build" */
	bool exec_form;	     /* args are its strings */
	struct strvec args;  /* else its words, variables replaced where the
				builder replaces them */
	struct dockerfile_heredoc *heredocs;
	size_t nheredocs;
	bool onbuild; /* it was behind ONBUILD */
};

struct dockerfile_stage {
	char *name; /* of AS, lower case; NULL: none */
	char *base; /* image, "scratch" or a stage's name; replaced */
	char *platform; /* or NULL */
	size_t first, last; /* indices of its FROM and last instruction */
	bool used; /* for the target */
};

struct dockerfile {
	char *syntax; /* of "# syntax=", or NULL */
	char escape;
	struct dockerfile_instruction *instructions;
	size_t n;
	struct dockerfile_stage *stages;
	size_t nstages;
	size_t target; /* index of the stage that is built */
	struct strvec warnings; /* such as an empty continuation line */
};

/*
 * name is for errors, "NAME:LINE: ...", of kind ERR_CONFIG.  args (NAME=VALUE)
 * and target as of `build`; either may be NULL.
 */
struct dockerfile *dockerfile_parse(const char *name, const char *text,
    size_t len, const struct strvec *args, const char *target,
    struct err *err);
void dockerfile_free(struct dockerfile *d); /* NULL is fine */

/* Images from elsewhere that the target needs: FROM, COPY --from, RUN --mount
   from=; each once, in order.  Also "scratch" is none. */
void dockerfile_images(const struct dockerfile *d, struct strvec *images);

/* A construct that not every builder takes. */
enum dockerfile_need {
	NEEDS_HEREDOC,	/* RUN <<EOF, COPY <<EOF */
	NEEDS_MOUNT,	/* RUN --mount of type bind, cache or tmpfs */
	NEEDS_LINK,	/* COPY --link */
	NEEDS_SECRET,	/* RUN --mount=type=secret or ssh: needs a session */
	NEEDS_FRONTEND, /* what only another frontend than the builder's has */
};
struct dockerfile_construct {
	enum dockerfile_need need;
	unsigned line;
	const char *what; /* "RUN --mount=type=cache"; static or of d */
};
/* Those of the stages that are used; the array is the caller's. */
struct dockerfile_construct *dockerfile_constructs(
    const struct dockerfile *d, size_t *n);

/*
 * The same Dockerfile with LABEL label after each FROM, so that containers and
 * images of the classic builder's steps can be told from others'.  The caller's.
 */
char *dockerfile_with_label(const struct dockerfile *d, const char *text,
    size_t len, const char *label);

#endif
