/*
 * Staged contexts: files that are put together in the session, to be built as
 * if they were a directory.
 *
 * They are held in memory.  A handful of files of an agent is small; nothing of
 * them is on a disk that could outlive the session, or that somebody else could
 * change between staging and building; and what was staged stays as it was,
 * whatever becomes of the file that it came from.  Hence the bounds, which hold
 * for all contexts of a session together; what is larger is a directory.
 */
#ifndef ADDESH_SESSION_STAGING_H
#define ADDESH_SESSION_STAGING_H

#include <stdint.h>

#include "base/err.h"
#include "base/strvec.h"
#include "pack/context.h"

#define STAGING_FILES_MAX 10000
#define STAGING_BYTES_MAX (UINT64_C(64) << 20)

struct staged {
	char *name;
	struct context_file *files; /* sorted by path; path and data are its */
	size_t n, cap;
	uint64_t bytes;
};

struct staging {
	struct staged **v;
	size_t n, cap;
	struct staged *current; /* NULL: none is selected */
	uint64_t files, bytes;  /* of all */
};

void staging_release(struct staging *s); /* s is empty and valid */

/* A new one, which becomes the current one.  A NULL name is replaced by the
   first free one of c1, c2 ...; ERR_USAGE if it is taken or is no name. */
struct staged *staging_new(
    struct staging *s, const char *name, struct err *err);
/* The one of this name, or with NULL the current one; else NULL with ERR_USAGE
   and near names. */
struct staged *staging_find(
    const struct staging *s, const char *name, struct err *err);
void staging_remove(struct staging *s, struct staged *c);

/* A file that was put, and what had its place. */
struct staged_change {
	char *path;
	struct context_file old; /* its path is NULL: nothing */
};
/* What an addition came to, and how it is undone. */
struct staged_count {
	/* Called while a directory is read, more than ten times a second; -1
	   ends the addition.  NULL: nothing is. */
	int (*turn)(void *arg, struct err *err);
	void *arg;
	uint64_t files, bytes;
	uint64_t ignored;      /* left out by the rules */
	struct strvec skipped; /* "PATH (link)"; at most 20 */
	uint64_t nskipped;
	struct staged_change *changes;
	size_t nchanges, cap;
};
#define STAGED_COUNT_INIT              \
	{                              \
		.skipped = STRVEC_INIT \
	}
void staged_count_release(struct staged_count *count);
/* c is as it was before all that was counted here. */
void staged_undo(
    struct staging *s, struct staged *c, struct staged_count *count);

/* A file with these bytes, in place of one that is there under its path. */
int staged_put(struct staging *s, struct staged *c, const char *path,
    mode_t mode, const void *p, size_t n, struct staged_count *count,
    struct err *err);
/*
 * A file or directory of this host: path below the directory `from`, which is
 * its path in the context.  Links are not followed.  Of a directory what rules
 * (the text of a .dockerignore) leave out is not read, unless the context has
 * a .dockerignore of its own; then that says it.
 */
int staged_add(struct staging *s, struct staged *c, const char *from,
    const char *path, const char *rules, struct staged_count *count,
    struct err *err);
/* A file, or all below a directory of that path; how many, 0 with ERR_USAGE. */
size_t staged_drop(
    struct staging *s, struct staged *c, const char *path, struct err *err);
const struct context_file *staged_file(
    const struct staged *c, const char *path);
/* What leaves files out, for people, and what to do about it; own: the context
   has rules. */
const char *staging_ignored_by(bool own);

#endif
