/* Tar archives in memory, for the engine's archive calls. */
#ifndef ADDESH_PACK_TAR_H
#define ADDESH_PACK_TAR_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

struct tar_entry {
	const char *path; /* relative */
	mode_t mode;	  /* with S_IFREG or S_IFDIR */
	const void *data; /* of a file */
	size_t size;
};

/* Appends a whole archive (POSIX ustar/pax, uid and gid 0, time 0: the same
   entries always give the same bytes). */
int tar_write(struct strbuf *out, const struct tar_entry *entries, size_t n,
    struct err *err);

#endif
