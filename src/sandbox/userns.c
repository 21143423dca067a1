#include "sandbox/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/io.h"
#include "base/spawn.h"
#include "sandbox/runtime.h"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4 /* linux/close_range.h */
#endif
#define COUNT 65536u
#define STACK_SIZE 65536
/* Where systemd takes ranges for containers (systemd.io, "Users, Groups, UIDs
   and GIDs on systemd Systems"): nobody else should be there. */
#define RANGE_FIRST 0x00080000u
#define RANGE_LAST 0x6FFF0000u
/* Fewer would not hold the uids that programs get. */
#define COUNT_MIN 60100u

/* ---- which ids ---- */

/* Whether [first, first + COUNT) meets a range of subuid(5) or subgid(5). */
static bool
is_delegated(const char *path, uint32_t first)
{
	autobuf struct strbuf sb = STRBUF_INIT;
	autoerr struct err ignored = ERR_INIT;
	unsigned long start, n;
	char *rest;

	if (io_read_file(path, &sb, 1 << 20, &ignored))
		return false;
	rest = sb.buf;
	for (char *line; (line = strsep(&rest, "\n"));) {
		char *p = strchr(line, ':');

		if (p && sscanf(p, ":%lu:%lu", &start, &n) == 2 &&
		    start < (unsigned long)first + COUNT && first < start + n)
			return true;
	}
	return false;
}

static bool
is_free(uint32_t first)
{
	return !is_delegated("/etc/subuid", first) &&
	       !is_delegated("/etc/subgid", first);
}

/* The ids that we have ourselves: at least count of them from `first` on? */
static bool
has_ids(const char *map, uint64_t first, uint64_t count)
{
	autobuf struct strbuf sb = STRBUF_INIT;
	autoerr struct err ignored = ERR_INIT;
	unsigned long inside, outside, n;
	char *rest;

	if (io_read_file(map, &sb, 65536, &ignored))
		return false;
	rest = sb.buf;
	for (char *line; (line = strsep(&rest, "\n"));)
		if (sscanf(line, "%lu %lu %lu", &inside, &outside, &n) == 3 &&
		    first >= inside && first + count <= inside + n)
			return true;
	return false;
}

static bool
have_both(uint32_t first, uint32_t count)
{
	return has_ids("/proc/self/uid_map", first, count) &&
	       has_ids("/proc/self/gid_map", first, count);
}

static int
choose_range(struct userns *ns, struct err *err)
{
	uint32_t first;

	ns->kind = USERNS_RANGE;
	for (int tries = 0; tries < 64; tries++) {
		io_random(&first, sizeof(first));
		first = RANGE_FIRST + first % (RANGE_LAST - RANGE_FIRST);
		first &= ~(COUNT - 1);
		if (!have_both(first, COUNT))
			break; /* root of a namespace with fewer ids */
		if (!is_free(first))
			continue;
		ns->uid_first = ns->gid_first = first;
		ns->count = COUNT;
		return 0;
	}
	for (ns->count = COUNT - 1; ns->count >= COUNT_MIN; ns->count -= 100)
		if (have_both(1, ns->count)) {
			ns->uid_first = ns->gid_first = 1;
			return 0;
		}
	err_set(err, ERR_SANDBOX,
	    "root has no %u user ids here that could be given to a sandbox",
	    COUNT_MIN);
	return err_hint(err, "run addesh as an ordinary user");
}

/* The first big enough range of this user in subuid(5) or subgid(5). */
static bool
find_subids(const char *path, uint32_t *first)
{
	autobuf struct strbuf sb = STRBUF_INIT;
	autoerr struct err ignored = ERR_INIT;
	const struct passwd *pw = getpwuid(geteuid());
	autofree char *number = xasprintf("%u", (unsigned)geteuid());
	unsigned long start, n;
	char *rest;

	if (io_read_file(path, &sb, 1 << 20, &ignored))
		return false;
	rest = sb.buf;
	for (char *line; (line = strsep(&rest, "\n"));) {
		char *colon = strchr(line, ':');

		if (!colon || sscanf(colon, ":%lu:%lu", &start, &n) != 2)
			continue;
		*colon = '\0';
		if ((strcmp(line, number) &&
			(!pw || strcmp(line, pw->pw_name))) ||
		    n < COUNT - 1 || start == 0 || start > UINT32_MAX - COUNT)
			continue;
		*first = (uint32_t)start;
		return true;
	}
	return false;
}

int
userns_choose(struct userns *ns, struct err *err)
{
	*ns = (struct userns){
	    .kind = USERNS_SINGLE, .go = -1, .executing = -1};
	if (geteuid() == 0)
		return choose_range(ns, err);
	ns->newuidmap = runtime_find_program("newuidmap");
	ns->newgidmap = runtime_find_program("newgidmap");
	if (ns->newuidmap && ns->newgidmap &&
	    find_subids("/etc/subuid", &ns->uid_first) &&
	    find_subids("/etc/subgid", &ns->gid_first)) {
		ns->kind = USERNS_SUBIDS;
		ns->count = COUNT;
	}
	return 0;
}

static void
close_go(struct userns *ns)
{
	if (ns->go >= 0)
		close(ns->go);
	ns->go = -1;
}

void
userns_release(struct userns *ns)
{
	free(ns->newuidmap);
	free(ns->newgidmap);
	userns_wait(ns);
	close_go(ns);
	free(ns->start);
	free(ns->stack);
	*ns = (struct userns)USERNS_INIT;
}

/* ---- the maps ---- */

static int
write_map(pid_t pid, const char *name, uint32_t first, uint32_t count,
    struct err *err)
{
	autofree char *path = xasprintf("/proc/%d/%s", (int)pid, name);
	autofree char *map = xasprintf("0 %u %u\n", first, count);
	autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, map, strlen(map)) < 0)
		return err_sys(err, errno, "user namespace: %s", path);
	return 0;
}

/* newuidmap(1): uid 0 is this user, 1 and up are the subordinate ones. */
static int
run_newidmap(const char *program, pid_t pid, unsigned self, uint32_t first,
    struct err *err)
{
	autofree char *p = xasprintf("%d", (int)pid);
	autofree char *own = xasprintf("%u", self);
	autofree char *sub = xasprintf("%u", first);
	autofree char *n = xasprintf("%u", COUNT - 1);
	const char *argv[] = {program, p, "0", own, "1", "1", sub, n, NULL};
	struct spawn sp = {
	    .argv = (char **)argv, .in = -1, .out = -1, .err = -1};
	pid_t child = spawn_start(&sp, err);

	if (child < 0)
		return -1;
	if (spawn_wait(child))
		return err_set(err, ERR_SANDBOX, "%s failed", program);
	return 0;
}

static int
write_maps(const struct userns *ns, pid_t pid, struct err *err)
{
	if (ns->kind == USERNS_RANGE)
		return write_map(pid, "uid_map", ns->uid_first, ns->count,
			   err) ||
			       write_map(pid, "gid_map", ns->gid_first,
				   ns->count, err)
			   ? -1
			   : 0;
	return run_newidmap(ns->newuidmap, pid, geteuid(), ns->uid_first,
		   err) ||
		       run_newidmap(ns->newgidmap, pid, getegid(),
			   ns->gid_first, err)
		   ? -1
		   : 0;
}

/* ---- the child ---- */

/* What the child looks at; it shares our memory until it executes. */
struct start {
	const struct userns *ns;
	char *const *argv;
	int stdio;
	int go, their_go; /* our end, and that of the opener */
	size_t nfds;
	int fds[];
};

/* Handlers of ours must not run in the child. */
static void
default_signals(void)
{
	struct sigaction sa = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		sigaction(i, &sa, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Waits for one byte, until which the maps are not written and it is nobody. */
static int
wait_go(int go)
{
	char c;

	return recv(go, &c, 1, 0) == 1 && dup2(go, USERNS_LATE) >= 0 ? 0 : -1;
}

/* Not by setresuid(3), which C libraries do in all threads of what they take
   for the process. */
static int
become_root(void)
{
	if (syscall(SYS_setresgid, 0, 0, 0) ||
	    syscall(SYS_setgroups, 0, NULL) || syscall(SYS_setresuid, 0, 0, 0))
		return -1;
	return 0;
}

/* As after vfork(2): nothing may be allocated or returned to. */
static int
run_child(void *arg)
{
	struct start *s = arg;
	char *envp[] = {NULL};

	default_signals();
	/* What whoever started addesh left open is not for the sandbox; the
	   descriptors that come late are marked one by one. */
	(void)syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
	close(s->their_go); /* so that `go` ends if the opener dies */
	for (int i = 0; i < 3; i++)
		dup2(s->stdio, i);
	if (wait_go(s->go) ||
	    (s->ns->kind != USERNS_SINGLE && become_root())) {
		dprintf(2, "user namespace: %s", strerror(errno));
		_exit(126);
	}
	for (size_t i = 0; i < s->nfds; i++)
		fcntl(s->fds[i], F_SETFD, 0);
	execve(s->argv[0], s->argv, envp);
	dprintf(2, "%s: %s", s->argv[0], strerror(errno));
	_exit(127);
}

/*
 * A child that shares our memory, as with posix_spawn(3), since to copy the
 * tables of a program with so many libraries takes as long as all else here.
 * It has a descriptor table of its own.
 */
static pid_t
start_child(struct userns *ns, struct start *s)
{
	int flags = ns->kind == USERNS_SINGLE ? 0 : CLONE_NEWUSER;
	sigset_t all, old;
	pid_t pid;

	/* From malloc(3), whose memory AddressSanitizer takes for new: the
	   child leaves its stack without returning from anything. */
	ns->stack = xmalloc(STACK_SIZE);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	pid = clone(run_child, ns->stack + STACK_SIZE,
	    CLONE_VM | flags | SIGCHLD, s);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return pid;
}

static void
wait_executed(struct userns *ns)
{
	char c;

	while (read(ns->executing, &c, 1) < 0 && errno == EINTR)
		;
	close(ns->executing);
	ns->executing = -1;
}

void
userns_wait(struct userns *ns)
{
	close_go(ns); /* one that was never let go ends now */
	if (ns->executing >= 0)
		wait_executed(ns);
}

/* The child shares our memory: what it looks at must stay where it is. */
static struct start *
make_start(struct userns *ns, char *const *argv, int stdio, const int *fds,
    size_t nfds)
{
	struct start *s = xcalloc(1, sizeof(*s) + nfds * sizeof(*fds));

	*s = (struct start){
	    .ns = ns, .argv = argv, .nfds = nfds, .stdio = stdio};
	memcpy(s->fds, fds, nfds * sizeof(*fds));
	free(ns->start);
	ns->start = s;
	return s;
}

pid_t
userns_spawn(struct userns *ns, char *const *argv, int stdio, const int *fds,
    size_t nfds, struct err *err)
{
	struct start *s = make_start(ns, argv, stdio, fds, nfds);
	autoclose int go = -1;
	autoclose int exec_write = -1;
	int pair[2], exec[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return err_sys(err, errno, "socketpair");
	s->go = go = pair[0];
	s->their_go = ns->go = pair[1];
	if (pipe2(exec, O_CLOEXEC))
		return err_sys(err, errno, "pipe");
	ns->executing = exec[0];
	exec_write = exec[1];
	pid = start_child(ns, s);
	if (pid < 0) {
		err_sys(err, errno, "user namespace");
		return err_hint(err, "what this host allows:  doctor");
	}
	if (ns->kind != USERNS_SINGLE && write_maps(ns, pid, err)) {
		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		return -1;
	}
	return pid;
}

void
userns_go(struct userns *ns)
{
	(void)!send(ns->go, "", 1, MSG_NOSIGNAL);
	/* Not for its end alone: the kernel leaves a child on the processor of
	   whoever started it, and moves who wakes up to a free one. */
	wait_executed(ns);
}

void
userns_send(struct userns *ns, const int *fds, size_t n)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(USERNS_LATE_MAX * sizeof(int))];
	} control = {.buf = {0}};
	char c = 0;
	struct iovec iov = {.iov_base = &c, .iov_len = 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

	if (n > USERNS_LATE_MAX)
		abort();
	if (n > 0) {
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(&control.align), fds, n * sizeof(int));
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(n * sizeof(int));
	}
	(void)!sendmsg(ns->go, &m, MSG_NOSIGNAL);
	close_go(ns);
}
