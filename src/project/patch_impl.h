/* What the files of the patch reader share. */
#ifndef ADDESH_PROJECT_PATCH_IMPL_H
#define ADDESH_PROJECT_PATCH_IMPL_H

#include "project/patch.h"

#define LINES_MAX 1000000000u /* that a number in a hunk can say */
#define PATCH_HUNK_FORM \
	"a hunk begins with \"@@ -LINE,COUNT +LINE,COUNT @@\""

struct patch_text {
	const char *p;
	size_t n;
};

struct patch_reader {
	struct patch *patch;
	const char *at, *end;
	size_t line; /* of at */
	bool crlf;   /* a CR at each end was added on the way */
	bool behind; /* a file, and no other text has begun since */
	int strip;
	struct err *err;
};

/* What is said of a file before its hunks; names as they are written. */
struct patch_head {
	size_t line;
	char *git[2];	 /* of "diff --git", NULL where they cannot be told */
	char *old, *new; /* of --- and +++ */
	char *from, *to; /* of renames and copies, which have no prefixes */
	int old_mode, new_mode;
	bool created, deleted, copied;
	bool old_epoch, new_epoch; /* their time says that they are not there */
};

/* ---- patch_lines.c ---- */

/* The line at r->at without its end, borrowed of the patch; false: there is
   none. */
bool patch_peek(const struct patch_reader *r, struct patch_text *line);
void patch_advance(struct patch_reader *r);
bool patch_begins(const struct patch_text *t, const char *s);
/* Is the line at r->at one that begins so, and behind it one that begins so? */
bool patch_at_pair(const struct patch_reader *r, const char *first,
    const char *second);
/* Are these the two lines of names, --- and +++? */
bool patch_at_names(const struct patch_reader *r);
/* What ends a mail's text: "--", and a blank. */
bool patch_is_signature(const struct patch_text *t);
bool patch_is_binary(const struct patch_text *t);
/* -1 with ERR_USAGE: what is wrong on a line of the patch, from 1 on. */
int patch_wrong(struct patch_reader *r, size_t line, const char *what);

/* ---- patch_file.c, patch_hunk.c ---- */

/* Appends to r->patch what is said of a file, from behind "diff --git" or from
   "---" on, to behind its last hunk; h: what is known of it before.  -1 with
   ERR_USAGE. */
int patch_read_file(struct patch_reader *r, struct patch_head *h);
/* Its hunks, as many as follow each other; -1 with ERR_USAGE. */
int patch_read_hunks(struct patch_reader *r, struct patch_file *f);

/* ---- patch_names.c ---- */

/* The name in t behind skip bytes, up to a tab, or in quotes; the caller's. */
int patch_name(struct patch_reader *r, const struct patch_text *t, size_t skip,
    char **name);
int patch_git_names(struct patch_reader *r, const struct patch_text *t,
    struct patch_head *h);
bool patch_is_epoch(const struct patch_text *t);
/* Both names of the file, by what is said of it. */
int patch_file_names(struct patch_reader *r, const struct patch_head *h,
    struct patch_file *f);
void patch_head_release(struct patch_head *h);

#endif
