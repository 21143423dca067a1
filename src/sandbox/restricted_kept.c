/*
 * A kept restricted sandbox.  Nothing but its own processes holds it: the
 * runner, which listens on a socket of this host that nobody else can open.
 */
#include "sandbox/restricted_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "sandbox/bwrap.h"

#define CONNECT_MS 3000

static int
set_address(struct sockaddr_un *un, const char *path, struct err *err)
{
	*un = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(un->sun_path)) {
		err_set(err, ERR_IO, "%s: too long for the name of a socket",
		    path);
		return err_hint(err, "a shorter XDG_RUNTIME_DIR");
	}
	memcpy(un->sun_path, path, strlen(path));
	return 0;
}

/* In a directory of ours alone (sandbox/runtime.h): nobody is in time to see it
   with another mode. */
static int
listen_on(const char *path, struct err *err)
{
	struct sockaddr_un un;
	int fd;

	if (set_address(&un, path, err))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(err, errno, "socket");
	unlink(path);
	if (bind(fd, (struct sockaddr *)&un, sizeof(un)) ||
	    chmod(path, 0600) || listen(fd, 8)) {
		err_sys(err, errno, "%s", path);
		close(fd);
		return -1;
	}
	return fd;
}

/* Over its stdin, with a byte that means nothing to the runner. */
static int
give(struct box *box, int fd, struct err *err)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control = {.buf = {0}};
	char c = 0;
	struct iovec iov = {.iov_base = &c, .iov_len = 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof(control.buf)};
	struct pollfd pfd = {.fd = client_fd(box->client), .events = POLLOUT};

	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.align), &fd, sizeof(int));
	if (poll(&pfd, 1, CONNECT_MS) == 1 &&
	    sendmsg(pfd.fd, &m, MSG_NOSIGNAL) == 1)
		return 0;
	return err_sys(err, errno, "the runner of the environment");
}

/*
 * What slirp4netns lives by is the runner's from now on.  The runner keeps the
 * last descriptor that it was given and did not need.
 */
static int
hand_over(struct box *box, int listener, struct err *err)
{
	struct restricted *r = box->impl;

	if (give(box, listener, err) || box_send_keep(box, err))
		return -1;
	return r->network.exit >= 0 ? give(box, r->network.exit, err) : 0;
}

int
restricted_keep(struct box *box, struct err *err)
{
	struct restricted *r = box->impl;
	autoclose int fd = -1;

	if (r->socket) /* its lease changes, no more */
		return box_send_keep(box, err);
	r->socket = runtime_socket_path(&box->runtime, box->id);
	fd = listen_on(r->socket, err);
	if (fd >= 0 && !hand_over(box, fd, err))
		return 0;
	unlink(r->socket);
	free(steal(&r->socket));
	return -1;
}

/* The socket is named before there is one: see box_keep(). */
void
restricted_record(const struct box *box, json *members)
{
	const struct restricted *r = box->impl;
	autofree char *path = runtime_socket_path(&box->runtime, box->id);
	autofree char *owner = NULL;
	pid_t pid = bwrap_child(r->info);

	owner = r->owner ? xstrdup(r->owner) : runtime_owner(pid);
	json_put_str(members, "socket", path);
	json_put_str(members, "runner", owner);
	json_put(members, "cgroups", json_from_strings(&r->leaf.dirs));
	json_put_int(members, "cgroup_version", r->leaf.version);
}

int
restricted_reopen(struct box *box, const json *members, struct err *err)
{
	struct restricted *r = restricted_new(box);
	const char *owner = json_str(members, "runner", "");

	r->socket = runtime_socket_path(&box->runtime, box->id);
	r->owner = xstrdup(owner);
	r->leaf.version = (int)json_int(members, "cgroup_version", 0);
	json_strings(json_get(members, "cgroups"), &r->leaf.dirs);
	box->sampled = !r->leaf.version && box->spec.limits.memory;
	if (owner_pid(owner) <= 0)
		return err_set(err, ERR_IO, "runner: missing");
	return 0;
}

static int
not_here(const char *owner, struct err *err)
{
	if (owner_state(owner) == OWNER_ELSEWHERE)
		return err_set(err, ERR_SANDBOX, "it is on another host");
	err_set(err, ERR_SANDBOX, "its runner has ended");
	err->code = BOX_ENDED;
	return -1;
}

/* Of one that lives: a socket that is gone comes never again. */
static int
cannot_connect(const char *path, int sys, struct err *err)
{
	if (sys != ENOENT && sys != ECONNREFUSED)
		return err_sys(err, sys, "%s", path);
	err_set(err, ERR_SANDBOX, "nobody can reach it any more: its socket %s "
	    "was %s", path, sys == ENOENT ? "removed" : "replaced");
	err->code = BOX_ENDED;
	return -1;
}

/* Whoever kept it has listened there, and that was this user. */
static bool
is_ours(int fd)
{
	struct ucred peer;
	socklen_t n = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) &&
	       peer.uid == geteuid();
}

static int
connect_to(const char *path, struct err *err)
{
	struct sockaddr_un un;
	int fd, sys;

	if (set_address(&un, path, err))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(err, errno, "socket");
	if (connect(fd, (struct sockaddr *)&un, sizeof(un))) {
		sys = errno;
		close(fd);
		return cannot_connect(path, sys, err);
	}
	if (is_ours(fd))
		return fd;
	close(fd);
	return err_set(err, ERR_SANDBOX, "%s: another user listens there",
	    path);
}

int
restricted_connect(struct box *box, struct err *err)
{
	struct restricted *r = box->impl;
	pid_t pid = r->owner ? owner_pid(r->owner) : bwrap_child(r->info);
	int fd;

	if (r->owner && owner_state(r->owner) != OWNER_ALIVE)
		return not_here(r->owner, err);
	fd = connect_to(r->socket, err);
	if (fd < 0)
		return -1;
	box->client = client_new(box->ctx.loop, stream_from_fd(fd));
	if (box_greet_again(box, CONNECT_MS, err))
		return -1;
	box_take_welcome(box);
	restricted_sample(box, pid);
	return 0;
}

void
restricted_kept_end(struct restricted *r)
{
	if (!r->owner)
		return;
	owner_end(r->owner, OPEN_MS);
	unlink(r->socket);
}

void
restricted_quit(const char *path)
{
	const struct message quit = {.type = PROTO_QUIT};
	autoerr struct err ignored = ERR_INIT;
	uint8_t buf[PROTO_HEADER_SIZE];
	autoclose int fd = connect_to(path, &ignored);
	struct pollfd pfd = {.fd = fd, .events = POLLRDHUP};

	message_put(buf, &quit);
	if (fd >= 0 && write(fd, buf, sizeof(buf)) == sizeof(buf))
		poll(&pfd, 1, CONNECT_MS);
}
