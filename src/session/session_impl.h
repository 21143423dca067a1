/* What the files about a session's environments share. */
#ifndef ADDESH_SESSION_SESSION_IMPL_H
#define ADDESH_SESSION_SESSION_IMPL_H

#include "session/session.h"

/* What a box of this session gets; `opening` is NULL for one that is there. */
struct opening;
void session_box_ctx(struct session *s, struct opening *opening,
    struct box_ctx *ctx);
/* Looks once for what dead sessions left.  An engine is asked when the first
   environment is opened, late enough that `addesh -c help` does not wait for
   one. */
void session_sweep_once(struct session *s);
/* Takes env over. */
void session_env_add(struct session *s, struct env *env);
void env_free(struct env *env);
void env_built_release(struct env *env); /* session/check_built.c */
/* At the session's end: one that is kept stays, the others are closed.  Of
   several errors the first is kept. */
int session_env_leave(struct env *env, struct err *err);
/* It leaves the session, and nothing else happens to it. */
void session_env_forget(struct session *s, struct env *env);

/* The memory of the machine where environments of this kind are; 0 if it is not
   known.  The engine is connected. */
uint64_t session_machine_memory(struct session *s, enum box_kind kind);

/* ---- session_kept.c ---- */

/* Brings the register up to date with what is known of a kept one here. */
int session_env_save(struct session *s, struct env *env, struct err *err);
/* The same at first; ERR_USAGE if another process of the named session has one
   of that name by now. */
int session_env_save_new(struct session *s, struct env *env, struct err *err);
/*
 * One of the register by its name or its id, from now on one of this session's;
 * NULL without an error: there is none.
 */
struct env *session_env_adopt(struct session *s, const char *name,
    struct err *err);

#endif
