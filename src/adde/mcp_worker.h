/*
 * A process that carries out calls of tools, one after the other, for the
 * server that forked it.  It is the server's copy without anything open, so the
 * environments that it opens are its own, and stay open between calls.
 *
 * Both speak in frames over a socket pair: a head as of this host, then len
 * bytes.  The worker cancels what it does and ends when the other end is
 * closed, however the server ended.
 */
#ifndef ADDESH_ADDE_MCP_WORKER_H
#define ADDESH_ADDE_MCP_WORKER_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct host;

enum mcp_frame_type {
	/* To the worker: a call, as an object of id, era, name, arguments, and
	   token if progress is wanted; id and token are JSON in a string. */
	MCP_CALL = 1,
	MCP_CANCEL, /* of that call, or the last one; DONE comes all the same */
	/* To the server: */
	MCP_LINE, /* a line for the client: progress */
	MCP_ENV,  /* the environment that the call opened */
	MCP_DONE, /* the line with the call's result */
};

struct mcp_frame {
	uint32_t type;
	uint32_t call; /* its number */
	uint64_t len;
};

/* A longer one is none of ours. */
#define MCP_FRAME_MAX (UINT64_C(1) << 30)

/*
 * Forks one; its pid, and in *fd the server's end of the socket pair.  In the
 * worker it does not return.  Must not be called in a callback of the loop.
 */
pid_t mcp_worker_start(struct host *h, int *fd, struct err *err);

/* Adds what has come: 1; 0 if that is nothing now, -1 at the end. */
int mcp_frame_fill(int fd, struct strbuf *in);
/*
 * Looks for a frame at the beginning of in: 1 if it is whole (its body is
 * behind the head), 0 if more must come, -1 if it is none.
 */
int mcp_frame_read(const struct strbuf *in, struct mcp_frame *frame);

#endif
