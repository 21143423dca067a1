/*
 * Where a program comes from: typed lines, a descriptor (a script, a pipe) or a
 * text (-c).  Gives whole lines, as they arrive.
 */
#ifndef ADDESH_SHELL_SOURCE_H
#define ADDESH_SHELL_SOURCE_H

#include <stdbool.h>

#include "base/err.h"

struct edit;
struct host;
struct lex_need;

struct source {
	const char *name; /* for messages; NULL: typed or from -c */
	unsigned line;	  /* of the first byte not yet used, from 1 */
	bool interactive; /* a person types it, and can be asked */
	bool goes_on;	  /* a failure does not end it, and has no place */
	bool stdin_taken;
	int fd;		   /* read from here, or -1 */
	struct edit *edit; /* or typed here, or NULL */
	struct strbuf text; /* what was read; from pos on it is not used yet */
	size_t pos;
	size_t looked; /* up to here it is known to end nothing */
	bool eof;
};

enum source_status { SOURCE_OK, SOURCE_EOF, SOURCE_CANCELLED };

void source_init_text(struct source *s, const char *name, const char *text);
/* The descriptor stays the caller's. */
void source_init_fd(struct source *s, const char *name, int fd);
void source_init_edit(struct source *s, struct edit *edit);
void source_release(struct source *s);

/*
 * Reads until text holds a further line that may be what `need` waits for (no
 * need: any line).  SOURCE_EOF: there is no more; text may still hold a line
 * without its newline.  SOURCE_CANCELLED: Ctrl-C, or the end of the shell.
 */
enum source_status source_read(struct source *s, struct host *h,
    const struct lex_need *need, size_t max_heredoc, struct err *err);
/* None of the whole lines that are there is what was waited for. */
void source_looked(struct source *s);
/* Moves on by n bytes, which were that many lines. */
void source_use(struct source *s, size_t n, unsigned lines);

#endif
