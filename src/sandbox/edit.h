/*
 * Several files of an environment at once: read without following a link, and
 * changed all or none (EDIT of runner/protocol.h).  Paths are relative to the
 * workspace and lead below it; project/changeset.h checks those of strangers.
 */
#ifndef ADDESH_SANDBOX_EDIT_H
#define ADDESH_SANDBOX_EDIT_H

#include "sandbox/box.h"

/* What is read; entry and data as they come, data of the last entry.  The entry
   of one that cannot be read has its errno; one that is not there has none. */
struct box_fetch {
	void (*entry)(void *arg, const struct box_entry *e);
	void (*data)(void *arg, const void *p, size_t n);
	void *arg;
};

/* Reads the paths, at most max_bytes of content in all (else err->code EFBIG).
   A directory is an entry without what it holds. */
int box_fetch(struct box *box, const struct strvec *paths, uint64_t max_bytes,
    const struct box_fetch *fetch, struct err *err);

struct box_edit {
	const char *path;
	bool was;	    /* there is a regular file, with this content */
	const void *old;
	size_t old_len;
	bool removes;	    /* it goes; else it becomes this */
	mode_t mode;
	const void *data;
	size_t len;
};

/*
 * Changes all of them, or none: -1, with err->code ESTALE where one is not (any
 * more) what it was to be.  Best sorted by path.  Ctrl-C is heard until all was
 * sent; if the environment is lost meanwhile nobody knows what it did.
 */
int box_edit(struct box *box, const struct box_edit *v, size_t n,
    struct err *err);

#endif
