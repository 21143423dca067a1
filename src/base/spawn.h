/* Child processes: started without a shell, with nothing inherited. */
#ifndef ADDESH_BASE_SPAWN_H
#define ADDESH_BASE_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct spawn {
	char *const *argv; /* argv[0] without a slash is looked up in PATH */
	int in, out, err;  /* -1: /dev/null */
	int three;	   /* what it has as descriptor 3; 0: nothing */
	char *const *env;  /* NULL: ours */
	bool session;	   /* its own session: no terminal, and a signal for
			      the terminal's foreground group spares it */
};

/*
 * Starts it with no signal blocked and all at their defaults.
 * Returns the pid, which is the group of a session too, or -1 with the reason
 * (err->code ENOENT: there is no such program).
 */
pid_t spawn_start(const struct spawn *sp, struct err *err);
/* waitpid(2), through EINTR; the wait status, or -1. */
int spawn_wait(pid_t pid);

#endif
