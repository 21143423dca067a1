/* The words of a program without its parser: what check_text*.c share. */
#ifndef ADDESH_PROJECT_CHECK_TEXT_IMPL_H
#define ADDESH_PROJECT_CHECK_TEXT_IMPL_H

#include "project/check_text.h"

enum token_kind { TOKEN_END, TOKEN_COMMENT, TOKEN_STRING, TOKEN_NAME,
	TOKEN_NUMBER, TOKEN_OTHER };

/* What {fill} or {sign} of a mark stands for. */
struct scan_fill {
	const char *p;
	unsigned char n;
	char nests; /* the bracket that it closes, or 0 */
};

/* Code in a string, as "$(eval x)" of shells. */
struct scan_level {
	const struct check_string *form;
	struct scan_fill fill;
	char open, close; /* brackets of it; the last one ends it */
	unsigned deep;
};

/* A text whose mark was read, and which begins behind a line's end. */
struct scan_heredoc {
	size_t word; /* where the word is written that ends it */
	unsigned char n;
	bool indented; /* blanks may stand before that */
};

struct scan {
	const struct check_lexis *x;
	const char *s;
	size_t n, i;
	unsigned line;
	size_t line_start;
	char last; /* byte of what is no comment, or 0 */
	size_t last_start, last_end; /* that token */
	struct scan_level in[8];
	unsigned depth;
	bool lost; /* more strings in code in strings than that: all is code */
	struct scan_heredoc heredocs[4];
	unsigned pending; /* of them */
	size_t missed;    /* bytes in which the ends of some were not */
	/* In one of them: n is where it ends, */
	size_t after;  /* that of the text, or 0: in none, */
	size_t resume; /* behind the word that ends it, */
	unsigned floor; /* and the depth and what was lost before it. */
	bool lost_before;
};

#define SCAN_INIT(lexis, text, size) \
	{.x = (lexis), .s = (text), .n = (size), .line = 1}

struct token {
	enum token_kind kind;
	size_t start, end;
	unsigned line, column;
	size_t inner, inner_end; /* of a string: its content */
	bool has_code;		 /* and that is not all of it */
	const struct check_string *form; /* of a string */
};

/* Does this text stand where the scan is? */
bool scan_starts(const struct scan *sc, const char *what);
/* Goes on to this byte, counting lines. */
void scan_advance(struct scan *sc, size_t to);
bool scan_begins_name(char c);
bool scan_in_name(char c);
/* Behind the name that begins at i. */
size_t scan_name_end(const struct scan *sc, size_t i);
/*
 * The same text without the line ends that a backslash takes away, which stand
 * behind the next one that stays: what follows has its line.
 */
void scan_join_lines(const char *s, size_t n, struct strbuf *out);
void scan_token(struct scan *sc, struct token *t);
/* Behind `<<EOF` where the scan is, which is remembered, or 0. */
size_t scan_heredoc_mark(struct scan *sc);
/* At the begin of a line: goes into the text that begins there, if one does. */
void scan_heredoc_enter(struct scan *sc);
/* At the end of all: false, it was not that of such a text. */
bool scan_heredoc_leave(struct scan *sc);
/* The next token that is no comment. */
void scan_code(struct scan *sc, struct token *t);

#endif
