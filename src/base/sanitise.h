/*
 * What untrusted programs print, made safe for a terminal: escape sequences can
 * retitle it, erase lines above, answer back as if typed, or set the clipboard.
 * Only tabs, carriage returns, backspaces, colours (SGR, ECMA-48 8.3.117,
 * without concealment) and the erasing of the current line (EL) pass, which
 * reach no other line; all other controls are shown as ^X, bytes that are not
 * UTF-8 as \xNN and directional overrides (which make text read otherwise than
 * it is) as <U+202E>.
 */
#ifndef ADDESH_BASE_SANITISE_H
#define ADDESH_BASE_SANITISE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"

/* State between chunks; all zero is the beginning. */
struct sanitiser {
	const char *mark; /* put before each line ("! "), borrowed, or NULL */
	const char *unmark; /* put before each line's end, or NULL */
	bool in_line;	  /* the last line is not ended */
	bool coloured;	  /* an SGR passed since the last reset */
	unsigned char held; /* bytes of an unfinished sequence in hold */
	char hold[48];
};

/* Appends the safe form of n bytes to out; an unfinished sequence is held. */
void sanitise_add(struct sanitiser *s, struct strbuf *out, const void *p,
    size_t n);
/* Shows what is held and puts colours back; a line that is open stays open. */
void sanitise_end(struct sanitiser *s, struct strbuf *out);

/* Bytes of the character at p (n is not 0), a tab among them, where it passes
   as it is; 0: it would be shown in another form. */
size_t sanitise_plain(const char *p, size_t n);
/* Bytes of the sequence at p where it sets colours (SGR) or tells the terminal
   something (OSC, ended on the same line); else 0. */
size_t sanitise_style(const char *p, size_t n);

/* Appends a name that comes from elsewhere, for one line of text: a control
   character becomes '?', as a newline would forge another line. */
void sanitise_name(struct strbuf *out, const char *name);

#endif
