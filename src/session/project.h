/*
 * A project: a directory of this host in an environment made for it.  The
 * directory itself is never changed by anything here; what it was when the
 * project was opened is kept beside the session, so that an environment that
 * was lost is filled again, and changes can be told.
 *
 *	STATE/projects/ID/snapshot	project/snapshot.h
 *	STATE/projects/ID/rules		what was left out, as in .dockerignore
 *	STATE/projects/ID.lock		locked while the process lives that
 *					opened it
 *
 * They go with the environment.  Those of a dead process go with the sweep,
 * unless the register of kept environments names them.
 */
#ifndef ADDESH_SESSION_PROJECT_H
#define ADDESH_SESSION_PROJECT_H

#include "base/json.h"
#include "pack/ignore.h"
#include "project/languages.h"
#include "project/snapshot.h"
#include "session/session.h"

/* What is known of env->project; the environment's name is the project's. */
struct project {
	char *id;    /* 16 hexadecimal digits */
	char *dir;   /* where its files of ours are */
	char *root;  /* the directory on this host, without links */
	char *language; /* its name, or NULL */
	char *why;	/* it is that one; or NULL */
	char *image_why;  /* why it has its image; or NULL: not known */
	char *dockerfile; /* name of the file that the image was built from, or
			     NULL */
	char *workdir; /* of that image, or NULL */
	/* Names or ids of images and layers that were made for it. */
	struct strvec images;
	struct box_count sent;	/* when it was opened */
	uint64_t ignored, skipped; /* paths that the rules left out; what is
				      neither file, directory nor link, or
				      cannot be read */
	int64_t opened_ms; /* wall clock */
	int lock;	   /* -1: another process opened it */
	bool kept;	   /* its files outlive this process */
};

/* What is to be opened; see session_project_plan(). */
struct project_plan {
	char *root;
	char *title; /* of the directory: a name of an environment */
	const struct language *language; /* or NULL: nothing tells */
	char *why;
	char *image_why;
	char *image;	  /* to be opened, unless it is built: */
	char *dockerfile; /* "Dockerfile", or NULL */
	struct strvec lists; /* of packages, names in root */
	char *no_list; /* "pom.xml": names packages, but its tools alone can
			  install them; or NULL */
	char *workdir; /* of the image, once it was built; or NULL */
};

#define PROJECT_PLAN_INIT {.lists = STRVEC_INIT}
void project_plan_release(struct project_plan *p);

/*
 * Looks at a directory of this host, which the caller may read: no project is
 * made of "/" and of what is no directory.  lang and image may be NULL; an
 * image that is named is taken in place of a Dockerfile's.
 */
int session_project_plan(struct session *s, const char *dir, const char *lang,
    const char *image, struct project_plan *plan, struct err *err);
/* The language that it was told to be of (--lang), or NULL; also without a
   project. */
const char *session_project_told(const struct env *env);
/* Reads the plan's lists. */
int session_project_deps(struct session *s, const struct project_plan *plan,
    struct deps *d, struct err *err);

/*
 * The limits of an environment for a project: those of `project` in the policy
 * in place of the others.  What nobody has asked for is less where the machine
 * has not so much.
 */
void session_project_limits(struct session *s, const struct policy *p,
    enum box_kind kind, struct limits *out);

/*
 * Opens the environment, sends what the rules leave of the directory, and keeps
 * what was sent.  images of the plan were had: spec has them.  On failure
 * nothing is left.  skipped (may be NULL) gets "PATH (FIFO)", at most 20.
 */
struct env *session_project_open(struct session *s,
    const struct env_spec *spec, const struct project_plan *plan,
    const struct session_events *ev, struct strvec *skipped, struct err *err);
/* Puts the files of the snapshot into the environment, over what is there. */
int session_project_restore(struct session *s, struct env *env,
    struct err *err);
/* What the directory was; the caller's. */
struct snapshot *session_project_snapshot(const struct env *env,
    struct err *err);
/* Its file; the caller's. */
char *project_snapshot_path(const struct project *p);
/* What was left out, and is no change of the project; the caller's. */
struct ignore *session_project_rules(const struct env *env, struct err *err);
/* An image or layer that was made for it. */
void project_add_image(struct project *p, const char *image);

/* For the register of kept environments; NULL: it is none. */
json *project_json(const struct project *p);
struct project *project_read(const struct session *s, const json *j);
/* Its files go too, unless they are kept.  NULL is fine. */
void project_free(struct project *p);
/* Removes what dead sessions left; how many, or what there is with dry_run.
   paths may be NULL. */
int project_sweep(const struct runtime *rt, bool dry_run,
    struct strvec *paths);

#endif
