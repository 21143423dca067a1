/*
 * Directories of a process that carries a session file out, which are removed
 * with all that was opened in it, however it and its parent end.
 *
 *	RUNTIME/replay/NAME	line 1: the directory's path
 *				line 2: "until MS", wall clock: it stays as long,
 *				or as long as something lives that it tells of
 *
 * NAME is locked (flock(2), shared) by both processes.  One that nobody holds
 * is for the sweep: it ends the environments that were kept in the directory's
 * own register and removes it.
 */
#ifndef ADDESH_SANDBOX_SCRATCH_H
#define ADDESH_SANDBOX_SCRATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "sandbox/runtime.h"

struct scratch {
	char *dir, *note; /* paths; NULL: there is none */
	int fd;		  /* of the note */
};

#define SCRATCH_INIT {NULL, NULL, -1}

/* Makes a directory PARENT/addesh-replay-HEX of mode 0700, and its note. */
int scratch_make(struct scratch *s, const char *parent, struct err *err);
/* In the other process, for as long as that lives. */
void scratch_hold(const char *note);
/* Removes it, or leaves it to the sweep: with until_ms from then on, and
   (until_ms 0) where environments were kept in it.  What is none is fine. */
void scratch_release(struct scratch *s, int64_t until_ms);

/* What its environments know as their own directories.  state_dir is to be
   freed, all else is own's. */
struct runtime scratch_runtime(const char *dir, const struct runtime *own);

#endif
