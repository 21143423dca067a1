/*
 * A kept restricted sandbox.  Nothing but its own processes holds it: the
 * runner, which listens on a socket of this host that nobody else can open.
 */
#include "sandbox/restricted_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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
has_ended(struct err *err)
{
	err_set(err, ERR_SANDBOX, "its runner has ended");
	err->code = ENOENT;
	return -1;
}

static int
connect_to(const char *path, struct err *err)
{
	struct sockaddr_un un;
	int fd;

	if (set_address(&un, path, err))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&un, sizeof(un)))
		return fd;
	err_sys(err, errno, "%s", path);
	if (fd >= 0)
		close(fd);
	return -1;
}

int
restricted_connect(struct box *box, struct err *err)
{
	struct restricted *r = box->impl;
	pid_t pid = r->owner ? owner_pid(r->owner) : bwrap_child(r->info);
	int fd;

	if (r->owner && owner_state(r->owner) != OWNER_ALIVE)
		return has_ended(err);
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
	struct pollfd pfd = {.fd = -1, .events = POLLIN};

	if (!r->owner)
		return;
	pfd.fd = (int)syscall(SYS_pidfd_open, owner_pid(r->owner), 0);
	/* The descriptor came first: the number is still the same process's. */
	if (pfd.fd >= 0 && owner_state(r->owner) == OWNER_ALIVE) {
		(void)syscall(SYS_pidfd_send_signal, pfd.fd, SIGKILL, NULL, 0);
		poll(&pfd, 1, OPEN_MS);
	}
	if (pfd.fd >= 0)
		close(pfd.fd);
	unlink(r->socket);
}
