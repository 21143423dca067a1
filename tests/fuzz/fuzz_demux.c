/* Frames of an attached stream: cut anywhere, they give the same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/demux.h"
#include "fuzz.h"

#define COMPLAINT_MAX 100

static void
feed(const unsigned char *data, size_t size, size_t step, struct strbuf *out,
    struct strbuf *said, struct demux *d)
{
	demux_init(d, said, COMPLAINT_MAX);
	for (size_t at = 0; at < size; at += step) {
		size_t n = size - at < step ? size - at : step;
		autofree char *piece = xmemdup(data + at, n);

		strbuf_add(out, piece, demux_feed(d, piece, n));
	}
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	autobuf struct strbuf whole = STRBUF_INIT, said = STRBUF_INIT;
	struct demux d;

	if (!size)
		return 0;
	feed(data, size, size, &whole, &said, &d);
	if (said.len > COMPLAINT_MAX || whole.len + said.len > size)
		abort();
	for (size_t step = 1; step <= 9; step += 4) {
		autobuf struct strbuf out = STRBUF_INIT, more = STRBUF_INIT;
		struct demux e;

		feed(data, size, step, &out, &more, &e);
		if (out.len != whole.len ||
		    memcmp(out.buf, whole.buf, out.len) ||
		    more.len != said.len ||
		    memcmp(more.buf, said.buf, more.len) ||
		    demux_at_end(&d) != demux_at_end(&e))
			abort();
	}
	return 0;
}
