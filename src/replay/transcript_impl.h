/* Inside of the reader of session files: transcript*.c. */
#ifndef ADDESH_REPLAY_TRANSCRIPT_IMPL_H
#define ADDESH_REPLAY_TRANSCRIPT_IMPL_H

#include "replay/transcript.h"

/* A line of the file. */
struct line {
	size_t start, stop, end; /* stop: without "\n" or "\r\n" */
	unsigned number;
};

struct reader {
	struct transcript *t;
	const char *s;
	size_t n, pos;
	unsigned line; /* number of the line at pos */
	struct err *err;
};

/* What the lines of a fence, or of a script, have in common. */
struct body {
	struct reader *r;
	size_t indent;
	const char *id;              /* of the fence, or NULL */
	unsigned count;              /* steps in it so far */
	struct step_options options; /* what the fence says */
	enum { BODY_BETWEEN, BODY_OPTIONS, BODY_COMMAND, BODY_OUTPUT } state;
	struct transcript_step step; /* being read, unless between */
	struct strbuf command;
	struct line *lines; /* below the command */
	size_t n, cap;
};

/* transcript.c */
bool reader_next(struct reader *r, struct line *l); /* false at the end */
/* Sets ERR_CONFIG "NAME:LINE: ..."; returns -1. */
int reader_fail(struct reader *r, unsigned line, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* The same for a command that the lexer needs more of: its words, and the line
   that opened what is not ended. */
int reader_not_finished(
    struct reader *r, const char *s, size_t n, unsigned line);
/* Adds a block, or makes the last one longer where both are the same text. */
void reader_block(struct reader *r, enum transcript_block_kind kind,
    size_t start, size_t end, unsigned line, size_t index);
void step_release(struct transcript_step *s);
/* Only blanks, or nothing. */
bool is_blank(const char *s, size_t n);

/* transcript_front.c: whatever stands above the text. */
int front_read(struct reader *r);
void front_skip_head(struct reader *r); /* byte order mark, #! line */
bool front_begins(const struct reader *r);
void front_release(struct transcript_front *f);

/* transcript_markdown.c */
int markdown_read(struct reader *r);

/* transcript_steps.c */
int script_read(struct reader *r);
void body_init(struct body *b, struct reader *r);
int body_line(struct body *b, const struct line *l);
int body_end(struct body *b);
void body_release(struct body *b);

/* transcript_bare.c */
bool is_bare(const struct reader *r);
int bare_read(struct reader *r);

#endif
