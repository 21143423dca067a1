/*
 * Looking at a program without a parser of its language: what is a comment, a
 * string and a name is known (struct check_lexis), and no more.  Comments and
 * strings are never taken for code.
 */
#ifndef ADDESH_PROJECT_CHECK_TEXT_H
#define ADDESH_PROJECT_CHECK_TEXT_H

#include "project/check_facts.h"

/* Calls fn, with text 0, for what stands in n bytes: 'c', 'a', 'i', 'n', 's' of
   project/check_facts.h. */
void check_text_facts(const struct check_language *l, const char *s, size_t n,
    check_fact_fn *fn, void *arg);

/* The same text with blanks in place of comments, and with strings false of
   what strings hold too; newlines stay, so that each byte keeps its place. */
void check_text_blank(const struct check_lexis *x, const char *s, size_t n,
    bool strings, struct strbuf *out);

/*
 * The same text with blanks in place of directives (# and one of these words, or
 * a number) at the begin of a line, and without line ends that a backslash takes
 * away; lines keep their numbers.  false: there are none.
 */
bool check_text_without(const struct check_lexis *x, const char *s, size_t n,
    const struct strvec *words, struct strbuf *out);

/* What a part of a text is, as far as that is known. */
enum check_part {
	CHECK_PART_COMMENT,
	CHECK_PART_STRING, /* with its quotes */
	CHECK_PART_NAME,
	CHECK_PART_NUMBER,
	CHECK_PART_OTHER, /* signs and blanks */
};

typedef void check_part_fn(
    void *arg, enum check_part part, const char *p, size_t n);
/* Calls fn for all of the text, in its order; no part is empty. */
void check_text_parts(const struct check_lexis *x, const char *s, size_t n,
    check_part_fn *fn, void *arg);

/*
 * The programs in a page: for each <script> without a src, of no type or one of
 * JavaScript, a text that holds it at its line and column, and blanks before
 * it.  Each is the caller's.  Comments and attributes are read as HTML
 * has them (html.spec.whatwg.org, "Tokenization"), and in doubt it is a program.
 * false: there are more than the 64, or 64 MB of such texts, that are given.
 */
bool check_text_scripts(
    const char *s, size_t n, struct strbuf **scripts, size_t *count);

/* Adds what the structure of a file of this name lacks. */
void check_structure_find(const struct check_rules *r,
    const struct check_lexis *x, const char *file, const char *s, size_t n,
    struct check_findings *findings);

#endif
