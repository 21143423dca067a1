/*
 * The answers of a session file, beside it in FILE.rec.jsonl: what each step
 * came to when it was recorded, so that the file can be replayed and presented
 * without any environment.  One JSON object a line:
 *
 *	{"addesh-recording":1,"program":VERSION,"created":TIME}
 *	{"id":ID or null,"command":TEXT,"status":{"code":N,"signal":NAME or
 *	 null,"timed_out":BOOL,"oom":BOOL},"us":N,"cut":BOOL,
 *	 "events":[[US,"o" or "e",TEXT or {"b64":BASE64}],...],
 *	 "object":the command's object of addesh-json(5), or null}
 *
 * TEXT of a command is what the shell is given, heredoc and all.  A step is
 * found by its id and its text, so that all else of a file can be edited; of
 * several that are the same the first that was not taken yet is.  What is
 * written is valid up to the last whole line, whenever it ends.
 */
#ifndef ADDESH_REPLAY_RECORDING_H
#define ADDESH_REPLAY_RECORDING_H

#include "replay/answer.h"
#include "base/err.h"

#define RECORDING_VERSION 1
#define RECORDING_LINE_MAX (512u << 20)

struct recording;

/* "FILE.rec.jsonl" of "FILE.md", the caller's. */
char *recording_path(const char *file);

/* ERR_CONFIG for one of a newer version, or that is none. */
struct recording *recording_open(const char *path, struct err *err);
void recording_close(struct recording *r); /* NULL is fine */
/* When it was begun, in seconds since the epoch; 0: it does not say. */
int64_t recording_created(const struct recording *r);
/* The answer to a command; 1, 0 if it is not recorded, -1 if the file is
   damaged.  id may be NULL. */
int recording_find(struct recording *r, const char *id, const char *command,
    struct answer *a, struct err *err);

/* The lines of one that is written, newline included.  A command that came
   without one (-c) is given its own, as it is a line of the file. */
void recording_add_head(struct strbuf *out);
void recording_add(struct strbuf *out, const char *id, const char *command,
    const struct answer *a);

#endif
