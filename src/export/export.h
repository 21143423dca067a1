/*
 * A recorded session file as something to be sent to somebody: a cast, a page,
 * a report, plain text.
 *
 * Nothing is executed and nothing of this host is read but the file and its
 * recording, so that an export of the same two is the same, byte for byte.  All
 * that came from programs, and all that the file says, is text in the result,
 * whatever it looks like there; secrets are hidden once more, as commands of a
 * file that was written by hand may hold some.
 */
#ifndef ADDESH_EXPORT_EXPORT_H
#define ADDESH_EXPORT_EXPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "replay/answer.h"
#include "replay/transcript.h"

/* Bytes of a stream of a step; what is beyond is left out, the answer cut. */
#define EXPORT_OUTPUT_MAX (1u << 20)

/* A step of the file, and what it came to. */
struct export_step {
	const struct transcript_step *step; /* its text is without secrets */
	struct answer answer; /* the same */
	bool recorded; /* false: what it has `skip-if` for was there */
};

enum export_item_kind {
	EXPORT_HEADING, /* level; text is one line */
	EXPORT_PROSE,   /* text is whole lines */
	EXPORT_CODE,    /* text is a fence that is none of ours, as it stands */
	EXPORT_STEP,    /* step is its index */
};

/* Something that people are shown, in the file's order. */
struct export_item {
	enum export_item_kind kind;
	unsigned level;
	bool plain; /* heading, prose: not Markdown, but text as it stands */
	struct strbuf text;
	size_t step;
};

struct export_session {
	struct transcript *t;
	struct export_step *steps; /* t->n_steps */
	/* Without steps that are not shown (`% hide`), notes of speakers and
	   comments.  The comments of a script are its prose, and so is what is
	   said before a step (`% say`). */
	struct export_item *items;
	size_t n_items, items_cap;
	char *title; /* one line, or NULL */
	int64_t created; /* the recording: seconds since the epoch; 0: unknown */
};

/*
 * Reads a session file and the recording beside it.  NULL: err (ERR_CONFIG,
 * ERR_IO) says what is wrong, or which step is not recorded.
 */
struct export_session *export_open(const char *path, struct err *err);
void export_close(struct export_session *s); /* NULL is fine */

/* Who wrote a part of what a step showed. */
enum export_by {
	EXPORT_STDOUT, /* the program, or the result of another command */
	EXPORT_STDERR, /* the program */
	EXPORT_NOTE,   /* addesh, on stderr */
};
/* us: since the step began.  No character is in two parts. */
typedef void export_part_fn(void *arg, uint64_t us, enum export_by by,
    const char *p, size_t n);
/* Calls it for all that the step showed, in the order in which it came. */
void export_parts(const struct export_step *s, export_part_fn *fn, void *arg);
/* p: without a newline; it is gone after the call. */
typedef void export_line_fn(
    void *arg, enum export_by by, const char *p, size_t n);
/* The same as lines of text without controls, as a terminal would show them at
   the end.  colors: with SGR sequences. */
void export_lines(const struct export_step *s, bool colors, export_line_fn *fn,
    void *arg);
/* Appends them without colours, the program's stderr behind "! ". */
void export_add_output(struct strbuf *out, const struct export_step *s);
/* How long it took: its program, or all of a step that is none. */
uint64_t export_us(const struct export_step *s);
/* The most memory that its program had, in bytes; 0: unknown. */
uint64_t export_memory(const struct export_step *s);
/* Appends how it ended, in a few words: "exit 1 in 0.21s, 18 MB". */
void export_add_end(struct strbuf *out, const struct export_step *s);
/* Appends text of the file; of its controls only newlines and tabs stay, which
   stand alone. */
void export_add_text(struct strbuf *out, const char *p, size_t n);

struct export_options {
	unsigned cast_version; /* 2 or 3 */
	uint64_t idle_ms;      /* the longest pause of a cast */
	unsigned columns, rows;
	unsigned wpm; /* words a minute that are typed, of five characters */
};

#define EXPORT_OPTIONS_INIT                                                    \
	{                                                                      \
		.cast_version = 2, .idle_ms = 2000, .columns = 80,             \
		.rows = 24, .wpm = 220                                         \
	}

/* Each appends the whole result. */
int export_cast(struct strbuf *out, const struct export_session *s,
    const struct export_options *o, struct err *err);
int export_html(struct strbuf *out, const struct export_session *s,
    const struct export_options *o, struct err *err);
int export_md(struct strbuf *out, const struct export_session *s,
    const struct export_options *o, struct err *err);
int export_txt(struct strbuf *out, const struct export_session *s,
    const struct export_options *o, struct err *err);

#endif
