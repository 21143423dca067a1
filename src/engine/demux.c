#include "engine/demux.h"

#include <stdint.h>
#include <string.h>

enum { TYPE_STDIN, TYPE_STDOUT, TYPE_STDERR, TYPE_SYSTEM };

void
demux_init(struct demux *d, struct strbuf *complaint, size_t max)
{
	*d = (struct demux){.complaint = complaint, .max = max};
}

/* Takes bytes of a frame's head; returns how many. */
static size_t
take_head(struct demux *d, const char *p, size_t n)
{
	const unsigned char *h = d->head;
	size_t want = sizeof(d->head) - d->have;

	if (n > want)
		n = want;
	memcpy(d->head + d->have, p, n);
	d->have += n;
	if (d->have < sizeof(d->head))
		return n;
	d->broken = h[0] > TYPE_SYSTEM || h[1] || h[2] || h[3];
	/* Nothing of ours is echoed as stdin; moby's reader takes that type
	   for stdout. */
	d->to_err = h[0] == TYPE_STDERR || h[0] == TYPE_SYSTEM;
	d->left = (size_t)h[4] << 24 | h[5] << 16 | h[6] << 8 | h[7];
	if (!d->left)
		d->have = 0;
	return n;
}

static void
complain(struct demux *d, const char *p, size_t n)
{
	if (n > d->max)
		n = d->max;
	strbuf_add(d->complaint, p, n);
	d->max -= n;
}

size_t
demux_feed(struct demux *d, char *p, size_t n)
{
	size_t in = 0, out = 0;

	while (in < n && !d->broken) {
		size_t take = n - in;

		if (d->have < sizeof(d->head)) {
			in += take_head(d, p + in, take);
			continue;
		}
		if (take > d->left)
			take = d->left;
		if (d->to_err) {
			complain(d, p + in, take);
		} else {
			if (in != out)
				memmove(p + out, p + in, take);
			out += take;
		}
		in += take;
		d->left -= take;
		if (!d->left)
			d->have = 0;
	}
	return out;
}

bool
demux_at_end(const struct demux *d)
{
	return !d->have && !d->broken;
}
