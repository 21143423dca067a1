/* Files that were sent and have other names: what a hard link refers to. */
#ifndef ADDESH_PACK_INODES_H
#define ADDESH_PACK_INODES_H

#include <stddef.h>
#include <sys/stat.h>

#include "base/strbuf.h"

struct inode;

struct inodes {
	struct inode *table; /* open addressing; size is a power of two or 0 */
	size_t size, n;
	struct strbuf paths;
};

#define INODES_INIT                  \
	{                            \
		.paths = STRBUF_INIT \
	}

void inodes_release(struct inodes *in);
/*
 * The path under which this file was seen first, or NULL; then it is path from
 * now on.  Beyond 65536 files or 8 MiB of paths no more are remembered, and
 * their other names are sent as files of their own.  Valid until the next call.
 */
const char *inodes_seen(
    struct inodes *in, const struct stat *st, const char *path);

#endif
