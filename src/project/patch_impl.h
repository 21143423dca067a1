/* What the files of the patch reader share. */
#ifndef ADDESH_PROJECT_PATCH_IMPL_H
#define ADDESH_PROJECT_PATCH_IMPL_H

#include "project/patch.h"

#define LINES_MAX 1000000000u /* that a number in a hunk can say */

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

bool patch_begins(const struct patch_text *t, const char *s);

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
