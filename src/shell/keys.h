/* The keys of the prompt: the one list from which they are bound and told. */
#ifndef ADDESH_SHELL_KEYS_H
#define ADDESH_SHELL_KEYS_H

#include "base/strbuf.h"

/* One thing that keys do.  Those of editrc(5) win over it. */
struct key {
	const char *keys;  /* as editrc(5) writes them, separated by blanks */
	const char *does;  /* the editor command */
	const char *shown; /* what people call them; NULL: not told */
	const char *help;
};

extern const struct key keys_table[]; /* ends with NULL keys */

/* The list for `help --keys`. */
void keys_help(struct strbuf *sb);

#endif
