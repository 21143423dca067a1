/*
 * Dockerfiles, parsed as BuildKit does (frontend/dockerfile/parser, shell,
 * instructions and dockerfile2llb of moby/buildkit): parser directives,
 * continuations with their escape, comments, heredocs, flags, exec and shell
 * form, stages, and variables of ARG and ENV where they are replaced.
 *
 * What comes is hostile: a Dockerfile of a foreign repository.  Its size, its
 * nesting and the work of replacing variables are bounded.
 */
#ifndef ADDESH_PROJECT_DOCKERFILE_H
#define ADDESH_PROJECT_DOCKERFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strvec.h"

/* The longest Dockerfile that is read, in bytes. */
#define DOCKERFILE_MAX (1u << 20)

struct dockerfile_heredoc {
	char *name, *body; /* of <<- the body has no leading tabs */
	unsigned line;	   /* of the first line of the body */
	bool quoted;	   /* <<"EOF": nothing is replaced in it */
};

struct dockerfile_variable;

struct dockerfile_instruction {
	const char *name; /* upper case: "RUN"; of ONBUILD RUN too */
	char *text; /* on one line, as written: "RUN pip install x" */
	unsigned line, end_line; /* from 1; end_line holds heredocs too */
	size_t stage; /* index; before the first FROM: 0, as of it */
	/* "--from=build"; values replaced where the builder replaces them. */
	struct strvec flags;
	/*
	 * Exec form: its strings.  Else RUN, CMD, ENTRYPOINT, USER, WORKDIR...:
	 * one text; ADD, COPY, EXPOSE, FROM, VOLUME: words; ENV, LABEL: name,
	 * value, name, value...; ARG: "NAME=VALUE" or "NAME"; HEALTHCHECK:
	 * "CMD" or "NONE" and the command.  Variables are replaced where the
	 * builder does it; those that only the base image can know stay.
	 */
	struct strvec args;
	bool exec_form;
	bool onbuild; /* it was behind ONBUILD: nothing is replaced */
	struct dockerfile_heredoc *heredocs;
	size_t nheredocs;
	const struct dockerfile_variable *scope; /* dockerfile_variable() */
	/* Of the parser: what of variables it uses; where lines of the file
	   and the last argument of a shell form begin in text. */
	unsigned used;
	size_t *breaks, nbreaks, breaks_cap, begin;
};

struct dockerfile_stage {
	char *name; /* of AS, lower case; NULL: none */
	char *base; /* image, "scratch" or a stage's name; replaced */
	char *platform;	    /* or NULL */
	size_t parent;	    /* the stage that base is; SIZE_MAX: none */
	size_t first, last; /* indices of its FROM and last instruction */
	bool used;	    /* the target needs it */
	bool before_target; /* builders that take stage by stage build it */
};

struct dockerfile {
	char *syntax; /* of "# syntax=", or NULL */
	unsigned syntax_line;
	char escape;
	struct dockerfile_instruction *instructions;
	size_t n, cap;
	struct dockerfile_stage *stages;
	size_t nstages, stages_cap;
	size_t target; /* index of the stage that is built */
	/* What builders only warn of, such as an empty continuation line. */
	struct dockerfile_warning {
		unsigned line;
		const char *text; /* static */
	} *warnings;
	size_t nwarnings, warnings_cap;
	/* Of the parser. */
	struct dockerfile_variable **variables;
	size_t nvariables, variables_cap;
	bool late_escape; /* behind a directive that old parsers do not know */
	bool open_end;	  /* the last line is continued */
};

/* As of `build`; each may be NULL. */
struct dockerfile_options {
	const struct strvec *args; /* NAME=VALUE */
	const char *target;	   /* a stage's name or index */
	const char *platform;	   /* "linux/arm64"; NULL: this host's */
};

/*
 * name is for errors, "NAME:LINE: ...", of kind ERR_CONFIG.  options may be
 * NULL.
 */
struct dockerfile *dockerfile_parse(const char *name, const char *text,
    size_t len, const struct dockerfile_options *options, struct err *err);
void dockerfile_free(struct dockerfile *d); /* NULL is fine */

/* The value of a flag ("from"), "true" of one without a value; NULL: it is not
   there.  Borrowed. */
const char *dockerfile_flag(
    const struct dockerfile_instruction *in, const char *flag);
/* What ARG and ENV made of a variable where the instruction stands, the base
   image's own not among it; NULL: nothing.  Borrowed. */
const char *dockerfile_variable(
    const struct dockerfile_instruction *in, const char *name, size_t n);

/* The line of the file where a byte of the last argument of a shell form
   stands. */
unsigned dockerfile_line_at(
    const struct dockerfile_instruction *in, size_t offset);

/* A RUN --mount, its variables replaced; NULL where it says nothing. */
struct dockerfile_mount {
	char *type; /* never NULL: bind, cache, tmpfs, secret, ssh */
	char *from, *source, *target, *id;
	bool is_new; /* it has a key that docker/dockerfile:1.2 has not */
};
int dockerfile_mount_parse(
    struct dockerfile_mount *m, const char *value, struct err *err);
void dockerfile_mount_release(struct dockerfile_mount *m);

/*
 * Images from elsewhere that the target needs: FROM, COPY --from, RUN --mount
 * from=; each once, in order, "scratch" not among them.  stage_by_stage: of all
 * stages up to the target, as builders other than BuildKit take them.
 * platforms (may be NULL): of each what its FROM says, or ""; then an image
 * comes once for each platform.
 */
void dockerfile_images(const struct dockerfile *d, bool stage_by_stage,
    struct strvec *images, struct strvec *platforms);

/* Is there an ARG of this name, or do builders take it without one? */
bool dockerfile_takes_arg(
    const struct dockerfile *d, const char *name, size_t n);

/* Does it need files of the context: by COPY, ADD or a bind mount?  What is
   behind ONBUILD does not yet. */
bool dockerfile_takes_context(const struct dockerfile_instruction *in);

/* A construct that not every builder takes. */
enum dockerfile_need {
	NEEDS_HEREDOC, /* RUN <<EOF, COPY <<EOF */
	NEEDS_MOUNT,   /* RUN --mount of type bind, cache or tmpfs */
	NEEDS_LINK,    /* COPY --link */
	NEEDS_SECRET,  /* RUN --mount=type=secret or ssh: needs a session */
	/* What the classic builder alone refuses or takes for something else:
	   COPY --chmod, TARGETARCH, two stages of one name. */
	NEEDS_NO_CLASSIC,
	/* What BuildKit alone has: COPY --from a stage below. */
	NEEDS_BUILDKIT,
	/* What neither docker/dockerfile:1.2, that of Docker 20.10, nor buildah
	   has. */
	NEEDS_FRONTEND,
	/* $NAME in RUN --mount: buildah has it, docker/dockerfile:1.2 not. */
	NEEDS_MOUNT_VARIABLE,
};
struct dockerfile_construct {
	enum dockerfile_need need;
	unsigned line;
	const char *what; /* "RUN --mount=type=cache"; static or of d */
};
/* Those of the stages that are used or before the target, each line's once per
   construct; the array is the caller's, NULL if there are none. */
struct dockerfile_construct *dockerfile_constructs(
    const struct dockerfile *d, size_t *n);

/*
 * A word as ENV, LABEL and others take it: in quotes, so that the builder reads
 * the same n bytes of it, on one line; with variables $NAME is still replaced.
 * escape is the Dockerfile's, a backslash unless it says otherwise.
 */
void dockerfile_add_quoted(struct strbuf *out, const char *s, size_t n,
    char escape, bool variables);
/*
 * The same Dockerfile with a LABEL after each FROM, so that containers and
 * images of the classic builder's steps can be told from others'.  label is
 * NAME=VALUE.  The result, NUL-terminated, is the caller's.
 */
char *dockerfile_with_label(const struct dockerfile *d, const char *text,
    size_t len, const char *label);
/*
 * The same Dockerfile, for a context that lies in a directory of what is sent:
 * a first stage of this name holds it, and every COPY takes from there.  The
 * caller's; NULL if an instruction does not allow it (ADD of the context's
 * files, RUN --mount of it, COPY with a heredoc among its sources).
 */
char *dockerfile_with_context(const struct dockerfile *d, const char *text,
    size_t len, const char *stage, const char *directory);

#endif
