/*
 * The user namespace of a restricted sandbox.  The host's uid 0 must never be
 * in it, not even by another name: sysctls look at the uid of the host and not
 * at capabilities, so code could write /proc/sys/kernel/core_pattern.
 */
#ifndef ADDESH_SANDBOX_USERNS_H
#define ADDESH_SANDBOX_USERNS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum userns_kind {
	USERNS_RANGE,  /* we are root: a range of host ids that nobody uses */
	USERNS_SUBIDS, /* uid 0 is this user, the others are from subuid(5) */
	USERNS_SINGLE, /* bwrap makes it, with this user as the only uid */
};

struct userns {
	enum userns_kind kind;
	uint32_t uid_first, gid_first; /* of the range, in our namespace */
	uint32_t count;
	char *newuidmap, *newgidmap;   /* of USERNS_SUBIDS */
	/* of userns_spawn() */
	char *stack;
	struct start *start;
	int go;	       /* the other end of USERNS_LATE; or -1 */
	int executing; /* readable once the child has executed; or -1 */
};

#define USERNS_INIT {.go = -1, .executing = -1}

/* Says which kind can be had here.  Fails only for root without any range. */
int userns_choose(struct userns *ns, struct err *err);
void userns_release(struct userns *ns);

/*
 * Starts argv in a new user namespace of this kind (USERNS_SINGLE: in ours)
 * with an empty environment.  stdio (a socket) becomes descriptors 0, 1 and 2;
 * each of fds (nfds of them) is passed on under its own number.  Returns the
 * pid of the child, which waits for userns_go().  That it could not be
 * executed is said on its stderr.  argv must live until userns_wait() returned.
 */
pid_t userns_spawn(struct userns *ns, char *const *argv, int stdio,
    const int *fds, size_t nfds, struct err *err);

/*
 * Lets the child execute, and waits until it has, or died; then it has said why
 * on its stderr.  What it executes gets a socket as number USERNS_LATE, over
 * which come the descriptors of userns_send(): they need not have been open
 * before.
 */
#define USERNS_LATE 200
#define USERNS_LATE_MAX 16
void userns_go(struct userns *ns);
void userns_send(struct userns *ns, const int *fds, size_t n);
/* Ends a child that waits, and userns_send(). */
void userns_wait(struct userns *ns);

#endif
