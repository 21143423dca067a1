/* Files that lie over a directory, found by path. */
#ifndef ADDESH_PACK_OVERLAY_H
#define ADDESH_PACK_OVERLAY_H

#include "base/err.h"
#include "pack/context.h"
#include "pack/names.h"

struct overlay {
	struct context_file *files; /* copies, sorted by path */
	size_t n;
};

/* Among files that are sorted by path (bytewise): the first that is not before
   this one; n if there is none. */
size_t overlay_bound(
    const struct context_file *files, size_t n, const char *path);

/* What files refer to is borrowed; ERR_CONFIG if a path is absolute, not clean,
   or is given twice or as file and as directory. */
int overlay_init(struct overlay *o, const struct context_file *files, size_t n,
    struct err *err);
void overlay_release(struct overlay *o);

const struct context_file *overlay_find(
    const struct overlay *o, const char *path);
/* Is there a file below this directory? */
bool overlay_has_below(const struct overlay *o, const char *dir);
/* Adds the names directly below prefix, which is "" or ends with a slash. */
void overlay_names(
    const struct overlay *o, const char *prefix, struct names *names);

#endif
