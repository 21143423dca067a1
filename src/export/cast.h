/*
 * The file format of terminal recordings, asciicast: a header and then events,
 * one JSON text a line.
 *
 *	v2  docs.asciinema.org/manual/asciicast/v2: [seconds since the start,
 *	    code, data]
 *	v3  docs.asciinema.org/manual/asciicast/v3: [seconds since the event
 *	    before, code, data], and the terminal in the header's "term"
 *
 * Of the codes "o" (output) and "m" (marker) are used.  Players of v2 take
 * neither comments nor empty lines, so there are none in either.
 */
#ifndef ADDESH_EXPORT_CAST_H
#define ADDESH_EXPORT_CAST_H

#include "export/export.h"

struct cast {
	struct strbuf *out;
	const struct export_options *o;
	uint64_t now;  /* microseconds since the start */
	uint64_t told; /* the same, of the last event as it is written */
	struct strbuf pending; /* output of this moment, not written yet */
};

/* Writes the header.  title may be NULL, created 0. */
void cast_begin(struct cast *c, struct strbuf *out,
    const struct export_options *o, const char *title, int64_t created);
/* Time passes, up to the longest pause. */
void cast_wait(struct cast *c, uint64_t us);
/* What a terminal gets: UTF-8 without NUL; "\n" becomes "\r\n". */
void cast_output(struct cast *c, const char *p, size_t n);
void cast_outputs(struct cast *c, const char *s);
/* A marker, one line. */
void cast_mark(struct cast *c, const char *label);
/* Writes what is pending. */
void cast_end(struct cast *c);

/* What a session looks like at a terminal, into c. */
void cast_play(struct cast *c, const struct export_session *s);

#endif
