/*
 * What compilers and linters complain of in lines: "a.c:3:5: error: ...".
 *
 * A form is a text in which {line} and {column} stand for digits, {rule} for a
 * word, {message} for the rest of the line or what comes before the last of the
 * text that follows it, and {any} for anything that is shortest.
 */
#ifndef ADDESH_PROJECT_CHECK_LINES_H
#define ADDESH_PROJECT_CHECK_LINES_H

#include "project/check_rules.h"

/*
 * Adds what the lines of out say that have one of the command's forms.  lint:
 * it is of that layer, whose rules are the command's own, and where a form has no
 * {message} it is that the text could be written otherwise; else of syntax, whose
 * only rule is "syntax".  At most 1000 are taken.  Returns how many.  *missing
 * (the caller's, NULL: none) is a line of command.unless.
 */
size_t check_lines_find(const struct check_command *command,
    const struct strbuf *out, const char *file, bool lint,
    struct check_findings *findings, char **missing);

/* What is said where a linter would write a text otherwise; the caller's. */
char *check_lines_otherwise(const struct check_command *command);

#endif
