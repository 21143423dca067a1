/*
 * A worker (adde/mcp_worker.h) as the server has it: a process, and frames to
 * and from it.  Nothing here waits, but mcp_peer_end() for the process.
 */
#ifndef ADDESH_ADDE_MCP_PEER_H
#define ADDESH_ADDE_MCP_PEER_H

#include <stdbool.h>
#include <sys/types.h>

#include "adde/mcp_queue.h"
#include "adde/mcp_worker.h"

struct host;
struct loop_fd;

/* body has frame->len bytes, which stay the peer's. */
typedef void mcp_frame_fn(void *arg, const struct mcp_frame *frame,
    const char *body);

struct mcp_peer {
	pid_t pid;
	bool leaving; /* it was told to end */
	bool gone;    /* it ended, or sends what is no frame: to be ended */
	/* its own */
	bool paused;
	int fd;
	struct loop_fd *watch;
	struct strbuf in;
	struct mcp_queue out;
	mcp_frame_fn *fn;
	void *arg;
};

/* Forks one, as mcp_worker_start() says; -1 on error. */
int mcp_peer_start(struct mcp_peer *p, struct host *h, mcp_frame_fn *fn,
    void *arg, struct err *err);
void mcp_peer_send(struct mcp_peer *p, enum mcp_frame_type type, uint32_t call,
    const struct strbuf *body);
/* Whether frames of it are read; they are at first. */
void mcp_peer_pause(struct mcp_peer *p, bool pause);
/* It is to cancel what it does and to end. */
void mcp_peer_tell_to_end(struct mcp_peer *p);
/* Kills it if it has not ended; its status, as of waitpid(2). */
int mcp_peer_end(struct mcp_peer *p);

#endif
