/*
 * Edits of files of this host, below a directory: all or none, as far as a file
 * system does that.  Everything is written under names of its own first; then
 * each file is compared with what it is to be now, and then there are only
 * renames (runner/swap.h), which are taken back if one fails.  A process that is
 * killed between two of them leaves a part.
 *
 * No link is followed below the directory.
 */
#ifndef ADDESH_SESSION_HOST_EDIT_H
#define ADDESH_SESSION_HOST_EDIT_H

#include "project/changeset.h"

/*
 * -1: nothing was changed.  ERR_USAGE: a path is none of changeset_check_path();
 * with code ESTALE, a file is not what the edits say it was.  A file keeps its
 * mode, but for who may execute it; a new one has that of its edit less
 * umask(2).  It may have as many files open as the hard limit allows meanwhile.
 */
int host_edit(const char *root, const struct edits *edits, struct err *err);

#endif
