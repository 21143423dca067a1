/* What the files of the parser share. */
#ifndef ADDESH_PROJECT_DOCKERFILE_IMPL_H
#define ADDESH_PROJECT_DOCKERFILE_IMPL_H

#include <stdint.h>

#include "project/dockerfile.h"

/* Each knows the one before it, so a scope is the last one that counts. */
struct dockerfile_variable {
	const struct dockerfile_variable *before;
	char *name, *value; /* value NULL: declared, and not set */
	size_t stage;	    /* that sets it */
	bool env;	    /* of ENV, which counts more than ARG */
	bool platform;	    /* TARGETARCH and such: nobody sets it */
	bool open; /* below it there are those of an image, unknown here */
};

/* What not every builder knows of variables; bits. */
enum {
	USED_OPERATOR = 1 << 0, /* ${x-y}, ${x#y}, ${x/y/z} */
	USED_PLATFORM = 1 << 1, /* TARGETARCH and such */
	USED_PARENT = 1 << 2,	/* an ARG of the stage below it */
	USED_IN_MOUNT = 1 << 3, /* a variable in --mount */
};

/*
 * The lexer of words, as frontend/dockerfile/shell: quotes, escapes and
 * variables, though not the shell that runs a command.
 */
struct dockerfile_lexer {
	const struct dockerfile_variable *scope;
	char escape;
	bool raw_quotes;  /* quotes stay */
	bool raw_escapes; /* escapes stay */
	bool no_quotes;	  /* quotes are like other characters */
	bool keep_unset;  /* $x stays if x is not set */
	/* What may still be done for this Dockerfile, in bytes and steps. */
	uint64_t *budget;
	size_t stage;	/* where the word stands */
	unsigned *used; /* bits are added; or NULL */
};

/* Appends the word with its variables replaced and its quotes removed. */
int dockerfile_expand(const struct dockerfile_lexer *x, const char *word,
    struct strbuf *out, struct err *err);
/* Appends the words of a line, split after variables were replaced. */
int dockerfile_split(const struct dockerfile_lexer *x, const char *line,
    struct strvec *words, struct err *err);
/* ${x#pattern} and its like, appended to out: op is '#', '%' or '/'; of '/'
   with the replacement, and all of them with `all`. */
int dockerfile_pattern(struct strbuf *out, const char *value, char op,
    const char *pattern, bool all, const char *replacement, uint64_t *budget,
    struct err *err);

/* The value of --mount with the variables of its fields replaced. */
int dockerfile_mount_expand(const struct dockerfile_lexer *x,
    const char *value, struct strbuf *out, struct err *err);

/* The mounts of a RUN, one a call; *i begins with 0, m is the caller's.  False
   behind the last. */
bool dockerfile_next_mount(const struct dockerfile_instruction *in, size_t *i,
    struct dockerfile_mount *m);
/* Is the source of an ADD a URL or a git repository? */
bool dockerfile_is_remote(const char *source);

/* Bytes of the space at s, as unicode.IsSpace of Go; 0: it is none. */
size_t dockerfile_space(const char *s);

/*
 * A heredoc of a word ("3<<-EOF"): its name, the caller's, NULL if it is none.
 * tabs: leading tabs go.
 */
char *dockerfile_heredoc_name(const char *word, bool *tabs, bool *quoted);
/* The words of a line that are one, in order. */
void dockerfile_heredoc_words(const char *line, struct strvec *words);

/* Splits a logical line: name, flags, args and onbuild of in. */
int dockerfile_read_instruction(struct dockerfile_instruction *in,
    const char *line, char escape, struct err *err);
/* What the instruction itself says of its flags and arguments, before variables
   are replaced. */
int dockerfile_check_instruction(
    const struct dockerfile_instruction *in, struct err *err);
/* After it: ports, signals and paths. */
int dockerfile_check_expanded(
    const struct dockerfile_instruction *in, struct err *err);

/* Stages, variables, the target. */
int dockerfile_evaluate(struct dockerfile *d, const char *name,
    const struct dockerfile_options *options, struct err *err);

/* The images from elsewhere that an instruction names, "scratch" not among
   them. */
void dockerfile_visit_images(const struct dockerfile *d,
    const struct dockerfile_instruction *in,
    void (*visit)(void *arg, const char *image), void *arg);

/* The stage of COPY --from or RUN --mount from=, at any place; SIZE_MAX: it is
   an image. */
size_t dockerfile_find_stage(const struct dockerfile *d, const char *from);

#endif
