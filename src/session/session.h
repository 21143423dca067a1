/*
 * The session: its environments, its policy, its steps and what the last run
 * came to.  There is one per process; it lives from the first command that
 * needs it to the end, and leaves nothing behind.
 */
#ifndef ADDESH_SESSION_SESSION_H
#define ADDESH_SESSION_SESSION_H

#include <stdbool.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/secrets.h"
#include "engine/engine.h"
#include "project/check_rules.h"
#include "project/languages.h"
#include "sandbox/box.h"
#include "session/deps.h"
#include "session/named.h"
#include "session/policy.h"
#include "session/staging.h"
#include "session/steps.h"

struct project;

#define ENV_RUNNING_MAX 64 /* a runner has fewer */

/* An environment of this session. */
/* A program that the environment has compiled for us: session/check_built.c. */
struct env_built {
	struct env_built *next;
	char *name;
	struct strbuf file; /* as it is kept */
};

struct env {
	struct env_spec spec; /* what it was asked to be; the name is there */
	struct box *box;      /* NULL after it was lost, until the next use */
	struct deps deps;     /* in spec.layer */
	struct strvec tools;  /* LANGUAGE=INDEX of the interpreter found here */
	int64_t opened_ms;    /* wall clock */
	char *id; /* in the register of kept ones; NULL: it is not there */
	char *session; /* named one that the record is of, or NULL */
	struct project *project; /* session/project.h; NULL: it is none */
	bool jobs; /* there may be some: see session/env_jobs.h */
	unsigned running[ENV_RUNNING_MAX]; /* those that were seen to run */
	size_t nrunning;
	/* Whose results are in the step that is open: once it is kept they are
	   forgotten there, and not before. */
	unsigned waited[ENV_RUNNING_MAX];
	size_t nwaited;
	json *undo; /* of applies: see session/apply.h; or NULL */
	struct env_built *built; /* NULL: nothing */
};

/* What a run came to, for $last. */
struct last_run {
	unsigned step; /* 0: there was none */
	bool others;   /* of another process of the session */
	int exit_code;
	int64_t duration_ms;
	char *status;
};

struct session {
	struct loop *loop;	    /* borrowed */
	/* borrowed: Ctrl-C, as in box_ctx, since the command began */
	const unsigned *interrupts;
	struct secrets *secrets; /* borrowed; or NULL */
	struct runtime runtime;
	struct policy *policy;
	struct named *named; /* NULL: it ends with this process */
	const char *name;    /* the named session's, borrowed; or NULL */
	struct languages *languages; /* NULL until session_languages() */
	struct check_rules *checks;  /* NULL until something is checked */
	struct engine *engine;	     /* NULL until session_engine() */
	struct steps *steps;
	char *steps_dir; /* where sessions keep theirs */
	struct step *step; /* the one that is open, or NULL */
	struct env **envs;
	size_t nenvs, envs_cap;
	struct env *current; /* NULL: none is selected */
	unsigned env_count;  /* opened so far, for names e1, e2 ... */
	struct last_run last; /* see session_last_run() */
	struct staging staging; /* contexts that are put together */
	struct strvec versions; /* of the host's programs, as in box_ctx */
	char *id;	     /* label of what this session makes */
	bool looked; /* for what dead sessions left on this host */
	bool swept;  /* the engine too */
};

/* Where progress of opening goes; as in box_ctx. */
struct session_events {
	void (*event)(void *arg, const char *phase, const char *text);
	void *arg;
};

/*
 * Takes the policy over.  name: of the named session that it resumes or begins;
 * NULL: it is nobody else's.  *trouble (the caller's, NULL: none) is one line
 * for people if what is done here cannot be kept as it should; all commands
 * work all the same.
 */
struct session *session_new(struct loop *loop, const unsigned *interrupts,
    struct policy *policy, const char *name, char **trouble, struct err *err);
/* Those that are known, borrowed; runs add the values of their variables. */
void session_use_secrets(struct session *s, struct secrets *secrets);
/* Closes all environments at once and frees everything; NULL is fine.  -1 if
   something of ours may be left; then err says what. */
int session_free(struct session *s, struct err *err);

/* What this process ran last; before it ran anything, what the session did.
   step 0: nothing was run. */
const struct last_run *session_last_run(struct session *s);
void session_set_last_run(struct session *s, unsigned step, const json *result);

/* Removes what dead sessions left, if this host holds a sign of one; of an
   engine only if the sign names it.  Looks once. */
void session_sweep_left(struct session *s);

/* The engine, connected at the first call; NULL with the reason. */
struct engine *session_engine(struct session *s, struct err *err);
/* Disconnects, so that the next use connects as the settings say then.
   ERR_USAGE while environments are open there. */
int session_engine_drop(struct session *s, struct err *err);
/* languages.yaml and the user's own, read at the first call. */
struct languages *session_languages(struct session *s, struct err *err);

/* Is there one of this name in the session? */
bool session_has_env(const struct session *s, const char *name);
/*
 * The environment of this name, or a kept one of this host: by its name, its id
 * or its container's (an unambiguous beginning of 4 digits or more will do),
 * which is then an environment of this session too.  NULL with ERR_USAGE and
 * near names.
 */
struct env *session_env(struct session *s, const char *name, struct err *err);
/*
 * Opens an environment, which becomes the current one.  spec is copied; a NULL
 * name is replaced by the next free one of e1, e2 ...
 */
struct env *session_env_new(struct session *s, const struct env_spec *spec,
    const struct session_events *ev, struct err *err);
/* Connects to it, if it is not; 1: it has ended, for good. */
int session_env_acquire(struct session *s, struct env *env, struct err *err);
/*
 * Makes it usable until session_release(): a kept one is locked and reached
 * again; one that was lost is opened again: then 1.  It is empty, or has a
 * project's files as they were.
 */
int session_env_revive(struct session *s, struct env *env,
    const struct session_events *ev, struct err *err);
/* ERR_USAGE if the next cannot be done with what it shares with this host. */
int session_env_may_reopen(const struct env *env, struct err *err);
/*
 * Opens it again on another layer (an image's id; NULL: on its image alone) and
 * carries /workspace over; name, settings and variables stay.  If that fails
 * it is as it was, else deps is what it has been given.  count: what was
 * carried.
 */
int session_env_reopen(struct session *s, struct env *env, const char *layer,
    const struct deps *deps, const struct session_events *ev,
    struct box_count *count, struct err *err);
/* Makes it the current one, also for who resumes the session. */
void session_env_select(struct session *s, struct env *env);
/* It outlives the session, for lease_ms of idle time: see box_keep(). */
int session_env_keep(struct session *s, struct env *env, uint64_t lease_ms,
    struct err *err);
/*
 * The environments of a named session, as they are now: those that others have
 * opened come, those that were closed go.  Where none is selected, that becomes
 * the current one which was it last.
 */
void session_envs_refresh(struct session *s);
/*
 * Looks whether a kept one can be reached, and holds it until
 * session_release().  -1: `code` BOX_ENDED says that it has ended.
 */
int session_env_reach(struct session *s, struct env *env, struct err *err);
/*
 * A program's step has ended: its record is what a kept environment ran last,
 * until another one's is, whatever becomes of the session.  Nothing if it is
 * none.
 */
int session_keep_last(struct session *s, const struct env *env, unsigned step,
    struct err *err);
/* The `result` that it holds for the environment of this id in the register,
   whoever ran it; the caller's, NULL if there is none. */
json *session_last_in(const struct session *s, const char *id);
/*
 * Makes it possible to look at it without its lock, whoever uses it: no more than
 * box_observe() and box_processes() may be called then.
 */
int session_env_look(struct session *s, struct env *env, struct err *err);
/* The command has ended: others may use what is kept. */
void session_release(struct session *s);
/* Closes and forgets it; env is freed whatever is returned.  A kept one whose
   engine cannot be reached stays in the register. */
int session_env_remove(struct session *s, struct env *env, struct err *err);

/*
 * The kind of sandbox that new environments get, `auto` resolved.  why (may be
 * NULL) gets one line for people, the caller's.  ERR_POLICY if execution is
 * disabled.
 */
int session_sandbox(struct session *s, enum box_kind *kind, char **why,
    struct err *err);

#endif
