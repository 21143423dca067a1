#include "engine/endpoint.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "engine/context.h"

#define DOCKER_SOCKET "/var/run/docker.sock"
#define PODMAN_SOCKET "/run/podman/podman.sock"

void
endpoint_release(struct endpoint *ep)
{
	free(ep->url);
	free(ep->path);
	free(ep->host);
	free(ep->user);
	free(ep->ca);
	free(ep->cert);
	free(ep->key);
	free(ep->context);
	free(ep->why);
	free(ep->api_version);
	free(ep->platform);
	strvec_release(&ep->headers);
	*ep = (struct endpoint)ENDPOINT_INIT;
}

static char *
copy(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

void
endpoint_copy(struct endpoint *dst, const struct endpoint *src)
{
	*dst = *src;
	dst->url = copy(src->url);
	dst->path = copy(src->path);
	dst->host = copy(src->host);
	dst->user = copy(src->user);
	dst->ca = copy(src->ca);
	dst->cert = copy(src->cert);
	dst->key = copy(src->key);
	dst->context = copy(src->context);
	dst->why = copy(src->why);
	dst->api_version = copy(src->api_version);
	dst->platform = copy(src->platform);
	strvec_init(&dst->headers);
	strvec_pushv(&dst->headers, src->headers.v, src->headers.n);
}

static bool
all_in(const char *s, size_t n, const char *more)
{
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr(more, s[i]))
			return false;
	return true;
}

/* "host", "host:port", "[v6]:port"; the rest of the authority. */
static int
parse_host(struct endpoint *ep, const char *s, size_t n, struct err *err)
{
	const char *colon, *end = s + n;
	size_t host_len;
	unsigned port = 0;

	if (n && *s == '[') {
		const char *close = memchr(s, ']', n);

		if (!close || !all_in(s + 1, (size_t)(close - s) - 1, ":.%"))
			return err_set(err, ERR_USAGE, "%s: no such address",
			    ep->url);
		ep->host = xstrndup(s + 1, (size_t)(close - s) - 1);
		colon = close + 1 < end ? close + 1 : NULL;
	} else {
		colon = memchr(s, ':', n);
		host_len = colon ? (size_t)(colon - s) : n;
		/* No option of ssh, and nothing that a URL or shell reads. */
		if (!host_len || *s == '-' || !all_in(s, host_len, ".-_"))
			return err_set(err, ERR_USAGE,
			    "%s: this is not the name of a host", ep->url);
		ep->host = xstrndup(s, host_len);
	}
	if (!colon)
		return 0;
	for (s = colon + 1; s < end && isdigit((unsigned char)*s); s++)
		if ((port = port * 10 + (unsigned)(*s - '0')) > 65535)
			break;
	if (*colon != ':' || s != end || !port)
		return err_set(err, ERR_USAGE, "%s: no such port", ep->url);
	ep->port = port;
	return 0;
}

static int
parse_tcp(struct endpoint *ep, const char *rest, bool tls, struct err *err)
{
	size_t n = strcspn(rest, "/?#");
	const char *path = rest + n;
	size_t len = strlen(path);

	ep->scheme = ENDPOINT_TCP;
	if (parse_host(ep, rest, n, err))
		return -1;
	if (!ep->port)
		ep->port = tls ? 2376 : 2375;
	while (len && path[len - 1] == '/')
		len--;
	if (!all_in(path, len, "/._-~"))
		return err_set(err, ERR_USAGE,
		    "%s: a tcp:// URL is tcp://HOST:PORT", ep->url);
	ep->path = xstrndup(path, len);
	return 0;
}

static int
parse_ssh(struct endpoint *ep, const char *rest, struct err *err)
{
	size_t n = strcspn(rest, "/?#");
	const char *path = rest + n, *at = memchr(rest, '@', n);

	ep->scheme = ENDPOINT_SSH;
	if (at) {
		size_t len = (size_t)(at - rest);

		if (!len || *rest == '-' || !all_in(rest, len, "._-+"))
			return err_set(err, ERR_USAGE,
			    "%s: this is not the name of a user", ep->url);
		ep->user = xstrndup(rest, len);
		n -= len + 1;
		rest = at + 1;
	}
	if (parse_host(ep, rest, n, err))
		return -1;
	if (!*path || !strcmp(path, "/"))
		return 0;
	if (!all_in(path, strlen(path), "/._-+:"))
		return err_set(err, ERR_USAGE,
		    "%s: an ssh:// URL is ssh://[USER@]HOST[:PORT][/SOCKET]",
		    ep->url);
	ep->path = xstrdup(path);
	return 0;
}

/* "SCHEME://USER:PASSWORD@": nobody needs it, and it must not be repeated. */
static bool
has_password(const char *url)
{
	const char *rest = strstr(url, "://");
	const char *at = rest && rest[3] != '/' ? strrchr(rest, '@') : NULL;

	return at && memchr(rest + 3, ':', (size_t)(at - rest) - 3);
}

int
endpoint_parse(struct endpoint *ep, const char *url, bool tls,
    struct err *err)
{
	if (has_password(url))
		return err_set(err, ERR_USAGE,
		    "the URL of an engine holds no password");
	free(ep->url);
	ep->url = *url == '/' ? xasprintf("unix://%s", url) : xstrdup(url);
	url = ep->url;
	ep->tls = tls;
	if (str_starts(url, "unix://") && url[7] == '/') {
		ep->scheme = ENDPOINT_UNIX;
		ep->tls = false;
		ep->path = xstrdup(url + 7);
		return 0;
	}
	if (str_starts(url, "tcp://"))
		return parse_tcp(ep, url + 6, tls, err);
	if (str_starts(url, "ssh://")) {
		ep->tls = false;
		return parse_ssh(ep, url + 6, err);
	}
	return err_set(err, ERR_USAGE,
	    "%s: an engine is named by unix:///SOCKET, tcp://HOST:PORT or "
	    "ssh://[USER@]HOST", url);
}

static const char *
env(const struct endpoint_inputs *in, const char *name)
{
	const char *v = strvec_env_get(in->env, name);

	return v && *v ? v : NULL;
}

static void
decide(struct endpoint *ep, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void
decide(struct endpoint *ep, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	free(ep->why);
	ep->why = xvasprintf(fmt, ap);
	va_end(ap);
}

/* One of the three files of DOCKER_CERT_PATH, if it is there. */
static char *
cert_file(const char *dir, const char *name, bool needed)
{
	char *path = xasprintf("%s/%s", dir, name);

	if (!needed && access(path, F_OK)) {
		free(path);
		return NULL;
	}
	return path;
}

/* As docker/cli's flags do: TLS if one of the two variables is set. */
static int
use_docker_host(struct endpoint *ep, const struct endpoint_inputs *in,
    const char *url, struct err *err)
{
	bool verify = env(in, "DOCKER_TLS_VERIFY") != NULL;
	bool tls = verify || env(in, "DOCKER_TLS");
	autofree char *config = context_config_dir(in->env, in->home);
	const char *dir = env(in, "DOCKER_CERT_PATH");

	if (endpoint_parse(ep, url, tls, err))
		return -1;
	if (!ep->tls)
		return 0;
	if (!dir)
		dir = config ? config : "";
	ep->tls_skip_verify = !verify;
	ep->ca = verify ? cert_file(dir, "ca.pem", true) : NULL;
	ep->cert = cert_file(dir, "cert.pem", false);
	ep->key = cert_file(dir, "key.pem", false);
	return 0;
}

static int
use_context(struct endpoint *ep, const struct endpoint_inputs *in,
    const char *name, struct err *err)
{
	if (!strcmp(name, "default"))
		return use_docker_host(ep, in, "unix://" DOCKER_SOCKET, err);
	return context_load(ep, in->env, in->home, name, err);
}

/* Docker's own order; 1 if something in it is set, 0 if nothing is. */
static int
resolve_docker(struct endpoint *ep, const struct endpoint_inputs *in,
    struct err *err)
{
	const char *host = env(in, "DOCKER_HOST");
	const char *name = env(in, "DOCKER_CONTEXT");
	autofree char *current = NULL, *config = NULL;

	if (host) {
		decide(ep, "DOCKER_HOST is set");
		if (use_docker_host(ep, in, host, err))
			return err_prefix(err, "DOCKER_HOST");
		return 1;
	}
	if (name) {
		decide(ep, "DOCKER_CONTEXT is %s", name);
		if (use_context(ep, in, name, err))
			return err_prefix(err, "DOCKER_CONTEXT");
		return 1;
	}
	if (context_current(in->env, in->home, &current, err))
		return -1;
	if (!current || !strcmp(current, "default"))
		return 0;
	config = context_config_dir(in->env, in->home);
	decide(ep, "%s/config.json says currentContext %s", config, current);
	return use_context(ep, in, current, err) ? -1 : 1;
}

static int
resolve_container_host(struct endpoint *ep, const struct endpoint_inputs *in,
    struct err *err)
{
	const char *host = env(in, "CONTAINER_HOST");

	if (!host)
		return 0;
	decide(ep, "CONTAINER_HOST is set");
	ep->podman = true;
	if (endpoint_parse(ep, host, false, err))
		return err_prefix(err, "CONTAINER_HOST");
	return 1;
}

enum { SOCKETS_DOCKER = 1, SOCKETS_PODMAN = 2 };

/*
 * The first known socket that is there, else Docker's or Podman's usual one;
 * who asked for one of the two engines by name is told that.
 */
static int
resolve_socket(struct endpoint *ep, const struct endpoint_inputs *in,
    int which, struct err *err)
{
	const char *xdg = env(in, "XDG_RUNTIME_DIR");
	autofree char *runtime = xdg
	    ? xstrdup(xdg)
	    : xasprintf("/run/user/%u", (unsigned)in->uid);
	autofree char *rootless = xasprintf("%s/docker.sock", runtime);
	autofree char *podman = xasprintf("%s/podman/podman.sock", runtime);
	const struct {
		int of;
		const char *path;
	} known[] = {{SOCKETS_DOCKER, DOCKER_SOCKET},
	    {SOCKETS_DOCKER, rootless}, {SOCKETS_PODMAN, podman},
	    {SOCKETS_PODMAN, PODMAN_SOCKET}};
	const char *usual = which & SOCKETS_DOCKER ? DOCKER_SOCKET
	    : in->uid ? podman : PODMAN_SOCKET;
	autofree char *by_name = in->asked
	    ? xasprintf("%s says %s and ", in->asked_by, in->asked)
	    : xstrdup("");

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (!(known[i].of & which) || !in->is_socket(known[i].path))
			continue;
		decide(ep, "%sit is the first known socket that is there",
		    by_name);
		return endpoint_parse(ep, known[i].path, false, err);
	}
	decide(ep, "%sno socket of %s is there", by_name,
	    !in->asked ? "an engine"
	    : which & SOCKETS_DOCKER ? "Docker" : "Podman");
	return endpoint_parse(ep, usual, false, err);
}

static int
resolve_asked(struct endpoint *ep, const struct endpoint_inputs *in,
    struct err *err)
{
	const char *asked = in->asked;
	int rc;

	decide(ep, "%s says %s", in->asked_by, asked);
	if (*asked == '/' || strstr(asked, "://"))
		return use_docker_host(ep, in, asked, err);
	if (!strcmp(asked, "docker")) {
		rc = resolve_docker(ep, in, err);
		return rc ? (rc > 0 ? 0 : -1)
			  : resolve_socket(ep, in, SOCKETS_DOCKER, err);
	}
	if (!strcmp(asked, "podman")) {
		rc = resolve_container_host(ep, in, err);
		return rc ? (rc > 0 ? 0 : -1)
			  : resolve_socket(ep, in, SOCKETS_PODMAN, err);
	}
	return use_context(ep, in, asked, err);
}

int
endpoint_resolve(struct endpoint *ep, const struct endpoint_inputs *in,
    struct err *err)
{
	const char *version = env(in, "DOCKER_API_VERSION");
	const char *platform = env(in, "DOCKER_DEFAULT_PLATFORM");
	bool docker;
	int rc;

	*ep = (struct endpoint)ENDPOINT_INIT;
	if (in->asked) {
		docker = strcmp(in->asked, "podman");
		rc = resolve_asked(ep, in, err);
		if (rc)
			err_prefix(err, "%s", in->asked_by);
	} else {
		rc = resolve_docker(ep, in, err);
		docker = rc > 0;
		if (!rc)
			rc = resolve_container_host(ep, in, err);
		if (!rc)
			rc = resolve_socket(ep, in,
			    SOCKETS_DOCKER | SOCKETS_PODMAN, err);
	}
	if (rc >= 0 && docker &&
	    context_headers(&ep->headers, in->env, in->home, err))
		rc = -1;
	ep->api_version = version ? xstrdup(version) : NULL;
	ep->platform = platform ? xstrdup(platform) : NULL;
	if (rc >= 0)
		return 0;
	endpoint_release(ep);
	return -1;
}

static bool
is_socket(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISSOCK(st.st_mode);
}

void
endpoint_inputs_here(struct endpoint_inputs *in, struct strvec *vars)
{
	for (char **e = environ; *e; e++)
		strvec_push(vars, *e);
	*in = (struct endpoint_inputs){.env = vars, .home = getenv("HOME"),
	    .uid = getuid(), .is_socket = is_socket};
}

pid_t
endpoint_listener(const struct endpoint *ep, uid_t *uid)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct ucred cred = {0};
	socklen_t size = sizeof(cred);
	autoclose int fd = -1;

	if (ep->scheme != ENDPOINT_UNIX || !ep->path ||
	    strlen(ep->path) >= sizeof(un.sun_path))
		return 0;
	memcpy(un.sun_path, ep->path, strlen(ep->path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&un, sizeof(un)) ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size))
		return 0;
	if (uid)
		*uid = cred.uid;
	return cred.pid;
}
