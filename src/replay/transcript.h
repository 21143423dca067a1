/*
 * Session files, read: addesh-session(5) is the format.  A file is Markdown
 * whose ```addesh fences hold commands and what is expected of them, or a
 * script, which is the same language without fences.
 *
 * Which of the two a file is its name says: "*.md" and "*.markdown" are
 * Markdown, all others scripts.  A script may be bare, with commands only:
 * its first line that is neither empty nor a comment decides.  If that begins
 * with "$ " or "% " the script is written like the inside of a fence, and what
 * it expects is compared; if not, each line of the language is a step of which
 * nothing is expected but the status 0, as for `addesh FILE`.  No command of
 * the language begins with "$ " or "% ", so no script can mean the other kind.
 * Fences are never bare: a "$ " that was forgotten would execute output.
 *
 * Everything points into the file's text, and each byte of the file is in
 * exactly one block, in order: what is rewritten can be replaced by itself, all
 * else staying byte for byte.
 */
#ifndef ADDESH_REPLAY_TRANSCRIPT_H
#define ADDESH_REPLAY_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strvec.h"
#include "replay/requirement.h"
#include "replay/status.h"
#include "replay/step_options.h"

#define TRANSCRIPT_VERSION 1
#define TRANSCRIPT_TEXT_MAX (64u << 20) /* bytes of a file */
#define TRANSCRIPT_LINES_MAX 4000000u

enum transcript_kind { TRANSCRIPT_MARKDOWN, TRANSCRIPT_SCRIPT,
	TRANSCRIPT_BARE };

/* Bytes of the file: start is in it, end is behind it. */
struct span {
	size_t start, end;
};

/* A line of expected output, without its newline, the "! " of stderr and a
   fence's indentation; a `\` that makes it literal is still there. */
struct transcript_line {
	const char *text; /* not NUL-terminated */
	uint32_t n;
	uint32_t line;	    /* number in the file, from 1 */
	uint32_t start, end; /* the whole line in the file, with its newline */
};

struct transcript_lines {
	struct transcript_line *v;
	size_t n, cap;
};

struct transcript_heading {
	unsigned level; /* 1 to 6 */
	unsigned line;
	char *text; /* without the #s */
};

/*
 * One command, its options and what is expected of it.  The spans follow each
 * other without gaps; options, output and status may be empty.
 */
struct transcript_step {
	unsigned number; /* from 1 */
	char *id;	 /* of its fence ("run", then "run.2"), or NULL */
	ptrdiff_t heading; /* the last one before it, or -1 */
	size_t block;
	unsigned first, line, last; /* first line, that of its $, last line */
	char *text; /* what the shell is given, newlines included */
	size_t n;
	struct step_options options; /* the fence's and its own */
	struct transcript_lines out, err; /* what is expected */
	struct want_status status;
	struct span at_options; /* % lines, comments between them */
	struct span at_command; /* the $ line and its > lines */
	struct span at_output;	/* lines of both streams */
	struct span at_status;	/* its [N] line; empty: where it would stand */
	size_t indent; /* blanks in front of each line, of the fence */
};

enum transcript_block_kind {
	BLOCK_FRONT,	 /* a byte order mark, a #! line, front matter */
	BLOCK_PROSE,	 /* all else outside of fences */
	BLOCK_CODE,	 /* a fence that is none of ours, as a whole */
	BLOCK_COMMENT,	 /* <!-- what is no note -->, with the lines it is on */
	BLOCK_HEADING,	 /* index: into headings */
	BLOCK_NOTE,	 /* index: into notes */
	BLOCK_FENCE,	 /* the line that opens one */
	BLOCK_STEP,	 /* index: into steps */
	BLOCK_LAYOUT,	 /* empty lines and comments beside steps */
	BLOCK_FENCE_END, /* the line that closes it */
};

struct transcript_block {
	enum transcript_block_kind kind;
	unsigned line;
	struct span at;
	size_t index;
};

/* Something of the front matter that has a name and a value. */
struct transcript_pair {
	char *name, *value;
	unsigned line, column; /* of the value */
};

struct transcript_front {
	unsigned version; /* 0: not said */
	char *title;	  /* or NULL */
	char *origin;	  /* where the file is from, or NULL */
	struct requirement *requires; /* all must be met */
	size_t n_requires, requires_cap;
	uint64_t timeout_ms;   /* 0: not said */
	bool has_normalize;
	struct strvec normalize;
	struct transcript_pair *masks; /* the value is a regular expression */
	size_t n_masks, masks_cap;
	struct strvec env; /* NAME=VALUE */
};

struct transcript {
	char *name; /* as in messages */
	enum transcript_kind kind;
	char *text; /* of the file; a newline and a NUL follow */
	size_t len;
	bool crlf; /* its first line ends so: what is written does too */
	bool foreign; /* read from a file that is neither ours nor root's */
	struct transcript_front front;
	struct transcript_heading *headings;
	size_t n_headings, headings_cap;
	char **notes; /* of speakers: <!-- note: TEXT --> */
	size_t n_notes, notes_cap;
	struct transcript_step *steps;
	size_t n_steps, steps_cap;
	struct transcript_block *blocks;
	size_t n_blocks, blocks_cap;
};

/*
 * Reads n bytes, which are copied.  NULL: err (ERR_CONFIG) begins with
 * "NAME:LINE: " or, in YAML, "NAME:LINE:COLUMN: ".
 */
struct transcript *transcript_read(const char *name, const char *text,
    size_t n, struct err *err);
struct transcript *transcript_read_file(const char *path, struct err *err);
/* NULL is fine. */
void transcript_free(struct transcript *t);

/* "*.md", "*.markdown", letter case ignored. */
bool transcript_is_markdown(const char *name);
/* Is a script that begins so one of steps, and not of commands alone? */
bool transcript_has_steps(const char *text, size_t n);
/* The step's text for people: its first line without blanks around it; a
   borrowed range. */
const char *transcript_step_title(const struct transcript_step *s, size_t *n);
/* The text of the step's heading, or NULL. */
const char *transcript_step_heading(const struct transcript *t,
    const struct transcript_step *s);
/* The time limit of a step: its own, its fence's, the file's; 0: none said. */
uint64_t transcript_step_timeout(const struct transcript *t,
    const struct transcript_step *s);
/* The index of the step with this id; -1 if there is none. */
ptrdiff_t transcript_find(const struct transcript *t, const char *id);
/* The index of the step that line is part of, or of the next one. -1: none. */
ptrdiff_t transcript_at_line(const struct transcript *t, unsigned line);

#endif
