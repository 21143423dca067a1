/*
 * Regular expressions of strangers: extended ones (POSIX, IEEE 1003.1 9.4) on
 * UTF-8, matched in linear time.
 *
 * Why not regexec(3): that of glibc goes back on alternatives, and with
 * patterns such as (a|aa)*(a|aa)*b or ((a{1,9}){1,9}){1,9} a short line takes
 * minutes and gigabytes, uninterruptibly; no test of the pattern tells which.
 * Here the automaton of the pattern is walked with all of its states at once
 * (K. Thompson, CACM 11:6, 1968): a byte of the subject costs at most the
 * states, whatever the pattern holds, and a caller bounds many matches together
 * by their steps.  Back-references are no part of a regular language and are
 * refused.
 *
 * Beyond POSIX: \d \w \s and \D \W \S, also in brackets, where a \ otherwise
 * takes the next character as it is; \t.  Classes such as [:alpha:] hold ASCII.
 * A byte that is not UTF-8 is a character of its own.
 */
#ifndef ADDESH_BASE_REGEXP_H
#define ADDESH_BASE_REGEXP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define REGEXP_TEXT_MAX 1024    /* bytes of a pattern that a person wrote */
#define REGEXP_STATES_MAX 32768 /* of its automaton */

struct regexp;

/*
 * Memory of a match, kept from one to the next, and the steps that are left.
 * When there are none, nothing matches any more: a caller who cares looks.
 * REGEXP_STEPS take about a second.
 */
#define REGEXP_STEPS 100000000
struct regexp_run {
	uint64_t steps;
	struct regexp_list *lists;
};
#define REGEXP_RUN_INIT               \
	{                             \
		.steps = REGEXP_STEPS \
	}
void regexp_run_release(struct regexp_run *run);

/* Of n bytes of text; NULL: err says what is wrong with it (ERR_CONFIG).
   Who lets people write patterns refuses those above REGEXP_TEXT_MAX. */
struct regexp *regexp_new(const char *text, size_t n, struct err *err);
void regexp_free(struct regexp *re);

/* Does it match all of the n bytes? */
bool regexp_full(
    const struct regexp *re, struct regexp_run *run, const char *s, size_t n);
/* Bytes of the longest match that begins at s, or -1.  ^ is at s. */
ptrdiff_t regexp_longest(
    const struct regexp *re, struct regexp_run *run, const char *s, size_t n);
/*
 * The leftmost match anywhere in the n bytes.  group (may be NULL) is set to
 * where the first parenthesised part began and ended, as the first alternative
 * and the longest repetitions have it; to the match where the pattern has none;
 * to SIZE_MAX where that part took no part in it.
 */
bool regexp_search(const struct regexp *re, struct regexp_run *run,
    const char *s, size_t n, size_t group[2]);
/* The first line of the text in which that finds something; group is in it.
   NULL: none. */
const char *regexp_search_lines(const struct regexp *re,
    struct regexp_run *run, const char *text, size_t n, size_t group[2]);

/* Appends s so that a pattern takes it literally. */
void regexp_quote(struct strbuf *out, const char *s, size_t n);

#endif
