/* `> FILE`, `>> FILE` and `| COMMAND`: results that go to the host. */
#ifndef ADDESH_SHELL_HOSTIO_H
#define ADDESH_SHELL_HOSTIO_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "session/policy.h"

struct host;
struct loop_fd;
struct output;

/* What a command behind `|` writes to fd 1 or 2, while output is tapped. */
struct hostio_tap {
	struct output *out;
	struct loop_fd *watch;
	int from; /* read from here, if there is a watch */
	int fd;
};

struct hostio {
	int fd;	   /* to write to; -1: none */
	char *name; /* for messages */
	pid_t pid; /* of the host's shell behind `|`, or 0 */
	struct hostio_tap tap[3];
};

/* host.write counts once somebody has set it: a person who types `>` has the
   rights of a person. */
int hostio_file(struct hostio *io, const struct policy *p, const char *path,
    bool append, struct err *err);
/* May `|` be used?  host.pipe says who may. */
int hostio_may_pipe(const struct policy *p, bool interactive, struct err *err);
/* The text goes to the host's /bin/sh.  It has our streams, and so what it
   writes is its own affair, unless output is tapped. */
int hostio_pipe(struct hostio *io, struct host *h, struct output *o,
    const char *text, struct err *err);
/* Closes, and waits for what reads; its exit status, or 0. */
int hostio_end(struct hostio *io, struct host *h);

#endif
