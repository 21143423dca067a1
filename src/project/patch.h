/*
 * Unified diffs, as git diff and GNU diff -u write them and as people and
 * language models write after them: read into a list of files, and applied to
 * the text of one.  Pure: nothing is looked up.
 *
 * Read are changes, new and deleted files, renames, copies, modes, "\ No newline
 * at end of file", names in quotes (git's core.quotePath, and GNU diff's), and
 * the time of 1970 by which GNU diff -N tells that a file is not there.  What
 * stands around them is skipped, as a mail is.  Where a change would be missing it
 * is an error: a line that a hunk's counts leave over, one that begins with @@,
 * and behind a file one with + or -, unless another mail has begun.  Not read are
 * binary patches, context diffs, links (120000) and submodules (160000).  A blank
 * line in a hunk is one of context whose blank was lost on the way.
 *
 * A hunk is applied where all its old lines are, without any being left out
 * ("fuzz 0"): at its line, moved as the hunk before was, else at the nearest
 * place.  One without old lines goes where it says.
 *
 * Ends of lines: a patch each of whose lines ends in CR LF was made so on its
 * way; its CRs are dropped.  One without CRs is applied to a file with CR LF
 * throughout as if it had them.
 */
#ifndef ADDESH_PROJECT_PATCH_H
#define ADDESH_PROJECT_PATCH_H

#include <stdbool.h>

#include "base/err.h"

#define PATCH_MAX (64u << 20) /* bytes of one */
#define PATCH_LINES_MAX 4000000 /* of one, and of a file that it changes */

struct patch_line {
	char sign;	/* ' ', '-' or '+' */
	bool open;	/* no newline at its end */
	const char *p;	/* without that, n bytes; borrowed of the patch */
	size_t n;
};

struct patch_hunk {
	size_t line; /* in the patch, from 1 on, as all of these */
	size_t old_start, old_count, new_start, new_count;
	struct patch_line *v;
	size_t n, cap;
};

struct patch_file {
	size_t line;
	/* Relative, but not checked; NULL: none, so it is new or deleted. */
	char *old_path, *new_path;
	int old_mode, new_mode; /* as git writes them, 0100755; -1: not said */
	bool copied;	 /* old_path stays */
	bool may_create; /* an old_path that is not there is an empty file */
	struct patch_hunk *v;
	size_t n, cap;
};

struct patch {
	char *text; /* of which the lines are */
	struct patch_file *v;
	size_t n, cap;
};

#define PATCH_INIT {.text = NULL}

/*
 * Reads n bytes.  strip: how many leading components its names lose; -1: "a/"
 * and "b/" and the like, as its names tell.  -1 with ERR_USAGE and the line that
 * is wrong; p is empty then.
 */
int patch_parse(struct patch *p, const char *text, size_t n, int strip,
    struct err *err);
void patch_release(struct patch *p);

/* Why a hunk does not apply. */
struct patch_miss {
	size_t hunk;	   /* from 1 on; 0: none has failed */
	size_t patch_line; /* of the first line that differs, or of the hunk */
	size_t line;	   /* of the file, at the place that is most like it */
	bool at_end;	   /* the file has no such line */
	bool applied;	   /* what it is to make is there already */
	struct strbuf wanted, found; /* both lines, without their ends */
};

#define PATCH_MISS_INIT {.wanted = STRBUF_INIT, .found = STRBUF_INIT}
void patch_miss_release(struct patch_miss *m);

/* What applying has found out. */
struct patch_place {
	size_t moved;	/* hunks that were not where they say */
	long offset;	/* of the one that was moved farthest, in lines */
};

/*
 * Appends to out what the file becomes whose n bytes are old.  *work, 0 for the
 * first file of a patch, grows to what finding the places of all of them may
 * cost.  -1 with ERR_USAGE: miss says which hunk; out is as it was.
 */
int patch_apply(const struct patch_file *f, const char *old, size_t n,
    struct strbuf *out, size_t *work, struct patch_place *place,
    struct patch_miss *miss, struct err *err);

#endif
