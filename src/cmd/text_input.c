#include "cmd/text_input.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "cmd/host.h"

#define INPUT_CHUNK 65536

/* All of standard input, which may come from a person or a slow program. */
static int
read_stdin(struct call *c, size_t max, struct strbuf *out)
{
	ssize_t n;

	do {
		if (!host_wait_input(c->host, STDIN_FILENO, 0))
			return err_set(&c->err, ERR_INTERRUPTED,
			    "interrupted");
		strbuf_grow(out, INPUT_CHUNK);
		n = read(STDIN_FILENO, out->buf + out->len, INPUT_CHUNK);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return err_sys(&c->err, errno, "read");
		if (n > 0)
			out->len += (size_t)n;
		out->buf[out->len] = '\0';
		if (out->len > max)
			return err_sys(&c->err, EFBIG, "more than %zu bytes",
			    max);
	} while (n);
	return 0;
}

int
text_input(struct call *c, const char *file, size_t max, struct strbuf *out)
{
	if (!strcmp(file, "-") && c->stdin_taken)
		return err_set(&c->err, ERR_USAGE,
		    "%s - reads standard input, which the commands themselves "
		    "come from", c->cmd->name);
	if (!strcmp(file, "-"))
		return read_stdin(c, max, out);
	if (call_may_use_path(c, SET_HOST_READ, file))
		return -1;
	return io_read_file(file, out, max, &c->err);
}
