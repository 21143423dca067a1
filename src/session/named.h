/*
 * A named session: what of a session outlives its process, and is shared by all
 * processes that use it at once.
 *
 *	STATE/named/NAME/lock		held while somebody comes, removes it
 *					or changes session.json
 *	STATE/named/NAME/session.json	{"v":1,"created":TIME,"vars":{...},
 *					"env":ID of the current environment}
 *	STATE/named/NAME/use/PID-HEX	locked while that process uses it
 *	STATE/named/NAME/steps/		see session/steps.h
 *
 * Directories have mode 0700, files 0600.  session.json is only ever replaced
 * as a whole, and a process that was killed gives its locks up, so that nothing
 * has to be repaired after a crash at any point.  One that is no JSON is put
 * aside as session.json.damaged; one of another version is left alone.
 */
#ifndef ADDESH_SESSION_NAMED_H
#define ADDESH_SESSION_NAMED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "base/strvec.h"

struct named;

/* ERR_USAGE unless it is 1 to 64 of A-Za-z0-9_.- that begins with neither a dot
   nor, as what follows a forgotten name does, with a dash. */
int named_check_name(const char *name, struct err *err);

/*
 * Opens it, making it if there is none.  NULL if there is no directory of ours
 * alone to be had.  What goes wrong otherwise is named_trouble(): then it can
 * be read, and what can be kept is.
 */
struct named *named_open(const char *state_dir, const char *name,
    struct err *err);
void named_close(struct named *n); /* NULL is fine */
/* Closes one in which nothing was done, as after a name that was mistyped:
   whoever leaves it last removes it. */
void named_leave(struct named *n);

const char *named_name(const struct named *n);
/* What is wrong with it, one line for people; NULL: nothing. */
const char *named_trouble(const struct named *n);
const char *named_steps_dir(const struct named *n);
/* Who this process is to the others: "PID-HEX", the file in use/; NULL if that
   could not be made. */
const char *named_process(const struct named *n);
bool named_is_alive(const struct named *n, const char *process);
/* -1 if nothing can be kept here, with the reason: that somebody removed the
   session, for instance. */
int named_may_keep(const struct named *n, struct err *err);

/* session.json as it is now, an object; borrowed until the next call. */
const json *named_state(struct named *n);
/* While the descriptor is open, which the caller closes, other processes of the
   session wait for this one to decide what none of them may do twice; or -1. */
int named_hold(struct named *n, struct err *err);
/* Changes it: fn gets what is there at this moment, and no other process writes
   meanwhile. */
int named_change(struct named *n, void (*fn)(void *arg, json *state), void *arg,
    struct err *err);

/* ---- sessions that need not be open ---- */

struct named_info {
	int64_t created_ms, used_ms; /* wall clock; created 0: not known */
	uint64_t bytes;
	unsigned steps, variables;
	struct strvec processes; /* "PID-HEX" of those that use it */
};

/* The names of all, sorted. */
void named_list(const char *state_dir, struct strvec *names);
/* ERR_USAGE with near names if there is none of that name. */
int named_info(const char *state_dir, const char *name,
    struct named_info *info, struct err *err);
void named_info_release(struct named_info *info);
/* Removes it; ERR_USAGE while a process uses it, unless force. */
int named_remove(const char *state_dir, const char *name, bool force,
    struct err *err);
/* Removes what is left of removals that were killed; how many. */
int named_sweep(const char *state_dir, bool dry_run, struct strvec *paths);

#endif
