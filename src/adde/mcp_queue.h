/*
 * Bytes on their way to a descriptor that does not take all of them at once:
 * neither a client that reads slowly nor a worker that is stopped holds up the
 * server.
 */
#ifndef ADDESH_ADDE_MCP_QUEUE_H
#define ADDESH_ADDE_MCP_QUEUE_H

#include "base/strbuf.h"

struct mcp_queue {
	struct strbuf buf; /* to be added to */
	size_t sent;	   /* of it */
};

#define MCP_QUEUE_INIT {STRBUF_INIT, 0}

size_t mcp_queue_left(const struct mcp_queue *q);
/* Writes what fd, which is nonblocking, takes now.  -1 with errno if it takes
   nothing any more: what was left is dropped. */
int mcp_queue_flush(struct mcp_queue *q, int fd);
void mcp_queue_drop(struct mcp_queue *q);

#endif
