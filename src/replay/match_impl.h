/* What the files of the comparison share. */
#ifndef ADDESH_REPLAY_MATCH_IMPL_H
#define ADDESH_REPLAY_MATCH_IMPL_H

#include "replay/match.h"

#define MATCH_ELISION "..."
#define MATCH_ANY "[..]"
#define MATCH_ESC " (esc)"
#define MATCH_NO_EOL " (no-eol)"

uint64_t match_hash(const char *s, size_t n);

/* Appends a line without its colours, with \xNN for what no text holds; escapes:
   and \\ for \, as a line with an (esc) has it. */
void match_add_normal(struct strbuf *out, const char *s, size_t n,
    bool escapes);

/* Between these two, what an automaton said of a text is kept: where one line
   of output is compared with many, often the same is asked again.  The output
   must stay for that time. */
void match_memo_begin(struct expectation *x);
void match_memo_end(struct expectation *x);

/* The suffix of an expected line. */
enum match_suffix {
	SUFFIX_NONE,
	SUFFIX_RE,
	SUFFIX_GLOB,
	SUFFIX_EQ,
	SUFFIX_ESC,
};
/* What e's text ends with; sets times, no_eol and text. */
enum match_suffix match_suffix_take(struct expect_line *e);

/* The text of e as a regular expression between a literal head and tail (which
   it sets); false: there is nothing in it but text. */
bool match_translate(struct expect_line *e, bool glob,
    const struct masks *masks, struct strbuf *re);

#endif
