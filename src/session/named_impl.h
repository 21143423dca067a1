/* Of a named session's files: what those who open it and those who list it
   share. */
#ifndef ADDESH_SESSION_NAMED_IMPL_H
#define ADDESH_SESSION_NAMED_IMPL_H

#include "session/named.h"

#define NAMED_STATE "session.json"
#define NAMED_STATE_MAX (16u << 20)
/* Somebody who holds it longer is stopped. */
#define NAMED_PATIENCE_MS 10000

/* STATE/named, and the directory of a session; the caller's. */
char *named_top(const char *state_dir);
char *named_dir(const char *state_dir, const char *name);
/* The lock of a session's directory: a descriptor to close. */
int named_lock(const char *dir, const char *name, struct err *err);
/* Is it one of ours alone? */
int named_check_dir(const char *dir, struct err *err);
/* The object, or NULL: ENOENT, or what is wrong with it. */
json *named_read_state(const char *dir, struct err *err);
/* Removes it if nothing was done in it and nobody uses it. */
void named_remove_unused(const char *dir, const char *name);
/* Calls fn for each process that has a file in use/. */
void named_each_process(const char *dir,
    void (*fn)(void *arg, const char *process, const char *path), void *arg);

#endif
