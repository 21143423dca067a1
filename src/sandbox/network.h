/*
 * The network of a restricted sandbox that may have one: its own network
 * namespace, joined to the world by slirp4netns(1).  To share the host's
 * namespace would open its loopback and its abstract sockets, X11 and D-Bus
 * among them.
 */
#ifndef ADDESH_SANDBOX_NETWORK_H
#define ADDESH_SANDBOX_NETWORK_H

#include <sys/types.h>

#include "base/err.h"

/* The name server in the namespace, which asks this host's. */
#define NETWORK_DNS "10.0.2.3"

struct network {
	pid_t pid; /* 0: none */
	int exit;  /* slirp4netns ends when nobody holds this any more */
};

#define NETWORK_INIT {.exit = -1}

/* Whether there can be one; else the error says what is missing. */
int network_check(struct err *err);
/* Connects the network namespace of the process; ready when it returns 0. */
int network_start(struct network *n, pid_t target, struct err *err);
void network_stop(struct network *n);
/* Lets go of it: somebody else holds what it lives by. */
void network_leave(struct network *n);

#endif
