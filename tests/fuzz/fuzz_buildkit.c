/* BuildKit's progress: all that is told lies within the message. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/buildkit.h"
#include "fuzz.h"

struct message {
	const char *p;
	size_t n;
};

static void
check(const struct message *m, struct buildkit_text t)
{
	if (!t.p && t.n)
		abort();
	if (t.p && (t.p < m->p || t.n > m->n || t.p - m->p > (long)(m->n - t.n)))
		abort();
}

static void
on_vertex(void *arg, const struct buildkit_vertex *v)
{
	check(arg, v->digest);
	check(arg, v->name);
	check(arg, v->error);
	if (v->started < -1 || v->completed < -1)
		abort();
}

static void
on_log(void *arg, const struct buildkit_log *log)
{
	check(arg, log->vertex);
	check(arg, log->data);
}

static void
on_warning(void *arg, struct buildkit_text vertex, struct buildkit_text text)
{
	check(arg, vertex);
	check(arg, text);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct message m = {(const char *)data, size};
	struct buildkit_sink sink = {.vertex = on_vertex, .log = on_log,
	    .warning = on_warning, .arg = &m};
	autoerr struct err err = ERR_INIT;

	if (buildkit_read(data, size, &sink, &err) && !err.msg.len)
		abort();
	return 0;
}
