/* -v and -p: what was read means the same when it is written again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/port.h"
#include "sandbox/volume.h"
#include "fuzz.h"

static void
check_volume(const struct volume *v)
{
	autofree char *text = xasprintf("%s:%s:%s", v->source, v->target,
	    v->read_only ? "ro" : "rw");
	autoerr struct err err = ERR_INIT;
	struct volume again;

	if (*v->target != '/' || strstr(v->target, "//") ||
	    strstr(v->target, "/../") || strpbrk(text, ",\"\n") ||
	    volume_parse(&again, text, &err) ||
	    strcmp(again.target, v->target) ||
	    strcmp(again.source, v->source) ||
	    again.read_only != v->read_only)
		abort();
	volume_release(&again);
}

static void
check_port(const struct port *p)
{
	autofree char *text = xasprintf("%u:%u/%s", p->host, p->container,
	    port_protocol(p));
	autoerr struct err err = ERR_INIT;
	struct port again;

	if (!p->container || port_parse(&again, text, &err) ||
	    again.host != p->host || again.container != p->container ||
	    again.udp != p->udp)
		abort();
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	autofree char *text = xstrndup((const char *)data, size);
	autoerr struct err err = ERR_INIT;
	struct volume v;
	struct port p;

	if (!volume_parse(&v, text, &err)) {
		check_volume(&v);
		volume_release(&v);
	}
	if (!port_parse(&p, text, &err))
		check_port(&p);
	return 0;
}
