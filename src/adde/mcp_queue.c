#include "adde/mcp_queue.h"

#include <errno.h>
#include <unistd.h>

size_t
mcp_queue_left(const struct mcp_queue *q)
{
	return q->buf.len - q->sent;
}

void
mcp_queue_drop(struct mcp_queue *q)
{
	strbuf_release(&q->buf);
	q->sent = 0;
}

/* What was sent goes when it is the larger part: to move the rest costs. */
static void
drop_sent(struct mcp_queue *q)
{
	if (!mcp_queue_left(q)) {
		mcp_queue_drop(q);
	} else if (q->sent >= q->buf.len / 2) {
		strbuf_consume(&q->buf, q->sent);
		q->sent = 0;
	}
}

int
mcp_queue_flush(struct mcp_queue *q, int fd)
{
	int error = 0;

	while (mcp_queue_left(q) && !error) {
		ssize_t n = write(
		    fd, q->buf.buf + q->sent, mcp_queue_left(q));

		if (n >= 0)
			q->sent += (size_t)n;
		else if (errno != EINTR)
			error = errno;
	}
	drop_sent(q);
	if (!error || error == EAGAIN)
		return 0;
	mcp_queue_drop(q);
	errno = error;
	return -1;
}
