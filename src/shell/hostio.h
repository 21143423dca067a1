/* `> FILE`, `>> FILE` and `| COMMAND`: results that go to the host. */
#ifndef ADDESH_SHELL_HOSTIO_H
#define ADDESH_SHELL_HOSTIO_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "session/policy.h"

struct host;

struct hostio {
	int fd;	   /* to write to; -1: none */
	char *name; /* for messages */
	pid_t pid; /* of the host's shell behind `|`, or 0 */
};

/* host.write counts once somebody has set it: a person who types `>` has the
   rights of a person. */
int hostio_file(struct hostio *io, const struct policy *p, const char *path,
    bool append, struct err *err);
/* The text goes to the host's /bin/sh; host.pipe says who may do that. */
int hostio_pipe(struct hostio *io, const struct policy *p, bool interactive,
    const char *text, struct err *err);
/* Closes, and waits for what reads; its exit status, or 0. */
int hostio_end(struct hostio *io, struct host *h);

#endif
