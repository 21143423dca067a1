#include "base/stream.h"

#include <errno.h>
#include <unistd.h>

#include "base/io.h"

ssize_t
stream_read(struct stream *s, void *p, size_t n)
{
	return s->ops->read(s, p, n);
}

ssize_t
stream_write(struct stream *s, const void *p, size_t n)
{
	return s->ops->write(s, p, n);
}

bool
stream_pending(struct stream *s)
{
	return s->ops->pending && s->ops->pending(s);
}

void
stream_close(struct stream *s)
{
	if (s)
		s->ops->close(s);
}

static ssize_t
fd_read(struct stream *s, void *p, size_t n)
{
	ssize_t r;

	do
		r = read(s->fd, p, n);
	while (r < 0 && errno == EINTR);
	return r;
}

static ssize_t
fd_write(struct stream *s, const void *p, size_t n)
{
	ssize_t w;

	do
		w = write(s->fd, p, n);
	while (w < 0 && errno == EINTR);
	return w;
}

static void
fd_close(struct stream *s)
{
	close(s->fd);
	strbuf_release(&s->complaint);
	free(s);
}

struct stream *
stream_from_fd(int fd)
{
	static const struct stream_ops ops = {
	    .read = fd_read, .write = fd_write, .close = fd_close};
	struct stream *s = xcalloc(1, sizeof(*s));

	io_set_nonblock(fd, true);
	*s = (struct stream){.ops = &ops, .fd = fd, .complaint = STRBUF_INIT};
	return s;
}
