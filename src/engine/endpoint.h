/*
 * Which engine to talk to, decided from options, environment and the
 * configuration files of Docker's and Podman's clients.  No connection is made
 * here.  The order:
 *
 *	1. what was asked for: --engine, ADDESH_ENGINE, the configuration
 *	2. Docker's own (docker/cli, command.resolveContextName): DOCKER_HOST,
 *	   DOCKER_CONTEXT, currentContext of config.json
 *	3. CONTAINER_HOST, as Podman's remote client reads it
 *	4. the sockets that engines make: Docker's, rootless Docker's, Podman's
 *	   of this user, Podman's of the system
 *
 * A context that is named and missing is an error, never a fallback.
 */
#ifndef ADDESH_ENGINE_ENDPOINT_H
#define ADDESH_ENGINE_ENDPOINT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/strvec.h"

enum endpoint_scheme { ENDPOINT_UNIX, ENDPOINT_TCP, ENDPOINT_SSH };

struct endpoint {
	enum endpoint_scheme scheme;
	char *url;	/* in its usual form: "unix:///var/run/docker.sock" */
	char *path;	/* unix: of the socket; tcp: put before each request's
			   path ("" mostly); ssh: the remote socket or NULL */
	char *host;	/* tcp, ssh; an IPv6 address without brackets */
	char *user;	/* ssh: or NULL */
	unsigned port;	/* tcp; ssh: 0 is ssh's own choice */
	bool podman;	/* ssh: Podman's client is what runs there */
	bool tls;
	bool tls_skip_verify; /* the peer's certificate is not checked */
	char *ca, *cert, *key; /* PEM files, each may be NULL */
	char *context;	/* name of the Docker context, or NULL */
	char *why;	/* "DOCKER_HOST is set": who decided, for people */
	struct strvec headers; /* "Name: value": HttpHeaders of config.json and
				  DOCKER_CUSTOM_HEADERS, if Docker's
				  configuration decided */
	char *api_version; /* DOCKER_API_VERSION, or NULL */
	char *platform;	   /* DOCKER_DEFAULT_PLATFORM, or NULL */
};

#define ENDPOINT_INIT {.headers = STRVEC_INIT}
/* The process of this host that listens on its socket (SO_PEERCRED, unix(7)),
   and its user (may be NULL); 0: it is no such socket, or nobody does. */
pid_t endpoint_listener(const struct endpoint *ep, uid_t *uid);
void endpoint_release(struct endpoint *ep);
void endpoint_copy(struct endpoint *dst, const struct endpoint *src);

/* What the decision is made from; nothing else is looked at but the files of
   Docker's configuration directory. */
struct endpoint_inputs {
	/*
	 * What was asked for, or NULL: a URL (unix:// tcp:// ssh://), the path
	 * of a socket, "docker" (2. above, then Docker's sockets), "podman"
	 * (3., then Podman's), or the name of a Docker context.
	 */
	const char *asked;
	const char *asked_by; /* "--engine", "engine.endpoint in FILE" */
	const struct strvec *env; /* NAME=VALUE */
	const char *home;	  /* the user's directory, or NULL */
	uid_t uid;
	bool (*is_socket)(const char *path);
};

/* Fills in the inputs from this process; env is the caller's to release. */
void endpoint_inputs_here(struct endpoint_inputs *in, struct strvec *env);

int endpoint_resolve(struct endpoint *ep, const struct endpoint_inputs *in,
    struct err *err);

/*
 * Parses one URL; sets scheme, url, path, host, user and port.  tls decides
 * the port of a tcp:// URL that has none: 2376 with, 2375 without.
 */
int endpoint_parse(struct endpoint *ep, const char *url, bool tls,
    struct err *err);

#endif
