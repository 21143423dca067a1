#include "adde/mcp_peer.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"
#include "base/loop.h"
#include "base/spawn.h"
#include "cmd/host.h"

static void
set_watch(struct mcp_peer *p)
{
	unsigned in = p->paused ? 0 : POLLIN;
	unsigned out = mcp_queue_left(&p->out) ? POLLOUT : 0;

	loop_fd_set(p->watch, p->gone ? 0 : in | out);
}

/* One that ended is seen when it is read. */
static void
flush(struct mcp_peer *p)
{
	(void)mcp_queue_flush(&p->out, p->fd);
	set_watch(p);
}

static void
take_frames(struct mcp_peer *p)
{
	struct mcp_frame frame;
	int came = mcp_frame_fill(p->fd, &p->in), whole;

	if (!came)
		return;
	while ((whole = mcp_frame_read(&p->in, &frame)) > 0) {
		p->fn(p->arg, &frame, p->in.buf + sizeof(frame));
		strbuf_consume(&p->in, sizeof(frame) + frame.len);
	}
	if (came > 0 && whole == 0)
		return;
	p->gone = true;
	set_watch(p);
}

static void
on_ready(void *peer, int fd, unsigned events)
{
	struct mcp_peer *p = peer;

	if (events & POLLOUT)
		flush(p);
	if (events & ~(unsigned)POLLOUT)
		take_frames(p);
}

int
mcp_peer_start(struct mcp_peer *p, struct host *h, mcp_frame_fn *fn, void *arg,
    struct err *err)
{
	*p = (struct mcp_peer){.fn = fn,
	    .arg = arg,
	    .in = STRBUF_INIT,
	    .out = MCP_QUEUE_INIT};
	p->pid = mcp_worker_start(h, &p->fd, err);
	if (p->pid < 0)
		return -1;
	io_set_nonblock(p->fd, true);
	p->watch = loop_fd_add(h->loop, p->fd, POLLIN, on_ready, p);
	return 0;
}

void
mcp_peer_send(struct mcp_peer *p, enum mcp_frame_type type, uint32_t call,
    const struct strbuf *body)
{
	struct mcp_frame head = {
	    .type = type, .call = call, .len = body ? body->len : 0};

	strbuf_add(&p->out.buf, &head, sizeof(head));
	if (body)
		strbuf_add(&p->out.buf, body->buf, body->len);
	flush(p);
}

void
mcp_peer_pause(struct mcp_peer *p, bool pause)
{
	p->paused = pause;
	set_watch(p);
}

void
mcp_peer_tell_to_end(struct mcp_peer *p)
{
	p->leaving = true;
	mcp_queue_drop(&p->out);
	set_watch(p);
	shutdown(p->fd, SHUT_WR);
}

int
mcp_peer_end(struct mcp_peer *p)
{
	int status;

	/* It closes its end when it exits; else it is none to be trusted. */
	kill(p->pid, SIGKILL);
	status = spawn_wait(p->pid);
	loop_fd_remove(p->watch);
	close(p->fd);
	strbuf_release(&p->in);
	mcp_queue_drop(&p->out);
	return status;
}
