/* A port of an environment that this host can reach at 127.0.0.1. */
#ifndef ADDESH_SANDBOX_PORT_H
#define ADDESH_SANDBOX_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct port {
	uint16_t host; /* 0: the engine chooses one */
	uint16_t container;
	bool udp;
};

/* Ports are bound here and nowhere else: what listens there is not trusted by
   anybody but the one who opened it. */
#define PORT_ADDRESS "127.0.0.1"

/* Reads [127.0.0.1:][HOST:]CONTAINER[/tcp|/udp], as `docker run -p`; an empty
   HOST, 0 and none are the same.  ERR_USAGE. */
int port_parse(struct port *p, const char *text, struct err *err);
/* "tcp" or "udp". */
const char *port_protocol(const struct port *p);

#endif
