/* Opening below a directory, where no component may be a symbolic link. */
#ifndef ADDESH_PACK_BENEATH_H
#define ADDESH_PACK_BENEATH_H

/*
 * path is relative and clean.  -1 with errno: ELOOP or ENOTDIR where a link
 * stands in the way, else as of openat(2).  Never blocks on a FIFO.
 */
int open_beneath(int dir, const char *path, int flags);

#endif
