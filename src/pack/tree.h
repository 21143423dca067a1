/*
 * The entries of a build context, one at a time and in the order of their
 * bytes: a directory before what is in it.  Memory grows with the largest
 * directory and with the depth, not with the tree.
 */
#ifndef ADDESH_PACK_TREE_H
#define ADDESH_PACK_TREE_H

#include <sys/stat.h>

#include "pack/context.h"
#include "pack/ignore.h"
#include "pack/overlay.h"

struct tree_entry {
	const char *path; /* valid until the next call */
	struct stat st;   /* of what is a file of the overlay: mode and size */
	int dir;          /* directory that holds it, */
	const char *name; /* under this name */
	const struct context_file *file; /* of the overlay, or NULL */
};

struct tree;

struct tree_spec {
	int root; /* directory, borrowed; -1: there is only the overlay */
	const char *title; /* of it, in errors */
	/* Its own path in the context, "" if it is the root: rules and paths
	   are those of the context. */
	const char *prefix;
	const struct overlay *overlay;
	const struct ignore *ignore;
	const char *keep[2]; /* paths that are never left out, or NULL */
	struct context_count *count; /* ignored and skipped are counted */
	struct strvec *skipped;
	bool lenient; /* what cannot be read or is gone meanwhile is skipped */
};

/* All of spec but itself is borrowed. */
struct tree *tree_open(const struct tree_spec *spec, struct err *err);
/* 1, 0 behind the last, -1; TREE_LATER if none came up for a while: what
   waits for it has its turn, and asks again. */
#define TREE_LATER 2
int tree_next(struct tree *t, struct tree_entry *e, struct err *err);
void tree_close(struct tree *t); /* NULL is fine */
/* The entry that came last is left out after all: "PATH (WHY)". */
void tree_skip(struct tree *t, const char *why);

#endif
