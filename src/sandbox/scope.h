/*
 * A cgroup subtree from the user's service manager, for an ordinary user whose
 * session has none: a transient scope with Delegate=yes that holds one process
 * (org.freedesktop.systemd1(5), StartTransientUnit; what systemd-run --user
 * --scope does for a process that it starts).  The manager removes it when it
 * is empty.
 */
#ifndef ADDESH_SANDBOX_SCOPE_H
#define ADDESH_SANDBOX_SCOPE_H

#include <stdbool.h>
#include <sys/types.h>

/* Whether there seems to be a manager; asking it takes some 10 ms. */
bool scope_possible(void);
/*
 * Moves the process to a scope of its own.  Returns the scope's path in the
 * hierarchy ("/user.slice/..."), the caller's; NULL: the manager did not.
 */
char *scope_enter(const char *id, pid_t pid);

#endif
