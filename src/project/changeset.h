/*
 * Changes to several files: a unified diff, or a list of them as JSON, as
 * programs that write code hand it over:
 *
 *	[{"path": "app.py", "content": "..."}, {"path": "old.py", "delete": true}]
 *
 * or the same as "changes" (or "files") of an object.  The content is the whole
 * file: "content" or "new_content" as text, "content_b64" in base64.  "mode" is
 * a number or text of base 8 ("0755"); "delete" or "action": "delete" removes.
 * What else an object says is not looked at.
 *
 * Every path leads below the directory that is changed and stands once.  Pure:
 * what the files are now is asked of a function of the caller's.
 */
#ifndef ADDESH_PROJECT_CHANGESET_H
#define ADDESH_PROJECT_CHANGESET_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/strvec.h"
#include "project/patch.h"

#define CHANGESET_FILES_MAX 10000
#define CHANGESET_FILE_MAX (64u << 20)	 /* bytes of a file that is changed */
#define CHANGESET_BYTES_MAX (256u << 20) /* of all of them */

struct change {
	char *path;
	bool removes;
	int mode; /* permissions; -1: as they are, or 0644 */
	struct strbuf content;
};

/* Either of both lists has something in it. */
struct changeset {
	struct change *v; /* of JSON */
	size_t n, cap;
	struct patch patch;
};

#define CHANGESET_INIT {.patch = PATCH_INIT}

/* JSON if it begins with '[' or '{', else a patch; strip as of patch_parse(). */
int changeset_read(struct changeset *cs, const char *text, size_t n, int strip,
    struct err *err);
void changeset_release(struct changeset *cs);
/* The paths whose files are needed to know what becomes of them, sorted. */
void changeset_paths(const struct changeset *cs, struct strvec *paths);

/* May a change be about it?  Relative, below, no name that is too long. */
int changeset_check_path(const char *path, struct err *err);

/* A file as it is, or will be. */
struct file_state {
	bool exists;
	mode_t mode; /* permissions */
	struct strbuf content;
};

struct edit {
	char *path;
	struct file_state before, after;
	size_t moved; /* hunks that were not where they say, as */
	long offset;  /* of struct patch_place */
	char *from;   /* renamed or copied from there, or NULL */
};

/* Sorted by path. */
struct edits {
	struct edit *v;
	size_t n, cap;
};

#define EDITS_INIT {.v = NULL}
void edits_release(struct edits *e);
/* A new one at its end; the path is copied. */
struct edit *edits_add(struct edits *e, const char *path);
void edits_sort(struct edits *e);
/* Leaves those of which keep, called once for each in its order, says so. */
void edits_keep(struct edits *e, bool (*keep)(void *arg, const struct edit *),
    void *arg);

/* What is at path now, by changeset_paths(), borrowed; NULL: nothing. */
typedef const struct file_state *changeset_now(void *arg, const char *path);

/*
 * What the changes make of the files.  Those that stay as they are are left
 * out.  -1 with ERR_USAGE: one cannot be done, then edits is empty; miss tells of
 * a hunk that does not apply.
 */
int changeset_resolve(const struct changeset *cs, changeset_now *now, void *arg,
    struct edits *edits, struct patch_miss *miss, struct err *err);

#endif
