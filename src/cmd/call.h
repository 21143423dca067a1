/*
 * One call of a command: what the row's function gets, and where its result
 * goes.  Commands neither print nor exit; they hand over text, data and
 * records here, and the dispatcher shows what the user asked for.
 */
#ifndef ADDESH_CMD_CALL_H
#define ADDESH_CMD_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "base/strvec.h"
#include "cmd/table.h"
#include "session/settings.h"

struct env;
struct host;
struct output;
struct session;
struct optset;
struct step;

struct call {
	const struct cmd *cmd;
	struct host *host;
	struct session *session; /* open, unless the row is CMD_NO_SESSION */
	struct env *env;	 /* set for CMD_NEEDS_ENV rows */

	/* The operands; argv[argc] is NULL. */
	char **argv;
	size_t argc;
	const struct strbuf *heredoc; /* the body, or NULL */
	const char *text; /* the command as it was written, heredoc excluded */
	const struct strvec *vars; /* NAME=VALUE of variables in it, or NULL */
	bool interactive; /* a person typed it */
	bool stdin_taken; /* the commands themselves come from stdin */
	bool redirected;  /* the result goes to a host file or a pipe */
	bool piped;	  /* to a pipe */
	int object_fd;	  /* where an object goes */

	/* What the function leaves. */
	struct err err;
	int status; /* of the program that was run; else 0 */
	unsigned step; /* its number, 0 if it has none */
	struct step *ended; /* it has ended, and shows what it came to */
	int64_t started_ms, duration_ms; /* clock_ms() */

	/* Of the dispatcher and the functions below. */
	struct optset *opts;
	struct output *out;
	struct strbuf body;
	json *data;
};

/*
 * Options by their long names, which the row must have (else it is a bug and
 * aborts).  Borrowed from the call.
 */
bool call_has(const struct call *c, const char *name);
const char *call_str(const struct call *c, const char *name); /* or NULL */
const struct strvec *call_list(const struct call *c, const char *name);
uint64_t call_ms(const struct call *c, const char *name, uint64_t def);
uint64_t call_size(const struct call *c, const char *name, uint64_t def);
uint64_t call_int(const struct call *c, const char *name, uint64_t def);
double call_num(const struct call *c, const char *name, double def);

/* Adds to the text of the result (stdout), shown when the command ends. */
void call_text(struct call *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
void call_bytes(struct call *c, const void *p, size_t n);
/*
 * One line of what something is: "TITLE   VALUE" for people, nothing without a
 * value (NULL); "NAME<tab>VALUE" with --plain, where all names are always there.
 */
void call_fact(struct call *c, const char *name, const char *title,
    const char *value);
/*
 * Bytes of an untrusted program, shown at once: fd 1 or 2.  They go out byte
 * for byte, or to a terminal through the sanitiser.  Not shown with --json.
 */
void call_program(struct call *c, int fd, const void *p, size_t n);
/*
 * The same in a callback of struct box_sink: while nobody reads, the loop turns,
 * so that the environment does not take us for dead.
 */
void call_stream(struct call *c, int fd, const void *p, size_t n);
/* The `result` object of the JSON form, made at the first call. */
json *call_data(struct call *c);
/* Replaces it; takes data. */
static inline void
call_set_data(struct call *c, json *data)
{
	json_free(c->data);
	c->data = data;
}

/*
 * A list: aligned columns for people, tab-separated with --plain, an array of
 * objects under `key` with --json.
 */
struct column {
	const char *key; /* in JSON */
	const char *title;
	bool right; /* flush right */
	/* Columns that do not fit are dropped, the highest first; 0: never. */
	unsigned char drop;
	bool lines; /* its cells are the user's own, and may have several */
};
struct call_table;
struct call_table *call_table_new(struct call *c, const char *key,
    const struct column *cols, size_t ncols);
/* cells: ncols texts, NULL for none.  data: the JSON form (taken), or NULL for
   an object of the cells. */
void call_table_row(struct call_table *t, const char *const *cells, json *data);
void call_table_end(struct call_table *t); /* puts it out and frees it */

/* An option -e: NAME=VALUE, or NAME alone for what it is here (as with Docker:
   nothing if it is not set). */
int call_variable(struct call *c, const char *text, struct strvec *env);

/* Is it a path of this host that the policy allows (SET_HOST_READ or
   SET_HOST_WRITE)?  -1, with how it would be. */
int call_may_use_path(struct call *c, enum setting_id id, const char *path);
/* One line of addesh's own words on stderr ("env e1 ready in 0.1s"). */
void call_note(struct call *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* One that only a person who typed the command gets; it is no part of what the
   command said, so that a script and a recording do not have it. */
void call_remark(struct call *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* One that says why something failed: shown even with -q. */
void call_reason(struct call *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* "addesh: warning: ..." on stderr, shown even with -q. */
void call_warn(struct call *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
/*
 * Progress of something long, on stderr: a line that is redrawn on a terminal,
 * else at most one line in 5 s; nothing in the first 400 ms.  total 0: unknown.
 */
void call_progress(struct call *c, const char *what, uint64_t cur,
    uint64_t total);
/* The same with a text of its own, which begins with what, and with lines of a
   log that a terminal shows under it. */
void call_progress_log(struct call *c, const char *what, const char *text,
    const char *log);
/* Asks a person "... [y/N] "; --yes says yes, and nobody there is an error. */
int call_confirm(struct call *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Asks a person "QUESTION: " for a line, hidden or not, and appends it, which
   does not move the buffer if 4096 bytes fit; nobody there is an error. */
int call_ask(struct call *c, const char *question, bool hidden,
    struct strbuf *answer);

#endif
