/*
 * The cgroup that programs of a restricted sandbox run in: a leaf which they
 * join through descriptors that the runner was given, while bwrap and the
 * runner stay outside, so that out-of-memory and throttling touch neither.
 * Made by mkdir(2) only; v1 where we may (root), v2 in a subtree that is
 * delegated to us or, for root, beside our own.  See cgroups(7).
 *
 * The name of each directory is "addesh-OWNER-ID", and before it is made it is
 * noted in the environment's lock file: the next addesh removes from there what
 * a dead one left, wherever in the hierarchy it lies.
 */
#ifndef ADDESH_SANDBOX_CGROUP_H
#define ADDESH_SANDBOX_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/strvec.h"
#include "sandbox/runtime.h"

struct cgroup_leaf {
	int version;	    /* 1, 2; 0: there is none, `why` */
	struct strvec dirs; /* one on v2, one for each controller on v1 */
	int fds[16];	    /* open for the runner */
	size_t nfds;
	char *why;
};

struct cgroup_limits {
	uint64_t memory; /* bytes; 0: no limit */
	uint64_t pids;
	uint64_t cpu_milli;
};

/* Never fails: without a leaf version is 0, and limits that could not be set
   show when they are read back.  lock_fd: of runtime_lock(). */
void cgroup_leaf_make(struct cgroup_leaf *leaf, const struct runtime *rt,
    const char *id, int lock_fd, const struct cgroup_limits *limits);
/*
 * For where there is none: asks the user's service manager for a subtree that
 * holds the process (see scope.h) and makes the leaf in it.  False: that did
 * not work either.
 */
bool cgroup_leaf_make_scope(struct cgroup_leaf *leaf,
    const struct runtime *rt, const char *id, int lock_fd,
    const struct cgroup_limits *limits, pid_t pid);
/* Opens what PROTO_K_CGROUP_FD names into leaf->fds and appends ROLE=FD, where
   FD is first, first + 1 ...: the numbers that they will have in the runner. */
void cgroup_leaf_open(struct cgroup_leaf *leaf, struct strvec *roles,
    int first);
/* The runner has them: ours are closed. */
void cgroup_leaf_close_fds(struct cgroup_leaf *leaf);
/* Frees what is known of it, and leaves it there. */
void cgroup_leaf_release(struct cgroup_leaf *leaf);
/* Kills what is in it (v2), and removes it once it is empty. */
int cgroup_leaf_remove(struct cgroup_leaf *leaf, struct err *err);

/* Whether a path is that of a leaf of ours, and still there. */
bool cgroup_is_leaf(const char *path);
/* Removes one that a dead process left. */
int cgroup_remove_dir(const char *path, struct err *err);

#endif
