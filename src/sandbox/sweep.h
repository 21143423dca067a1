/*
 * What dead addesh processes left behind: containers and volumes on the engine,
 * cgroup directories and lock files of this host.  A lock file that names
 * another engine is kept until that one is swept.  Only what carries our labels
 * or lies in our own directories is ever looked at.  A container goes if it was
 * created over 60 s ago and never started, whoever made it, or if its owner is
 * a process of this host that is dead; a kept one, whoever made it, if it has
 * ended.  The runner's volume is kept while a
 * container uses it.
 */
#ifndef ADDESH_SANDBOX_SWEEP_H
#define ADDESH_SANDBOX_SWEEP_H

#include <stdbool.h>

#include "base/err.h"
#include "sandbox/runtime.h"

struct engine;

struct sweep_item {
	const char *kind; /* container, volume, engine, cgroup, file */
	const char *name;
	const char *why;  /* one phrase: "its owner has ended" */
	bool keep;	  /* it stays, for that reason */
};
typedef void sweep_fn(void *arg, const struct sweep_item *item);

/*
 * Reports each of our things that is left and, unless dry, removes those that
 * are not kept.  Without fn only what is quick to find is looked for: volumes
 * cost the engine a question more.  engine NULL: only this host.  -1 if
 * something could not be removed or asked; the rest is done all the same.
 */
int sweep_run(const struct runtime *rt, struct engine *engine, bool dry,
    sweep_fn *fn, void *arg, struct err *err);

#endif
