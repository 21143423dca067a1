/*
 * The register of kept environments, those that outlive the process that opened
 * them: a JSON object for each in STATE/kept/ID.json (mode 0600), written anew
 * as a whole and never in part.  It says how to reach the runner and what the
 * session knew of the environment; whether that still lives, only the engine or
 * the runner can say.
 *
 *	v		1
 *	id		16 hexadecimal digits, as of its lock
 *	name session	strings; session is null if it was of an unnamed one
 *	owner		who wrote the record: see owner_state()
 *	opened_ms	wall clock
 *	lease_ms	idle time after which it ends itself
 *	runtime_dir	where its lock is
 *	spec		what it was asked to be: sandbox/spec.h, as JSON
 *	facts		array of NAME=VALUE, as box_describe() gives them
 *	path		as box_search_path() gives it, or null
 *	box		what the kind of box needs to find it: see its file
 *
 * The session adds members of its own (session/session.c).
 */
#ifndef ADDESH_SANDBOX_KEPT_H
#define ADDESH_SANDBOX_KEPT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/json.h"
#include "base/strvec.h"
#include "sandbox/runtime.h"
#include "sandbox/spec.h"

/* Writes the record of json_str(record, "id"). */
int kept_save(const struct runtime *rt, const json *record, struct err *err);
/* NULL with err: ERR_USAGE if there is none, ERR_IO if it cannot be read; then
   `code` EBADMSG says that it is damaged, for good. */
json *kept_load(const struct runtime *rt, const char *id, struct err *err);
bool kept_exists(const struct runtime *rt, const char *id);
/* The caller's. */
char *kept_path(const struct runtime *rt, const char *id);
/* STATE/kept/ID.last, what ran there last (session_keep_last()), and its log,
   ID.last.INODE, are there as long as the record.  The caller's. */
char *kept_last_path(const struct runtime *rt, const char *id);
/* STATE/kept/ID.undo, of session/apply.h, as long as the record. */
char *kept_undo_path(const struct runtime *rt, const char *id);
/* STATE/kept/ID.check-NAME, of session/check_built.c, the same. */
char *kept_check_path(const struct runtime *rt, const char *id,
    const char *name);
/* Writes one of the last two, unless the environment has ended meanwhile, of
   which nothing is kept. */
int kept_put_beside(const struct runtime *rt, const char *id, const char *path,
    const void *p, size_t n, struct err *err);
/* That there is none is fine. */
int kept_remove(const struct runtime *rt, const char *id, struct err *err);
/* The ids of which there is only what somebody began to write: either he does
   so now, under the environment's lock, or he was killed. */
void kept_drafts(const struct runtime *rt, struct strvec *ids);
/*
 * An array of all records that can be read, oldest first.  Files that cannot
 * are left alone, their paths are added to wrong (may be NULL).
 */
json *kept_list(const struct runtime *rt, struct strvec *wrong);
/*
 * own, with the directory in which the lock of a record's environment is: one
 * user may have several, or none, as a login has XDG_RUNTIME_DIR, and what a
 * service starts has not.  Valid as long as both are.
 */
struct runtime kept_runtime(const json *record, const struct runtime *own);

/* Whether it is another machine's: several may share a home, and each has its
   own engine at the same path. */
bool kept_is_far(const json *record);

/*
 * Whether it still lives.  containers: those of ours that an engine has, with
 * its URL; NULL: it was not asked.  Of a container that another engine had, or
 * another machine's, nothing is known.
 */
enum kept_state {
	KEPT_LIVES,
	KEPT_LOST, /* its processes live, and nobody can reach them any more */
	KEPT_ENDED,
	KEPT_UNKNOWN,
};
enum kept_state kept_state(const json *record, const json *containers,
    const char *engine);

/* What an environment was asked to be, and back; spec is initialised here and
   valid also after an error. */
json *kept_spec_json(const struct env_spec *spec);
int kept_spec_read(const json *j, struct env_spec *spec, struct err *err);

#endif
