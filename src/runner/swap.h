/*
 * Names of files that change all or none: by rename(2) alone, so that what was
 * there keeps a name until the end and can be put back.  Both the runner, in an
 * environment, and addesh, on its host, change several files so.  libc only.
 */
#ifndef ADDESH_RUNNER_SWAP_H
#define ADDESH_RUNNER_SWAP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#define SWAP_TEMP_SIZE 32

struct swap {
	int dir;	  /* where all of its names are */
	const char *name;
	char temp[SWAP_TEMP_SIZE]; /* its new content; "": none */
	char old[SWAP_TEMP_SIZE];  /* what was there; "": it is in place */
	bool removes;	  /* it has no new content, and goes */
	bool has_was;	  /* there is a file now: */
	struct stat seen; /* as it was looked at */
	bool moved;
};

/* A name that nobody else has; another one each time. */
void swap_temp_name(char temp[SWAP_TEMP_SIZE]);
/* The same, of a new empty file of mode 0600 in dir: a descriptor, or -1. */
int swap_temp_file(int dir, char temp[SWAP_TEMP_SIZE]);
/* renameat2(2): both names change places; and only where nothing has the new
   one.  0, or -1 with errno. */
int swap_exchange(int dir, const char *a, const char *b);
int swap_rename_new(int dir, const char *from, const char *to);

/*
 * Its new content is a second younger than what was there, at the least: tools
 * that compare times by the second (Python's bytecode, make) would take what
 * they made of the old one for good.
 */
void swap_make_newer(const struct swap *s);
/*
 * One of several: -1 with errno, ESTALE if what was there is not the file that
 * was seen, as it was.  Then all of them are to be put back.
 */
int swap_move(struct swap *s);
/* Back to what was, and its new content is gone. */
void swap_undo(struct swap *s);
/* All have moved: what was there is gone. */
void swap_done(struct swap *s);

#endif
