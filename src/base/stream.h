/*
 * A byte stream in both directions with one descriptor to poll: the way to a
 * runner, whether it is a socket pair, a hijacked HTTP connection or TLS.
 */
#ifndef ADDESH_BASE_STREAM_H
#define ADDESH_BASE_STREAM_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/strbuf.h"

struct stream;

struct stream_ops {
	/* As read(2) and write(2) on a nonblocking descriptor: 0 is the end,
	   -1 with EAGAIN means "poll first". */
	ssize_t (*read)(struct stream *s, void *p, size_t n);
	ssize_t (*write)(struct stream *s, const void *p, size_t n);
	/* True if read() may give bytes although poll(2) does not say so
	   (buffered by TLS or a demultiplexer).  May be NULL. */
	bool (*pending)(struct stream *s);
	/* Closes and frees the stream. */
	void (*close)(struct stream *s);
};

/* Implementations put this first into a struct of their own. */
struct stream {
	const struct stream_ops *ops;
	int fd;		       /* to poll */
	struct strbuf complaint; /* what the other side said on its stderr,
				    bounded by the implementation */
};

ssize_t stream_read(struct stream *s, void *p, size_t n);
ssize_t stream_write(struct stream *s, const void *p, size_t n);
bool stream_pending(struct stream *s);
void stream_close(struct stream *s); /* NULL is fine */

/* A stream over one descriptor (a socket), which it owns from now on. */
struct stream *stream_from_fd(int fd);

#endif
