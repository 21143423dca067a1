/*
 * addesh-runner: PID 1 of an environment, at the other end of the protocol in
 * protocol.h.  What it shall do comes over its stdin, or with the argument
 * "listen" from who connects; with "connect" it is what connects.  With "guest"
 * it was put into somebody else's container, where nothing of it may stay: its
 * file goes before anything else.  With "observe" it only looks at an
 * environment, whose runner somebody else talks to.
 */
#include "runner.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The client compares this with the file that it installed. */
static uint64_t
own_id(void)
{
	static uint8_t buf[65536];
	uint64_t size = 0;
	uint32_t crc = 0;
	ssize_t n;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		crc = frame_crc(crc, buf, (size_t)n);
		size += (uint64_t)n;
	}
	close(fd);
	return size << 32 | crc;
}

/*
 * The multiplexer of terminals, as a path (O_PATH) to open again: an engine's
 * /dev has it in /dev/pts, a host's may be closed there.
 */
static int
open_ptmx(void)
{
	const char *const paths[] = {"/dev/pts/ptmx", "/dev/ptmx"};
	struct stat st;
	int fd;

	for (int i = 0; i < 2; i++) {
		fd = open(paths[i], O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) &&
		    (st.st_mode & 06) == 06)
			return fd;
		fd_close(&fd);
	}
	return -1;
}

/*
 * Whoever started addesh may have had some ignored: nohup(1), a job of a shell
 * without job control.  Not by signal(3): the C library keeps some for itself,
 * and code would inherit that they are ignored.  A kernel's sigaction of zeros
 * is SIG_DFL, however its struct is laid out.
 */
static void
default_signal(int number)
{
	const unsigned long zeros[8] = {0};

	(void)syscall(SYS_rt_sigaction, number, zeros, NULL, 8);
}

/* No handlers: code of the runner's own uid could call them. */
static int
open_signals(void)
{
	sigset_t set;

	for (int i = 1; i <= 64; i++)
		default_signal(i);
	(void)signal(SIGPIPE, SIG_IGN);
	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Everything that needs a path is opened here, before any code runs. */
static int
runner_open(struct runner *rn, bool listens)
{
	rn->runner_id = own_id();
	(void)prctl(PR_SET_DUMPABLE, 0);
	umask(0);
	if (getpid() != 1)
		(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	rn->nullfd = open("/dev/null", O_RDWR | O_CLOEXEC);
	rn->ptmxfd = open_ptmx();
	rn->sigfd = open_signals();
	cgroup_init(&rn->cgroup);
	channels_init(rn, !listens);
	rn->hello_by = runner_now() + HELLO_US;
	if (listens) {
		rn->listens = true;
		channel_bind(rn);
		if (rn->listen_fd < 0 || channel_listen(rn) < 0)
			return -1;
	}
	return rn->nullfd < 0 || rn->sigfd < 0 ? -1 : 0;
}

int
main(int argc, char **argv)
{
	static const char text[] = "addesh-runner: cannot open what it needs\n";
	static struct runner rn;

	if (argc == 2 && strcmp(argv[1], "connect") == 0)
		return relay_main();
	if (argc == 2 && strcmp(argv[1], "guest") == 0)
		(void)unlink(argv[0]);
	rn.observes = argc == 2 && strcmp(argv[1], "observe") == 0;
	if (runner_open(&rn,
		argc == 2 && strcmp(argv[1], "listen") == 0) < 0) {
		(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
		return 1;
	}
	runner_loop(&rn);
	requests_abandon(&rn);
	jobs_drop(&rn);
	if (rn.config.tree)
		tree_end();
	queue_flush(&rn.queue);
	return rn.status;
}
