/* The progress stream of a pull: cut anywhere, it adds up to the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/progress.h"
#include "fuzz.h"

static void
note(void *arg, const struct progress *p)
{
	struct strbuf *sb = arg;

	if (p->current > p->total || p->layers_done > p->layers)
		abort();
	strbuf_addf(sb, "%llu/%llu %u/%u %s\n",
	    (unsigned long long)p->current, (unsigned long long)p->total,
	    p->layers_done, p->layers, p->status);
}

static int
feed(const unsigned char *data, size_t size, size_t step, struct strbuf *out)
{
	autoerr struct err err = ERR_INIT;
	struct objects o = OBJECTS_INIT;
	struct pull pull;
	int rc = 0;

	pull_init(&pull, note, out);
	for (size_t at = 0; at < size && !rc; at += step)
		rc = objects_feed(&o, data + at,
		    size - at < step ? size - at : step, pull_object, &pull,
		    &err);
	strbuf_addf(out, "%s %s %d", err.msg.buf,
	    pull.digest ? pull.digest : "", objects_at_end(&o));
	pull_release(&pull);
	objects_release(&o);
	return rc;
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	autobuf struct strbuf whole = STRBUF_INIT;
	int rc;

	if (!size)
		return 0;
	rc = feed(data, size, size, &whole);
	for (size_t step = 1; step <= 7; step += 3) {
		autobuf struct strbuf out = STRBUF_INIT;

		if (feed(data, size, step, &out) != rc ||
		    strcmp(out.buf, whole.buf))
			abort();
	}
	return 0;
}
