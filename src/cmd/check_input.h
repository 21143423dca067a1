/* What a call of check is about: files, directories, steps, a heredoc. */
#ifndef ADDESH_CMD_CHECK_INPUT_H
#define ADDESH_CMD_CHECK_INPUT_H

#include "cmd/call.h"
#include "pack/ignore.h"
#include "session/check.h"

/* Of a directory. */
#define CHECK_FILES_MAX 10000
#define CHECK_BYTES_MAX (256u << 20)

/* Texts, each with its name, owned. */
struct check_texts {
	struct check_input *v;
	size_t n, cap;
	bool directory; /* one was named */
	size_t skipped; /* files of directories that nothing is known of */
};

void check_texts_release(struct check_texts *t);
/* Adds a text, which is copied; language (borrowed) may be NULL. */
void check_texts_add(struct check_texts *t, const char *name, const char *text,
    size_t n, const char *language);
/*
 * Adds what the operand stands for: the heredoc, a file or directory of this
 * host, or @K, the program of a step.
 */
int check_texts_read(struct check_texts *t, struct call *c, const char *word,
    const char *language);
/* The same of a path in call->env. */
int check_texts_read_env(struct check_texts *t, struct call *c,
    const char *word, const char *language);
/* May something be known of a file of this name, whatever is in it? */
bool check_texts_may_know(struct session *s, const char *path);
/* A directory has more than the bounds above: -1. */
int check_texts_too_many(struct call *c, const char *dir);

#endif
