/*
 * The language: one logical line to the commands on it.
 *
 *   line      = [ command { (";" | "&&" | "||") command } ] [ comment ]
 *               where a command may be an expect
 *   command   = { "time" [ "-n" COUNT ] | "quiet" } word { word | redirect }
 *               [ heredoc ] [ pipe ]
 *   redirect  = (">" | ">>") word
 *   heredoc   = "<<" ["-" | "~"] TAG | "<<<" word
 *   pipe      = "|" rest of the line, text for the host's shell
 *   expect    = "expect" word ("<" | "<=" | ">" | ">=" | word) { word }
 *   comment   = "#" at the start of a word
 *
 * '...' is literal, "..." knows \" \\ \$ \n \t, elsewhere a backslash quotes
 * one character, and a backslash before the line's end joins lines.  $NAME,
 * ${NAME} and $? are variables; an expansion never makes more than one word.
 * There is no globbing and no substitution.  Heredoc bodies are verbatim, their
 * TAG quoted or not; one follows its line, whichever of its commands it is for,
 * so that `run x.py <<EOF || logs` can take a failure up.
 *
 * The same lexer serves execution, completion (LEX_PARTIAL) and the steps of
 * session files.
 */
#ifndef ADDESH_LEXER_LEXER_H
#define ADDESH_LEXER_LEXER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { LEX_REPEAT_MAX = 10000 };

/* Text, or the name of a variable. */
struct lex_piece {
	bool variable;
	char *text;
};

struct lex_word {
	struct lex_piece *pieces;
	size_t n, cap;
	size_t start, end; /* offsets in the source */
	char open; /* the quote that is not closed (LEX_PARTIAL), or 0 */
	bool quoted;	   /* something in it was quoted: not a keyword */
};

enum lex_join { LEX_FIRST, LEX_THEN, LEX_AND, LEX_OR };

struct lex_cmd {
	enum lex_join join; /* how it follows the one before */
	bool time, quiet;
	unsigned repeat; /* COUNT, 0: none was given */
	struct lex_word *words;
	size_t n, cap;
	struct lex_word *redirect; /* or NULL */
	bool append;		   /* >> */
	struct lex_word *herestr;  /* or NULL */
	bool has_heredoc;
	struct strbuf heredoc;
	char *pipe;	   /* or NULL */
	unsigned line;	   /* of its first word, from the caller's on */
	size_t start, end; /* its text in the source, heredoc body excluded */
};

/* What an unfinished line waits for. */
struct lex_need {
	enum { LEX_NEED_NONE, LEX_NEED_QUOTE, LEX_NEED_HEREDOC,
	       LEX_NEED_BACKSLASH } what;
	char quote;	 /* which */
	char strip;	 /* 0, '-' or '~' */
	char *tag;	 /* of the heredoc; its owner is the lex_line */
	unsigned line;	 /* where it was opened */
};

struct lex_line {
	struct lex_cmd *cmds;
	size_t n, cap;
	size_t used;	/* bytes of the source that the line took */
	unsigned lines; /* newlines among them */
	struct lex_need need;
	unsigned err_line; /* of an error */
	bool comment;	/* the source ends in one (LEX_PARTIAL) */
};

enum lex_flags {
	LEX_EOF = 1,	 /* nothing follows: what is unfinished is an error */
	LEX_PARTIAL = 2, /* for completion: keep what is there, no errors */
};

enum lex_status { LEX_OK, LEX_MORE, LEX_ERROR };

/*
 * Reads one logical line from n bytes at s, the first of which is on `line`;
 * without LEX_EOF or LEX_PARTIAL they end with a newline.
 * LEX_MORE: out->need says what is missing; call again with more bytes.
 * LEX_ERROR: err is set (ERR_USAGE), out->used is where to go on, out->err_line
 * where the mistake is.  max_heredoc: bytes of a body, else an error.
 * out is initialised here and released by the caller in every case.
 */
enum lex_status lex_line(struct lex_line *out, const char *s, size_t n,
    unsigned line, unsigned flags, size_t max_heredoc, struct err *err);
void lex_line_release(struct lex_line *line);

/* Can a further physical line (without its newline) be what is missing? */
bool lex_need_met(const struct lex_need *need, const char *s, size_t n);

/* The value of a variable, the caller's; NULL if it is not defined. */
typedef char *lex_lookup_fn(void *arg, const char *name);
/* Appends the word with its variables replaced. */
int lex_expand(const struct lex_word *w, lex_lookup_fn *lookup, void *arg,
    struct strbuf *out, struct err *err);

/* Appends s so that it is read back as one word, for completion; open: inside
   this quote (which is not closed). */
void lex_quote(struct strbuf *out, const char *s, char open);

#endif
