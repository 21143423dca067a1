#include "sandbox/network.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "base/io.h"
#include "sandbox/runtime.h"

#define READY_MS 5000
#define PROGRAM "slirp4netns"

int
network_check(struct err *err)
{
	autofree char *program = runtime_find_program(PROGRAM);

	if (program && !access("/dev/net/tun", R_OK | W_OK))
		return 0;
	if (!program) {
		err_set(err, ERR_SANDBOX,
		    "the restricted sandbox has no network here: " PROGRAM
		    " is not installed");
		return err_hint(err,
		    "install the package " PROGRAM ", or use an engine");
	}
	err_set(err, ERR_SANDBOX,
	    "the restricted sandbox has no network here: /dev/net/tun: %s",
	    strerror(errno));
	return err_hint(err,
	    "load the kernel module tun with mode 0666, or use an engine");
}

/* The namespace, and the user namespace that has power over it. */
static int
open_namespaces(pid_t target, int *net, int *user, struct err *err)
{
	autofree char *path = xasprintf("/proc/%d/ns/net", (int)target);

	*user = -1;
	*net = open(path, O_RDONLY | O_CLOEXEC);
	if (*net >= 0)
		*user = ioctl(*net, NS_GET_USERNS);
	if (*user < 0)
		return err_sys(err, errno, "%s", path);
	return 0;
}

/* Its own descriptors are 3 to 6, whatever they are here. */
enum { FD_NET = 3, FD_USER, FD_EXIT, FD_READY, FD_COUNT };

static int
spawn_slirp(struct network *n, const int fds[FD_COUNT], struct err *err)
{
	/*
	 * Its own sandbox needs more rights than an ordinary user has, and
	 * starts with a mount namespace in which only / is made private: what
	 * it unmounts there below / would go here too, where that is shared.
	 */
	bool root = geteuid() == 0;
	autofree char *slirp = runtime_find_program(PROGRAM);
	autofree char *unshare = runtime_find_program("unshare");
	const char *const argv[] = {"unshare", "--mount", slirp, "--configure",
	    "--mtu=65520", "--disable-host-loopback", "--enable-seccomp",
	    "--exit-fd=5", "--ready-fd=6", "--userns-path=/proc/self/fd/4",
	    "--netns-type=path", "/proc/self/fd/3", "tap0",
	    root ? "--enable-sandbox" : NULL, NULL};
	const char *const *first = root ? argv : argv + 2;
	const char *program = root ? unshare : slirp;
	char *envp[] = {NULL};
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	int sys;

	posix_spawn_file_actions_init(&fa);
	posix_spawnattr_init(&attr);
	/* A signal for the terminal's foreground is not for it. */
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID);
	for (int fd = 0; fd < FD_COUNT; fd++)
		posix_spawn_file_actions_adddup2(&fa, fds[fd], fd);
	sys = program && slirp ? posix_spawn(&n->pid, program, &fa, &attr,
				     (char *const *)first, envp)
			       : ENOENT;
	posix_spawn_file_actions_destroy(&fa);
	posix_spawnattr_destroy(&attr);
	if (sys) {
		n->pid = 0;
		return err_sys(err, sys, "%s", root ? "unshare" : PROGRAM);
	}
	return 0;
}

/* It writes a byte when all is set up, and its complaint before it ends. */
static int
wait_ready(int ready, int said, struct err *err)
{
	struct pollfd pfd = {.fd = ready, .events = POLLIN};
	autobuf struct strbuf text = STRBUF_INIT;
	autoerr struct err ignored = ERR_INIT;
	const char *last;
	char c;

	if (poll(&pfd, 1, READY_MS) == 1 && read(ready, &c, 1) == 1)
		return 0;
	io_set_nonblock(said, true);
	io_read_all(said, &text, 4096, &ignored);
	while (text.len && text.buf[text.len - 1] == '\n')
		strbuf_truncate(&text, text.len - 1);
	last = strrchr(text.buf, '\n');
	return err_set(err, ERR_SANDBOX,
	    PROGRAM " did not connect the sandbox: %s",
	    last ? last + 1 : text.buf);
}

/* Above all numbers that they become in the child. */
static int
make_pipe(int fds[2])
{
	int pair[2];

	if (pipe2(pair, O_CLOEXEC))
		return -1;
	for (int i = 0; i < 2; i++) {
		fds[i] = fcntl(pair[i], F_DUPFD_CLOEXEC, FD_COUNT + 1);
		close(pair[i]);
	}
	return fds[0] < 0 || fds[1] < 0 ? -1 : 0;
}

static void
close_all(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

int
network_start(struct network *n, pid_t target, struct err *err)
{
	/* net, user; pipes: exit, ready, what it says; /dev/null */
	int f[9] = {-1, -1, -1, -1, -1, -1, -1, -1, -1};
	int bad;

	f[8] = open("/dev/null", O_RDWR | O_CLOEXEC);
	bad = open_namespaces(target, &f[0], &f[1], err);
	if (!bad && (f[8] < 0 || make_pipe(&f[2]) || make_pipe(&f[4]) ||
			make_pipe(&f[6])))
		bad = err_sys(err, errno, "pipe");
	if (!bad) {
		const int fds[FD_COUNT] = {f[8], f[8], f[7],
		    [FD_NET] = f[0], [FD_USER] = f[1], [FD_EXIT] = f[2],
		    [FD_READY] = f[5]};

		bad = spawn_slirp(n, fds, err);
	}
	if (!bad) {
		close_all(&f[5], 1);
		f[5] = -1;
		n->exit = steal_fd(&f[3]);
		bad = wait_ready(f[4], f[6], err);
	}
	close_all(f, ARRAY_SIZE(f));
	if (bad)
		network_stop(n);
	return bad;
}

void
network_leave(struct network *n)
{
	if (n->exit >= 0)
		close(n->exit);
	*n = (struct network)NETWORK_INIT;
}

void
network_stop(struct network *n)
{
	if (n->exit >= 0)
		close(n->exit);
	n->exit = -1;
	if (n->pid <= 0)
		return;
	kill(n->pid, SIGKILL);
	while (waitpid(n->pid, NULL, 0) < 0 && errno == EINTR)
		;
	n->pid = 0;
}
