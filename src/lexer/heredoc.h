/* Bodies of heredocs; see lexer/lexer.h. */
#ifndef ADDESH_LEXER_HEREDOC_H
#define ADDESH_LEXER_HEREDOC_H

#include "lexer/lexer.h"

/* Is this physical line, without its newline, the heredoc's end? */
bool heredoc_is_end(const struct lex_need *need, const char *s, size_t n);
/*
 * Reads the body of need's heredoc from s up to and with its end.  Returns the
 * bytes that took, 0 if the end is not there; the last line of the source needs
 * no newline if eof.
 */
size_t heredoc_read(struct strbuf *body, const char *s, size_t n,
    const struct lex_need *need, bool eof);

#endif
