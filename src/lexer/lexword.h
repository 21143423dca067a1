/* Inside of the lexer: words (lexword.c) and lines (lexer.c). */
#ifndef ADDESH_LEXER_LEXWORD_H
#define ADDESH_LEXER_LEXWORD_H

#include "lexer/lexer.h"

/* Where the lexer stands. */
struct lex {
	const char *s;
	size_t n, i;
	unsigned line, flags;
	struct lex_line *out;
	struct err *err;
	unsigned opened; /* line of the quote being read */
	size_t joined;	 /* behind the last backslash and newline */
};

bool lex_partial(const struct lex *x);
int lex_peek(const struct lex *x, size_t ahead); /* -1 at the end */
int lex_next(struct lex *x);			 /* counts lines */
/* Sets the error; returns LEX_ERROR. */
enum lex_status lex_fail(struct lex *x, unsigned line, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
enum lex_status lex_need_backslash(struct lex *x);
/* Takes a backslash and the newline behind it, if they are there. */
bool lex_join_lines(struct lex *x);
bool lex_ends_word(int c);
enum lex_status lex_word(struct lex *x, struct lex_word *w);
/* A word that is only this text. */
void lex_word_set(struct lex_word *w, const char *s, size_t n);
void lex_word_release(struct lex_word *w);

#endif
