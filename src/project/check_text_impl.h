/* The words of a program without its parser: what check_text*.c share. */
#ifndef ADDESH_PROJECT_CHECK_TEXT_IMPL_H
#define ADDESH_PROJECT_CHECK_TEXT_IMPL_H

#include "project/check_text.h"

enum token_kind { TOKEN_END, TOKEN_COMMENT, TOKEN_STRING, TOKEN_NAME,
	TOKEN_NUMBER, TOKEN_OTHER };

struct scan {
	const struct check_lexis *x;
	const char *s;
	size_t n, i;
	unsigned line;
	size_t line_start;
};

struct token {
	enum token_kind kind;
	size_t start, end;
	unsigned line, column;
	size_t inner, inner_end; /* of a string: its content */
};

/* Does this text stand where the scan is? */
bool scan_starts(const struct scan *sc, const char *what);
/* Goes on to this byte, counting lines. */
void scan_advance(struct scan *sc, size_t to);
bool scan_begins_name(char c);
bool scan_in_name(char c);
/* Behind the name that begins at i. */
size_t scan_name_end(const struct scan *sc, size_t i);
/* The next token that is no comment. */
void scan_code(struct scan *sc, struct token *t);

#endif
