/*
 * What a step of a session file expects of one stream, and what came out.
 *
 * A line of output is compared in a normal form: without the \r of CRLF,
 * without colours (SGR) and messages to the terminal (OSC); where bytes are
 * left that no text holds, each is \xNN, each \ is \\ and " (esc)" follows.
 * " (no-eol)" follows a last line without its newline.
 *
 * An expected line is tried as, in this order,
 *
 *	itself, all of it
 *	\TEXT		TEXT, whatever it looks like
 *	RE (re)		a regular expression (base/regexp.h) for the whole line
 *	GLOB (glob)	* any text, ? a character, \ the next one as it is
 *	TEXT (eq)	TEXT, whatever it looks like
 *	TEXT (esc)	the line's bytes with their colours; \xNN \e \t \r \n
 *			and \\, of which the first may begin the line
 *	...		any lines, or none
 *	TEXT		where [..] is any text and [NAME] what the mask says,
 *			in a (glob) too
 *
 * where all but ... may be followed by " (no-eol)", and (re) and the others may
 * be (re?) (re*) (re+), or (?) (*) (+) for a plain line: it is there at most
 * once, any number of times, at least once.
 *
 * A pattern becomes one automaton with a literal head and tail, so that a
 * stranger's file cannot keep the comparison busy: see base/regexp.h, and
 * exhausted below.
 */
#ifndef ADDESH_REPLAY_MATCH_H
#define ADDESH_REPLAY_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/regexp.h"
#include "replay/mask.h"

#define MATCH_LINE_MAX (64u << 10) /* patterns match no longer lines */
#define MATCH_LINES_MAX 1000000u   /* only an elision takes what follows */

/* A line of output.  text is in its normal form; n without " (no-eol)". */
struct actual_line {
	const char *text; /* borrowed of the output, or own */
	char *own;
	const char *raw;       /* as it came, without its newline */
	size_t n, full, n_raw; /* bytes: of text, with " (no-eol)", of raw */
	uint64_t hash;         /* of all of text */
	bool escaped, no_eol;
	bool rest; /* it stands for all behind MATCH_LINES_MAX */
};

struct actual {
	struct actual_line *v;
	size_t n, cap;
};

/* The lines of n bytes of output, which are borrowed. */
void actual_read(struct actual *a, const char *output, size_t n);
void actual_release(struct actual *a);

/* One line as a session file has it, without the "! " of stderr. */
struct expected_text {
	const char *s; /* not NUL-terminated */
	size_t n;
	unsigned line; /* its number in the file, for errors */
};

enum expect_kind {
	EXPECT_TEXT,
	EXPECT_PATTERN,
	EXPECT_BYTES,   /* (esc) */
	EXPECT_ELISION, /* ... */
};

struct expect_line {
	struct expected_text raw; /* borrowed */
	enum expect_kind kind;
	char times; /* 0: once, or '?', '*', '+' */
	bool no_eol;
	uint64_t hash;    /* of raw */
	const char *text; /* without \ and suffixes */
	size_t n;
	/* Of a pattern: bytes of text that are literal at its ends, and what
	   is between them; NULL: anything.  Borrowed of the expectation. */
	size_t head, tail;
	const struct regexp *re;
	struct strbuf bytes; /* of EXPECT_BYTES */
};

struct expect_program;
struct expect_memo;

struct expectation {
	struct expect_line *v;
	size_t n;
	struct expect_program *programs; /* distinct ones, by their text */
	size_t n_programs, programs_cap;
	struct regexp_run run;
	uint64_t work;            /* comparisons of lines that are left */
	struct expect_memo *memo; /* while outputs stay, see match_impl.h */
};

/*
 * Compiles n lines, whose texts must stay.  masks may go.  -1: a pattern is
 * wrong (ERR_CONFIG, "line N: ..."); x is empty then.
 */
int expectation_init(struct expectation *x, const struct expected_text *lines,
    size_t n, const struct masks *masks, struct err *err);
/* That a stream is as another one was, whose lines must stay: each as itself. */
void expectation_of_output(struct expectation *x, const struct actual *before);
void expectation_release(struct expectation *x);

/* Does this line match that one, how often it may come aside?  Not an elision.
 */
bool expect_line_matches(
    struct expectation *x, size_t i, const struct actual_line *a);
/* Is it taken literally, as the first rule has it? */
bool expect_line_equals(
    const struct expect_line *e, const struct actual_line *a);
/* Is it neither an elision nor counted? */
bool expect_line_is_once(const struct expect_line *e);

/* Does the output match, as a whole? */
bool expectation_matches(struct expectation *x, const struct actual *a);
/* A comparison was given up: its patterns need too many steps. */
bool expectation_exhausted(const struct expectation *x);
/* As before the first comparison. */
void expectation_rewind(struct expectation *x);

#endif
