/*
 * Files that are locked with flock(2) for as long as their owner lives: the
 * kernel gives the lock up with the last descriptor, whatever way a process
 * ends, and across pid namespaces.  Whoever removes such a file holds its lock,
 * so one that was locked counts only while it is still the one of that name.
 */
#ifndef ADDESH_BASE_LOCKFILE_H
#define ADDESH_BASE_LOCKFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Makes a new file of mode 0600 and locks it.  A descriptor to close, or
   -1/errno; EAGAIN if somebody took it for abandoned meanwhile: try another
   name. */
int lockfile_create(const char *path);
/* The lock of a file whose owner is dead, or -1. */
int lockfile_take_abandoned(const char *path);
/* Does somebody live who holds it? */
bool lockfile_is_held(const char *path);
/* Is the descriptor's file still the one of that name? */
bool lockfile_is_there(int fd, const char *path);
/*
 * Makes the file if it is missing, and waits up to timeout_ms for its lock.
 * A descriptor to close, or -1: ERR_TIMEOUT says which process holds WHAT,
 * ERR_IO what is wrong with the file.
 */
int lockfile_wait(const char *path, int64_t timeout_ms, const char *what,
    struct err *err);

#endif
