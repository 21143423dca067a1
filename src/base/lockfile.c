#include "base/lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"

bool
lockfile_is_there(int fd, const char *path)
{
	struct stat a, b;

	return !fstat(fd, &a) && !stat(path, &b) && a.st_ino == b.st_ino &&
	       a.st_dev == b.st_dev;
}

int
lockfile_create(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return -1;
	if (!flock(fd, LOCK_EX | LOCK_NB) && lockfile_is_there(fd, path))
		return fd;
	close(fd);
	errno = EAGAIN;
	return -1;
}

/* O_NONBLOCK: a FIFO in the place of a file must not hang us. */
static int
open_existing(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

int
lockfile_take_abandoned(const char *path)
{
	int fd = open_existing(path);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB)) {
		close(fd);
		return -1;
	}
	return fd;
}

bool
lockfile_is_held(const char *path)
{
	autoclose int fd = open_existing(path);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
}

/* The state in proc_pid_stat(5): 'T' of one that a signal has stopped. */
static char
process_state(long pid)
{
	autofree char *path = xasprintf("/proc/%ld/stat", pid);
	autobuf struct strbuf sb = STRBUF_INIT;
	autoerr struct err ignored = ERR_INIT;
	const char *p;

	if (io_read_file(path, &sb, 4096, &ignored))
		return 0;
	p = strrchr(sb.buf, ')');
	return p && p[1] ? p[2] : 0;
}

static int
name_holder(int fd, const char *what, struct err *err)
{
	autobuf struct strbuf sb = STRBUF_INIT;
	autoerr struct err ignored = ERR_INIT;
	bool stopped;
	char state;
	long pid;

	if (io_read_all(fd, &sb, 4096, &ignored) ||
	    sscanf(sb.buf, "process %ld", &pid) != 1)
		return err_set(err, ERR_TIMEOUT, "%s is in use by another "
		    "process", what);
	state = process_state(pid);
	stopped = state == 'T' || state == 't';
	err_set(err, ERR_TIMEOUT, "%s is in use by process %ld%s", what, pid,
	    stopped ? ", which is stopped" : "");
	if (stopped)
		err_hint(err, "the signal CONT lets process %ld go on", pid);
	return -1;
}

/*
 * Who holds it is of use to others; a full disk does not matter.  All such lines
 * are of one length, so what stands behind the last one stays.
 */
static void
note_holder(int fd)
{
	char line[32];
	int n = snprintf(line, sizeof(line), "process %-10ld\n",
	    (long)getpid());

	(void)!write(fd, line, (size_t)n);
	(void)lseek(fd, 0, SEEK_END);
}

int
lockfile_wait(const char *path, int64_t timeout_ms, const char *what,
    struct err *err)
{
	static const struct timespec pause = {.tv_nsec = 2000000};
	int64_t deadline = clock_ms() + timeout_ms;
	int fd;

	for (;; nanosleep(&pause, NULL)) {
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
		    0600);
		if (fd < 0)
			return err_sys(err, errno, "%s", path);
		if (!flock(fd, LOCK_EX | LOCK_NB) &&
		    lockfile_is_there(fd, path))
			break;
		if (clock_ms() >= deadline) {
			name_holder(fd, what, err);
			close(fd);
			return -1;
		}
		close(fd);
	}
	note_holder(fd);
	return fd;
}
