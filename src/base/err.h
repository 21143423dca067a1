/*
 * Errors as values.  A function that can fail takes a `struct err *` last and
 * returns 0 or -1 (or a pointer or NULL); err is set if and only if it failed.
 * Callers that know more put it in front with err_prefix().  Only the
 * dispatcher prints.  The exit status of a program that was run is data, not
 * an error.
 */
#ifndef ADDESH_BASE_ERR_H
#define ADDESH_BASE_ERR_H

#include "base/strbuf.h"

/* In JSON output `error.kind` is err_kind_name(). */
enum err_kind {
	ERR_NONE,
	ERR_USAGE,	 /* called wrongly; nothing was done */
	ERR_POLICY,	 /* refused by the policy */
	ERR_ENGINE,	 /* the engine is not there, or failed */
	ERR_IMAGE,	 /* an image that is missing or does not fit */
	ERR_SANDBOX,	 /* the environment could not be opened, or was lost */
	ERR_TIMEOUT,	 /* a deadline of ours */
	ERR_IO,		 /* files and streams of this host */
	ERR_CONFIG,	 /* a policy or session file is wrong */
	ERR_INTERRUPTED, /* Ctrl-C */
	ERR_INTERNAL,
};

struct err {
	enum err_kind kind;
	int code;	   /* errno, or the HTTP status of an engine; or 0 */
	struct strbuf msg; /* one line, no period, no "error:" */
	/* Empty, or lines with a remedy.  A command to be typed stands behind
	   a colon and two blanks: agents are not told those. */
	struct strbuf hint;
};

#define ERR_INIT {.msg = STRBUF_INIT, .hint = STRBUF_INIT}
#define autoerr __attribute__((cleanup(err_clear)))

/* Each of the setters replaces what was there and returns -1. */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* "MESSAGE: strerror(sys)", kind ERR_IO, code sys. */
int err_sys(struct err *e, int sys, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Adds a line to the hint; returns -1 so that it can end a function. */
int err_hint(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Puts "TEXT: " in front of the message; returns -1. */
int err_prefix(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
void err_clear(struct err *e);
/* Moves src to dst; src is clear then.  Returns -1. */
int err_move(struct err *dst, struct err *src);

const char *err_kind_name(enum err_kind kind);
/* The exit status that an error of this kind gives: 2, 124, 125 or 130. */
int err_kind_status(enum err_kind kind);

#endif
