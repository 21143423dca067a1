#include "engine/unreachable.h"

#include <errno.h>
#include <string.h>

static bool
in_path(const char *program)
{
	const char *path = getenv("PATH");
	autofree char *copy = xstrdup(path ? path : "/usr/bin:/bin");
	char *rest = copy, *dir;

	while ((dir = strsep(&rest, ":"))) {
		autofree char *file =
		    xasprintf("%s/%s", *dir ? dir : ".", program);

		if (!access(file, X_OK))
			return true;
	}
	return false;
}

static bool
engine_installed(void)
{
	return in_path("docker") || in_path("podman") ||
	       !access("/usr/sbin/dockerd", X_OK) ||
	       !access("/usr/bin/dockerd", X_OK);
}

static bool
is_podman(const struct endpoint *ep)
{
	return str_ends(ep->path, "podman.sock");
}

static bool
is_docker(const struct endpoint *ep)
{
	return str_ends(ep->path, "docker.sock");
}

static bool
of_this_user(const struct endpoint *ep)
{
	return str_starts(ep->path, "/run/user/");
}

static int
not_installed(struct err *err)
{
	err_set(err, ERR_ENGINE, "no container engine is installed here");
	err_hint(err, "install one (Debian, Ubuntu: sudo apt install "
	    "docker.io), or name another host's: "
	    "--engine ssh://USER@HOST");
	return err_hint(err, "without an engine, sandbox: restricted in "
	    "addesh.yaml uses the programs of this host");
}

static int
not_running(struct err *err, const struct endpoint *ep, const char *what)
{
	const char *name = is_podman(ep) ? "Podman"
	    : is_docker(ep)		 ? "Docker"
					 : "the engine";

	err_set(err, ERR_ENGINE, "%s is not running: %s %s", name, what,
	    ep->path);
	if (!is_podman(ep) && !is_docker(ep))
		return -1;
	return err_hint(err, "start it: %s start %s",
	    of_this_user(ep) ? "systemctl --user" : "sudo systemctl",
	    is_podman(ep) ? "podman.socket" : "docker");
}

static int
not_permitted(struct err *err, const struct endpoint *ep)
{
	err_set(err, ERR_ENGINE, "no permission to use the engine at %s",
	    ep->path);
	if (is_docker(ep))
		err_hint(err, "join the group docker: sudo usermod -aG docker "
		    "\"$USER\", then log in again (its members are as "
		    "powerful as root)");
	return err_hint(err, "or use Podman without root: systemctl --user "
	    "start podman.socket, and --engine podman");
}

int
unreachable_error(struct err *err, const struct endpoint *ep, int sys)
{
	if (ep->scheme != ENDPOINT_UNIX)
		err_set(err, ERR_ENGINE, "cannot reach the engine at %s: %s",
		    ep->url, sys ? strerror(sys) : "no connection");
	else if (sys == ENOENT && !engine_installed())
		not_installed(err);
	else if (sys == ENOENT)
		not_running(err, ep, "there is no socket");
	else if (sys == ECONNREFUSED)
		not_running(err, ep, "nobody listens at");
	else if (sys == EACCES || sys == EPERM)
		not_permitted(err, ep);
	else
		err_set(err, ERR_ENGINE, "cannot reach the engine at %s: %s",
		    ep->path, sys ? strerror(sys) : "no connection");
	if (ep->why)
		err_hint(err, "%s was chosen because %s", ep->url, ep->why);
	err->code = sys;
	return -1;
}
