/*
 * XML of strangers as a stream of events, over expat: the only place that
 * includes it.  Texts are hostile input:
 *
 * - A document type may be named, since some tools' reports do, but is never
 *   fetched; one that declares anything in the text itself is refused.  So
 *   there are no entities but the five of XML and those of single characters,
 *   and nothing expands (CWE-776, CWE-611).  Others are an error or, where a
 *   document type is named, nothing.
 * - Depth and bytes are bounded, and the text is parsed as it lies in memory,
 *   where a large token costs its bytes once (CWE-407).
 *
 * Tools write into reports what programs printed.  Where a text is UTF-8 by its
 * head, bytes that are not, NULs and the controls that XML forbids are read as
 * U+FFFD, as they would otherwise make all of the report unreadable.
 */
#ifndef ADDESH_BASE_XML_H
#define ADDESH_BASE_XML_H

#include "base/err.h"

#define XML_TEXT_MAX (64u << 20) /* bytes */
#define XML_DEPTH_MAX 100

/* A handler that fails ends the parse with its error; those that are NULL are
   not called.  Texts are UTF-8, borrowed, and gone afterwards. */
struct xml_handlers {
	/* attrs: NAME, VALUE, ..., NULL */
	int (*start)(void *arg, const char *name, const char *const *attrs,
	    struct err *err);
	int (*end)(void *arg, const char *name, struct err *err);
	/* A piece of what stands between tags: entities end pieces. */
	void (*text)(void *arg, const char *s, size_t n);
};

/* 0, or -1 (ERR_IO "line L, column C: ...") where the text is not well-formed
   or has what is refused; what stands before that was handed out. */
int xml_parse(const char *text, size_t n, const struct xml_handlers *handlers,
    void *arg, struct err *err);

/* The value of an attribute, borrowed; NULL if it is absent. */
const char *xml_attr(const char *const *attrs, const char *name);

#endif
