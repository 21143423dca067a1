/*
 * Secrets that are known, for what is kept of a program's output: base/mask.h
 * finds them where their name stands beside them, but a program may print the
 * value alone.  Values are learnt from commands and found again as they are,
 * and within base64 (RFC 4648, both alphabets), wherever in its text they
 * begin, and if it is broken into lines.
 */
#ifndef ADDESH_BASE_SECRETS_H
#define ADDESH_BASE_SECRETS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"
#include "base/strbuf.h"

/* Shorter values are words that stand in other places too. */
#define SECRET_LENGTH_MIN 6

struct secrets;

struct secrets *secrets_new(void);
void secrets_free(struct secrets *s); /* NULL is fine; wipes them */
void secrets_add(struct secrets *s, const char *value, size_t n);
/* Adds the values that mask_secrets() would replace in a command.  Of those
   that were learnt so, a few hundred are kept: the oldest go. */
void secrets_learn(struct secrets *s, const char *command, size_t n);
/* The same for a text whose lines have nothing to do with each other. */
void secrets_learn_lines(struct secrets *s, const char *text, size_t n);

/* Adds the values of those variables (NAME=VALUE, up to a NULL) whose names
   tell; env may be NULL. */
void secrets_learn_env(struct secrets *s, char *const *env);

struct secret_span {
	size_t start, n;
};

/*
 * Where n bytes of text hold secrets: spans in order that do not touch, the
 * caller's.  Returns how many.  s may be NULL: then only mask.h's rules count.
 * output: the rules look at each line by itself, as a quote in a program's
 * output is not that of a command.
 */
size_t secrets_find(const struct secrets *s, const char *text, size_t n,
    bool output, struct secret_span **spans);
/* Appends the text with MASK_TEXT in place of each. */
void secrets_hide(const struct secrets *s, struct strbuf *out, const char *text,
    size_t n, bool output);
/* Replaces them in each string of j, which is nested no deeper than
   json_parse() lets it be. */
void secrets_hide_json(const struct secrets *s, json *j);

/*
 * Output that comes in parts, a secret perhaps in two of them: so the last line
 * is held back until it is whole, or longer than SECRET_LINE_MAX.
 */
#define SECRET_LINE_MAX (64u << 10)
#define SECRET_STREAM_INIT {STRBUF_INIT}

struct secret_stream {
	struct strbuf held;
};

/* Takes n bytes and appends to out what is ready. */
void secret_stream_add(struct secret_stream *st, const struct secrets *s,
    const char *p, size_t n, struct strbuf *out);
/* What is still held, as if nothing followed. */
void secret_stream_end(struct secret_stream *st, const struct secrets *s,
    struct strbuf *out);
void secret_stream_release(struct secret_stream *st);

#endif
