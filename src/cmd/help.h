/* Texts made from the rows of the command table, and the nearest names. */
#ifndef ADDESH_CMD_HELP_H
#define ADDESH_CMD_HELP_H

#include "base/strbuf.h"
#include "base/strvec.h"
#include "cmd/table.h"

/* "run [OPTION]... FILE [ARG]...": one line; options are spelt out if they are
   few. */
void help_usage(struct strbuf *sb, const struct cmd *row);
/* What follows the name in the usage, without the first `operands` ones (and
   without options, if some words are there already). */
void help_rest(struct strbuf *sb, const struct cmd *row, size_t operands,
    bool begun);
/* The whole help of a row or of a group, wrapped at columns. */
void help_row(struct strbuf *sb, const struct cmd *row, int columns);
/* Only its options, under a heading. */
void help_options(struct strbuf *sb, const struct cmd *row, int columns);
/* All commands with their summaries. */
void help_all(struct strbuf *sb, int columns);
/* One line per row: name, TAB, summary. */
void help_list(struct strbuf *sb);

/* Names of the commands that are nearest to word, at most three. */
void help_near(struct strvec *out, const char *word);

#endif
