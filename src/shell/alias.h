/* Names for commands with their first words (the setting shell.aliases). */
#ifndef ADDESH_SHELL_ALIAS_H
#define ADDESH_SHELL_ALIAS_H

#include "base/err.h"
#include "base/strvec.h"

/*
 * Replaces the first of the words by those that it stands for, once.  aliases:
 * NAME=TEXT; a command of the table is never one.
 */
int alias_expand(struct strvec *words, const struct strvec *aliases,
    struct err *err);

#endif
