/* The command line of bubblewrap (bwrap(1)) for a restricted sandbox. */
#ifndef ADDESH_SANDBOX_BWRAP_H
#define ADDESH_SANDBOX_BWRAP_H

#include "base/err.h"
#include "base/strvec.h"
#include "sandbox/spec.h"
#include "sandbox/userns.h"

struct bwrap {
	struct strvec argv;
	int fds[32]; /* to be passed on; they are ours to close */
	size_t nfds;
	int info; /* our end of a file in which it names its child; or -1.  A
		     caller that keeps it sets -1 */
};

#define BWRAP_INIT {.argv = STRVEC_INIT, .info = -1}

/* uid and gid are those of programs, for /etc/passwd.  -1: bwrap or the runner
   is missing. */
int bwrap_build(struct bwrap *b, const struct env_spec *spec,
    enum userns_kind userns, unsigned uid, unsigned gid, struct err *err);
void bwrap_release(struct bwrap *b);
/* What it said on info: the pid of the runner here; -1 if it did not (yet). */
pid_t bwrap_child(int info);

#endif
