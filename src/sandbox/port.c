#include "sandbox/port.h"

#include <string.h>

#include "base/xalloc.h"

static int
refuse_form(const char *text, struct err *err)
{
	err_set(err, ERR_USAGE, "-p '%s' is not HOST:CONTAINER", text);
	return err_hint(err, "a port of this host and one of the environment:  "
	    "env new --net -p 8080:80");
}

/* Empty where that may be: 0. */
static int
parse_number(const char *text, bool may_be_none, uint16_t *number,
    struct err *err)
{
	unsigned long n = 0;
	size_t len = strlen(text);

	if (len <= 5 && text[strspn(text, "0123456789")] == '\0')
		for (const char *p = text; *p; p++)
			n = n * 10 + (unsigned long)(*p - '0');
	else
		n = UINT16_MAX + 1ul;
	if (n > UINT16_MAX || (!n && !may_be_none))
		return err_set(err, ERR_USAGE,
		    "-p: '%s' is no port: a number from 1 to 65535", text);
	*number = (uint16_t)n;
	return 0;
}

static int
parse_protocol(struct port *p, const char *text, struct err *err)
{
	p->udp = !strcmp(text, "udp");
	return p->udp || !strcmp(text, "tcp")
		   ? 0
		   : err_set(err, ERR_USAGE,
			 "-p: after '/' stands tcp or udp, not '%s'", text);
}

int
port_parse(struct port *p, const char *text, struct err *err)
{
	autofree char *copy = xstrdup(text);
	char *protocol = copy, *rest = strsep(&protocol, "/");
	char *container = strrchr(rest, ':'), *host = NULL;

	*p = (struct port){0};
	if (protocol && parse_protocol(p, protocol, err))
		return -1;
	if (container) {
		*container++ = '\0';
		host = strrchr(rest, ':');
		if (host)
			*host++ = '\0';
		if (host && strcmp(rest, PORT_ADDRESS))
			return err_set(err, ERR_USAGE,
			    "-p %s: ports are bound to " PORT_ADDRESS " only",
			    text);
		host = host ? host : rest;
	} else {
		container = rest;
	}
	if (!*container)
		return refuse_form(text, err);
	if (host && parse_number(host, true, &p->host, err))
		return -1;
	return parse_number(container, false, &p->container, err);
}

const char *
port_protocol(const struct port *p)
{
	return p->udp ? "udp" : "tcp";
}
