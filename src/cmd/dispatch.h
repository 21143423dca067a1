/*
 * From words to a status: finds the row, parses the options, establishes what
 * the row needs, calls its function, and shows the result or the error.  The
 * only place that prints errors.
 */
#ifndef ADDESH_CMD_DISPATCH_H
#define ADDESH_CMD_DISPATCH_H

#include <stdbool.h>

#include "base/err.h"
#include "base/json.h"
#include "cmd/table.h"

struct host;
struct output;

/* Where a command came from, for messages. */
struct locus {
	const char *file; /* NULL: typed, or from the command line */
	unsigned line;
};

struct request {
	char *const *words;
	size_t nwords;
	const struct strbuf *heredoc; /* or NULL */
	const char *text;
	const struct strvec *vars; /* NAME=VALUE of those in it, or NULL */
	struct locus at;
	bool interactive; /* unique prefixes are accepted */
	bool stdin_taken;
	bool quiet, timed; /* the prefixes */
	bool piped;	   /* the result goes to a command of this host */
	int body_fd;	   /* where the result goes: 1, or `>` and `|` */
	const char *body_name;
};

/* Returns the exit status. */
int dispatch_run(struct host *h, struct output *o, const struct request *rq);

/*
 * The same, but nothing is shown: returns the object that --json would have
 * printed, the caller's.  What stderr would have got goes to o->listener.
 */
json *dispatch_object(struct host *h, struct output *o,
    const struct request *rq);

/*
 * The row that the words begin with, and in *used how many they are.  A row
 * without function is a group that was not told which of its commands is meant.
 * ERR_USAGE with the nearest names if there is none.
 */
const struct cmd *dispatch_resolve(char *const *words, size_t n, bool prefixes,
    size_t *used, struct err *err);

/* The error member of the JSON form, the caller's. */
json *dispatch_error_json(const struct err *err);
/* Prints "addesh: FILE:LINE: CMD: MESSAGE" and the hint, or the JSON object;
   returns the exit status. */
int dispatch_error(struct host *h, struct output *o, struct locus at,
    const char *cmd, const struct err *err);

/* Asks on the terminal; see call_confirm(). */
int dispatch_confirm(struct host *h, struct output *o, bool interactive,
    const char *question, struct err *err);
/* Asks for a line; see call_ask(). */
int dispatch_ask(struct host *h, struct output *o, const char *question,
    bool hidden, struct strbuf *answer, struct err *err);

#endif
