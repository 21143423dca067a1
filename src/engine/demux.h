/* The frames of an attached stream without a terminal; see engine/attach.h. */
#ifndef ADDESH_ENGINE_DEMUX_H
#define ADDESH_ENGINE_DEMUX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"

struct demux {
	unsigned char head[8];
	size_t have;	/* bytes of head */
	size_t left;	/* of the frame's payload */
	bool to_err;	/* the frame is not stdout */
	bool broken;
	struct strbuf *complaint;
	size_t max;	/* of complaint */
};

/* complaint is borrowed; at most max bytes are added to it in all. */
void demux_init(struct demux *d, struct strbuf *complaint, size_t max);
/*
 * Takes the next n bytes of the connection, wherever they are cut, and leaves
 * in p only those of stdout; returns how many.  In place, so that a big read
 * costs one short move of each frame and no buffer.  Sets broken at what is no
 * frame; the bytes before it count.
 */
size_t demux_feed(struct demux *d, char *p, size_t n);
/* True if the connection may end here. */
bool demux_at_end(const struct demux *d);

#endif
